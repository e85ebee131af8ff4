"""VGG with batch norm for small images.

Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2014;
the classifier is short, as five pools leave one pixel of 32.
"""

from __future__ import annotations

from torch import Tensor, nn

_LAYERS = {
    11: (1, 1, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
_WIDTHS = (64, 128, 256, 512, 512)


class VGG(nn.Module):
    def __init__(self, depth: int, classes: int = 10) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for count, width in zip(_LAYERS[depth], _WIDTHS, strict=True):
            for _ in range(count):
                layers += [
                    nn.Conv2d(before, width, 3, padding=1, bias=False),
                    nn.BatchNorm2d(width),
                    nn.ReLU(inplace=True),
                ]
                before = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Dropout(), nn.Linear(before, 512), nn.ReLU(inplace=True), nn.Linear(512, classes)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).flatten(1))


NETWORKS = {
    "vgg11": lambda: VGG(11),
    "vgg16": lambda: VGG(16),
    "vgg19": lambda: VGG(19, classes=100),
}
