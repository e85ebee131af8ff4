# inputs: 6,3,16,16 6,3,16,16
import torch
from torch import nn
import torch.nn.functional as F


def off_diagonal(x):
    n, m = x.shape
    assert n == m
    return x.flatten()[:-1].view(n - 1, n + 1)[:, 1:].flatten()


def gaussian_kernel(source, target, kernel_mul=2.0, kernel_num=5):
    n_samples = int(source.size()[0]) + int(target.size()[0])
    total = torch.cat([source, target], dim=0)
    total0 = total.unsqueeze(0).expand(int(total.size(0)), int(total.size(0)), int(total.size(1)))
    total1 = total.unsqueeze(1).expand(int(total.size(0)), int(total.size(0)), int(total.size(1)))
    L2 = ((total0 - total1) ** 2).sum(2)
    bandwidth = torch.sum(L2.data) / (n_samples ** 2 - n_samples)
    bandwidth /= kernel_mul ** (kernel_num // 2)
    return sum([torch.exp(-L2 / (bandwidth * (kernel_mul ** i))) for i in range(kernel_num)])


class Net(nn.Module):
    """Barlow Twins, VICReg, CLIP, SupCon, MMD, CORAL, batch hard triplets"""

    def __init__(self, d=12):
        super().__init__()
        self.f = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, d))
        self.bn = nn.BatchNorm1d(d, affine=False)
        self.logit_scale = nn.Parameter(torch.ones([]) * 2.6)
        self.temperature = 0.07

    def supcon(self, features, labels=None):
        batch_size = features.shape[0]
        mask = torch.eye(batch_size)
        contrast_count = features.shape[1]
        contrast = torch.cat(torch.unbind(features, dim=1), dim=0)
        anchor_dot_contrast = torch.div(torch.matmul(contrast, contrast.T), self.temperature)
        logits_max, _ = torch.max(anchor_dot_contrast, dim=1, keepdim=True)
        logits = anchor_dot_contrast - logits_max.detach()
        mask = mask.repeat(contrast_count, contrast_count)
        logits_mask = torch.scatter(torch.ones_like(mask), 1, torch.arange(batch_size * contrast_count).view(-1, 1), 0)
        mask = mask * logits_mask
        exp_logits = torch.exp(logits) * logits_mask
        log_prob = logits - torch.log(exp_logits.sum(1, keepdim=True))
        mean_log_prob_pos = (mask * log_prob).sum(1) / mask.sum(1)
        return -mean_log_prob_pos.view(contrast_count, batch_size).mean()

    def forward(self, a, b):
        za, zb = self.f(a), self.f(b)
        n, d = za.shape
        c = self.bn(za).T @ self.bn(zb)
        c.div_(n)
        barlow = torch.diagonal(c).add_(-1).pow_(2).sum() + 0.005 * off_diagonal(c).pow_(2).sum()
        x = za - za.mean(dim=0)
        y = zb - zb.mean(dim=0)
        std = torch.mean(F.relu(1 - torch.sqrt(x.var(dim=0) + 1e-4)))
        cov = (x.T @ x) / (n - 1)
        vic = F.mse_loss(za, zb) + std + off_diagonal(cov).pow_(2).sum().div(d)
        fa, fb = F.normalize(za, dim=-1), F.normalize(zb, dim=-1)
        lpi = self.logit_scale.exp() * fa @ fb.t()
        labels = torch.arange(n, dtype=torch.long)
        clip = (F.cross_entropy(lpi, labels) + F.cross_entropy(lpi.t(), labels)) / 2
        sup = self.supcon(torch.stack([fa, fb], 1))
        K = gaussian_kernel(za, zb)
        mmd = torch.mean(K[:n, :n] + K[n:, n:] - K[:n, n:] - K[n:, :n])
        coral = ((x.t() @ x - y.t() @ y) ** 2).sum() / (4 * d * d)
        dist = za.pow(2).sum(1, keepdim=True).expand(n, n)
        dist = dist + dist.t()
        dist = dist.addmm(za, za.t(), beta=1, alpha=-2).clamp(min=1e-12).sqrt()
        m = labels.expand(n, n).eq(labels.expand(n, n).t())
        ap = torch.stack([dist[i][m[i]].max() for i in range(n)])
        an = torch.stack([dist[i][~m[i]].min() for i in range(n)])
        hard = F.margin_ranking_loss(an, ap, torch.ones_like(an), margin=0.3)
        p = (F.softmax(za, 1)).mean(0)
        ent = -(p * p.log()).sum()
        w = F.softmax(-dist.mean(1), dim=0)
        return barlow + vic + clip + sup + mmd + coral + hard + ent + (w * za.square().mean(1)).sum()
