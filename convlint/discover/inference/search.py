"""Forms and sizes for all inputs of a network."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import torch

from convlint.dims import Unknown
from convlint.discover import Given, Untold
from convlint.discover.inference.clue import Clue, clue, shown
from convlint.discover.inference.demand import demanded
from convlint.discover.inference.form import Form, formed
from convlint.discover.inference.parameter import Parameter, parameters
from convlint.discover.inference.sizes import searched, tried
from convlint.discover.inference.trial import Effort, Outcome, Trials, called, faults
from convlint.spec import InputSpec
from convlint.tensor import UNKNOWN_TENSOR, TensorSpec

if TYPE_CHECKING:
    from torch import nn

_RANKS: Final = (4, 3, 2, 5, 1)
"""What an input may be of which nothing is told, the likeliest first."""

_MOST: Final = 8
"""How many ways to choose the ranks of all inputs are looked at."""

_LIKELY: Final = 32
"""What an unknown size is taken for where a number is needed."""


_OF_RANKS: Final = frozenset(
    {"rank-mismatch", "norm-rank", "missing-dimension", "unbatched-conv-input", "wrong-axis",
     "recurrent-mismatch", "attention-mismatch", "impossible-reshape", "rejected-by-torch"}
)  # fmt: skip
"""The rules whose faults another rank of an input may mend."""

_GUESSES: Final = 3
"""For how many of these sizes are looked for."""

_OPTIONAL: Final = 4
"""How many parameters that have a default are tried, where the network fails without them."""


@dataclass(frozen=True, eq=False)
class _Guess:
    """Forms of all inputs."""

    forms: Mapping[Parameter, Form]
    clues: Mapping[Parameter, Clue]
    told: frozenset[Parameter]
    """The inputs of which a layer tells what they are."""
    broken: int
    """How much breaks whatever the sizes are."""
    always: frozenset[str]
    """At which layers."""
    likely: bool
    """Whether the ranks are such as the first layers take."""
    doubtful: bool
    """Whether other ranks may break less."""


@dataclass(frozen=True, eq=False)
class _Found:
    """Forms, and what becomes of the network at the best sizes for them."""

    guess: _Guess
    outcome: Outcome


def inferred(module: nn.Module, training: bool = False) -> Given | None:
    """See `convlint.discover.inference.inferred`."""
    required, optional = parameters(module)
    if not required and (not optional or not called(module, {}, training).raised):
        return None
    search = _Search(module, training)
    best = search.best(required) if required else None
    if best is None or best.outcome.network.raised:
        # what is None by default may be needed all the same
        for one in optional[:_OPTIONAL]:
            more = search.best((*required, one))
            if best is None or more.outcome.score < best.outcome.score:
                best = more
            if best.outcome.runs:
                break
    assert best is not None
    _refuse_untold(module, best)
    return Given(_specs(best), _reasons(best), inferred=True, form=_specs(best, in_letters=True))


@dataclass(frozen=True, eq=False)
class _Search:
    """Looks for forms and sizes; what all tries together may cost is bounded."""

    module: nn.Module
    training: bool
    effort: Effort = field(default_factory=Effort)

    def best(self, wanted: Sequence[Parameter]) -> _Found:
        """The inputs at which the least breaks."""
        blank = dict.fromkeys(wanted, UNKNOWN_TENSOR)
        network = called(self.module, blank, self.training)
        tensors = [one for one in wanted if one.is_tensor]
        inputs = dict(zip((layer.name for layer in network.inputs), tensors, strict=False))
        clues = {one: clue(network, name) for name, one in inputs.items()}
        clues = {one: clues.get(one, Clue()) for one in tensors}
        alike = {one: inputs[found.alike] for one, found in clues.items() if found.alike in inputs}
        found: list[tuple[_Guess, Trials]] = []
        for ranks in _ranks(clues, alike):
            guess = self._guess(wanted, clues, ranks)
            trials = Trials(self.module, guess.forms, self.training, guess.always, self.effort)
            found.append((guess, trials))
            if not guess.broken and tried(trials).runs:
                return _Found(guess, trials.best)
            if not guess.doubtful or self.effort.left <= 0:
                break
        fewest = min(guess.broken for guess, _ in found)
        found = found[:1] + sorted(found[1:], key=lambda one: one[0].broken)[: _GUESSES - 1]
        for guess, trials in found:
            if trials.is_good(tried(trials)) and guess.broken == fewest:
                return _Found(guess, trials.chosen)
        # A rank that no layer asks for may hide faults, where it does not mend all.
        guess, trials = min(
            found, key=lambda one: (not one[1].best.runs, not one[0].likely, one[1].best.score)
        )
        return _Found(guess, searched(trials))

    def _guess(
        self,
        wanted: Sequence[Parameter],
        clues: Mapping[Parameter, Clue],
        ranks: Mapping[Parameter, int],
    ) -> _Guess:
        """The forms of the inputs, if they have these ranks."""
        sides = {
            one: [Unknown(1 if axis == 0 else _LIKELY) for axis in range(rank)]
            for one, rank in ranks.items()
        }
        given = {
            one: TensorSpec(tuple(sides[one]), getattr(torch, clues[one].dtype))
            if one in sides
            else UNKNOWN_TENSOR
            for one in wanted
        }
        network = called(self.module, given, self.training)
        numbers = demanded(network)
        forms = {}
        for one in wanted:
            if one not in sides:
                forms[one] = Form(())
                continue
            fixed = {i: numbers[id(s)] for i, s in enumerate(sides[one]) if id(s) in numbers}
            forms[one] = formed(ranks[one], fixed, clues[one].dtype)
        told = {
            one
            for one, found in clues.items()
            if found.is_strong or any(id(side) in numbers for side in sides[one])
        }
        found = faults(network)
        broken = len(found) + len(network.raised)
        doubtful = any(one.name in _OF_RANKS for _, one in found) or len(told) < len(clues)
        doubtful = doubtful or bool(network.raised) or not broken
        likely = all(rank in clues[one].ranks for one, rank in ranks.items() if clues[one].ranks)
        always = frozenset(layer.name for layer, _ in found if layer is not None)
        return _Guess(forms, clues, frozenset(told), broken, always, likely, doubtful)


def _ranks(
    clues: Mapping[Parameter, Clue], alike: Mapping[Parameter, Parameter]
) -> Iterator[dict[Parameter, int]]:
    """Ranks for all inputs, the likeliest first."""
    choices = []
    for one, found in clues.items():
        likely = found.ranks or clues[alike.get(one, one)].ranks
        choices.append(tuple(dict.fromkeys((*likely, *_RANKS))))
    places = itertools.product(*(range(len(one)) for one in choices[:3]))
    for chosen in sorted(places, key=sum)[:_MOST]:
        rest = (0,) * (len(choices) - len(chosen))
        found_ranks = (one[at] for one, at in zip(choices, (*chosen, *rest), strict=True))
        yield dict(zip(clues, found_ranks, strict=True))


def _refuse_untold(module: nn.Module, best: _Found) -> None:
    untold = [one for one in best.guess.clues if one not in best.guess.told]
    if not untold:
        return
    (name, *_) = (one.name for one in untold)
    kind = type(module).__name__
    names = ", ".join(one.name for one in best.guess.forms)
    raise Untold(f"nothing tells what `{name}` of {kind}.forward({names}) is", _specs(best))


def _specs(best: _Found, *, in_letters: bool = False) -> tuple[InputSpec, ...]:
    """The inputs, with letters for the sizes that were found; a single tensor needs no name."""
    forms, sizes = best.guess.forms, best.outcome.sizes
    alone = len(forms) == 1 and not next(iter(forms)).by_name
    return tuple(
        InputSpec(
            None if alone else one.name,
            form.terms if in_letters else form.shape(sizes),
            form.dtype,
        )
        if one.is_tensor
        else InputSpec(one.name, None, value=one.value)
        for one, form in forms.items()
    )


def _reasons(best: _Found) -> str:
    """Into which layer every input goes."""
    layers = ((one.name, found.layer) for one, found in best.guess.clues.items())
    said = [f"`{name}` goes into {shown(layer)}" for name, layer in layers if layer is not None]
    return "; ".join(said) or "by trial"
