from torch import nn


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Conv2d(1, 16, 3, stride=2, padding=1)
        self.decoder = nn.ConvTranspose2d(32, 1, 2, stride=2)

    def forward(self, images):
        return self.decoder(self.encoder(images).relu())
