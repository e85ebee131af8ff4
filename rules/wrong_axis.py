"""# wrong-axis

## What it does
Finds softmax over the batch, also over that of a matrix product which it weighs; and a mean, sum,
maximum or norm over the batch, or the choice of one sample (`steps[-1]` for `steps[:, -1]`), that
leaves the network without one.

## Why is this bad?
`F.softmax(x, dim=0)` on `(N, classes)` lets the samples of a batch compete with each other, and
`F.softmax(x)` without `dim` takes axis 0 of tensors of three axes
([torch.nn.functional.softmax](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html)).
The answer for one image depends on which others come with it.  That axis 0 is the batch is told by
the layers that read it so, or by the letter `N` or `B` in `--input N,8`.

## Example
```python
# convlint: target Net 8,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 10, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.softmax = nn.Softmax(dim=0)  # warning: CL416

    def forward(self, x):
        return self.softmax(self.features(x))
```

A recurrent layer that is `batch_first` has its steps along axis 1:

```python
# convlint: target Net 8,20,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(16, 32, batch_first=True)
        self.head = nn.Linear(32, 5)

    def forward(self, x):
        steps, _ = self.lstm(x)
        return self.head(steps[-1])  # warning: CL416
```

## Use instead
```python
# convlint: target Net 8,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 10, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x):
        return self.softmax(self.features(x))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, Severity, rule
from convlint.advice.batch import ONE, Batch, batch_of

_SOFTMAX = ("softmax", "log_softmax", "softmin", "gumbel_softmax")
_CHOICES = ("getitem", "select")
_REDUCTIONS = ("mean", "sum", "amax", "amin", "max", "min", "norm", "vector_norm", "std", "var")


@rule("CL416", *_SOFTMAX, *_REDUCTIONS, *_CHOICES, severity=Severity.WARNING, silent=True)
def wrong_axis(layer: Layer, network: Network) -> Iterator[Finding]:
    dims = _dims(layer)
    rank = layer.tensors[0].rank if layer.tensors else None
    if not rank or rank < 2 or layer.rejected is not None or 0 not in {d % rank for d in dims}:
        return
    softmax = layer.op in _SOFTMAX
    if softmax and rank > 2 and _weighs(layer, network):
        yield Finding(
            f"`{layer.title}` {_written(layer, dims)} runs over axis 0 of {layer.tensors[0]}, but "
            "the matrix product that it weighs sums over the last one",
            layer=layer,
            label="these weights do not sum to one",
            help=("write dim=-1",),
        )
        return
    batch = network.analysis(batch_of)
    if batch is None or not batch.is_certain:
        return
    axes = batch.taken(layer)[0]
    if axes is None or axes[0] != ONE or any(axes[1:]):
        return
    if softmax and _keeps(batch):
        yield Finding(
            f"`{layer.title}` {_written(layer, dims)} runs over the batch of {layer.tensors[0]}: "
            "the samples compete with each other",
            layer=layer,
            label=f"axis 0 of {layer.tensors[0]} is the batch",
            help=(f"write dim={1 if rank == 2 else -1}",),
        )
    elif not softmax and _loses(batch, network):
        chooses = layer.op in _CHOICES
        if chooses and batch.size == 1:
            return  # it takes the only one
        what = (
            f"`{_choice(layer)}` takes one sample of the batch"
            if chooses
            else f"`{layer.title}` takes the {layer.op} over the batch"
        )
        yield Finding(
            f"{what}: {layer.tensors[0]} becomes {layer.outputs[0]}, and one answer is left for "
            "all samples",
            layer=layer,
            label=f"axis 0 of {layer.tensors[0]} is the batch",
            help=(
                "keep the batch, and choose along the axis that was meant: x[:, -1]"
                if chooses
                else "write dim=1, or the axis that was meant",
            ),
        )


def _written(layer: Layer, dims: tuple[int, ...]) -> str:
    return "without dim" if layer.args.get("dim") is None else f"with dim={dims[0]}"


def _choice(layer: Layer) -> str:
    if layer.op == "select":
        return f"select(0, {layer.args['index']})"
    index = layer.args["index"]
    return f"[{index[0]}, ...]" if isinstance(index, tuple) else f"[{index}]"


def _weighs(layer: Layer, network: Network) -> bool:
    """Whether the result weighs the rows of another tensor, matrix by matrix."""
    return any(
        taker.op in ("matmul", "bmm")
        and taker.tensors[0].source is layer
        and taker.tensors[-1].source is not layer
        and (taker.tensors[-1].rank or 0) > 2
        for taker in network.consumers.get(layer.name, ())
    )


def _dims(layer: Layer) -> tuple[int, ...]:
    if layer.op == "getitem":
        index = layer.args["index"]
        first = index[0] if isinstance(index, tuple) and index else index
        return (0,) if isinstance(first, int) and not isinstance(first, bool) else ()
    dim = layer.args.get("dim")
    if dim is None and layer.op in ("softmax", "log_softmax", "softmin") and layer.tensors:
        return (0,) if layer.tensors[0].rank in (0, 1, 3) else (1,)  # torch's choice without dim
    given = dim if isinstance(dim, (tuple, list)) else (dim,)
    return tuple(d for d in given if isinstance(d, int) and not isinstance(d, bool))


def _keeps(batch: Batch) -> bool:
    """Whether the network answers for every sample."""
    return any(axes and axes[0] == ONE for axes in batch.given)


def _loses(batch: Batch, network: Network) -> bool:
    """Whether no output has anything of the batch, though it is no single number."""
    outputs = list(zip(network.results, batch.given, strict=True))
    return (
        bool(outputs)
        and all(axes and not any(axes) for _, axes in outputs if axes != ())
        and (any(tensor.rank for tensor, _ in outputs))
    )
