# inputs: 4,6,8
import numpy as np
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        score = self.fc(x)
        order = np.argsort(-score[..., 0].detach().cpu().numpy(), axis=1)
        idx = torch.from_numpy(order.copy())
        return score.gather(1, idx.unsqueeze(-1).expand_as(score))
