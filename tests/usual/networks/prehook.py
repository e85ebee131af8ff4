# inputs: 4,3,8,8
from torch import nn


class Net(nn.Module):
    """the hook flattens (as in feature extractors that patch a backbone)"""

    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 4, 3), nn.Linear(4 * 36, 3)
        self.fc.register_forward_pre_hook(lambda m, a: (a[0].flatten(1),))

    def forward(self, x):
        return self.fc(self.conv(x))
