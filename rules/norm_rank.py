"""# norm-rank

## What it does
Finds normalization layers whose input has another number of axes than they take:
`nn.BatchNorm2d` behind a flatten, `nn.BatchNorm1d` on a map, a vector whose batch a `squeeze`
has dropped.

## Why is this bad?
torch raises `expected 4D input (got 2D input)`:
[torch.nn.BatchNorm2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html)
takes (N, C, H, W).

## Example
```python
# convlint: target Net 2,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 48, 3)
        self.norm = nn.BatchNorm1d(48)  # error: CL112

    def forward(self, x):
        return self.norm(self.conv(x))
```

## Use instead
```python
# convlint: target Net 2,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 48, 3)
        self.norm = nn.BatchNorm2d(48)

    def forward(self, x):
        return self.norm(self.conv(x))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Label, Layer, Network, Shape, rule, show

_FORMS = {
    "batch_norm": {2: "(N, C)", 3: "(N, C, L)", 4: "(N, C, H, W)", 5: "(N, C, D, H, W)"},
    "instance_norm": {2: "(C, L)", 3: "(N, C, L)", 4: "(N, C, H, W)", 5: "(N, C, D, H, W)"},
}
_INSTANCE = {
    (3, 4): "(C, H, W) or (N, C, H, W)",
    (4, 5): "(C, D, H, W) or (N, C, D, H, W)",
}


@rule("CL112", "batch_norm", "instance_norm", "group_norm")
def norm_rank(layer: Layer, network: Network) -> Iterator[Finding]:
    shape = layer.args["input"].shape
    ranks = layer.args.get("ranks", ())
    if shape is None or (len(shape) in ranks if ranks else len(shape) >= 2):
        return
    taken = _INSTANCE.get(ranks) or (
        " or ".join(_FORMS[layer.op][r] for r in ranks) if ranks else "(N, C, ...)"
    )
    count = "1 axis" if len(shape) == 1 else f"{len(shape)} axes"
    missing, related = _missing_batch(layer, shape, ranks)
    yield Finding(
        f"`{layer.title}` takes {taken}, but {show(shape)} has {count}"
        + (": the batch dimension is missing" if missing else ""),
        label=f"takes {taken}",
        related=(*related, *_other_calls(layer, network, ranks)),
        help=(*missing, *_other_kind(layer, shape, ranks, bool(missing))),
    )


def _missing_batch(
    layer: Layer, shape: Shape, ranks: tuple[int, ...]
) -> tuple[tuple[str, ...], tuple[Label, ...]]:
    if len(shape) != (ranks[0] if ranks else 2) - 1 or _has_batch(layer, shape):
        return (), ()
    source = layer.args["input"].source
    while source is not None:
        given = next((t for t in source.tensors if t.source is not None), None)
        if given is None:
            break
        before = given.shape
        if source.op == "squeeze" and before and before[0] == 1 and source.call is not None:
            return (
                (f"`{source.title}` dropped the batch of 1 from {show(before)}: write flatten(1)",),
                (Label(f"{show(before)} becomes {source.outputs[0]} here", source.call),),
            )
        source = given.source
    return (f"put unsqueeze(0) before it: {show((1, *shape))}",), ()


def _has_batch(layer: Layer, shape: Shape) -> bool:
    """Whether the channels are where they are in a batch: it is another axis that is missing."""
    held = (layer.args.get(name) for name in ("running_mean", "weight"))
    channels = next((spec.shape[0] for spec in held if spec is not None and spec.shape), None)
    return len(shape) > 1 and channels is not None and channels == shape[1] and shape[0] != channels


def _other_kind(layer: Layer, shape: Shape, ranks: tuple[int, ...], missing: bool) -> Iterator[str]:
    """The norm of the same family for this rank."""
    if layer.module is None or not ranks or not layer.written[-2:-1].isdigit():
        return
    axes = len(shape) - 2 if len(shape) > 2 else 1
    kind = f"{layer.written[:-2]}{axes}d"
    if 1 <= axes <= 3 and len(shape) >= 2 and kind != layer.written:
        yield f"{'or ' if missing else ''}write {kind}({shape[1]})"


def _other_calls(layer: Layer, network: Network, ranks: tuple[int, ...]) -> Iterator[Label]:
    """Where the same module gets what it takes: it serves two places of different rank."""
    if layer.module is None:
        return
    for other in network.layers:
        if other.module is layer.module and other is not layer and other.call is not None:
            tensor = other.args["input"]
            if tensor.shape is not None and len(tensor.shape) in ranks:
                yield Label(f"the same module takes {tensor} here: they need one each", other.call)
                return
