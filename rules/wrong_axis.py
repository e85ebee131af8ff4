"""# wrong-axis

## What it does
Finds softmax over the batch, and a mean, sum, maximum or norm over the batch that leaves the
network without one.

## Why is this bad?
`F.softmax(x, dim=0)` on `(N, classes)` lets the samples of a batch compete with each other, and
`F.softmax(x)` without `dim` takes axis 0 of tensors of three axes
([torch.nn.functional.softmax](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html)).
The answer for one image depends on which others come with it.

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
_REDUCTIONS = ("mean", "sum", "amax", "amin", "max", "min", "norm", "vector_norm", "std", "var")


@rule("CL416", *_SOFTMAX, *_REDUCTIONS, severity=Severity.WARNING, silent=True)
def wrong_axis(layer: Layer, network: Network) -> Iterator[Finding]:
    dims = _dims(layer)
    rank = layer.tensors[0].rank if layer.tensors else None
    if not rank or rank < 2 or layer.rejected is not None or 0 not in {d % rank for d in dims}:
        return
    batch = network.analysis(batch_of)
    if batch is None or not batch.is_certain:
        return
    axes = batch.taken(layer)[0]
    if axes is None or axes[0] != ONE or any(axes[1:]):
        return
    softmax = layer.op in _SOFTMAX
    if softmax and _keeps(batch):
        written = "without dim" if layer.args.get("dim") is None else f"with dim={dims[0]}"
        yield Finding(
            f"`{layer.title}` {written} runs over the batch of {layer.tensors[0]}: the samples "
            "compete with each other",
            layer=layer,
            label=f"axis 0 of {layer.tensors[0]} is the batch",
            help=(f"write dim={1 if rank == 2 else -1}",),
        )
    elif not softmax and _loses(batch, network):
        yield Finding(
            f"`{layer.title}` takes the {layer.op} over the batch: {layer.tensors[0]} becomes "
            f"{layer.outputs[0]}, and one answer is left for all samples",
            layer=layer,
            label=f"axis 0 of {layer.tensors[0]} is the batch",
            help=("write dim=1, or the axis that was meant",),
        )


def _dims(layer: Layer) -> tuple[int, ...]:
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
