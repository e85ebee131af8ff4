# inputs: 4,8
import copy
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    """test time training: an optimizer in forward"""

    def __init__(self):
        super().__init__()
        self.enc, self.dec, self.head = nn.Linear(8, 6), nn.Linear(6, 8), nn.Linear(6, 2)

    @torch.enable_grad()
    def adapt(self, x):
        enc, dec = copy.deepcopy(self.enc), copy.deepcopy(self.dec)
        opt = torch.optim.SGD([*enc.parameters(), *dec.parameters()], lr=0.1, momentum=0.9)
        for _ in range(2):
            opt.zero_grad()
            loss = F.mse_loss(dec(torch.relu(enc(x.detach()))), x.detach())
            loss.backward()
            torch.nn.utils.clip_grad_norm_(enc.parameters(), 1.0)
            opt.step()
        return enc

    def forward(self, x):
        enc = self.adapt(x) if not self.training else self.enc
        return self.head(torch.relu(enc(x)))
