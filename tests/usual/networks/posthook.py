# inputs: 4,3,8,8
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.fc = nn.Conv2d(3, 4, 3), nn.Linear(4 * 36, 3)
        self.a.register_forward_hook(lambda m, x, y: y.flatten(1))

    def forward(self, x):
        return self.fc(self.a(x))
