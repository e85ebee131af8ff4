"""Networks drawn at random: mostly right, of 3 to 40 steps, with up to three mistakes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Final

import torch
from hypothesis import strategies as st

from tests.composed.draft import Draft, Unfit
from tests.composed.network import Input, Network, Step
from tests.composed.slip import slip
from tests.composed.steps import ENDS, KINDS, Kind

_LARGEST: Final = 16384
_TRIES: Final = 60

SEEDS: Final = st.integers(0, 2**32 - 1)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Any network, from one seed for every step: what matters is found by leaving steps out."""
    length = draw(st.integers(3, 40))
    return composed(draw(SEEDS), draw(st.lists(SEEDS, min_size=length, max_size=length)))


def seeded(seed: int) -> Network:
    """The network of one seed."""
    rng = random.Random(seed)
    return composed(rng.getrandbits(32), [rng.getrandbits(32) for _ in range(rng.randint(3, 40))])


def composed(start: int, seeds: Sequence[int], slips: int | None = None) -> Network:
    """A network of a step for every one of `seeds`; `start` gives inputs and mode.

    Args:
        slips: how many mistakes there are at most; None: that is drawn too.
    """
    torch.manual_seed(0)
    draft = Draft(random.Random(start))
    inputs = [_input(draft, number) for number in range(draft.choice([1, 1, 2]))]
    for given in inputs:
        draft.values[f"v{given.number}"] = _real(given)
    drawn, ends = draft.choice([0, 0, 1, 1, 1, 2, 3]), draft.chance(0.3)
    slips = drawn if slips is None else slips
    steps: list[Step] = []
    wrong = 0
    for place, seed in enumerate(seeds):
        draft.rng = random.Random(seed)
        slipping = wrong < slips and draft.chance(2 * slips / len(seeds))
        wrong += slipping
        kinds = ENDS if ends and place == len(seeds) - 1 else KINDS
        step = _step(draft, len(inputs) + place, kinds, slipping)
        if step is not None:
            steps.append(step)
    return Network(tuple(inputs), tuple(steps), draft.training, wrong)


def _input(draft: Draft, number: int) -> Input:
    n, c, side = draft.between(1, 4), draft.between(1, 12), draft.choice([8, 16, 12, 9, 32, 5])
    length = draft.between(1, 16)
    kinds: list[tuple[int, ...]] = [
        (n, c, side, side), (n, length, c), (n, c, side), (n, 4 * c), (n, c, 6, side // 2),
        (n, length), (n, c, 4, 6, 5), (c, side, side), (length, c),
    ]  # fmt: skip
    at = draft.between(0, len(kinds) - 1)
    return Input(number, kinds[at], torch.int64 if at == 5 else torch.float32)


def _real(given: Input) -> torch.Tensor:
    whole = given.dtype is torch.int64
    return torch.zeros(given.shape, dtype=given.dtype) if whole else torch.rand(given.shape)


def _step(draft: Draft, number: int, kinds: list[Kind], slipping: bool) -> Step | None:
    """The next step; None where none was found that fits.

    After a step that torch refuses the draw goes on with what the right step would have given.
    """
    for _ in range(_TRIES):
        try:
            text = draft.choice(kinds)(draft)
        except Unfit:
            continue
        call, made = (text, "") if isinstance(text, str) else text
        step = Step(number, call.replace("LAYER", f"self.m{number}"), made)
        try:
            value = draft.run(step)
        except Exception:
            if slipping:  # a step that was not thought through will do
                return step
            continue
        if not _is_handy(value):
            continue
        if slipping:
            step, value = _slipped(draft, step, value)
        draft.values[f"v{number}"] = value
        return step
    return None


def _slipped(draft: Draft, right: Step, value: Any) -> tuple[Step, Any]:
    """A step with a mistake in it, and what to go on with."""
    for _ in range(_TRIES):
        step = slip(draft, right)
        if step == right:
            continue
        try:
            other = draft.run(step)
        except SyntaxError:
            continue
        except Exception:
            return step, value
        if _is_handy(other) and draft.chance(0.4):
            return step, other  # it runs all the same
    draft.run(right)  # the module by this number is another by now
    return right, value


def _is_handy(value: Any) -> bool:
    """Whether a step's value is made of tensors, and of small ones."""
    if isinstance(value, torch.Tensor):
        return value.numel() <= _LARGEST and value.dim() <= 6
    return isinstance(value, (tuple, list)) and all(_is_handy(v) for v in value if v is not None)
