"""# aliasing

## What it does
Finds strided convolutions and max pools: they keep every second position of a map that nothing
has blurred before.

## Why is this bad?
What changes faster than the new grid can hold is folded into it, and the network's answer changes
when the image moves by a pixel
([Zhang: Making Convolutional Networks Shift-Invariant Again](https://arxiv.org/abs/1904.11486);
[Azulay, Weiss](https://arxiv.org/abs/1805.12177)).  Nearly every published network does so (98 %
of timm's), so the rule is off by default.  Fixed weights (a blur) and average pools are left alone.

## Example
```python
# convlint: target Net 1,8,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(8, 8, 3, stride=2, padding=1)  # info: CL525

    def forward(self, x):
        return self.down(x)
```

## Use instead
```python
# convlint: target Net 1,8,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.AvgPool2d(2))

    def forward(self, x):
        return self.down(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, rule
from convlint.arithmetic.window import Window, windows

_NAMES = ("conv{}", "max_pool{}", "max_pool{}_with_indices")


@rule(
    "CL525", *(name.format(d) for name in _NAMES for d in ("1d", "2d", "3d")),
    severity="info", default=False, silent=True)  # fmt: skip
def aliasing(layer: Layer, network: Network) -> Iterator[Finding]:
    strided = [window for window in windows(layer) if window.stride > 1 and window.output > 1]
    if not strided or _blurred(layer):
        return
    one = strided[0]
    yield Finding(
        f"`{layer.title}` keeps every {_ordinal(one)} position along {one.axis} of a map that is "
        "not blurred before",
        label=f"stride {one.stride}",
        help=(
            "let it have stride 1, and follow with a fixed blur of that stride (BlurPool), or "
            "an average pool",
        ),
    )


def _ordinal(window: Window) -> str:
    return "second" if window.stride == 2 else f"{window.stride}th"


def _blurred(layer: Layer) -> bool:
    """Whether the layer is a fixed blur, or comes right after one."""
    if layer.op.startswith("conv") and _fixed(layer):
        return True
    before = layer.args["input"].source
    return before is not None and (before.op.startswith("avg_pool") or _fixed(before))


def _fixed(layer: Layer) -> bool:
    """Whether a convolution's weights are no parameters."""
    if not layer.op.startswith("conv") or layer.module is not None:
        return False
    source = layer.args["weight"].source
    return source is not None and source.op in ("buffer", "constant")
