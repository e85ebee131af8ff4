"""# indivisible-shuffle

## What it does
Finds pixel shuffles whose channels are no multiple of the factor's square, and pixel unshuffles
whose sides are no multiple of the factor.

## Why is this bad?
A shuffle by r makes r·r channels into a block of r × r pixels, an unshuffle the other way round;
torch raises `pixel_shuffle expects its input's 'channel' dimension to be divisible by the square
of upscale_factor`
([nn.PixelShuffle](https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelShuffle.html)).

## Example
```python
# convlint: target Net 1,3,16,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.up = nn.PixelShuffle(2)

    def forward(self, x):
        return self.up(self.conv(x))  # error: CL205
```

## Use instead
```python
# convlint: target Net 1,3,16,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3 * 2 * 2, 3, padding=1)
        self.up = nn.PixelShuffle(2)

    def forward(self, x):
        return self.up(self.conv(x))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Dim, Finding, Label, Layer, Network, origin, rule


@rule("CL205", "pixel_shuffle", "pixel_unshuffle")
def indivisible_shuffle(layer: Layer, network: Network) -> Iterator[Finding]:
    image = layer.args.get("input")
    if image is None or image.shape is None or len(image.shape) < 3 or layer.rejected is not None:
        return
    if layer.op == "pixel_shuffle":
        yield from _shuffle(layer)
    else:
        yield from _unshuffle(layer)


def _shuffle(layer: Layer) -> Iterator[Finding]:
    image, factor = layer.args["input"], layer.args["upscale_factor"]
    channels, area = image.shape[-3], factor * factor
    if channels % area != 0:
        source = origin(image, -3)
        place = source and (source.definition or source.call)
        yield Finding(
            f"`{layer.title}` makes {factor}·{factor} = {area} channels into pixels, but "
            f"{channels} channels are no multiple of {area}",
            at=layer.call,
            label=f"{channels} channels arrive",
            related=(Label(f"{channels} channels come from here", place),) if place else (),
            help=(_help(source, channels, area),),
        )


def _help(source: Layer | None, channels: Dim, area: Dim) -> str:
    below = channels // area * area
    several = f"{below + area}" if below < 1 else f"{below} or {below + area}"
    if source is not None and hasattr(source.module, "out_channels"):
        return (
            f"write out_channels={channels * area} in `{source.title}` for {channels} channels "
            f"after the shuffle, or let it give {several}"
        )
    return f"give it a multiple of {area} channels: {several}"


def _unshuffle(layer: Layer) -> Iterator[Finding]:
    image, factor = layer.args["input"], layer.args["downscale_factor"]
    for axis, size in zip(("H", "W"), image.shape[-2:], strict=True):
        if size % factor != 0:
            yield Finding(
                f"`{layer.title}` takes {factor} × {factor} pixels together, but {axis} = {size} "
                f"is no multiple of {factor}",
                at=layer.call,
                label=f"{image} arrives",
                help=(
                    f"pad {axis} to {-(-size // factor) * factor}, or crop it to "
                    f"{size // factor * factor}",
                ),
            )
            return
