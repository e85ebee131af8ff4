# inputs: 2,3,50,70
import logging
import warnings
import torch
from torch import nn
import torch.nn.functional as F

log = logging.getLogger(__name__)

try:
    from flash_attn import flash_attn_func
except ImportError:
    flash_attn_func = None


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Conv2d(3, 16, 8, 8)
        self.pos = nn.Parameter(torch.zeros(1, 65, 16))
        self.cls = nn.Parameter(torch.zeros(1, 1, 16))
        self.attn = nn.MultiheadAttention(16, 4, batch_first=True)

    def interp(self, h, w):
        n = self.pos.shape[1] - 1
        if h * w == n:
            return self.pos
        s = int(n ** 0.5)
        p = self.pos[:, 1:].reshape(1, s, s, -1).permute(0, 3, 1, 2)
        p = F.interpolate(p, size=(h, w), mode='bicubic', align_corners=False, antialias=True)
        return torch.cat([self.pos[:, :1], p.permute(0, 2, 3, 1).flatten(1, 2)], 1)

    def forward(self, x):
        H, W = x.shape[-2:]
        if H % 8 or W % 8:
            warnings.warn(f"padding {tuple(x.shape)}")
            x = F.pad(x, (0, -W % 8, 0, -H % 8))
        log.debug("mean %s", x.mean())
        x = self.embed(x)
        b, c, h, w = x.shape
        x = x.flatten(2).mT
        try:
            x = x + self.pos[:, 1:]
        except RuntimeError:
            x = x + self.interp(h, w)[:, 1:]
        x = torch.cat([self.cls.expand(b, -1, -1), x], dim=1)
        if flash_attn_func is not None and x.is_cuda:
            x = flash_attn_func(x, x, x)
        else:
            x = self.attn(x, x, x, need_weights=False)[0]
        assert not torch.isnan(x).any(), "nan"
        feat = x[:, 1:].mT.unflatten(-1, (h, w))
        return x[:, 0], F.interpolate(feat, size=(H, W))
