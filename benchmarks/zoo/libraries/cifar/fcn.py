"""A small fully convolutional network: scores of three depths, brought together and enlarged.

Long, Shelhamer & Darrell, "Fully Convolutional Networks for Semantic Segmentation", 2014.
"""

from __future__ import annotations

from torch import Tensor, nn

INPUT = (3, 128, 128)


def stage(before: int, after: int, count: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for place in range(count):
        layers += [
            nn.Conv2d(after if place else before, after, 3, padding=1),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers, nn.MaxPool2d(2))


class FCN8(nn.Module):
    def __init__(self, classes: int = 21) -> None:
        super().__init__()
        self.early = nn.Sequential(stage(3, 32, 2), stage(32, 64, 2), stage(64, 128, 2))
        self.middle = stage(128, 256, 2)
        self.late = nn.Sequential(
            stage(256, 256, 2), nn.Conv2d(256, 512, 3, padding=1), nn.ReLU(), nn.Dropout2d()
        )
        self.score_early = nn.Conv2d(128, classes, 1)
        self.score_middle = nn.Conv2d(256, classes, 1)
        self.score_late = nn.Conv2d(512, classes, 1)
        self.twice = nn.ConvTranspose2d(classes, classes, 4, stride=2, padding=1, bias=False)
        self.again = nn.ConvTranspose2d(classes, classes, 4, stride=2, padding=1, bias=False)
        self.final = nn.ConvTranspose2d(classes, classes, 16, stride=8, padding=4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        early = self.early(x)
        middle = self.middle(early)
        late = self.late(middle)
        out = self.twice(self.score_late(late)) + self.score_middle(middle)
        out = self.again(out) + self.score_early(early)
        return self.final(out)


NETWORKS = {"fcn8": FCN8}
