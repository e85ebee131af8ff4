# inputs: 4,8 4:int64
import torch
from torch import nn


class Net(nn.Module):
    """A head for every task, found by the task's name."""

    def __init__(self, tasks=('0', '1', '2')):
        super().__init__()
        self.heads = nn.ModuleDict({f'task{name}': nn.Linear(8, 2) for name in tasks})
        self.weights = {f'task{name}': 1.0 / (1 + int(name)) for name in tasks}
        self.by_number = nn.ModuleDict({name: nn.Linear(8, 2) for name in tasks})

    def forward(self, x, task):
        rows = [self.heads[f'task{t}'](row) * self.weights[f'task{t:d}'] for row, t in zip(x, task)]
        out = torch.stack(rows)
        for t in task.unique():
            out[task == t] = out[task == t] + self.by_number[f'{t}'](x[task == t])
        return out
