# inputs: tokens=3,15,4
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 5, batch_first=True)

    def forward(self, tokens):
        lengths = torch.full((tokens.size(0),), tokens.size(1))
        packed = pack_padded_sequence(tokens, lengths, batch_first=True)
        out, (hn, cn) = self.lstm(packed)
        return hn[-1]
