"""A convolutional autoencoder whose decoder enlarges by copying, then convolves.

Hinton & Salakhutdinov, "Reducing the Dimensionality of Data with Neural Networks", 2006; the
enlarging as in Odena, Dumoulin & Olah, "Deconvolution and Checkerboard Artifacts", 2016.
"""

from __future__ import annotations

from torch import Tensor, nn


class Autoencoder(nn.Module):
    def __init__(self, latent: int = 128) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(64, 128, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(128 * 4 * 4, latent),
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent, 128 * 4 * 4),
            nn.ReLU(),
            nn.Unflatten(1, (128, 4, 4)),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(128, 64, 3, padding=1),
            nn.ReLU(),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(64, 32, 3, padding=1),
            nn.ReLU(),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(32, 3, 3, padding=1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x))


NETWORKS = {"autoencoder": Autoencoder}
