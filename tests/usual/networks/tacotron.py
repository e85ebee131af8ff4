# inputs: text=2,12:int64 mel=2,20,10
# finds: CL541
import torch
from torch import nn
import torch.nn.functional as F
import random


class Prenet(nn.Module):
    def __init__(self, i, sizes):
        super().__init__()
        ins = [i] + sizes[:-1]
        self.layers = nn.ModuleList([nn.Linear(a, b, bias=False) for a, b in zip(ins, sizes)])

    def forward(self, x):
        for linear in self.layers:
            x = F.dropout(F.relu(linear(x)), p=0.5, training=True)
        return x


class LocationAttention(nn.Module):
    def __init__(self, q, m, a):
        super().__init__()
        self.query_layer, self.memory_layer = nn.Linear(q, a, bias=False), nn.Linear(m, a, bias=False)
        self.v = nn.Linear(a, 1, bias=False)
        self.loc_conv = nn.Conv1d(2, 8, 5, padding=int((5 - 1) / 2), bias=False)
        self.loc_dense = nn.Linear(8, a, bias=False)
        self.score_mask_value = -float("inf")

    def forward(self, hidden, memory, processed_memory, cat, mask):
        pq = self.query_layer(hidden.unsqueeze(1))
        pa = self.loc_dense(self.loc_conv(cat).transpose(1, 2))
        energies = self.v(torch.tanh(pq + pa + processed_memory)).squeeze(-1)
        alignment = energies
        if mask is not None:
            alignment.data.masked_fill_(mask, self.score_mask_value)
        w = F.softmax(alignment, dim=1)
        ctx = torch.bmm(w.unsqueeze(1), memory)
        return ctx.squeeze(1), w


class CBHG(nn.Module):
    def __init__(self, K, c, proj):
        super().__init__()
        self.bank = nn.ModuleList([nn.Conv1d(c, c, k, padding=k // 2) for k in range(1, K + 1)])
        self.pool = nn.MaxPool1d(2, stride=1, padding=1)
        self.p1, self.p2 = nn.Conv1d(K * c, proj, 3, padding=1), nn.Conv1d(proj, c, 3, padding=1)
        self.gru = nn.GRU(c, c, batch_first=True, bidirectional=True)

    def forward(self, x):
        res = x
        T = x.size(1)
        x = x.transpose(1, 2)
        x = torch.cat([F.relu(conv(x)[:, :, :T]) for conv in self.bank], dim=1)
        x = self.pool(x)[:, :, :T]
        x = self.p2(F.relu(self.p1(x))).transpose(1, 2) + res
        return self.gru(x)[0]


class Net(nn.Module):
    def __init__(self, n_symbols=30, e=16, mels=10, r=2):
        super().__init__()
        self.r, self.mels = r, mels
        self.embedding = nn.Embedding(n_symbols, e)
        self.convs = nn.ModuleList([nn.Sequential(nn.Conv1d(e, e, 5, padding=2), nn.BatchNorm1d(e)) for _ in range(3)])
        self.lstm = nn.LSTM(e, e // 2, 1, batch_first=True, bidirectional=True)
        self.prenet = Prenet(mels, [16, 8])
        self.attention_rnn = nn.LSTMCell(8 + e, 24)
        self.attention_layer = LocationAttention(24, e, 12)
        self.decoder_rnn = nn.LSTMCell(24 + e, 24, True)
        self.linear_projection = nn.Linear(24 + e, mels * r)
        self.gate_layer = nn.Linear(24 + e, 1, bias=True)
        self.postnet = CBHG(4, mels, 16)
        self.last = nn.Linear(2 * mels, 33)

    def initialize(self, memory):
        B, T = memory.size(0), memory.size(1)
        z = lambda *s: memory.data.new(B, *s).zero_()
        self.ah, self.ac, self.dh, self.dc = z(24), z(24), z(24), z(24)
        self.aw, self.awc, self.ctx = z(T), z(T), z(memory.size(2))
        self.memory, self.processed = memory, self.attention_layer.memory_layer(memory)

    def decode(self, x):
        self.ah, self.ac = self.attention_rnn(torch.cat((x, self.ctx), -1), (self.ah, self.ac))
        self.ah = F.dropout(self.ah, 0.1, self.training)
        cat = torch.cat((self.aw.unsqueeze(1), self.awc.unsqueeze(1)), dim=1)
        self.ctx, self.aw = self.attention_layer(self.ah, self.memory, self.processed, cat, None)
        self.awc += self.aw
        self.dh, self.dc = self.decoder_rnn(torch.cat((self.ah, self.ctx), -1), (self.dh, self.dc))
        hc = torch.cat((self.dh, self.ctx), dim=1)
        return self.linear_projection(hc), self.gate_layer(hc), self.aw

    def forward(self, text, mel):
        x = self.embedding(text).transpose(1, 2)
        for conv in self.convs:
            x = F.dropout(F.relu(conv(x)), 0.5, self.training)
        x = x.transpose(1, 2)
        outputs, _ = self.lstm(x)
        self.initialize(outputs)
        go = mel.new_zeros(1, mel.size(0), self.mels)
        frames = mel.view(mel.size(0), mel.size(1) // self.r, -1).transpose(0, 1)[..., -self.mels:]
        dec_in = self.prenet(torch.cat((go, frames), dim=0))
        mels, gates, aligns = [], [], []
        while len(mels) < dec_in.size(0) - 1:
            m, g, a = self.decode(dec_in[len(mels)])
            mels += [m.squeeze(1)]
            gates += [g.squeeze(1)] if g.size() else [g]
            aligns += [a]
        mel_out = torch.stack(mels).transpose(0, 1).contiguous().view(mel.size(0), -1, self.mels)
        gates = torch.stack(gates).transpose(0, 1)
        aligns = torch.stack(aligns).transpose(0, 1)
        return mel_out, self.last(self.postnet(mel_out)), gates, aligns
