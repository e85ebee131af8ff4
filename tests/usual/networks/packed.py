# inputs: tokens=3,15,4 lengths=3:int64
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 5, batch_first=True)

    def forward(self, tokens, lengths):
        packed = pack_padded_sequence(tokens, lengths.clamp(min=1).cpu(), batch_first=True, enforce_sorted=False)
        out, (hn, cn) = self.lstm(packed)
        out, lens = pad_packed_sequence(out, batch_first=True, total_length=tokens.size(1))
        return out, hn
