# convlint: target Net 2,3,64,64
import torch
from torch import nn


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, cin, width, stride=1, groups=1, downsample=None):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, width, kernel_size=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, groups=groups, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, width * self.expansion, kernel_size=1, bias=False)
        self.bn3 = nn.BatchNorm2d(width * self.expansion)
        self.se = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(width * self.expansion, width // 4, 1),
            nn.ReLU(),
            nn.Conv2d(width // 4, width * self.expansion, 1),
            nn.Sigmoid(),
        )
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out = out * self.se(out)
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class Net(nn.Module):
    def __init__(self, layers=(1, 2, 1), width=16, classes=7):
        super().__init__()
        self.cin = 16
        self.stem = nn.Sequential(
            nn.Conv2d(3, self.cin, 7, 2, 3, bias=False),
            nn.BatchNorm2d(self.cin),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
        )
        self.layer1 = self._make(width, layers[0])
        self.layer2 = self._make(width * 2, layers[1], stride=2)
        self.layer3 = self._make(width * 4, layers[2], stride=2, groups=4)
        self.fc = nn.Linear(width * 4 * Bottleneck.expansion, classes)

    def _make(self, width, count, stride=1, groups=1):
        out = width * Bottleneck.expansion
        down = None
        if stride != 1 or self.cin != out:
            down = nn.Sequential(
                nn.Conv2d(self.cin, out, 1, stride, bias=False), nn.BatchNorm2d(out)
            )
        blocks = [Bottleneck(self.cin, width, stride, groups, down)]
        self.cin = out
        for _ in range(1, count):
            blocks.append(Bottleneck(out, width, groups=groups))
        return nn.Sequential(*blocks)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(self.stem(x))))
        x = torch.flatten(nn.functional.adaptive_avg_pool2d(x, (1, 1)), 1)
        return self.fc(x)
