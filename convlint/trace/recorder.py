"""What is recorded while `forward` runs: fx nodes, layers, and which tensor is which."""

from __future__ import annotations

import itertools
import operator
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from types import CodeType, FrameType
from typing import Any, Final

import torch
import torch.fx
from torch.nn.utils.rnn import PackedSequence

from convlint.arithmetic.strides import named
from convlint.dims import Unknown, guess
from convlint.frame import Frame, FrameFilter, Outside
from convlint.network import Answers, Assumption, Decision, Guard, Layer, Place, Raised
from convlint.shapes import explanation
from convlint.tensor import CONTIGUOUS, TensorSpec
from convlint.trace.bytecode import asked, is_check, sparing
from convlint.trace.decision import of_sizes
from convlint.trace.knowledge import Knowledge, Question
from convlint.trace.layout import Layout
from convlint.trace.size import Ratio, Size, dim_of, fixed

SMALL: Final = 20_000
"""Elements up to which a tensor that depends on no input is really computed."""

_PATIENCE: Final = 1000
"""How often one place may get the same answer about something unknown: a loop must end."""

_TURNS: Final = 8
"""How often one place of a module gets the answer that another path needs: a loop may end there."""


class Value:
    """A tensor of the user's program: the stand-in that the program holds, and what it stands for.

    The stand-in is kept alive: values are found by the identity of the tensor.
    """

    __slots__ = ("_node", "concrete", "kept", "layout", "rank", "spec", "tensor")

    def __init__(self, tensor: torch.Tensor, spec: TensorSpec, node: Any, concrete: bool) -> None:
        self.tensor = tensor
        self.spec = spec
        self.rank: int | None = None
        """Into how many sizes the user's code has unpacked a shape of unknown rank."""
        self._node = node
        self.concrete = concrete
        self.layout: Layout = tensor.layout
        self.kept: tuple[int, torch.Tensor] | None = None
        """Version and data of an outside tensor, to undo what `forward` did to it."""

    @property
    def node(self) -> torch.fx.Node:
        """The fx node; an item of a tuple gets its own only when it is used."""
        if not isinstance(self._node, torch.fx.Node):
            self._node = self._node()
        return self._node

    @node.setter
    def node(self, node: Any) -> None:
        self._node = node


class Restart(BaseException):
    """Unwinds the user's code: see `convlint.trace.plain`."""


class Refused(Exception):
    """torch would raise here, in a constructor."""


class _Graph(torch.fx.Graph):
    def create_node(
        self, op: str, target: Any, args: Any = None, kwargs: Any = None, *more: Any, **named: Any
    ) -> torch.fx.Node:
        """A new node.

        Its arguments are set afterwards, for torch would look through them for symbolic sizes
        first, which takes as long as the rest and would find none.
        """
        node = super().create_node(op, target, None, None, *more, **named)
        if args:
            node.args = args
        if kwargs:
            node.kwargs = kwargs
        return node


class Recorder:
    """The growing graph.  Without `root` nothing is recorded: shapes only (construction).

    `refused` tells, of a call in a constructor, whether torch would raise.
    """

    def __init__(
        self,
        root: torch.nn.Module | None,
        refused: Callable[[Layer], bool] | None = None,
    ) -> None:
        self.root = root
        self._refused = refused
        self.graph: torch.fx.Graph = _Graph()
        self.filter = FrameFilter()
        self.layers: list[Layer] = []
        self.raised: list[Raised] = []
        self.assumptions: list[Assumption] = []
        self.guards: list[Guard] = []
        self.decisions: list[Decision] = []
        self.answers: Answers = {}
        """What the data decide on the path that is to be followed."""
        self.given: Mapping[str, TensorSpec] = {}
        """Specs of inputs, by name, in place of those that were handed over."""
        self.knowledge = Knowledge()
        self.held: dict[str, Any] = {}
        """What the graph refers to and the network has not registered: constants, modules."""
        self._owner = threading.get_ident()
        self.may_restart = False
        """Whether tracing can begin again once it is known where sizes become plain numbers."""
        self.paths: list[str] = [""]
        self.outside: Outside | None = None
        """The user's frames outside the module that has been entered last."""
        self.blind = 0
        """How often the user's code looked at something that is not known."""
        self.open_loops: dict[CodeType, set[int]] = {}
        """Functions that go over as many items as only data could tell, and how many they got."""
        self.has_arrays = False
        """Whether something that was traced has become an array of NumPy's."""
        self.decided = 0
        """How often an answer that only data can give steered it, and nothing else."""
        self.escapes: dict[int, dict[str, Any]] = {}
        """The globals of functions that made a plain number of an unknown size."""
        self.spared: set[str] = set()
        """Modules that are not registered, and were called without gradients: it is on purpose."""
        self._values: dict[int, Value] = {}
        self._in_memory: dict[Any, Value] = {}
        self._looked_at = 0
        self._modules: dict[int, tuple[str, torch.nn.Module]] = {}
        self._stored: dict[int, tuple[str, str]] = {}
        self._answers: dict[Place, int] = {}
        self._turns: dict[tuple[Place, str], int] = {}
        self._rounds: dict[Place, int] = {}
        self._of_hooks: set[torch.fx.Node] = set()
        self.hooked: set[str] = set()
        """The calls that stand for hooks which took part, by their names."""
        self._rescans = 0
        if root is not None:
            self._register(root)

    def is_foreign(self) -> bool:
        """Whether another thread is running, which must not notice that we are tracing."""
        return threading.get_ident() != self._owner

    def _register(self, root: torch.nn.Module) -> None:
        for path, module in root.named_modules():
            self._modules.setdefault(id(module), (path, module))
            prefix = path + "." if path else ""
            for name, held in module._parameters.items():
                if held is not None:
                    self._stored.setdefault(id(held), (prefix + name, "parameter"))
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    self._stored.setdefault(id(buffer), (prefix + name, "buffer"))

    def _rescan(self) -> None:
        """Look again at what the network holds: forward has made or registered something."""
        self._rescans += 1
        if self.root is None or self._rescans > 20:  # a network of many loose parts stays linear
            return
        self._register(self.root)
        for path, module in list(self._modules.values()):
            prefix = path + "." if path else ""
            for name, held in module.__dict__.items():
                if name not in ("_parameters", "_buffers", "_modules"):
                    self._loose(prefix + name, held)

    def _loose(self, path: str, value: Any, depth: int = 0) -> None:
        """Take up what a module holds in plain attributes, lists and dicts."""
        if isinstance(value, torch.nn.Module):
            if id(value) not in self._modules:
                for name, module in value.named_modules():
                    part = f"{path}.{name}" if name else path
                    if self._modules.setdefault(id(module), (part, module))[1] is module:
                        self.held.setdefault(part, module)
        elif isinstance(value, (list, tuple)) and depth < 3:
            for i, item in enumerate(value):
                self._loose(f"{path}.{i}", item, depth + 1)
        elif isinstance(value, dict) and depth < 3:
            for key, item in value.items():
                if isinstance(key, (str, int)):
                    self._loose(f"{path}.{key}", item, depth + 1)

    # -- tensors

    def value(self, tensor: torch.Tensor) -> Value:
        """What `tensor` stands for; a parameter, buffer or outside tensor is taken up here."""
        found = self._values.get(id(tensor))
        if found is None:
            found = self._values[id(tensor)] = self._take_up(tensor)
        return found

    def knows(self, tensor: torch.Tensor) -> bool:
        """Whether `tensor` has been seen before."""
        return id(tensor) in self._values

    def _take_up(self, tensor: torch.Tensor) -> Value:
        spec = real_spec(tensor)
        is_parameter = isinstance(tensor, torch.nn.Parameter)
        concrete = not tensor.is_meta and not is_parameter and tensor.numel() <= SMALL
        if self.root is None:
            return Value(tensor, spec, None, concrete)
        if is_parameter and id(tensor) not in self._stored:
            self._rescan()
        name, kind = self._stored.get(id(tensor), ("", "constant"))
        if not name:
            same = self._same_as(tensor)
            if same is not None:
                stays = concrete and same.concrete
                return Value(tensor, same.spec, lambda: same.node, stays)
            name = f"_tensor_constant{len(self.held)}"
            self.held[name] = tensor
        node = self.graph.create_node("get_attr", name)
        layer = self._layer(node.name, kind, name, {}, spec, path=name)
        value = Value(tensor, sourced(spec, layer), node, concrete)
        if concrete:
            value.kept = tensor._version, tensor.detach().clone()
        return value

    def _same_as(self, tensor: torch.Tensor) -> Value | None:
        """Of which tensor this is another object (`x.as_subclass(...)`, `nn.Parameter(x)`)."""
        for value in itertools.islice(self._values.values(), self._looked_at, None):
            self._in_memory.setdefault(_memory(value.tensor), value)
        self._looked_at = len(self._values)
        place = _memory(tensor)
        return None if place is None else self._in_memory.get(place)

    def hold(self, spec: TensorSpec, node: Any, layer: Layer | None) -> torch.Tensor:
        """A new data-less tensor that stands for `spec`."""
        shape = (1, 1, 1, 1) if spec.shape is None else [max(0, guess(d)) for d in spec.shape]
        dtype = spec.dtype or torch.float32
        try:
            tensor = torch.empty(shape, dtype=dtype, device="meta")
        except (RuntimeError, TypeError):  # more elements than can be counted
            tensor = torch.empty([1] * len(shape), dtype=dtype, device="meta")
        return self.tie(tensor, spec, node, layer, concrete=False)

    def tie(
        self,
        tensor: torch.Tensor,
        spec: TensorSpec,
        node: Any,
        layer: Layer | None,
        concrete: bool,
    ) -> torch.Tensor:
        """Let `tensor` stand for `spec`, made by `layer`."""
        if layer is not None:
            spec = sourced(spec, layer)
        self._values[id(tensor)] = Value(tensor, spec, node, concrete)
        return tensor

    def rebind(self, value: Value, spec: TensorSpec, node: Any, layer: Layer | None) -> None:
        """`value` was changed in place by `layer`."""
        value.spec = sourced(spec, layer) if layer is not None else spec
        if node is not None:
            value.node = node

    def restore(self) -> None:
        """Give outside tensors (buffers, constants) the data back that `forward` has changed."""
        for value in self._values.values():
            if value.kept is not None and value.kept[0] != value.tensor._version:
                with torch.no_grad():
                    if value.tensor.shape != value.kept[1].shape:
                        value.tensor.resize_(value.kept[1].shape)
                    value.tensor.copy_(value.kept[1])

    # -- arguments

    def specs(self, value: Any) -> Any:
        """An argument as the shape functions see it: specs for tensors, dims for sizes."""
        if isinstance(value, torch.Tensor):
            return self.value(value).spec
        kind = type(value)
        if kind is Size or kind is Ratio:
            return dim_of(value)
        if isinstance(value, (list, tuple)):
            items = [self.specs(v) for v in value]
            if isinstance(value, tuple):
                return tuple.__new__(kind, items) if hasattr(value, "_fields") else tuple(items)
            return items
        if isinstance(value, dict):
            return {k: self.specs(v) for k, v in value.items()}
        if kind is slice:
            return slice(self.specs(value.start), self.specs(value.stop), self.specs(value.step))
        return value

    def nodes(self, value: Any) -> Any:
        """An argument as fx records it: nodes for tensors and for sizes with an origin."""
        if isinstance(value, torch.Tensor):
            return self.value(value).node
        kind = type(value)
        if kind is Size or kind is Ratio:
            return self.origin_node(value)
        if isinstance(value, tuple):
            items = tuple([self.nodes(v) for v in value])
            if kind is PackedSequence:  # fx would build one of nodes, and fail
                return self.graph.call_function(PackedSequence, items)
            return tuple.__new__(kind, items) if hasattr(value, "_fields") else items
        if isinstance(value, list):
            return [self.nodes(v) for v in value]
        if isinstance(value, dict):
            return {k: self.nodes(v) for k, v in value.items()}
        if kind is slice:
            return slice(self.nodes(value.start), self.nodes(value.stop), self.nodes(value.step))
        if kind is torch.Generator:
            return None
        if kind.__module__ == "numpy" and hasattr(value, "tolist"):
            return value.tolist()
        return value

    def origin_node(self, value: Size | Ratio) -> Any:
        """The fx node that computes a size, made when it is first used."""
        origin = value.origin
        if value.recorder is not self:  # kept by a cache of the user's from an earlier trace
            return dim_free(value)
        if origin[0] == "node":
            return origin[1]
        if origin[0] == "size":
            node = self.graph.call_method("size", (origin[1].node, origin[2]))
        elif origin[0] == "op":
            operands = tuple(self.nodes(operand) for operand in origin[2])
            if not any(isinstance(operand, torch.fx.Node) for operand in operands):
                return dim_free(value)
            node = self.graph.call_function(origin[1], operands)
        elif origin[0] == "number":
            node = self.graph.call_method("item", (origin[1].node,))
        else:
            return dim_free(value)
        value.origin = ("node", node)
        return node

    # -- layers

    def frames(self) -> tuple[Frame, ...]:
        """The user's frames at this moment, innermost first."""
        return self.filter.user_frames(sys._getframe(1), self.outside)

    def user_code(self) -> CodeType:
        """The user's innermost function at this moment."""
        return self.user_frame().f_code

    def user_frame(self) -> FrameType:
        """The user's innermost frame at this moment."""
        frame = sys._getframe(1)
        while frame.f_back is not None and not self.filter.is_user(frame.f_code):
            frame = frame.f_back
        return frame

    def _layer(
        self,
        name: str,
        op: str,
        written: str,
        args: Mapping[str, Any],
        output: Any,
        **more: Any,
    ) -> Layer:
        layer = Layer(name, op, written, args, output, **more)
        self.layers.append(layer)
        return layer

    def layer(
        self,
        op: str,
        written: str,
        args: Mapping[str, Any],
        output: Any,
        node: torch.fx.Node | None,
        module: torch.nn.Module | None = None,
        definition: tuple[Frame, ...] = (),
        rejected: str | None = None,
    ) -> Layer | None:
        """Record one call; None while nothing is recorded."""
        if self.root is None and self._refused is not None:
            call = Layer(op, op, written, args, output, rejected=rejected, module=module)
            if rejected is not None or self._refused(call):
                raise Refused(written)
        if self.root is None or node is None:
            return None
        path = self.paths[-1] if module is None else self.module_path(module)
        return self._layer(
            node.name,
            op,
            written,
            args,
            output,
            path=path,
            module=module,
            frames=self.frames(),
            definition_frames=definition,
            rejected=rejected,
            explain=explanation(op),
            exact=not _autocast(),
        )

    def module_path(self, module: torch.nn.Module) -> str:
        """The module's path from the root; a made-up one for a module that is not registered."""
        found = self._modules.get(id(module))
        if found is not None:
            return found[0]
        if self.root is None:
            return ""
        self._rescan()
        found = self._modules.get(id(module))
        if found is None:  # made in forward, or held by something that is no module
            inside = self.paths[-1] + "." if self.paths[-1] else ""
            path = f"{inside}_{type(module).__name__}_{len(self.held)}"
            self._loose(path, module)
            found = self._modules[id(module)]
        return found[0]

    def target(self, module: torch.nn.Module) -> str:
        """What the graph calls the module."""
        path = self.module_path(module)
        if not path:  # the network itself is one layer
            path = "_root"
            self.held[path] = module
        return path

    def registered(self) -> list[tuple[str, torch.nn.Module]]:
        """The network's modules with their paths."""
        return [found for found in self._modules.values() if found[0] not in self.held]

    def values(self) -> Iterable[Value]:
        """All tensors that were seen."""
        return self._values.values()

    def is_registered(self, module: torch.nn.Module) -> bool:
        """Whether the network held `module` before forward ran."""
        found = self._modules.get(id(module))
        return found is not None and found[0] not in self.held

    def last_node(self) -> torch.fx.Node:
        """The newest node of the graph (its root, if there is none)."""
        return self.graph._root.prev

    def stand_for_hooks(
        self, first: torch.fx.Node, call: torch.fx.Node, given: Any, result: Any, changed: bool
    ) -> None:
        """Let `call`, given what the user gave, stand for all that hooks added behind `first`.

        What the hooks gave out otherwise (features kept in a list) stays if it is used.

        Args:
            changed: whether they have changed the module, or its result.
        """
        for tensor, node in self._paired(result, call):
            value = self.value(tensor)
            self.rebind(value, value.spec, node, value.spec.source)
        if changed or (call.args, call.kwargs) != given:
            self.hooked.add(call.name)
        call.args, call.kwargs = given
        node = self.last_node()
        while node is not first:
            before = node.prev
            if node is not call:
                self._of_hooks.add(node)
            node = before

    def _paired(self, result: Any, node: Any) -> Any:
        if isinstance(result, torch.Tensor):
            yield result, node
        elif isinstance(result, (tuple, list)):
            for i, item in enumerate(result):
                yield from self._paired(item, item_of(lambda: node, i, self))

    def finish(self) -> None:
        """Drop the nodes of hooks that nothing else uses."""
        if self._of_hooks:
            for node in reversed(list(self.graph.nodes)):
                if node in self._of_hooks and not node.users:
                    self.graph.erase_node(node)

    def input(self, name: str, spec: TensorSpec) -> torch.Tensor:
        """A new input of the network."""
        node = self.graph.placeholder(name)
        spec = self.given.get(node.name, spec)
        return self.hold(spec, node, self._layer(node.name, "input", name, {}, spec, path=name))

    # -- what the user's code looked at

    def guard(self, op: str, left: Any, right: Any, answer: bool, unknown: bool) -> bool:
        """A comparison of sizes is answered."""
        if unknown:
            self.blind += 1
            question = of_sizes(self, left, op, right) if self.root is not None else None
            if question is not None:
                answer = self.decide(question, answer)
            else:
                spared = sparing(self.filter)
                answer = self.ending(answer if spared is None else spared)
        if self.root is not None:
            frame = None if unknown else self.asking()
            self.guards.append(Guard(op, left, right, answer, frame, len(self.layers)))
        return answer

    def relents(self) -> bool:
        """Whether the last answer about sizes was a guess; if so, it is the other one now."""
        if not self.guards:
            return False
        last = self.guards[-1]
        if not any(isinstance(getattr(n, "dim", n), Unknown) for n in (last.left, last.right)):
            return False
        self.guards[-1] = Guard(last.op, last.left, last.right, not last.answer, last.frame)
        return True

    def decide(self, question: Question, usual: bool) -> bool:
        """The answer to a question that only data can tell."""
        known = self.knowledge.answer(question)
        if known is not None:
            return self.ending(known)
        spared = sparing(self.filter)
        usual = usual if spared is None else spared
        frame = self.asking()
        if frame is None or is_check(frame):
            answer = self.ending(usual)
        else:
            answer = self.ending(self._turned((frame.code, frame.lasti), usual))
            is_open = frame.code in self.open_loops
            self.decisions.append(
                Decision(frame, answer, len(self.layers), question.inputs, is_open)
            )
        self.knowledge.learn(question, answer)
        return answer

    def _turned(self, place: Place, usual: bool) -> bool:
        """The answer that the path needs, a few times in every module."""
        answers = self.answers.get(place)
        if answers is None:
            return usual
        turn = self._rounds.get(place, 0)
        self._rounds[place] = turn + 1
        count = self._turns[place, self.paths[-1]] = self._turns.get((place, self.paths[-1]), 0) + 1
        return answers[min(turn, len(answers) - 1)] if count <= _TURNS else usual

    def asking(self) -> Frame | None:
        """Where the user's own code asks; None where something between us and it does."""
        frame = sys._getframe(1)
        while True:
            if self.filter.is_own(frame.f_code):
                return Frame(frame.f_code, frame.f_lasti)
            if frame.f_back is None or not self.filter.is_between(frame.f_code):
                return None
            frame = frame.f_back

    def is_checked(self) -> bool:
        """Whether a library asks, and only to raise where its user has gone wrong."""
        frame = sys._getframe(1)
        while frame.f_back is not None and self.filter.is_between(frame.f_code):
            frame = frame.f_back
        own = self.filter.is_own(frame.f_code)
        return not own and is_check(Frame(frame.f_code, frame.f_lasti))

    def escape(self, value: Any, plain: Any, unknown: bool) -> None:
        """A size became a plain number: its origin, and that it is unknown, are lost."""
        if not unknown:
            if self.root is not None:
                self.guards.append(Guard("==", value, plain, True, after=len(self.layers)))
            return
        self.blind += 1
        frame = self.user_frame()
        place = id(frame.f_globals)
        if place not in self.escapes:
            self.escapes[place] = frame.f_globals
            if self.may_restart:
                raise Restart

    def goes_over(self, count: int, starred: int | None = None) -> None:
        """The user's code gets `count` items, but only data tell how many there are.

        Args:
            starred: how many of them go into a starred name.
        """
        self.blind += 1
        counts = self.open_loops.setdefault(self.user_code(), set())
        counts.update((count, count if starred is None else starred))
        if self.root is not None:
            size = Size(Unknown(count), ("data",), self)
            self.guards.append(Guard("==", size, count, True, after=len(self.layers)))

    def assume(self, what: str, assumed: str, decided: bool = False) -> None:
        """Something was assumed that shapes do not tell: a number, or the answer of `decide`."""
        if decided:
            self.decided += 1
        else:
            self.blind += 1
        if self.root is not None and not self.is_checked():
            frames = self.frames()
            if frames and decided:
                frames = (asked(frames[0]), *frames[1:])
            self.assumptions.append(Assumption(what, assumed, self.paths[-1], frames))

    def ending(self, answer: bool) -> bool:
        """`answer`, but now and then the other one, so that a loop on unknown things ends."""
        frame = self.user_frame()
        place = frame.f_code, frame.f_lasti
        count = self._answers[place] = self._answers.get(place, 0) + 1
        return answer if count % _PATIENCE else not answer

    def size(self, value: Value, dim: int) -> Size:
        """Side `dim` of a tensor, as the user's code reads it."""
        shape = value.spec.shape
        return Size(Unknown() if shape is None else shape[dim], ("size", value, dim), self)

    def fix(self, value: Value) -> None:
        """What is recorded holds for this shape alone: Python has taken the elements."""
        for dim in range(value.tensor.dim()):
            fixed(self.size(value, dim))


def _memory(tensor: torch.Tensor) -> Any:
    """Where in memory the elements are, and in which order; None where that cannot be told."""
    try:
        storage = tensor.untyped_storage()._cdata
        return storage, tensor.storage_offset(), tensor.dtype, tensor.shape, tensor.stride()
    except (RuntimeError, NotImplementedError):  # a sparse one, or one within `torch.func`
        return None


def sourced(spec: TensorSpec, layer: Layer) -> TensorSpec:
    """`spec`, as made by `layer`."""
    return TensorSpec(spec.shape, spec.dtype, spec.strides, layer)


def real_spec(tensor: torch.Tensor) -> TensorSpec:
    """What is to be seen of a tensor that the user's code brought along."""
    if tensor.layout is not torch.strided:
        return TensorSpec(tuple(tensor.shape), tensor.dtype, None)
    empty = 0 in tensor.shape
    strides = CONTIGUOUS if empty else named(tensor.shape, tensor.stride())
    return TensorSpec(tuple(tensor.shape), tensor.dtype, strides)


def dim_free(value: Size | Ratio) -> int | float:
    """The plain number."""
    return int.__pos__(value) if isinstance(value, int) else float.__pos__(value)


def _autocast() -> bool:
    return torch.is_autocast_enabled("cpu") or torch.is_autocast_enabled("cuda")


def item_of(node: Any, index: Any, recorder: Recorder) -> Callable[[], Any]:
    """The fx node of an item of a tuple, made when it is used."""
    return lambda: recorder.graph.call_function(operator.getitem, (node(), index))
