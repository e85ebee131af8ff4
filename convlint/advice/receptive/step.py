"""Steps of windows along the axes of space, each made once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from convlint.arithmetic.field import ITSELF, Field, window
from convlint.arithmetic.window import paddings, per_axis
from convlint.dims import known


def fixed(value: Any) -> Any:
    """An argument as it can be a key."""
    return tuple(value) if type(value) is list else value


@functools.lru_cache(maxsize=512)
def windows(
    axes: int, kernel: Any, stride: Any, padding: Any, dilation: Any
) -> tuple[Field | None, ...] | None:
    """One step for every axis; None where every position reads itself."""
    kernels, strides = per_axis(kernel, axes), per_axis(stride, axes)
    dilations = per_axis(dilation, axes)
    lost = (None,) * axes
    if kernels is None or strides is None or dilations is None or None in kernels:
        return lost
    pads = paddings(padding, kernels, dilations)
    if pads is None:
        return lost
    steps = tuple(
        shared(window, k, s, before, d) if known(k, s, before, d) else None
        for k, s, (before, _), d in zip(kernels, strides, pads, dilations, strict=True)
    )
    return None if steps == (ITSELF,) * axes else steps


@functools.lru_cache(maxsize=512)
def shared(make: Callable[..., Field], *numbers: int) -> Field:
    """One object for equal steps, so that square images are computed once."""
    step = make(*numbers)
    return ITSELF if step == ITSELF and step.exact else step
