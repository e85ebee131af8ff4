# inputs: dense=6,13 sparse=6,5:int64
import itertools
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F


class FeaturesEmbedding(nn.Module):
    def __init__(self, field_dims, e):
        super().__init__()
        self.embedding = nn.Embedding(sum(field_dims), e)
        self.offsets = np.array((0, *np.cumsum(field_dims)[:-1]), dtype=np.int64)
        nn.init.xavier_uniform_(self.embedding.weight.data)

    def forward(self, x):
        x = x + x.new_tensor(self.offsets).unsqueeze(0)
        return self.embedding(x)


class FM(nn.Module):
    def __init__(self, reduce_sum=True):
        super().__init__()
        self.reduce_sum = reduce_sum

    def forward(self, x):
        sq = torch.sum(x, dim=1) ** 2
        ss = torch.sum(x ** 2, dim=1)
        ix = sq - ss
        if self.reduce_sum:
            ix = torch.sum(ix, dim=1, keepdim=True)
        return 0.5 * ix


class CIN(nn.Module):
    def __init__(self, input_dim, sizes, split_half=True):
        super().__init__()
        self.num_layers, self.split_half = len(sizes), split_half
        self.conv_layers = nn.ModuleList()
        prev_dim, fc_input_dim = input_dim, 0
        for i in range(self.num_layers):
            s = sizes[i]
            self.conv_layers.append(nn.Conv1d(input_dim * prev_dim, s, 1, stride=1, dilation=1, bias=True))
            if self.split_half and i != self.num_layers - 1:
                s //= 2
            prev_dim = s
            fc_input_dim += prev_dim
        self.fc = nn.Linear(fc_input_dim, 1)

    def forward(self, x):
        xs = list()
        x0, h = x.unsqueeze(2), x
        for i in range(self.num_layers):
            x = x0 * h.unsqueeze(1)
            batch_size, f0_dim, fin_dim, e = x.shape
            x = x.view(batch_size, f0_dim * fin_dim, e)
            x = F.relu(self.conv_layers[i](x))
            if self.split_half and i != self.num_layers - 1:
                x, h = torch.split(x, x.shape[1] // 2, dim=1)
            else:
                h = x
            xs.append(x)
        return self.fc(torch.sum(torch.cat(xs, dim=1), 2))


class CrossNet(nn.Module):
    def __init__(self, d, n):
        super().__init__()
        self.n = n
        self.w = nn.ModuleList([nn.Linear(d, 1, bias=False) for _ in range(n)])
        self.b = nn.ParameterList([nn.Parameter(torch.zeros((d,))) for _ in range(n)])

    def forward(self, x):
        x0 = x
        for i in range(self.n):
            xw = self.w[i](x)
            x = x0 * xw + self.b[i] + x
        return x


class Net(nn.Module):
    def __init__(self, fields=(10,) * 5, e=8):
        super().__init__()
        self.emb = FeaturesEmbedding(fields, e)
        self.bot = nn.Sequential(nn.Linear(13, 16), nn.ReLU(), nn.Linear(16, e), nn.ReLU())
        self.fm, self.cin, self.cross = FM(), CIN(5, (8, 8)), CrossNet(5 * e, 3)
        self.cross_fc = nn.Linear(5 * e, 1)
        n = len(fields) + 1
        self.top = nn.Sequential(nn.Linear(e + n * (n - 1) // 2, 16), nn.ReLU(), nn.Linear(16, 1))
        pairs = list(itertools.combinations(range(5), 2))
        self.row, self.col = [p[0] for p in pairs], [p[1] for p in pairs]
        self.afm = nn.Linear(e, 1)

    def interact(self, x, ly):
        batch_size, d = x.shape
        T = torch.cat([x] + ly, dim=1).view((batch_size, -1, d))
        Z = torch.bmm(T, torch.transpose(T, 1, 2))
        _, ni, nj = Z.shape
        li = torch.tensor([i for i in range(ni) for j in range(i)])
        lj = torch.tensor([j for i in range(nj) for j in range(i)])
        Zflat = Z[:, li, lj]
        return torch.cat([x] + [Zflat], dim=1)

    def forward(self, dense, sparse):
        e = self.emb(sparse)
        x = self.bot(dense)
        z = self.interact(x, [t.squeeze(1) for t in e.split(1, dim=1)])
        logit = self.top(z) + self.fm(e) + self.cin(e) + self.cross_fc(self.cross(e.flatten(1)))
        inner = e[:, self.row] * e[:, self.col]
        a = F.softmax(self.afm(inner), dim=1)
        logit = logit.squeeze(1) + (a * inner).sum(1).sum(-1)
        return torch.sigmoid(logit)
