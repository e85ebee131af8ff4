# inputs: 4,24,7
import torch
from torch import nn
import torch.nn.functional as F


class RevIN(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.w, self.b = nn.Parameter(torch.ones(c)), nn.Parameter(torch.zeros(c))

    def forward(self, x, mode):
        if mode == "norm":
            dim2reduce = tuple(range(1, x.ndim - 1))
            self.mean = torch.mean(x, dim=dim2reduce, keepdim=True).detach()
            self.stdev = torch.sqrt(torch.var(x, dim=dim2reduce, keepdim=True, unbiased=False) + 1e-5).detach()
            return (x - self.mean) / self.stdev * self.w + self.b
        return (x - self.b) / (self.w + 1e-10) * self.stdev + self.mean


class MovingAvg(nn.Module):
    def __init__(self, k):
        super().__init__()
        self.k, self.avg = k, nn.AvgPool1d(kernel_size=k, stride=1, padding=0)

    def forward(self, x):
        front = x[:, 0:1, :].repeat(1, (self.k - 1) // 2, 1)
        end = x[:, -1:, :].repeat(1, (self.k - 1) // 2, 1)
        x = torch.cat([front, x, end], dim=1)
        return self.avg(x.permute(0, 2, 1)).permute(0, 2, 1)


class AutoCorrelation(nn.Module):
    def forward(self, q, k, v):
        B, L, H, E = q.shape
        qf = torch.fft.rfft(q.permute(0, 2, 3, 1).contiguous(), dim=-1)
        kf = torch.fft.rfft(k.permute(0, 2, 3, 1).contiguous(), dim=-1)
        corr = torch.fft.irfft(qf * torch.conj(kf), n=L, dim=-1)
        v = v.permute(0, 2, 3, 1).contiguous()
        top_k = 3
        mean_value = torch.mean(torch.mean(corr, dim=1), dim=1)
        if self.training:
            index = torch.topk(torch.mean(mean_value, dim=0), top_k, dim=-1)[1]
            weights = torch.stack([mean_value[:, index[i]] for i in range(top_k)], dim=-1)
            tmp = torch.softmax(weights, dim=-1)
            agg = torch.zeros_like(v).float()
            for i in range(top_k):
                pattern = torch.roll(v, -int(index[i]), -1)
                agg = agg + pattern * (tmp[:, i].unsqueeze(1).unsqueeze(1).unsqueeze(1).repeat(1, H, E, L))
        else:
            init = torch.arange(L).unsqueeze(0).unsqueeze(0).unsqueeze(0).repeat(B, H, E, 1)
            weights, delay = torch.topk(mean_value, top_k, dim=-1)
            tmp = torch.softmax(weights, dim=-1)
            vals = v.repeat(1, 1, 1, 2)
            agg = torch.zeros_like(v).float()
            for i in range(top_k):
                d = init + delay[:, i].unsqueeze(1).unsqueeze(1).unsqueeze(1).repeat(1, H, E, L)
                agg = agg + torch.gather(vals, dim=-1, index=d) * tmp[:, i].unsqueeze(1).unsqueeze(1).unsqueeze(1).repeat(1, H, E, L)
        return agg.permute(0, 3, 1, 2)


class Net(nn.Module):
    """(N, T, C): TSMixer, DLinear, iTransformer, Autoformer, TimesNet"""

    def __init__(self, L=24, C=7, H=12, d=16):
        super().__init__()
        self.rev, self.ma = RevIN(C), MovingAvg(5)
        self.trend = nn.Linear(L, H)
        self.seasonal = nn.ModuleList([nn.Linear(L, H) for _ in range(C)])
        self.tm = nn.Sequential(nn.Linear(L, L), nn.ReLU())
        self.emb = nn.Linear(L, d)
        self.itr = nn.TransformerEncoderLayer(d, 4, 32, batch_first=True)
        self.proj = nn.Linear(d, H)
        self.token = nn.Conv1d(C, d, 3, padding=1, padding_mode="circular", bias=False)
        self.auto, self.back = AutoCorrelation(), nn.Linear(d, C)
        self.steps = nn.Conv1d(L, H, 1)
        self.period = nn.Conv2d(d, d, 3, padding=1)
        self.bn = nn.BatchNorm2d(1)

    def times(self, x, p=5):
        B, T, N = x.size()
        length = T
        if T % p != 0:
            length = ((T // p) + 1) * p
            x = torch.cat([x, torch.zeros([B, length - T, N])], dim=1)
        out = x.reshape(B, length // p, p, N).permute(0, 3, 1, 2).contiguous()
        out = self.period(out)
        return out.permute(0, 2, 3, 1).reshape(B, -1, N)[:, :T, :]

    def forward(self, x):
        x = self.rev(x, "norm")
        tr = self.ma(x)
        se = (x - tr).permute(0, 2, 1)
        se = torch.stack([self.seasonal[i](se[:, i, :]) for i in range(se.size(1))], 1)
        y = (self.trend(tr.permute(0, 2, 1)) + se).permute(0, 2, 1)
        x = x + self.tm(x.transpose(1, 2)).transpose(1, 2)
        x = self.bn(x.unsqueeze(1)).squeeze(1)
        it = self.proj(self.itr(self.emb(x.transpose(1, 2)))).transpose(1, 2)
        t = self.token(x.permute(0, 2, 1)).transpose(1, 2)
        t = self.times(t)
        q = t.view(*t.shape[:2], 4, -1)
        a = self.back(self.auto(q, q, q).flatten(2))
        y = y + it + self.steps(a)
        return self.rev(y, "denorm")
