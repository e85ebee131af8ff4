"""A convolutional variational autoencoder.

Kingma & Welling, "Auto-Encoding Variational Bayes", 2013.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class VAE(nn.Module):
    def __init__(self, latent: int = 64) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 32, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 64, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(64, 128, 4, stride=2, padding=1),
            nn.ReLU(),
        )
        self.mean = nn.Linear(128 * 4 * 4, latent)
        self.log_variance = nn.Linear(128 * 4 * 4, latent)
        self.start = nn.Linear(latent, 128 * 4 * 4)
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(128, 64, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(32, 3, 4, stride=2, padding=1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = self.encoder(x).flatten(1)
        mean, log_variance = self.mean(features), self.log_variance(features)
        deviation = torch.exp(0.5 * log_variance)
        z = mean + deviation * torch.randn_like(deviation)
        image = self.decoder(self.start(z).relu().view(-1, 128, 4, 4))
        return image, mean, log_variance


NETWORKS = {"vae": VAE}
