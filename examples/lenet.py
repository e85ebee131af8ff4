"""LeNet for MNIST, as it is often copied: the head was made for 32×32 images, MNIST has 28×28."""

import torch
from torch import nn
from torch.nn import functional as F


class LeNet(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, kernel_size=5)
        self.conv2 = nn.Conv2d(6, 16, kernel_size=5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(80, classes)

    def forward(self, image):
        maps = F.max_pool2d(torch.relu(self.conv1(image)), 2)
        maps = F.max_pool2d(torch.relu(self.conv2(maps)), 2)
        hidden = torch.relu(self.fc1(maps.flatten(1)))
        hidden = torch.relu(self.fc2(hidden))
        return self.fc3(hidden)
