"""Convolutions, forward and transposed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from tests.composed.draft import Draft, Unfit, divisors
from tests.composed.steps.registry import Text, kind

_WIDEST = 24


def image(draft: Draft, *axes: int, channels: int = 64) -> tuple[str, torch.Tensor, int]:
    """A tensor of some channels over 1 to 3 axes, with or without a batch, and the axes."""
    name, x = draft.tensor(range(2, 6), fits=lambda x: 0 not in x.shape)
    fitting = [a for a in axes or (1, 2, 3) if x.dim() in (a + 1, a + 2)]
    fitting = [a for a in fitting if x.shape[-a - 1] <= channels]
    if not fitting:
        raise Unfit
    return name, x, fitting[0] if draft.chance(0.7) else draft.choice(fitting)


def kernel(draft: Draft, sizes: Sequence[int], dilation: int = 1, most: int = 5) -> Any:
    """A kernel that fits into `sizes`."""
    return draft.per_axis(1, [min(most, (n - 1) // dilation + 1) for n in sizes])


@kind(weight=6)
def convolution(draft: Draft) -> Text:
    name, x, axes = image(draft)
    channels = x.shape[-axes - 1]
    groups = draft.choice(divisors(channels)) if draft.chance(0.3) else 1
    out = groups * draft.between(1, max(1, _WIDEST // groups))
    dilation = draft.choice([1, 1, 2])
    sizes = x.shape[-axes:]
    options = []
    match draft.choice(["", "padding", "same", "mode", "valid"]):
        case "same":
            options.append("padding='same'")
            width: Any = draft.per_axis(1, [5] * axes)
        case "padding":
            width = draft.between(1, 5)
            pad = max(dilation * (width - 1) // 2, dilation * (width - 1) + 1 - min(sizes))
            options.append(f"padding={max(pad, 0)}")
        case "mode":
            width, mode = 3, draft.choice(["reflect", "circular", "replicate"])
            if min(sizes) <= dilation:
                raise Unfit
            options += [f"padding={dilation}", f"padding_mode={mode!r}"]
        case "valid":
            options.append("padding='valid'")
            width = kernel(draft, sizes, dilation)
        case _:
            width = kernel(draft, sizes, dilation)
    if draft.chance(0.4) and "padding='same'" not in options:
        options.append(f"stride={draft.per_axis(1, [3] * axes)}")
    if dilation > 1:
        options.append(f"dilation={dilation}")
    if groups > 1:
        options.append(f"groups={groups}")
    if draft.chance(0.3):
        options.append("bias=False")
    arguments = ", ".join([str(channels), str(out), str(width), *options])
    return f"LAYER({name})", f"nn.Conv{axes}d({arguments})"


@kind()
def functional_convolution(draft: Draft) -> Text:
    name, x, axes = image(draft)
    width = [min(3, n) for n in x.shape[-axes:]]
    weight = ", ".join(map(str, [draft.between(1, 8), x.shape[-axes - 1], *width]))
    rest = draft.choice(["", ", stride=2", ", padding=1", ", padding='same'"])
    return f"F.conv{axes}d({name}, torch.ones({weight}){rest})"


@kind(weight=2)
def transposed(draft: Draft) -> Text:
    name, x, axes = image(draft)
    if max(x.shape[-axes:]) > 14:
        raise Unfit
    channels = x.shape[-axes - 1]
    groups = draft.choice(divisors(channels)) if draft.chance(0.3) else 1
    out = groups * draft.between(1, max(1, 16 // groups))
    width, stride = draft.between(2, 4), draft.choice([1, 2, 2])
    options = [f"stride={stride}"]
    # torch makes a tensor of size 0 where a transposed convolution ends; convlint says that it
    # is empty.
    if draft.chance(0.5) and min(x.shape[-axes:]) > 1:
        options.append(f"padding={draft.between(0, (width - 1) // 2)}")
    if stride > 1 and draft.chance(0.4):
        options.append("output_padding=1")
    if groups > 1:
        options.append(f"groups={groups}")
    arguments = ", ".join([str(channels), str(out), str(width), *options])
    return f"LAYER({name})", f"nn.ConvTranspose{axes}d({arguments})"


@kind()
def unfold(draft: Draft) -> Text:
    name, x, _ = image(draft, 2, channels=8)
    options = draft.choice(["", ", stride=2", ", padding=1", ", dilation=1"])
    width = draft.between(1, min(3, *x.shape[-2:]))
    if draft.chance(0.5):
        return f"LAYER({name})", f"nn.Unfold({width}{options})"
    return f"F.unfold({name}, {width}{options})"


@kind()
def fold(draft: Draft) -> Text:
    """The way back: tiles that do not overlap."""
    name, x = draft.tensor((2, 3), fits=lambda x: x.shape[-2] % 4 == 0 and 0 not in x.shape)
    count = x.shape[-1]
    rows = draft.choice(divisors(count))
    size = (2 * rows, 2 * (count // rows))
    return f"LAYER({name})", f"nn.Fold({size}, 2, stride=2)"
