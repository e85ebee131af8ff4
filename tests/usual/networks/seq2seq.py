# inputs: src=4,11:int64 tgt=4,9:int64
import torch
from torch import nn
import torch.nn.functional as F
import math


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, dropout=0.1, max_len=100):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, 1, d_model)
        pe[:, 0, 0::2] = torch.sin(position * div_term)
        pe[:, 0, 1::2] = torch.cos(position * div_term)
        self.register_buffer('pe', pe)

    def forward(self, x):
        x = x + self.pe[:x.size(0)]
        return self.dropout(x)


class Bahdanau(nn.Module):
    def __init__(self, h):
        super().__init__()
        self.Wa, self.Ua, self.Va = nn.Linear(h, h), nn.Linear(h, h), nn.Linear(h, 1)

    def forward(self, query, keys):
        scores = self.Va(torch.tanh(self.Wa(query) + self.Ua(keys)))
        scores = scores.squeeze(2).unsqueeze(1)
        weights = F.softmax(scores, dim=-1)
        return torch.bmm(weights, keys), weights


class AttnDecoder(nn.Module):
    def __init__(self, h, v, T):
        super().__init__()
        self.T = T
        self.embedding, self.attention = nn.Embedding(v, h), Bahdanau(h)
        self.gru, self.out = nn.GRU(2 * h, h, batch_first=True), nn.Linear(h, v)
        self.dropout = nn.Dropout(0.1)

    def forward(self, enc, hid, target=None):
        batch_size = enc.size(0)
        dec_in = torch.empty(batch_size, 1, dtype=torch.long).fill_(0)
        outs, atts = [], []
        for i in range(self.T):
            o, hid, a = self.step(dec_in, hid, enc)
            outs.append(o)
            atts.append(a)
            if target is not None:
                dec_in = target[:, i].unsqueeze(1)
            else:
                _, topi = o.topk(1)
                dec_in = topi.squeeze(-1).detach()
        return F.log_softmax(torch.cat(outs, dim=1), dim=-1), hid, torch.cat(atts, dim=1)

    def step(self, input, hidden, enc):
        emb = self.dropout(self.embedding(input))
        query = hidden.permute(1, 0, 2)
        ctx, w = self.attention(query, enc)
        output, hidden = self.gru(torch.cat((emb, ctx), dim=2), hidden)
        return self.out(output), hidden, w


class Net(nn.Module):
    def __init__(self, v=20, d=16):
        super().__init__()
        self.src_e, self.tgt_e = nn.Embedding(v, d), nn.Embedding(v, d)
        self.pos = PositionalEncoding(d)
        self.transformer = nn.Transformer(d, 4, 1, 2, 32, 0.1)
        self.gen = nn.Linear(d, v)
        self.enc = nn.GRU(d, d, batch_first=True)
        self.dec = AttnDecoder(d, v, 7)

    def forward(self, src, tgt):
        pad_s, pad_t = src.eq(0), tgt == 0
        s = self.pos(self.src_e(src.t()) * math.sqrt(16))
        t = self.pos(self.tgt_e(tgt.transpose(0, 1)) * 4)
        mask = self.transformer.generate_square_subsequent_mask(t.size(0)).to(t.device)
        out = self.transformer(s, t, None, mask, None, pad_s, pad_t, pad_s)
        logits = self.gen(out)
        loss = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), tgt.t().reshape(-1), ignore_index=0)
        o, h = self.enc(self.src_e(src))
        dec, _, att = self.dec(o, h, tgt if self.training else None)
        return loss, dec, att
