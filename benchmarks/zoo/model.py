"""One network of a library, and what it is called with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from convlint.tensor import TensorSpec


@dataclass(frozen=True)
class Call:
    """The arguments of `forward`, with a `TensorSpec` wherever a tensor goes."""

    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def filled(self, fill: Callable[[TensorSpec], torch.Tensor]) -> Call:
        """The same call with real arguments."""
        return Call(
            [_filled(a, fill) for a in self.args],
            {name: _filled(a, fill) for name, a in self.kwargs.items()},
        )


@dataclass(frozen=True)
class Model:
    """An architecture that works.

    `make` builds it without downloads; `call` says what a built one is called with.
    """

    library: str
    name: str
    make: Callable[[], nn.Module]
    call: Callable[[nn.Module], Call]

    @property
    def key(self) -> str:
        """Its name among all libraries."""
        return f"{self.library}/{self.name}"


def tensor(*shape: int, dtype: torch.dtype = torch.float32) -> TensorSpec:
    """An input of this shape."""
    return TensorSpec(shape, dtype)


def image(channels: int, height: int, width: int | None = None, batch: int = 2) -> Call:
    """A call with one batch of images, and nothing else."""
    return Call([tensor(batch, channels, height, width or height)])


def _filled(value: Any, fill: Callable[[TensorSpec], torch.Tensor]) -> Any:
    if isinstance(value, TensorSpec):
        return fill(value)
    if isinstance(value, (list, tuple)):
        return type(value)(_filled(item, fill) for item in value)
    if isinstance(value, dict):
        return {key: _filled(item, fill) for key, item in value.items()}
    return value
