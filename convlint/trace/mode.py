"""The function mode: every torch call of the user's code comes by here and is answered."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Sequence
from typing import Any, Final

import torch
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

from convlint import shapes
from convlint.dims import Unknown, guess, multiple
from convlint.network import Layer
from convlint.tensor import CONTIGUOUS, UNKNOWN_TENSOR, TensorSpec
from convlint.trace.arrays import array_of, tensors_for_arrays
from convlint.trace.bytecode import items_wanted
from convlint.trace.counting import OpenList
from convlint.trace.layout import layout_of
from convlint.trace.meta import Refusal, ask
from convlint.trace.queries import QUERIES
from convlint.trace.recorder import SMALL, Recorder, Value, item_of, real_spec
from convlint.trace.size import Size
from convlint.trace.watch import Watch

_STRICT: Final = bool(os.environ.get("CONVLINT_STRICT"))
_RESHAPING: Final = frozenset(
    {"unsqueeze", "squeeze", "transpose", "t", "swapaxes", "swapdims", "resize", "resize_as", "set"}
)
_STAY: Final = frozenset({"cuda", "cpu", "xpu", "mps", "pin_memory", "share_memory_"})
_RUN: Final = frozenset({"_set_grad_enabled", "requires_grad_"})
_FOR_BACKWARD: Final = frozenset(
    {"backward", "retain_grad", "register_hook", "register_post_accumulate_grad_hook"}
)
_GRAD_FN: Final = getattr(torch.Tensor, "grad_fn").__get__  # noqa: B009
"""What every assignment of a parameter asks for: `register_parameter` wants a leaf."""
_VIEWS: Final = frozenset({"T", "mT", "H", "mH", "real", "imag"})
_OPERATORS: Final[dict[str, Callable[..., Any]]] = {
    "__getitem__": operator.getitem,
    "__setitem__": operator.setitem,
}
_IN_PLACE: Final = frozenset(
    f"__i{name}__"
    for name in ("add", "sub", "mul", "div", "truediv", "floordiv", "mod", "pow", "and", "or",
                 "xor", "lshift", "rshift")
)  # fmt: skip


class TraceMode(TorchFunctionMode):
    """Answers torch functions from shape functions, and records them."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder = recorder

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func == _GRAD_FN:
            return func(*args)
        kwargs = kwargs or {}
        recorder = self.recorder
        if recorder.has_arrays:
            args, kwargs = tensors_for_arrays(args), tensors_for_arrays(kwargs)
        if types and args and is_lazy(args[0]):
            return _of_uninitialized(func, args, kwargs)
        query = QUERIES.get(func)
        if query is not None:
            subject = args[0] if args else next(iter(kwargs.values()))
            return query(recorder, recorder.value(subject), func, args, kwargs)
        name = getattr(func, "__name__", "")
        if getattr(func, "__module__", None) == "torch.nn.init":
            tensor = args[0] if args else kwargs["tensor"]
            return func(*args, **kwargs) if recorder.value(tensor).concrete else tensor
        if name == "_assert":
            return self._assert(func, args)
        if name == "__deepcopy__":
            return self._copy(func, args)
        if name in _RUN:
            return func(*args, **kwargs)
        if name in _FOR_BACKWARD and args:
            return None
        return self.call(func, name, args, kwargs)

    @classmethod
    def watched(cls, recorder: Recorder, watch: Watch) -> TraceMode:
        """A mode under which our own work is not watched."""

        class Watched(cls):  # type: ignore[valid-type, misc]
            __torch_function__ = watch.pausing(cls.__torch_function__)

        return Watched(recorder)

    def _assert(self, func: Any, args: tuple[Any, ...]) -> None:
        if args[0] is False and self.recorder.relents():
            return  # a check holds where nobody can tell
        if not isinstance(args[0], torch.Tensor) or self.recorder.value(args[0]).concrete:
            func(*args)

    def _copy(self, func: Any, args: tuple[Any, ...]) -> Any:
        """`copy.deepcopy`: its memo holds all that was copied before, and is none of ours."""
        if self.recorder.root is not None:
            return self.call(torch.clone, "clone", args[:1], {})
        copied = func(*args)
        if self.recorder.knows(args[0]):
            known = self.recorder.value(args[0])
            self.recorder.tie(copied, known.spec, None, None, known.concrete)
        return copied

    # -- one call

    def call(self, func: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Answer one function call."""
        recorder = self.recorder
        if name in _STAY and args and isinstance(args[0], torch.Tensor):
            return args[0]
        if name == "to":
            args, kwargs = _without_device(args, kwargs)
            if len(args) == 1 and not kwargs:
                return args[0]
        elif "device" in kwargs:
            kwargs = {**kwargs, "device": "cpu"}
        tensors = tensors_in((args, kwargs))
        values = [recorder.value(t) for t in tensors]
        op = shapes.find(func)
        if all(v.concrete for v in values) and not self._is_open_list(op, args):
            answer = self._compute(op, func, name, args, kwargs, values)
            if answer is not NotImplemented:
                return answer
        elif name == "numpy" and recorder.root is not None:
            array = array_of(recorder, values[0])
            if array is not None:
                return array
        elif recorder.root is None and _changes_data(name):
            return tensors[0]  # initialisation of weights: there is nothing to fill
        if op is None and values:
            if name in ("__get__", "__set__", "__delete__"):
                attribute = func.__self__.__name__
                if name != "__get__":
                    return self._set(func, attribute, args)
                if attribute == "data":
                    op = shapes.find(torch.Tensor.detach)
                elif attribute not in _VIEWS:
                    return func(*args)
            elif func is torch.autograd.grad:
                return self._gradients(args, kwargs)
        if values and _is_open(values[0].spec, name, args, kwargs):
            answer = self._opened(name, args, kwargs)
            if answer is not NotImplemented:
                return answer
        op, bound, output, rejected = self._answer(op, func, args, kwargs)
        result = self._record(op, func, name, args, kwargs, bound, output, rejected)
        layout = layout_of(name, [value.layout for value in values], kwargs)
        if layout is not torch.strided:
            for tensor in tensors_in(result):
                recorder.value(tensor).layout = layout
        return result

    def _answer(
        self, op: shapes.Operator | None, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[shapes.Operator | None, dict[str, Any], Any, str | None]:
        """The operator (None where its shape function was of no use), its arguments, its output
        and why torch refuses the call."""
        specs, keywords = self.recorder.specs(args), self.recorder.specs(kwargs)
        bound: dict[str, Any] = {}
        failure: Exception | None = None
        if op is not None:
            try:
                bound = op.bind(func, specs, keywords)
                output = op.shape(**bound)
                if self._is_open_list(op, args):
                    output = _of_unknown_count(output, bound)
                return op, bound, output, None
            except shapes.Rejected as reason:
                if not bound:
                    op, bound = None, _numbered(specs, keywords)
                return op, bound, _unknown_like(self.recorder, args), str(reason)
            except Exception as exc:
                failure = exc if bound else None
        if failure is not None or not bound:
            op, bound = None, _numbered(specs, keywords)
        try:
            output = ask(func, args, kwargs, self.recorder)
        except Refusal as reason:
            return op, bound, UNKNOWN_TENSOR, reason.text
        if _STRICT and failure is not None:  # torch could do it
            raise failure
        return op, bound, output, None

    def _record(
        self,
        op: shapes.Operator | None,
        func: Any,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        bound: dict[str, Any],
        output: Any,
        rejected: str | None,
    ) -> Any:
        recorder = self.recorder
        node = self._node(func, name, args, kwargs)
        op_name = op.name if op is not None else free_name(name)
        layer = recorder.layer(op_name, written(func, name), bound, output, node, rejected=rejected)
        if name == "__setitem__":
            return self._changed(args[0], recorder.value(args[0]).spec, None, layer)
        subject = args[0] if args else kwargs.get("input")
        in_place = _changes_data(name) or bound.get("inplace") is True
        if in_place and isinstance(subject, torch.Tensor) and isinstance(output, TensorSpec):
            before = recorder.value(subject).spec
            reshapes = op is not None and op.name in _RESHAPING
            after = output.with_dtype(before.dtype) if reshapes else before
            return self._changed(subject, after, node, layer)
        if isinstance(kwargs.get("out"), torch.Tensor) and isinstance(output, TensorSpec):
            return self._changed(kwargs["out"], output, node, layer)
        return self.wrap(output, lambda: node, layer, op_name)

    def _changed(
        self, tensor: torch.Tensor, spec: TensorSpec, node: Any, layer: Layer | None
    ) -> torch.Tensor:
        value = self.recorder.value(tensor)
        value.concrete = False
        self.recorder.rebind(value, spec, node, layer)
        return tensor

    def wrap(self, output: Any, node: Callable[[], Any], layer: Layer | None, op: str = "") -> Any:
        """Stand-ins for what a shape function answered."""
        if isinstance(output, TensorSpec):
            made = node if self.recorder.root is not None else None
            return self.recorder.hold(output, made, layer)
        if isinstance(output, Unknown):
            return Size(output, ("data",), self.recorder)
        if isinstance(output, (tuple, list)) and not isinstance(output, torch.Size):
            items = [
                self.wrap(item, item_of(node, i, self.recorder), layer)
                for i, item in enumerate(output)
            ]
            if isinstance(output, list):
                return items
            if hasattr(output, "_fields"):
                return tuple.__new__(type(output), items)
            named = getattr(torch.return_types, op, None)
            return named(items) if named is not None else tuple(items)
        if isinstance(output, dict):
            return {
                key: self.wrap(item, item_of(node, key, self.recorder), layer)
                for key, item in output.items()
            }
        return output

    # -- really computed: constants

    def _compute(
        self,
        op: shapes.Operator | None,
        func: Any,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        values: Sequence[Value],
    ) -> Any:
        """Compute what depends on no input, where it is small; else NotImplemented."""
        bound: dict[str, Any] = {}
        if op is not None:
            if op.random:
                return NotImplemented
            try:
                bound = op.bind(func, self.recorder.specs(args), self.recorder.specs(kwargs))
                size = _largest(op.shape(**bound))
            except Exception:
                size = 0
            # Where the size depends on the data (`unique`), it is the data's.
            if isinstance(size, int) and size > SMALL:
                return NotImplemented
        if not bound:
            bound = _numbered(self.recorder.specs(args), self.recorder.specs(kwargs))
            op = None
        if _has_unknown(bound):
            return NotImplemented
        result = func(*args, **kwargs)
        if self.recorder.root is None:
            return result
        if name == "__setitem__":
            self._node(func, name, args, kwargs)
        elif tensors_in(result):
            node = self._node(func, name, args, kwargs)
            op_name = op.name if op is not None else free_name(name)
            specs = _real_specs(result)
            layer = self.recorder.layer(op_name, written(func, name), bound, specs, node)
            self._tie(result, lambda: node, layer)
        else:  # an array, or a plain value, of which nothing more is known
            for value in values:
                self.recorder.fix(value)
        return result

    def _tie(self, result: Any, node: Callable[[], Any], layer: Layer | None) -> None:
        """Know what was really computed."""
        recorder = self.recorder
        if isinstance(result, torch.Tensor):
            spec = real_spec(result)
            if recorder.knows(result):
                recorder.rebind(recorder.value(result), spec, node, layer)
            else:
                recorder.tie(result, spec, node, layer, concrete=True)
        elif isinstance(result, (tuple, list)):
            for i, part in enumerate(result):
                self._tie(part, item_of(node, i, recorder), layer)

    # -- small matters

    def _set(self, func: Any, attribute: str, args: tuple[Any, ...]) -> Any:
        """An attribute is assigned or deleted (`weight.data = ...`, `requires_grad = ...`)."""
        if attribute == "data" and isinstance(args[1], torch.Tensor):
            subject, given = self.recorder.value(args[0]), self.recorder.value(args[1])
            subject.concrete = subject.concrete and given.concrete
            self.recorder.rebind(subject, given.spec, None, None)
            if args[0].device != args[1].device:
                if self.recorder.root is None:  # `.double()` of a small weight, which is real
                    func(args[0], torch.empty_like(args[1], device=args[0].device))
                return None
        return func(*args)

    def _gradients(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """`torch.autograd.grad`: shaped as what is derived by, in any order in memory."""
        inputs = args[1] if len(args) > 1 else kwargs["inputs"]
        wanted = [inputs] if isinstance(inputs, torch.Tensor) else list(inputs)
        node = self._node(torch.autograd.grad, "grad", args, kwargs)
        given = [self.recorder.value(tensor).spec for tensor in wanted]
        specs = tuple(spec.with_shape(spec.shape, None) for spec in given)
        return tuple(self.wrap(specs, lambda: node, None))

    def _is_open_list(self, op: shapes.Operator | None, args: tuple[Any, ...]) -> bool:
        """Whether a list is taken that a loop has made which ends nobody knows when."""
        recorder = self.recorder
        if not recorder.open_loops or op is None or not args:
            return False
        items = args[0]
        if not isinstance(items, (list, tuple)) or not (
            tensors_in(items) or _has_unknown(recorder.specs(items))
        ):
            return False
        counts = recorder.open_loops.get(recorder.user_code(), ())
        return isinstance(items, OpenList) or len(list(items)) in counts

    def _opened(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Items of a tensor that stands for something whose structure is not known."""
        recorder = self.recorder
        spec = recorder.value(args[0]).spec
        if name == "__getitem__":
            if isinstance(args[1], str):
                return self.wrap(UNKNOWN_TENSOR, self._item(args[0], args[1]), None)
            return NotImplemented
        names = items_wanted(recorder.filter)
        count = 1 if names is None else names.taking(1)
        if names is None or names.starred:
            recorder.goes_over(count, None if names is None else count - names.plain)
        if spec.shape is None:
            item = spec.with_shape(None, None)
            return tuple(self.wrap(item, self._item(args[0], i), None) for i in range(count))
        dim = args[1] if len(args) > 1 else kwargs.get("dim", 0)
        shape = list(spec.shape)
        del shape[dim]
        whole = dim == 0 and spec.strides == CONTIGUOUS
        item = spec.with_shape(shape, CONTIGUOUS if whole else None)
        bound = {"input": spec, "dim": dim}
        op = shapes.named("unbind")
        return self._record(op, torch.unbind, name, args, kwargs, bound, (item,) * count, None)

    def _item(self, tensor: torch.Tensor, index: Any) -> Callable[[], Any]:
        recorder = self.recorder
        return item_of(lambda: recorder.value(tensor).node, index, recorder)

    def _node(self, func: Any, name: str, args: Any, kwargs: Any) -> Any:
        recorder = self.recorder
        if recorder.root is None:
            return None
        fx_args, fx_kwargs = recorder.nodes(args), recorder.nodes(kwargs)
        graph = recorder.graph
        if name == "__get__":
            return graph.call_function(getattr, (fx_args[0], func.__self__.__name__))
        if name in _OPERATORS:
            return graph.call_function(_OPERATORS[name], fx_args)
        if is_method(func, name):
            return graph.call_method(name, fx_args, fx_kwargs)
        return graph.call_function(func, fx_args, fx_kwargs)


def is_method(func: Any, name: str) -> bool:
    """Whether `func` is called as a method of a tensor."""
    qualified = getattr(func, "__qualname__", "")
    return qualified.startswith(("TensorBase.", "Tensor.")) and hasattr(torch.Tensor, name)


def written(func: Any, name: str) -> str:
    """How the user spells `func`."""
    if name == "__get__":
        return f"Tensor.{func.__self__.__name__}"
    spelling = _SPELLINGS.get(func)
    if spelling is None:
        spelling = _SPELLINGS[func] = _spelling(func, name)
    return spelling


_SPELLINGS: Final[dict[Any, str]] = {}


def _spelling(func: Any, name: str) -> str:
    if is_method(func, name):
        return f"Tensor.{name}"
    if getattr(torch.nn.functional, name, None) is func or name == "fn":
        return f"F.{_dispatched(func) if name == 'fn' else name}"
    family, _, rest = name.removeprefix("_").partition("_")
    if name.startswith("_sparse_"):
        return f"torch.sparse.{rest}"
    if family in ("linalg", "fft", "special") and rest:  # torch.linalg.inv calls itself linalg_inv
        return f"torch.{family}.{rest}"
    return f"torch.{name}"


def _dispatched(func: Any) -> str:
    """The public name behind torch's `boolean_dispatch` (`max_pool2d`)."""
    for name, value in vars(torch.nn.functional).items():
        if value is func and not name.startswith("_"):
            return name
    return "fn"


def _of_uninitialized(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a lazy module does with a parameter that has no size yet."""
    if getattr(func, "__name__", "") == "__set__" and isinstance(args[1], torch.Tensor):
        return func(args[0], args[1].to("meta"))
    return func(*args, **kwargs)


def _changes_data(name: str) -> bool:
    """Whether a function of this name changes its first argument."""
    return (name.endswith("_") and not name.endswith("__")) or name in _IN_PLACE


def tensors_in(value: Any) -> list[torch.Tensor]:
    """All tensors in nested containers, in order."""
    found: list[torch.Tensor] = []
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, torch.Tensor):
            found.append(item)
        elif isinstance(item, (tuple, list)):
            pending.extend(reversed(item))
        elif isinstance(item, dict):
            pending.extend(reversed(list(item.values())))
        elif isinstance(item, slice):
            pending.extend((item.step, item.stop, item.start))
    return found


def _without_device(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of `.to()` that change more than where the tensor lies."""
    kept = tuple(
        a for i, a in enumerate(args) if i == 0 or isinstance(a, (torch.dtype, torch.Tensor))
    )
    names = ("dtype", "memory_format", "other")
    return kept, {k: v for k, v in kwargs.items() if k in names and v is not None}


def _of_unknown_count(output: Any, bound: dict[str, Any]) -> Any:
    """What is made of a list of which the number of items is not known."""
    if not isinstance(output, TensorSpec) or not output.shape:
        return output
    tensors = bound.get("tensors", ())
    dim = 0 if "data" in bound else bound.get("dim")
    if not isinstance(dim, int):
        return output.with_shape(None, None)
    shape = list(output.shape)
    shape[dim] = Unknown(guess(shape[dim]), multiple(shape[dim]) if len(tensors) == 1 else 1)
    return output.with_shape(shape, None)


def _is_open(spec: TensorSpec, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether it cannot be told into how many, or which, items a call takes a tensor apart."""
    if spec.shape is None:
        return name in ("unbind", "__getitem__")
    if name != "unbind":
        return False
    dim = args[1] if len(args) > 1 else kwargs.get("dim", 0)
    rank = len(spec.shape)
    return isinstance(dim, int) and -rank <= dim < rank and isinstance(spec.shape[dim], Unknown)


def _largest(output: Any) -> Any:
    if isinstance(output, TensorSpec):
        return output.numel
    if isinstance(output, (tuple, list)):
        sizes = [_largest(o) for o in output]
        return next((s for s in sizes if not isinstance(s, int)), max(sizes, default=0))
    return 0


def _numbered(specs: Any, keywords: dict[str, Any]) -> dict[str, Any]:
    """Arguments of which the names are not known."""
    return {str(i): spec for i, spec in enumerate(specs)} | keywords


def free_name(name: str) -> str:
    """A name for a call that is not the operator of this name: no rule knows its arguments."""
    return f"torch.{name}" if shapes.is_named(name) else name


def _has_unknown(value: Any) -> bool:
    if isinstance(value, Unknown):
        return True
    if isinstance(value, (tuple, list)):
        return any(_has_unknown(v) for v in value)
    if isinstance(value, dict):
        return any(_has_unknown(v) for v in value.values())
    if isinstance(value, slice):
        return _has_unknown((value.start, value.stop, value.step))
    return False


def _real_specs(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return real_spec(value)
    if isinstance(value, (tuple, list)):
        return tuple(_real_specs(v) for v in value)
    return value


def _unknown_like(recorder: Recorder, args: tuple[Any, ...]) -> TensorSpec:
    """Nothing is known of the output but, likely, its dtype."""
    for tensor in tensors_in(args)[:1]:
        return TensorSpec(None, recorder.value(tensor).spec.dtype, None)
    return UNKNOWN_TENSOR
