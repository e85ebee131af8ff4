# inputs: 3,3,32,32
import torch
from torch import nn
import torch.nn.functional as F
import numpy as np


def get_2d_sincos(embed_dim, grid_size):
    grid = np.meshgrid(np.arange(grid_size, dtype=np.float32), np.arange(grid_size, dtype=np.float32))
    grid = np.stack(grid, axis=0).reshape([2, 1, grid_size, grid_size])
    out = []
    for g in grid:
        omega = 1. / 10000 ** (np.arange(embed_dim // 4, dtype=float) / (embed_dim / 4.))
        o = np.einsum('m,d->md', g.reshape(-1), omega)
        out.append(np.concatenate([np.sin(o), np.cos(o)], axis=1))
    e = np.concatenate(out, axis=1)
    return np.concatenate([np.zeros([1, embed_dim]), e], axis=0)


class Net(nn.Module):
    def __init__(self, d=32, p=4, size=32):
        super().__init__()
        n = (size // p) ** 2
        self.p = p
        self.patch_embed = nn.Conv2d(3, d, p, p)
        self.cls_token, self.mask_token = nn.Parameter(torch.zeros(1, 1, d)), nn.Parameter(torch.zeros(1, 1, 16))
        self.pos_embed = nn.Parameter(torch.zeros(1, n + 1, d), requires_grad=False)
        self.pos_embed.data.copy_(torch.from_numpy(get_2d_sincos(d, int(n ** .5))).float().unsqueeze(0))
        self.dec_pos = nn.Parameter(torch.zeros(1, n + 1, 16), requires_grad=False)
        self.enc = nn.TransformerEncoder(nn.TransformerEncoderLayer(d, 4, 64, batch_first=True, norm_first=True), 2, enable_nested_tensor=False)
        self.dec_embed = nn.Linear(d, 16)
        self.dec = nn.ModuleList([nn.TransformerEncoderLayer(16, 2, 32, batch_first=True) for _ in range(2)])
        self.pred = nn.Linear(16, p ** 2 * 3)

    def patchify(self, imgs):
        p = self.p
        assert imgs.shape[2] == imgs.shape[3] and imgs.shape[2] % p == 0
        h = w = imgs.shape[2] // p
        x = imgs.reshape(shape=(imgs.shape[0], 3, h, p, w, p))
        x = torch.einsum('nchpwq->nhwpqc', x)
        return x.reshape(shape=(imgs.shape[0], h * w, p ** 2 * 3))

    def random_masking(self, x, mask_ratio):
        N, L, D = x.shape
        len_keep = int(L * (1 - mask_ratio))
        noise = torch.rand(N, L, device=x.device)
        ids_shuffle = torch.argsort(noise, dim=1)
        ids_restore = torch.argsort(ids_shuffle, dim=1)
        ids_keep = ids_shuffle[:, :len_keep]
        x_masked = torch.gather(x, dim=1, index=ids_keep.unsqueeze(-1).repeat(1, 1, D))
        mask = torch.ones([N, L], device=x.device)
        mask[:, :len_keep] = 0
        mask = torch.gather(mask, dim=1, index=ids_restore)
        return x_masked, mask, ids_restore

    def forward(self, imgs, mask_ratio=0.75):
        x = self.patch_embed(imgs).flatten(2).transpose(1, 2)
        x = x + self.pos_embed[:, 1:, :]
        x, mask, ids = self.random_masking(x, mask_ratio)
        cls = self.cls_token + self.pos_embed[:, :1, :]
        x = torch.cat((cls.expand(x.shape[0], -1, -1), x), dim=1)
        x = self.dec_embed(self.enc(x))
        m = self.mask_token.repeat(x.shape[0], ids.shape[1] + 1 - x.shape[1], 1)
        x_ = torch.cat([x[:, 1:, :], m], dim=1)
        x_ = torch.gather(x_, dim=1, index=ids.unsqueeze(-1).repeat(1, 1, x.shape[2]))
        x = torch.cat([x[:, :1, :], x_], dim=1) + self.dec_pos
        for b in self.dec:
            x = b(x)
        x = self.pred(x)[:, 1:, :]
        t = self.patchify(imgs)
        mean, var = t.mean(dim=-1, keepdim=True), t.var(dim=-1, keepdim=True)
        t = (t - mean) / (var + 1.e-6) ** .5
        loss = ((x - t) ** 2).mean(dim=-1)
        return (loss * mask).sum() / mask.sum(), x, mask
