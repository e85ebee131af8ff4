# inputs: obs=4,4,84,84
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F
import math


def layer_init(layer, std=np.sqrt(2), bias_const=0.0):
    torch.nn.init.orthogonal_(layer.weight, std)
    torch.nn.init.constant_(layer.bias, bias_const)
    return layer


class NoisyLinear(nn.Module):
    def __init__(self, i, o, std=0.5):
        super().__init__()
        self.i, self.o, self.std = i, o, std
        self.weight_mu, self.weight_sigma = nn.Parameter(torch.empty(o, i)), nn.Parameter(torch.empty(o, i))
        self.register_buffer('weight_epsilon', torch.empty(o, i))
        self.bias_mu, self.bias_sigma = nn.Parameter(torch.empty(o)), nn.Parameter(torch.empty(o))
        self.register_buffer('bias_epsilon', torch.empty(o))
        r = 1 / math.sqrt(i)
        self.weight_mu.data.uniform_(-r, r)
        self.weight_sigma.data.fill_(std / math.sqrt(i))
        self.bias_mu.data.uniform_(-r, r)
        self.bias_sigma.data.fill_(std / math.sqrt(o))
        self.reset_noise()

    def _scale_noise(self, size):
        x = torch.randn(size)
        return x.sign().mul_(x.abs().sqrt_())

    def reset_noise(self):
        a, b = self._scale_noise(self.i), self._scale_noise(self.o)
        self.weight_epsilon.copy_(b.ger(a))
        self.bias_epsilon.copy_(b)

    def forward(self, x):
        if self.training:
            return F.linear(x, self.weight_mu + self.weight_sigma * self.weight_epsilon, self.bias_mu + self.bias_sigma * self.bias_epsilon)
        return F.linear(x, self.weight_mu, self.bias_mu)


class Net(nn.Module):
    def __init__(self, actions=6, atoms=11):
        super().__init__()
        self.atoms, self.actions = atoms, actions
        self.network = nn.Sequential(layer_init(nn.Conv2d(4, 8, 8, stride=4)), nn.ReLU(), layer_init(nn.Conv2d(8, 16, 4, stride=2)), nn.ReLU(), layer_init(nn.Conv2d(16, 16, 3, stride=1)), nn.ReLU(), nn.Flatten())
        with torch.no_grad():
            n = self.network(torch.zeros(1, 4, 84, 84)).shape[1]
        self.value, self.adv = nn.Sequential(NoisyLinear(n, 32), nn.ReLU(), NoisyLinear(32, atoms)), nn.Sequential(NoisyLinear(n, 32), nn.ReLU(), NoisyLinear(32, atoms * actions))
        self.register_buffer("support", torch.linspace(-10, 10, atoms))
        self.lstm = nn.LSTM(n, 16)
        for name, param in self.lstm.named_parameters():
            if "bias" in name:
                nn.init.constant_(param, 0)
            elif "weight" in name:
                nn.init.orthogonal_(param, 1.0)
        self.actor, self.critic = layer_init(nn.Linear(16, actions), std=0.01), layer_init(nn.Linear(16, 1), std=1)
        self.logstd = nn.Parameter(torch.zeros(1, actions))

    def forward(self, obs):
        for m in self.modules():
            if isinstance(m, NoisyLinear) and self.training:
                m.reset_noise()
        h = self.network(obs / 255.0)
        v, a = self.value(h), self.adv(h)
        v, a = v.view(-1, 1, self.atoms), a.view(-1, self.actions, self.atoms)
        q = (v + a - a.mean(1, keepdim=True)).softmax(2).clamp(min=1e-3)
        qv = (q * self.support).sum(2)
        done = obs.new_zeros(obs.shape[0])
        batch_size = 1
        state = (obs.new_zeros(1, batch_size, 16), obs.new_zeros(1, batch_size, 16))
        hidden = h.reshape((-1, batch_size, self.lstm.input_size))
        done = done.reshape((-1, batch_size))
        new_hidden = []
        for hh, d in zip(hidden, done):
            hh, state = self.lstm(hh.unsqueeze(0), ((1.0 - d).view(1, -1, 1) * state[0], (1.0 - d).view(1, -1, 1) * state[1]))
            new_hidden += [hh]
        new_hidden = torch.flatten(torch.cat(new_hidden), 0, 1)
        probs = torch.distributions.Categorical(logits=self.actor(new_hidden))
        action = probs.sample()
        std = self.logstd.expand_as(self.actor(new_hidden)).exp()
        cont = torch.distributions.Normal(self.actor(new_hidden), std)
        return qv, action, probs.log_prob(action), probs.entropy(), self.critic(new_hidden).squeeze(-1), cont.log_prob(cont.sample()).sum(1)
