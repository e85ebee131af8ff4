# inputs: 2,6,20
import torch
from torch import nn
from typing import List, Optional


@torch.jit.script
def fused_gelu(x: torch.Tensor) -> torch.Tensor:
    return x * 0.5 * (1.0 + torch.erf(x / 1.41421))


@torch.jit.script
def bias_dropout_add(x: torch.Tensor, bias: Optional[torch.Tensor], residual: torch.Tensor, prob: float, training: bool) -> torch.Tensor:
    if bias is not None:
        x = x + bias
    out = torch.nn.functional.dropout(x, p=prob, training=training)
    return residual + out


@torch.jit.script
def scan(x: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
    outs: List[torch.Tensor] = []
    h = torch.zeros_like(x[:, 0])
    for t in range(x.size(1)):
        h = a * h + x[:, t]
        outs.append(h)
    return torch.stack(outs, 1)


class Inner(nn.Module):
    def __init__(self, d: int):
        super().__init__()
        self.l = nn.Linear(d, d)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.dim() == 3:
            return self.l(x)
        return x


class Net(nn.Module):
    def __init__(self, d=20):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(d))
        self.a = nn.Parameter(torch.ones(d))
        self.up, self.down = nn.Linear(d, 3 * d), nn.Linear(3 * d, d, bias=False)
        self.inner = torch.jit.script(Inner(d))

    def forward(self, x):
        h = self.down(fused_gelu(self.up(x)))
        x = bias_dropout_add(h, self.bias, x, 0.1, self.training)
        return self.inner(scan(x, self.a.sigmoid()))
