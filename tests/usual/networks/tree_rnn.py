# inputs: 4,7,6
import torch
from torch import nn


class Net(nn.Module):
    """recursive nets, memo, stacks, string keys"""

    def __init__(self):
        super().__init__()
        self.w, self.leaf = nn.Linear(12, 6), nn.Linear(6, 6)
        self.memo = {}

    def reduce(self, xs, key=""):
        if len(xs) == 1:
            return self.leaf(xs[0])
        if key in self.memo:
            return self.memo[key]
        m = len(xs) // 2
        y = torch.tanh(self.w(torch.cat([self.reduce(xs[:m], key + "l"), self.reduce(xs[m:], key + "r")], -1)))
        self.memo[key] = y
        return y

    def forward(self, x):
        self.memo.clear()
        root = self.reduce(x.unbind(1), "o")
        stack, buf = [], list(x.transpose(0, 1))[::-1]
        for op in "ssrsrsrsrsrsr":
            if op == "s":
                stack.append(self.leaf(buf.pop()))
            else:
                b, a = stack.pop(), stack.pop()
                stack.append(torch.tanh(self.w(torch.cat([a, b], 1))))
        return root + stack.pop() + sum(self.memo.values())
