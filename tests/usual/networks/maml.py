# inputs: xs=10,2 ys=10,1 xq=6,2
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.vars = nn.ParameterList()
        for o, i in ((16, 2), (16, 16), (1, 16)):
            self.vars.append(nn.Parameter(torch.randn(o, i) * 0.1))
            self.vars.append(nn.Parameter(torch.zeros(o)))

    def net(self, x, vars=None):
        vars = list(self.vars) if vars is None else vars
        idx = 0
        while idx < len(vars):
            x = F.linear(x, vars[idx], vars[idx + 1])
            idx += 2
            if idx < len(vars):
                x = F.relu(x)
        return x

    def forward(self, xs, ys, xq):
        fast = list(self.vars)
        for k in range(3):
            with torch.enable_grad():
                loss = F.mse_loss(self.net(xs, fast), ys)
                grad = torch.autograd.grad(loss, fast, create_graph=self.training)
            fast = list(map(lambda p: p[1] - 0.01 * p[0], zip(grad, fast)))
        return self.net(xq, fast)
