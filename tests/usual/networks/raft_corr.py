# inputs: 2,3,64,80 2,3,64,80
import torch
from torch import nn
import torch.nn.functional as F


def bilinear_sampler(img, coords, mode='bilinear'):
    H, W = img.shape[-2:]
    xgrid, ygrid = coords.split([1, 1], dim=-1)
    xgrid = 2 * xgrid / (W - 1) - 1
    ygrid = 2 * ygrid / (H - 1) - 1
    return F.grid_sample(img, torch.cat([xgrid, ygrid], dim=-1), align_corners=True)


def coords_grid(batch, ht, wd):
    coords = torch.meshgrid(torch.arange(ht), torch.arange(wd), indexing="ij")
    coords = torch.stack(coords[::-1], dim=0).float()
    return coords[None].repeat(batch, 1, 1, 1)


class CorrBlock:
    def __init__(self, fmap1, fmap2, num_levels=3, radius=2):
        self.num_levels, self.radius = num_levels, radius
        self.corr_pyramid = []
        corr = CorrBlock.corr(fmap1, fmap2)
        batch, h1, w1, dim, h2, w2 = corr.shape
        corr = corr.reshape(batch * h1 * w1, dim, h2, w2)
        self.corr_pyramid.append(corr)
        for i in range(self.num_levels - 1):
            corr = F.avg_pool2d(corr, 2, stride=2)
            self.corr_pyramid.append(corr)

    def __call__(self, coords):
        r = self.radius
        coords = coords.permute(0, 2, 3, 1)
        batch, h1, w1, _ = coords.shape
        out_pyramid = []
        for i in range(self.num_levels):
            corr = self.corr_pyramid[i]
            dx = torch.linspace(-r, r, 2 * r + 1)
            dy = torch.linspace(-r, r, 2 * r + 1)
            delta = torch.stack(torch.meshgrid(dy, dx, indexing="ij"), axis=-1)
            centroid_lvl = coords.reshape(batch * h1 * w1, 1, 1, 2) / 2 ** i
            delta_lvl = delta.view(1, 2 * r + 1, 2 * r + 1, 2)
            corr = bilinear_sampler(corr, centroid_lvl + delta_lvl)
            out_pyramid.append(corr.view(batch, h1, w1, -1))
        return torch.cat(out_pyramid, dim=-1).permute(0, 3, 1, 2).contiguous().float()

    @staticmethod
    def corr(fmap1, fmap2):
        batch, dim, ht, wd = fmap1.shape
        fmap1 = fmap1.view(batch, dim, ht * wd)
        fmap2 = fmap2.view(batch, dim, ht * wd)
        corr = torch.matmul(fmap1.transpose(1, 2), fmap2)
        return corr.view(batch, ht, wd, 1, ht, wd) / torch.sqrt(torch.tensor(dim).float())


class SepConvGRU(nn.Module):
    def __init__(self, h=16, i=32):
        super().__init__()
        for n in "zrq":
            setattr(self, f"conv{n}1", nn.Conv2d(h + i, h, (1, 5), padding=(0, 2)))
            setattr(self, f"conv{n}2", nn.Conv2d(h + i, h, (5, 1), padding=(2, 0)))

    def forward(self, h, x):
        for s in "12":
            hx = torch.cat([h, x], dim=1)
            z = torch.sigmoid(getattr(self, "convz" + s)(hx))
            r = torch.sigmoid(getattr(self, "convr" + s)(hx))
            q = torch.tanh(getattr(self, "convq" + s)(torch.cat([r * h, x], dim=1)))
            h = (1 - z) * h + z * q
        return h


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fnet = nn.Sequential(nn.Conv2d(3, 16, 7, 2, 3), nn.InstanceNorm2d(16), nn.ReLU(), nn.Conv2d(16, 24, 3, 2, 1), nn.InstanceNorm2d(24), nn.ReLU(), nn.Conv2d(24, 24, 3, 2, 1))
        self.cnet = nn.Sequential(nn.Conv2d(3, 16, 7, 2, 3), nn.ReLU(), nn.Conv2d(16, 24, 3, 2, 1), nn.ReLU(), nn.Conv2d(24, 16 + 14, 3, 2, 1))
        self.convc, self.convf = nn.Conv2d(3 * 25, 12, 1), nn.Conv2d(2, 4, 7, padding=3)
        self.enc = nn.Conv2d(16, 16, 3, padding=1)
        self.gru = SepConvGRU(16, 32)
        self.flow, self.mask = nn.Conv2d(16, 2, 3, padding=1), nn.Conv2d(16, 64 * 9, 1)

    def upsample_flow(self, flow, mask):
        N, _, H, W = flow.shape
        mask = mask.view(N, 1, 9, 8, 8, H, W)
        mask = torch.softmax(mask, dim=2)
        up_flow = F.unfold(8 * flow, [3, 3], padding=1)
        up_flow = up_flow.view(N, 2, 9, 1, 1, H, W)
        up_flow = torch.sum(mask * up_flow, dim=2)
        up_flow = up_flow.permute(0, 1, 4, 2, 5, 3)
        return up_flow.reshape(N, 2, 8 * H, 8 * W)

    def forward(self, image1, image2, iters=3, flow_init=None, upsample=True, test_mode=False):
        fmap1, fmap2 = torch.split(self.fnet(torch.cat([image1, image2], 0)), [image1.shape[0]] * 2, dim=0)
        corr_fn = CorrBlock(fmap1, fmap2)
        net, inp = torch.split(self.cnet(image1), [16, 14], dim=1)
        net, inp = torch.tanh(net), torch.relu(inp)
        N, C, H, W = image1.shape
        coords0, coords1 = coords_grid(N, H // 8, W // 8), coords_grid(N, H // 8, W // 8)
        if flow_init is not None:
            coords1 = coords1 + flow_init
        preds = []
        for itr in range(iters):
            coords1 = coords1.detach()
            corr = corr_fn(coords1)
            flow = coords1 - coords0
            m = torch.cat([self.convc(corr), self.convf(flow)], 1)
            m = torch.cat([F.relu(self.enc(m)), flow, inp], 1)
            net = self.gru(net, m)
            coords1 = coords1 + self.flow(net)
            preds.append(self.upsample_flow(coords1 - coords0, .25 * self.mask(net)))
        if test_mode:
            return coords1 - coords0, preds[-1]
        return preds
