"""# dropout-axis

## What it does
Finds `Dropout1d`, `Dropout2d` and `Dropout3d` on tensors of another rank, where they take another
axis for the channels.

## Why is this bad?
They drop whole channels, and channels are for them the second axis of a batch.  Of a video
`(N, T, C, H, W)`, `Dropout2d` drops whole frames, and torch only warns
([torch.nn.Dropout2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout2d.html)).
`Dropout3d` reads four axes, and `Dropout1d` two, as one example without a batch: what it drops of a
batch of images are whole images.  Nothing shows in evaluation, where nothing is dropped.

## Example
```python
# convlint: target Net 2,5,16,8,8
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout2d(0.5)

    def forward(self, clip):
        return self.drop(clip)  # warning: CL558
```

## Use instead
```python
# convlint: target Net 2,5,16,8,8
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout2d(0.5)

    def forward(self, clip):
        n, t = clip.shape[:2]
        return self.drop(clip.flatten(0, 1)).unflatten(0, (n, t))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, TensorSpec, rule

_PASSING = frozenset(
    {"relu", "relu6", "leaky_relu", "elu", "gelu", "silu", "sigmoid", "tanh", "hardswish", "mish",
     "dropout", "identity", "contiguous"}
)  # fmt: skip
_BATCHED = {
    # What gives a batch of the rank that the dropout reads as one example.
    "dropout1d": frozenset({"linear", "batch_norm"}),
    "dropout3d": frozenset(
        {"conv2d", "conv_transpose2d", "max_pool2d", "avg_pool2d", "adaptive_avg_pool2d",
         "adaptive_max_pool2d", "batch_norm", "pixel_shuffle"}
    ),
}  # fmt: skip


@rule("CL558", "dropout1d", "dropout2d", "dropout3d", severity="warning", silent=True)
def dropout_axis(layer: Layer, network: Network) -> Iterator[Finding]:
    given = layer.args["input"]
    axes = int(layer.op[-2])
    rank, wanted = given.rank, axes + 2
    if not layer.args["p"] or rank is None or rank == wanted:
        return
    if rank == wanted - 1:
        if layer.op not in _BATCHED or not _is_batch(given, _BATCHED[layer.op]):
            return
        what = f"reads {given} as one example without a batch: it drops whole rows of the batch"
    elif rank > wanted:
        what = f"takes axis 1 of {given} for the channels: it drops whole blocks of {rank - 2} axes"
    else:
        return
    yield Finding(
        f"`{layer.title}` {what}",
        at=layer.call,
        label=f"a tensor of {rank} axes, not of {wanted}",
        help=(
            _fold(rank, wanted)
            if rank > wanted
            else f"write nn.Dropout{axes - 1}d"
            if axes > 2
            else "write nn.Dropout",
        ),
        note=("it shows in training mode only",) if not network.training else (),
    )


def _fold(rank: int, wanted: int) -> str:
    fold = rank - wanted
    return f"fold the axes before the channels into the batch first: flatten(0, {fold})"


def _is_batch(tensor: TensorSpec, makers: frozenset[str]) -> bool:
    """Whether the tensor certainly has the batch in front: it comes from a layer on batches."""
    source = tensor.source
    while source is not None and source.op in _PASSING:
        before = source.args.get("input")
        if not isinstance(before, TensorSpec):
            return False
        tensor, source = before, before.source
    if source is None or source.op not in makers:
        return False
    before = source.args.get("input")
    return isinstance(before, TensorSpec) and before.rank == tensor.rank
