"""# gather-mismatch

## What it does
Finds `gather`, `scatter` and their kin whose index does not fit: another rank than the tensor, or
a side larger than the tensor's (along the axis itself it may be larger for `gather`).

## Why is this bad?
torch raises `Index tensor must have the same number of dimensions as input tensor`, or `Size does
not match at dimension 0 expected index [8, 5] to be no larger than self [4, 5] apart from
dimension 1`
([gather](https://docs.pytorch.org/docs/stable/generated/torch.gather.html)).

## Example
```python
# convlint: target Net 4,10 4:int64
import torch.nn as nn

class Net(nn.Module):
    def forward(self, scores, chosen):
        return scores.gather(1, chosen)  # error: CL407
```

## Use instead
```python
# convlint: target Net 4,10 4:int64
import torch.nn as nn

class Net(nn.Module):
    def forward(self, scores, chosen):
        return scores.gather(1, chosen.unsqueeze(1)).squeeze(1)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Label, Layer, Network, TensorSpec, origin, rule


@rule("CL407", "gather", "scatter", "scatter_add", "scatter_reduce")
def gather_mismatch(layer: Layer, network: Network) -> Iterator[Finding]:
    tensor, index, src = layer.args["input"], layer.args["index"], layer.args.get("src")
    if layer.rejected is not None or tensor.shape is None or index.shape is None:
        return
    if index.numel == 0:
        return
    own, shape = tensor.shape or (1,), index.shape or (1,)
    others = [(tensor, own, layer.args["dim"] % len(own))]
    if isinstance(src, TensorSpec) and src.shape is not None:
        others.append((src, src.shape or (1,), -1))
    for other, sides, free in others:
        if len(sides) != len(shape):
            yield _finding(layer, index, other, None, tuple(_lifted(tensor, index, layer)))
            return
        for axis, (a, b) in enumerate(zip(shape, sides, strict=True)):
            if axis != free and a > b:
                helps = (f"cut the index to {b} along axis {axis}: index.narrow({axis}, 0, {b})",)
                yield _finding(layer, index, other, axis, helps)
                return


def _lifted(tensor: TensorSpec, index: TensorSpec, layer: Layer) -> Iterator[str]:
    if tensor.shape is not None and index.shape is not None:
        if len(index.shape) == len(tensor.shape) - 1:
            dim = layer.args["dim"]
            yield f"write index.unsqueeze({dim}): the index must have rank {len(tensor.shape)}"
        else:
            yield f"bring the index to rank {len(tensor.shape)}"


def _finding(
    layer: Layer, index: TensorSpec, other: TensorSpec, axis: int | None, helps: tuple[str, ...]
) -> Finding:
    if axis is None:
        text = f"an index of rank {index.rank} does not go with {other} of rank {other.rank}"
    else:
        text = f"the index {index} is larger than {other} along axis {axis}"
    labels = []
    for tensor in (index, other):
        source = origin(tensor, -1 if axis is None else axis) if tensor.shape else tensor.source
        place = source and (source.definition or source.call)
        if place:
            labels.append(Label(f"{tensor} comes from here", place))
    return Finding(
        f"`{layer.written}`: {text}",
        at=layer.call,
        label="the sizes of index and tensor differ",
        related=tuple(dict.fromkeys(labels)),
        help=helps,
    )
