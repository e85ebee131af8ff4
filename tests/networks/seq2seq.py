# convlint: target Net 5,12:int64 5,9:int64
import torch
from torch import nn


class Encoder(nn.Module):
    def __init__(self, words, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(words, dim)
        self.rnn = nn.GRU(dim, hidden, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * hidden, hidden)

    def forward(self, tokens):
        outputs, state = self.rnn(self.embed(tokens))
        state = torch.tanh(self.bridge(torch.cat([state[-2], state[-1]], dim=1)))
        return outputs, state


class Attend(nn.Module):
    def __init__(self, enc, dec):
        super().__init__()
        self.score = nn.Linear(enc + dec, dec)
        self.v = nn.Linear(dec, 1, bias=False)

    def forward(self, state, outputs):
        steps = outputs.shape[1]
        state = state.unsqueeze(1).repeat(1, steps, 1)
        energy = torch.tanh(self.score(torch.cat((state, outputs), dim=2)))
        return self.v(energy).squeeze(2).softmax(dim=1)


class Net(nn.Module):
    def __init__(self, words=50, dim=24, hidden=32):
        super().__init__()
        self.encoder = Encoder(words, dim, hidden)
        self.attend = Attend(2 * hidden, hidden)
        self.embed = nn.Embedding(words, dim)
        self.cell = nn.GRUCell(dim + 2 * hidden, hidden)
        self.out = nn.Linear(hidden + 2 * hidden + dim, words)

    def forward(self, source, target):
        outputs, state = self.encoder(source)
        logits = []
        for step in range(target.size(1)):
            word = self.embed(target[:, step])
            weights = self.attend(state, outputs)
            context = torch.bmm(weights.unsqueeze(1), outputs).squeeze(1)
            state = self.cell(torch.cat([word, context], dim=1), state)
            logits.append(self.out(torch.cat([state, context, word], dim=1)))
        return torch.stack(logits, dim=1)
