"""The generator of DCGAN: from 100 random numbers to an image.

Radford, Metz & Chintala, "Unsupervised Representation Learning with Deep Convolutional Generative
Adversarial Networks", 2015.
"""

from __future__ import annotations

from torch import Tensor, nn

INPUT = (100, 1, 1)


class Generator(nn.Module):
    def __init__(self, size: int, width: int = 64, latent: int = 100) -> None:
        super().__init__()
        channels = width * size // 8
        layers: list[nn.Module] = [
            nn.ConvTranspose2d(latent, channels, 4, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(True),
        ]
        side = 4
        while side < size // 2:
            layers += [
                nn.ConvTranspose2d(channels, channels // 2, 4, 2, 1, bias=False),
                nn.BatchNorm2d(channels // 2),
                nn.ReLU(True),
            ]
            channels //= 2
            side *= 2
        layers += [nn.ConvTranspose2d(channels, 3, 4, 2, 1), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z)


NETWORKS = {"dcgan_generator32": lambda: Generator(32), "dcgan_generator64": lambda: Generator(64)}
