"""# steps-read-from-batch

## What it does
Finds recurrent layers, attention and transformers that read the batch as the steps of a sequence,
because they are not `batch_first` and the batch comes first.

## Why is this bad?
Every sample is read as a step behind the sample before it, and the answer for one depends on the
others.  Nothing raises, and the loss may even fall
([torch.nn.LSTM](https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html), `batch_first`).
Which axis holds the batch is told by the network itself: another layer reads it as the batch, and
its size follows the batch's.  Where nothing in the network tells, nothing is said.

## Example
```python
# convlint: target Net 6,4,36,36
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 64, 8, stride=8)
        self.lstm = nn.LSTM(16, 32)  # warning: CL417

    def forward(self, x):
        x = self.conv(x)
        x = x.flatten(2)
        steps, _ = self.lstm(x)
        return steps[:, -1]
```

## Use instead
```python
# convlint: target Net 6,4,36,36
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 64, 8, stride=8)
        self.lstm = nn.LSTM(16, 32, batch_first=True)

    def forward(self, x):
        x = self.conv(x)
        x = x.flatten(2)
        steps, _ = self.lstm(x)
        return steps[:, -1]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Network, Severity, rule
from convlint.advice.batch import SEQUENCES, batch_of


@rule("CL417", severity=Severity.WARNING, silent=True)
def steps_read_from_batch(network: Network) -> Iterator[Finding]:
    if not any(layer.op in SEQUENCES for layer in network.layers):
        return
    batch = network.analysis(batch_of)
    if batch is None or not batch.is_attested:
        return
    for layer in batch.denials:
        given = layer.tensors[0]
        steps, samples = (given.shape or ())[:2]
        yield Finding(
            f"`{layer.title}` reads the batch as steps: of {given} it takes {steps} steps of "
            f"{samples} samples, but axis 0 holds the batch",
            layer=layer,
            label="batch_first=False",
            help=("write batch_first=True, or swap the axes before it: x.transpose(0, 1)",),
        )
