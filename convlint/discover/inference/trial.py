"""A network that is called with inputs on trial: what breaks there, and how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from convlint.diagnostic import Diagnostic, Severity
from convlint.discover.inference.form import Form, Sizes
from convlint.discover.inference.parameter import Parameter
from convlint.judge import located
from convlint.network import Layer, Network
from convlint.propagate import propagate
from convlint.tensor import TensorSpec
from convlint.trace import trace

if TYPE_CHECKING:
    from torch import nn

_LAYERS: Final = 12_000
"""How many layers may be looked at while looking for sizes, all tries together: it takes about as
long as to import torch.  Unlike a time, it is the same in every run."""

_ANEW: Final = 4
"""How many times as much it is to record a layer as to propagate it."""


@dataclass
class Effort:
    """What may still be spent."""

    left: int = _LAYERS


class Score(NamedTuple):
    """How many constraints break, certainly and perhaps: the less, the better.

    `folded` counts the views as rows that make another number of samples of the batch, as
    `x.view(-1, 400)` does where an image is larger than was meant.
    """

    errors: int
    raised: int
    folded: int = 0


@dataclass(frozen=True, eq=False)
class Outcome:
    """What becomes of one call."""

    sizes: Sizes
    network: Network
    faults: tuple[tuple[Layer | None, Diagnostic], ...]

    @cached_property
    def score(self) -> Score:
        """How much breaks."""
        folded = sum(_folds(layer) for layer in self.network.layers)
        return Score(len(self.faults), len(self.network.raised), folded)

    @property
    def runs(self) -> bool:
        """Whether nothing breaks."""
        return self.score[:2] == (0, 0)


def _folds(layer: Layer) -> bool:
    """Whether rows, of which the view has left the number open, are no longer the samples."""
    if layer.op not in ("view", "reshape"):
        return False
    sizes = layer.args.get("shape", layer.args.get("size"))
    if not isinstance(sizes, (tuple, list)) or len(sizes) != 2 or sizes[0] != -1:
        return False
    before, after = layer.args["input"].shape, layer.outputs[0].shape if layer.outputs else None
    return bool(before and after and before[0] != after[0])


def called(
    module: nn.Module, given: Mapping[Parameter, TensorSpec], training: bool = False
) -> Network:
    """The network with inputs; what is no tensor gets its usual value."""
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    names: list[str] = []
    for parameter, spec in given.items():
        value = spec if parameter.is_tensor else parameter.value
        if parameter.by_name:
            kwargs[parameter.name] = value
        else:
            args.append(value)
            names.append(parameter.name)
    return trace(module, args, kwargs, training, names)


def faults(network: Network) -> tuple[tuple[Layer | None, Diagnostic], ...]:
    """The errors that rules tell of single layers, and of what `forward` raises."""
    return tuple(one for one in located(network) if one[1].severity is Severity.ERROR)


@dataclass(eq=False)
class Trials:
    """Calls of a network with inputs of certain forms, each size tried once."""

    module: nn.Module
    forms: Mapping[Parameter, Form]
    training: bool = False
    always: frozenset[str] = frozenset()
    """The layers at which something breaks whatever the sizes are."""
    effort: Effort = field(default_factory=Effort)
    usual: Outcome | None = None
    """The best call at a usual size."""
    _best: Outcome | None = None
    _known: dict[tuple[int, ...], Outcome] = field(default_factory=dict)
    _traced: list[Network] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Whether no more may be tried."""
        if self._best is None:
            return False
        return self.is_good(self._best) or self.effort.left <= 0

    def is_good(self, found: Outcome) -> bool:
        """Whether nothing breaks that other sizes could mend."""
        layers = (layer for layer, _ in found.faults)
        mine = any(layer is None or layer.name not in self.always for layer in layers)
        return not (mine or found.network.raised or found.score.folded)

    @property
    def best(self) -> Outcome:
        """The call at which the least breaks, of those that were tried."""
        assert self._best is not None
        return self._best

    @property
    def chosen(self) -> Outcome:
        """The best call; a usual one where all break, for behind a fault others may hide."""
        if self.best.runs or self.is_good(self.best) or self.usual is None:
            return self.best
        return self.usual

    @property
    def tensors(self) -> Sequence[Parameter]:
        """The parameters that get tensors."""
        return tuple(one for one in self.forms if one.is_tensor)

    def at(self, sizes: Sizes) -> Outcome:
        """What breaks at these sizes."""
        key = tuple(sizes.values())
        if key not in self._known:
            network = self._network(sizes)
            found = Outcome(dict(sizes), network, faults(network))
            self._known[key] = found
            if self._best is None or found.score < self._best.score:
                self._best = found
        return self._known[key]

    def _network(self, sizes: Sizes) -> Network:
        """From what was recorded before where Python takes the same branches, else anew."""
        given = {one: form.spec(sizes) for one, form in self.forms.items()}
        specs = [given[one] for one in self.tensors]
        for recorded in self._traced:
            inputs = {layer.name: spec for layer, spec in zip(recorded.inputs, specs, strict=True)}
            found = propagate(recorded, inputs)
            self.effort.left -= len(found.network.layers)
            if found.guards_hold:
                return found.network
        network = called(self.module, given, self.training)
        self.effort.left -= _ANEW * len(network.layers)
        if not network.raised and len(network.inputs) == len(specs):
            self._traced.insert(0, network)
            del self._traced[2:]
        return network
