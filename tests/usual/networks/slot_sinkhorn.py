# inputs: 3,20,16
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self, num_slots=5, dim=16, iters=2, eps=1e-8):
        super().__init__()
        self.num_slots, self.iters, self.eps = num_slots, iters, eps
        self.scale = dim ** -0.5
        self.slots_mu, self.slots_sigma = nn.Parameter(torch.randn(1, 1, dim)), nn.Parameter(torch.rand(1, 1, dim))
        self.to_q, self.to_k, self.to_v = nn.Linear(dim, dim), nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.gru = nn.GRUCell(dim, dim)
        self.norm_input, self.norm_slots = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.bin = nn.Parameter(torch.tensor(1.))

    def log_optimal_transport(self, scores, alpha, iters):
        b, m, n = scores.shape
        one = scores.new_tensor(1)
        ms, ns = (m * one).to(scores), (n * one).to(scores)
        bins0 = alpha.expand(b, m, 1)
        bins1 = alpha.expand(b, 1, n)
        alpha = alpha.expand(b, 1, 1)
        couplings = torch.cat([torch.cat([scores, bins0], -1), torch.cat([bins1, alpha], -1)], 1)
        norm = - (ms + ns).log()
        log_mu = torch.cat([norm.expand(m), ns.log()[None] + norm])
        log_nu = torch.cat([norm.expand(n), ms.log()[None] + norm])
        log_mu, log_nu = log_mu[None].expand(b, -1), log_nu[None].expand(b, -1)
        u, v = torch.zeros_like(log_mu), torch.zeros_like(log_nu)
        for _ in range(iters):
            u = log_mu - torch.logsumexp(couplings + v.unsqueeze(1), dim=2)
            v = log_nu - torch.logsumexp(couplings + u.unsqueeze(2), dim=1)
        return couplings + u.unsqueeze(2) + v.unsqueeze(1) - norm

    def forward(self, inputs):
        b, n, d = inputs.shape
        mu = self.slots_mu.expand(b, self.num_slots, -1)
        slots = torch.normal(mu, self.slots_sigma.expand(b, self.num_slots, -1))
        inputs = self.norm_input(inputs)
        k, v = self.to_k(inputs), self.to_v(inputs)
        for _ in range(self.iters):
            slots_prev = slots
            q = self.to_q(self.norm_slots(slots))
            dots = torch.einsum('bid,bjd->bij', q, k) * self.scale
            attn = dots.softmax(dim=1) + self.eps
            attn = attn / attn.sum(dim=-1, keepdim=True)
            updates = torch.einsum('bjd,bij->bid', v, attn)
            slots = self.gru(updates.reshape(-1, d), slots_prev.reshape(-1, d)).reshape(b, -1, d)
        z = self.log_optimal_transport(torch.einsum('bid,bjd->bij', slots, inputs), self.bin, 3)
        max0, max1 = z[:, :-1, :-1].max(2), z[:, :-1, :-1].max(1)
        mutual = torch.arange(max0.indices.size(1))[None] == max1.indices.gather(1, max0.indices)
        q = inputs.flatten(0, 1)[:, :4]
        Q = torch.exp(q / 0.05).t()
        Q = Q / Q.sum()
        for it in range(3):
            Q = Q / torch.sum(Q, dim=1, keepdim=True) / Q.shape[0]
            Q = Q / torch.sum(Q, dim=0, keepdim=True) / Q.shape[1]
        return slots, torch.where(mutual, max0.values.exp(), 0), (Q * q.numel()).t()
