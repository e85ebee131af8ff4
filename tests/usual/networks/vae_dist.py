# inputs: 5,1,28,28
import torch
from torch import nn
from torch.distributions import Normal, Independent, kl_divergence, Categorical, Bernoulli
import torch.nn.functional as F


class View(nn.Module):
    def __init__(self, *size):
        super().__init__()
        self.size = size

    def forward(self, tensor):
        return tensor.view(self.size)


class Net(nn.Module):
    def __init__(self, z=6, k=3):
        super().__init__()
        self.z, self.k = z, k
        self.encoder = nn.Sequential(nn.Conv2d(1, 8, 4, 2, 1), nn.ReLU(True), nn.Conv2d(8, 16, 4, 2, 1), nn.ReLU(True), View(-1, 16 * 7 * 7), nn.Linear(16 * 49, 2 * z + k))
        self.decoder = nn.Sequential(nn.Linear(z, 16 * 49), nn.ReLU(True), View(-1, 16, 7, 7), nn.ConvTranspose2d(16, 8, 4, 2, 1), nn.ReLU(True), nn.ConvTranspose2d(8, 1, 4, 2, 1))
        self.prior_mu = nn.Parameter(torch.randn(k, z))

    def reparametrize(self, mu, logvar):
        if self.training:
            std = logvar.div(2).exp()
            eps = torch.randn_like(std)
            return eps.mul(std).add_(mu)
        return mu

    def forward(self, x):
        h = self.encoder(x)
        mu, logvar, logits = h.split([self.z, self.z, self.k], 1)
        q = Independent(Normal(mu, F.softplus(logvar) + 1e-4), 1)
        zs = q.rsample((4,))
        y = F.gumbel_softmax(logits, tau=0.5, hard=True)
        prior = Independent(Normal(y @ self.prior_mu, torch.ones_like(mu)), 1)
        kl = kl_divergence(q, prior)
        cat = Categorical(logits=logits)
        z = self.reparametrize(mu, logvar)
        rec = self.decoder(z)
        multi = self.decoder(zs.flatten(0, 1)).view(4, x.size(0), *x.shape[1:])
        ll = Bernoulli(logits=multi).log_prob((x > 0).float()).sum((-1, -2, -3))
        iw = torch.logsumexp(ll, 0) - torch.log(torch.tensor(4.))
        bce = F.binary_cross_entropy_with_logits(rec, (x > 0).to(rec), reduction="none").view(x.size(0), -1).sum(1)
        return rec, (bce + kl - cat.entropy()).mean(), iw, cat.sample()
