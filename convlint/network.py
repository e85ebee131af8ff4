"""The layer graph: what was called, with which shapes, where, and what flows where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import CodeType
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, TypeVar

from convlint.contract import Contract
from convlint.diagnostic import Location
from convlint.frame import Frame
from convlint.structure import Structure
from convlint.tensor import TensorSpec

if TYPE_CHECKING:
    import networkx as nx
    import torch

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One call of an operator or leaf module (or an input, a parameter, a constant).

    `args` are the operator's arguments by name, with a `TensorSpec` where a tensor goes and a
    `Dim` where a size goes; `output` is a `TensorSpec` or a tuple of them.
    """

    name: str
    """Unique in the network, as the fx node's: `conv1`, `add_2`."""
    op: str
    """The operator: `conv2d`, `cat`, `view`; `input`, `parameter`, `buffer`, `constant`."""
    written: str
    """As the user wrote it: `nn.Conv2d`, `torch.cat`, `Tensor.view`."""
    args: Mapping[str, Any]
    output: Any
    path: str = ""
    """Module path of the leaf (`features.0`), or of the module whose forward made the call."""
    module: torch.nn.Module | None = None
    """The leaf module, where the call is one."""
    frames: tuple[Frame, ...] = ()
    """The user's frames at the call, innermost first."""
    definition_frames: tuple[Frame, ...] = ()
    """The user's frames where the leaf module was made, innermost first."""
    rejected: str | None = None
    """Why torch refuses the call, where no rule of its own explains it."""
    explain: Callable[[Layer], str | None] | None = None
    """Prints the operator's formula with this call's numbers in it."""
    exact: bool = True
    """Whether dtype and layout are as torch makes them (not under autocast)."""

    def at(self, args: Mapping[str, Any], output: Any, rejected: str | None = None) -> Layer:
        """The same call with other arguments (`dataclasses.replace` takes three times as long)."""
        return Layer(
            self.name,
            self.op,
            self.written,
            args,
            output,
            self.path,
            self.module,
            self.frames,
            self.definition_frames,
            rejected,
            self.explain,
            self.exact,
        )

    @property
    def call(self) -> Location | None:
        """The expression in `forward` that made the call."""
        return self.frames[0].location if self.frames else None

    @property
    def definition(self) -> Location | None:
        """The expression that made the module, where it is one (`nn.Conv2d(3, 16, 3)`)."""
        return self.definition_frames[0].location if self.definition_frames else None

    @property
    def tensors(self) -> tuple[TensorSpec, ...]:
        """The tensors among the arguments, in order, once per use."""
        found: list[TensorSpec] = []
        for value in self.args.values():  # hardly any argument is a container: they are skipped
            if isinstance(value, TensorSpec):
                found.append(value)
            elif isinstance(value, _CONTAINERS):
                found.extend(_tensors(value))
        return tuple(found)

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The tensors that come out."""
        output = self.output
        return (output,) if isinstance(output, TensorSpec) else tuple(_tensors(output))

    @property
    def formula(self) -> str | None:
        """The operator's formula with the numbers in it, where it has one."""
        try:
            return self.explain(self) if self.explain is not None else None
        except (TypeError, ValueError, LookupError, AttributeError):
            return None  # arguments that a rule complains of need not make a formula

    @property
    def title(self) -> str:
        """How a message names it: the module path, or what the user wrote."""
        return (self.module is not None and self.path) or self.written


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception that the user's own code raised while it ran."""

    exception: str
    message: str
    path: str
    frames: tuple[Frame, ...]
    certain: bool
    """False where it may not be raised in a real run."""
    doubt: str = ""
    """Why it may not."""
    given: bool = False
    """Whether it is certain where the data decide as was assumed."""
    deliberate: bool = False
    """Whether the user's own `raise` or `assert` did it."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """A decision that shapes cannot make, and what was assumed."""

    what: str
    assumed: str
    path: str
    frames: tuple[Frame, ...]


Place: TypeAlias = tuple[CodeType, int]
"""An instruction of the user's code."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A question that only data can tell, of which the code goes on with either answer."""

    frame: Frame
    """Where it is asked."""
    answer: bool
    """The answer that was assumed."""
    after: int
    """How many layers had been called."""
    inputs: frozenset[str]
    """The network's inputs that the answer is computed from."""
    is_open: bool = False
    """Whether it may be asked again, of further items that only data can count."""

    @property
    def place(self) -> Place:
        """Where it is asked, to be compared."""
        return self.frame.code, self.frame.lasti


Answers: TypeAlias = Mapping[Place, tuple[bool, ...]]
"""What the data decide, by the place of the question: in each round that comes there, the last
answer in all further ones."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A comparison of sizes that steered Python's control flow."""

    op: str
    left: Any
    right: Any
    answer: bool
    frame: Frame | None = None
    """Where the user's own code compares them; None where something else does."""
    after: int = 0
    """How many layers had been called."""


class Again(Protocol):
    """Traces the module that a network was made of once more."""

    def __call__(
        self,
        inputs: Mapping[str, TensorSpec] | None = None,
        training: bool | None = None,
        *,
        answers: Answers | None = None,
        watch: Any = None,
    ) -> Network:
        """The network with other inputs (by name), in another mode, or on another path.

        Args:
            answers: what the data decide, by the place of the question.
            watch: a `convlint.trace.watch.Watch`, for the lines that run.
        """
        ...


@dataclass(frozen=True, eq=False)
class Network:
    """All layers in execution order, inputs first."""

    layers: tuple[Layer, ...]
    outputs: Any = None
    training: bool = False
    raised: tuple[Raised, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    guards: tuple[Guard, ...] = ()
    decisions: tuple[Decision, ...] = ()
    module: torch.nn.Module | None = None
    fx_graph: Any = field(default=None, repr=False)
    """The recorded `torch.fx.Graph`."""
    held: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What the graph refers to and the module has not registered, by the graph's names."""
    hooked: frozenset[str] = frozenset()
    """The calls of modules, by name, in which hooks took part, as those that size lazy weights.

    Of these the graph does not tell what they give at other sizes.
    """
    expected: tuple[Contract, ...] = ()
    """What the outputs must be, by the user's word."""
    is_batched: bool = False
    """Whether the user calls axis 0 of every input the batch."""
    structure: Structure = field(default_factory=Structure, repr=False)
    """What the module holds, and what of it is used."""
    elsewhere: frozenset[str] = frozenset()
    """What other paths use: the names of modules, parameters and buffers."""
    again: Again | None = field(default=None, repr=False)
    """Traces the same module once more; None where the network was not traced."""
    _analyses: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    def analysis(self, kind: Callable[[Network], _T]) -> _T:
        """`kind(network)`, made when it is first asked for: what several rules want to know."""
        if kind not in self._analyses:
            self._analyses[kind] = kind(self)
        found: _T = self._analyses[kind]
        return found

    @cached_property
    def by_name(self) -> Mapping[str, Layer]:
        """The layers by their names."""
        return {layer.name: layer for layer in self.layers}

    def counterpart(self, layer: Layer) -> Layer | None:
        """The same call in this network, for a layer of the same module at other sizes."""
        found = self.by_name.get(layer.name)
        if found is None or found.op != layer.op or found.frames != layer.frames:
            return None
        return found

    @property
    def inputs(self) -> tuple[Layer, ...]:
        """The network's inputs."""
        return tuple(layer for layer in self.layers if layer.op == "input")

    @cached_property
    def other_mode(self) -> Network | None:
        """The same network in training instead of evaluation, or the other way round.

        None where one of the two is not known to its end: the code may do more than was seen.
        """
        if self.again is None or self.raised or self.assumptions:
            return None
        other = self.again(None, not self.training)
        return None if other.raised or other.assumptions else other

    @cached_property
    def results(self) -> tuple[TensorSpec, ...]:
        """The tensors that the network gives, in order."""
        return tuple(_tensors(self.outputs))

    @cached_property
    def graph(self) -> nx.MultiDiGraph[str]:
        """The layers as a `networkx.MultiDiGraph`, one edge for every tensor handed over.

        Nodes are layer names with the attribute `layer`; edges have the attributes `argument`
        (the place among the receiving layer's tensors) and `tensor`.
        """
        import networkx as nx

        graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        for layer in self.layers:
            graph.add_node(layer.name, layer=layer)
        for layer in self.layers:
            for place, tensor in enumerate(layer.tensors):
                if tensor.source is not None:
                    graph.add_edge(tensor.source.name, layer.name, argument=place, tensor=tensor)
        return graph

    @cached_property
    def consumers(self) -> Mapping[str, tuple[Layer, ...]]:
        """By a layer's name, the layers that take its output, in execution order."""
        found: dict[str, list[Layer]] = {}
        for layer in self.layers:
            for name in dict.fromkeys(t.source.name for t in layer.tensors if t.source):
                found.setdefault(name, []).append(layer)
        return {name: tuple(layers) for name, layers in found.items()}


_CONTAINERS: Final = (tuple, list, dict, slice)


def _tensors(value: Any) -> Iterator[TensorSpec]:
    if isinstance(value, TensorSpec):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)
    elif isinstance(value, slice):
        yield from _tensors((value.start, value.stop, value.step))
