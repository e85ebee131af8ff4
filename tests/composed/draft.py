"""A network while it is drawn: the values so far, really computed, and the choices of the draw."""

from __future__ import annotations

import random
import types
import warnings
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, TypeVar

import torch
import torch.nn.functional as F
from torch import nn

from tests.composed import blocks
from tests.composed.network import Step

T = TypeVar("T")
_RECENT: Final = 3
_NAMES: Final = {"torch": torch, "nn": nn, "F": F, **vars(blocks)}


class Unfit(Exception):
    """No value so far is what a step needs."""


class Draft:
    """Draws from what there is; all chances come from `rng`."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.training = rng.random() > 0.7
        self.values: dict[str, Any] = {}
        self._modules = types.SimpleNamespace()

    # -- choices

    def choice(self, values: Sequence[T]) -> T:
        """One of `values`."""
        return self.rng.choice(values)

    def between(self, low: int, high: int) -> int:
        """An int, both ends included."""
        return self.rng.randint(low, max(low, high))

    def chance(self, probability: float) -> bool:
        """True so often."""
        return self.rng.random() < probability

    # -- values

    def tensor(
        self,
        ranks: Collection[int] = range(7),
        dtypes: Collection[torch.dtype] | None = (torch.float32,),
        fits: Callable[[torch.Tensor], bool] = lambda x: True,
    ) -> tuple[str, torch.Tensor]:
        """A tensor of one of these ranks and dtypes, mostly one of the last; None: any dtype.

        Raises:
            Unfit: there is none.
        """
        found = [
            (name, x)
            for name, x in self.values.items()
            if isinstance(x, torch.Tensor)
            and x.dim() in ranks
            and (dtypes is None or x.dtype in dtypes)
            and fits(x)
        ]
        if not found:
            raise Unfit
        found.reverse()
        return self.choice(found if self.chance(0.2) else found[:_RECENT])

    def several(self) -> tuple[str, Sequence[Any]]:
        """A tuple of tensors, as `chunk` and the recurrent layers return.

        Raises:
            Unfit: there is none.
        """
        found = [(name, x) for name, x in self.values.items() if isinstance(x, (tuple, list))]
        if not found:
            raise Unfit
        return self.choice(found[::-1][:_RECENT])

    def axis(self, x: torch.Tensor, first: int = 0) -> int:
        """An axis of `x` from `first` on.

        Raises:
            Unfit: it has none.
        """
        if x.dim() <= first:
            raise Unfit
        return self.between(first, x.dim() - 1)

    def written(self, axis: int, x: torch.Tensor) -> int:
        """The axis, counted from the end now and then."""
        return axis - x.dim() if self.chance(0.3) else axis

    def size(self, name: str, x: torch.Tensor, axis: int) -> str:
        """A size of a tensor as a user writes it: a number, or read off the tensor."""
        forms = [str(x.shape[axis]), f"{name}.size({axis})", f"{name}.shape[{axis}]"]
        return self.choice(forms)

    def per_axis(self, low: int, highs: Sequence[int]) -> Any:
        """One number for all axes, or one for each, none above its own of `highs`."""
        if len(set(highs)) == 1 or self.chance(0.6):
            return self.between(low, min(highs))
        return tuple(self.between(low, high) for high in highs)

    # -- steps

    def run(self, step: Step) -> Any:
        """What torch makes of the step; what it raises is raised."""
        names = {**_NAMES, **self.values, "self": self._modules}
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            if step.made:
                module = eval(step.made, names)
                if isinstance(module, nn.Module):
                    module.train(self.training)
                setattr(self._modules, f"m{step.number}", module)
            return eval(step.call, names)


def divisors(number: int) -> list[int]:
    """All that divide `number`, the small ones first."""
    return [n for n in range(1, number + 1) if number % n == 0]
