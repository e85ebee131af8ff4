# inputs: tokens=3,15:int64 lengths=3:int64
import torch
from torch import nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Net(nn.Module):
    def __init__(self, vocab=15, e=12, h=10, n=4, kernels=(2, 3, 4)):
        super().__init__()
        self.embed = nn.Embedding(vocab, e, padding_idx=0)
        self.lstm = nn.LSTM(e, h, num_layers=2, batch_first=True, bidirectional=True, dropout=0.2)
        self.convs = nn.ModuleList([nn.Conv2d(1, 6, (k, e)) for k in kernels])
        self.att = nn.Parameter(torch.randn(2 * h))
        self.drop = nn.Dropout(0.3)
        self.bag = nn.EmbeddingBag(vocab, 5, mode="mean")
        self.fc = nn.Linear(6 * len(kernels) + 2 * h + 2 * h + 5, n)

    def forward(self, tokens, lengths):
        lengths = lengths.clamp(min=1)
        x = self.embed(tokens)
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, (hn, cn) = self.lstm(packed)
        out, lens = pad_packed_sequence(out, batch_first=True, total_length=tokens.size(1))
        hn = torch.cat((hn[-2], hn[-1]), dim=1)
        mask = torch.arange(tokens.size(1))[None, :] < lens[:, None]
        score = torch.matmul(torch.tanh(out), self.att).masked_fill(~mask, -1e9)
        ctx = torch.sum(out * F.softmax(score, 1).unsqueeze(-1), 1)
        c = x.unsqueeze(1)
        c = [F.relu(conv(c)).squeeze(3) for conv in self.convs]
        c = [F.max_pool1d(i, i.size(2)).squeeze(2) for i in c]
        feat = torch.cat([*c, hn, ctx, self.bag(tokens)], 1)
        return self.fc(self.drop(feat))
