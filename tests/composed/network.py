"""A network as a list of steps: what it is called with, what it makes, what it computes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

import torch

_VALUE: Final = re.compile(r"\bv(\d+)\b")
_HEAD: Final = """\
import torch
import torch.nn.functional as F
from torch import nn

from tests.composed.blocks import Branches, Residual, SqueezeExcite


class Net(nn.Module):
    def __init__(self):
        super().__init__()
"""


@dataclass(frozen=True)
class Input:
    """An input of the network, the value `v{number}`."""

    number: int
    shape: tuple[int, ...]
    dtype: torch.dtype = torch.float32


@dataclass(frozen=True)
class Step:
    """`v{number} = {call}`, and the module `self.m{number} = {made}` where it needs one."""

    number: int
    call: str
    made: str = ""

    @property
    def operands(self) -> tuple[int, ...]:
        """The numbers of the values that it reads."""
        return tuple(dict.fromkeys(int(n) for n in _VALUE.findall(self.call)))

    def reading(self, names: dict[int, int]) -> Step:
        """The same step with other values in the place of some."""
        call = _VALUE.sub(lambda m: f"v{names.get(int(m[1]), int(m[1]))}", self.call)
        return replace(self, call=call)


@dataclass(frozen=True)
class Network:
    """The steps in order; every one of them is computed, and all values are returned."""

    inputs: tuple[Input, ...]
    steps: tuple[Step, ...]
    training: bool = False
    slips: int = 0
    """How many of the steps were drawn with a mistake."""

    @property
    def source(self) -> str:
        """The network as a file, each step on a line of its own."""
        made = [f"        self.m{s.number} = {s.made}\n" for s in self.steps if s.made]
        parameters = "".join(f", v{i.number}" for i in self.inputs)
        called = [f"        v{s.number} = {s.call}\n" for s in self.steps]
        values = "".join(f"v{s.number}, " for s in self.steps)
        return (
            f"{_HEAD}{''.join(made)}\n    def forward(self{parameters}):\n"
            f"{''.join(called)}        return ({values})\n"
        )

    @property
    def called(self) -> range:
        """The rows of `forward`."""
        first = _HEAD.count("\n") + sum(bool(s.made) for s in self.steps) + 3
        return range(first, first + len(self.steps))

    @property
    def rows(self) -> dict[int, int]:
        """By a row of the source, the number of the step that stands there."""
        first = _HEAD.count("\n") + 1
        made = [s.number for s in self.steps if s.made]
        rows = {first + i: number for i, number in enumerate(made)}
        return rows | dict(zip(self.called, (s.number for s in self.steps), strict=True))
