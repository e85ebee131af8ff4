# inputs: 2,3,24,24
import copy
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    """the teacher is hidden from parameters() and the state dict on purpose"""

    def __init__(self):
        super().__init__()
        self.student = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 8, 3, 2, 1))
        teacher = copy.deepcopy(self.student).eval()
        for p in teacher.parameters():
            p.requires_grad_(False)
        self._teacher = [teacher]
        object.__setattr__(self, "ema", copy.deepcopy(self.student).requires_grad_(False))
        self.hidden = (copy.deepcopy(teacher),)
        self.loss_fns = {"kd": nn.KLDivLoss(reduction="batchmean"), "l2": nn.MSELoss()}
        self.acts = [nn.ReLU(), nn.GELU()]
        self.pools = {2: nn.MaxPool2d(2), 3: nn.AvgPool2d(3)}

    @property
    def teacher(self):
        return self._teacher[0]

    @torch.no_grad()
    def update(self):
        for a, b in zip(self.ema.parameters(), self.student.parameters()):
            a.copy_(a * 0.99 + b * 0.01)

    def forward(self, x):
        s = self.student(x)
        with torch.no_grad():
            t = self.teacher(x)
            e = self.ema(x)
            h = self.hidden[0](x)
        if self.training:
            self.update()
        kd = self.loss_fns["kd"](s.flatten(1).log_softmax(1), t.flatten(1).softmax(1)) + self.loss_fns["l2"](s, e + h)
        for a in self.acts:
            s = a(s)
        return self.pools[2](s), kd
