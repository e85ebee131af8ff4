# inputs: 4,2
import torch
from torch import nn


def rk4_step(f, t, y, dt):
    k1 = f(t, y)
    k2 = f(t + dt / 2, y + dt * k1 / 2)
    k3 = f(t + dt / 2, y + dt * k2 / 2)
    k4 = f(t + dt, y + dt * k3)
    return y + dt * (k1 + 2 * k2 + 2 * k3 + k4) / 6


class ODEFunc(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 16), nn.Softplus(), nn.Linear(16, 2))
        self.nfe = 0

    def forward(self, t, y):
        self.nfe += 1
        return self.net(torch.cat([y, torch.ones_like(y[:, :1]) * t], 1))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.func = ODEFunc()
        self.deq = nn.Linear(4, 2)

    def forward(self, y):
        ts = torch.linspace(0, 1, 5)
        ys = [y]
        for t0, t1 in zip(ts[:-1], ts[1:]):
            ys.append(rk4_step(self.func, t0, ys[-1], t1 - t0))
        z = torch.zeros_like(y)
        for k in range(20):
            z_next = torch.tanh(self.deq(torch.cat([z, y], -1)))
            if (z_next - z).norm() < 1e-4:
                break
            z = z_next
        return torch.stack(ys), z
