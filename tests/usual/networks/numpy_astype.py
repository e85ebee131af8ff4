# inputs: 4,6,8
# finds: CL003
import numpy as np
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        a = x.detach().numpy().transpose(0, 2, 1).reshape(-1, 6).astype(np.float32)
        y = torch.from_numpy(np.stack([a, a], 1)).float()
        return self.fc(x), y, torch.FloatTensor(a), torch.as_tensor(a.sum(1)), torch.tensor(np.linalg.norm(a, axis=1))
