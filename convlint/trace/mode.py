"""The function mode: every torch call of the user's code comes by here and is answered."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Sequence
from typing import Any, Final

import torch
from torch.overrides import TorchFunctionMode

from convlint import shapes
from convlint.dims import Unknown
from convlint.network import Layer
from convlint.tensor import CONTIGUOUS, UNKNOWN_TENSOR, TensorSpec
from convlint.trace.meta import Refusal, ask
from convlint.trace.queries import QUERIES, unpacked
from convlint.trace.recorder import SMALL, Recorder, Value, item_of
from convlint.trace.size import Size

_STRICT: Final = bool(os.environ.get("CONVLINT_STRICT"))
_RESHAPING: Final = frozenset({"unsqueeze", "squeeze", "transpose", "t", "swapaxes", "resize"})
_STAY: Final = frozenset({"cuda", "cpu", "xpu", "mps", "pin_memory", "share_memory_"})
_OPERATORS: Final[dict[str, Callable[..., Any]]] = {
    "__getitem__": operator.getitem,
    "__setitem__": operator.setitem,
}


class TraceMode(TorchFunctionMode):
    """Answers torch functions from shape functions, and records them."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder = recorder

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        query = QUERIES.get(func)
        if query is not None:
            subject = args[0] if args else next(iter(kwargs.values()))
            return query(self.recorder, self.recorder.value(subject), func, args, kwargs)
        module = getattr(func, "__module__", None)
        if module == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        name = getattr(func, "__name__", "")
        if name == "_set_grad_enabled" or name == "_assert":
            return func(*args, **kwargs)
        return self.call(func, name, args, kwargs)

    # -- one call

    def call(self, func: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Answer one function call."""
        recorder = self.recorder
        if name in _STAY and args:
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
        if all(v.concrete for v in values):
            answer = self._compute(op, func, name, args, kwargs, values)
            if answer is not NotImplemented:
                return answer
        if name in ("__get__", "__set__", "__delete__") and op is None:
            return self._attribute(func, name, args)
        bound, output, rejected = self._answer(op, func, args, kwargs)
        return self._record(op, func, name, args, kwargs, bound, output, rejected)

    def _answer(
        self, op: shapes.Operator | None, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[dict[str, Any], Any, str | None]:
        specs, keywords = self.recorder.specs(args), self.recorder.specs(kwargs)
        bound: dict[str, Any] = {}
        if op is not None:
            try:
                bound = op.bind(func, specs, keywords)
                return bound, op.shape(**bound), None
            except shapes.Rejected as reason:
                return bound, _unknown_like(self.recorder, args), str(reason)
            except Exception:
                if _STRICT and bound:
                    raise
        if not bound:
            bound = {str(i): v for i, v in enumerate(specs)} | keywords
        try:
            return bound, ask(func, args, kwargs, self.recorder), None
        except Refusal as reason:
            return bound, UNKNOWN_TENSOR, reason.text

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
        op_name = op.name if op is not None else name
        layer = recorder.layer(
            op_name, written(func, name), bound, output, node, rejected=rejected
        )
        if name == "__setitem__":
            return self._changed(args[0], recorder.value(args[0]).spec, None, layer)
        subject = args[0] if args else kwargs.get("input")
        in_place = (name.endswith("_") and not name.endswith("__")) or kwargs.get("inplace")
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
                return type(output)(*items)
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
        if op is not None:
            if op.random:
                return NotImplemented
            try:
                bound = op.bind(func, self.recorder.specs(args), self.recorder.specs(kwargs))
                size = _largest(op.shape(**bound))
            except Exception:
                size = 0
            if not isinstance(size, int) or size > SMALL:
                return NotImplemented
        elif _has_unknown(self.recorder.specs((args, kwargs))):
            return NotImplemented
        result = func(*args, **kwargs)
        if self.recorder.root is None:
            return result
        if not tensors_in(result):
            return result
        node = self._node(func, name, args, kwargs)
        return self._tie(result, lambda: node, op.name if op else name, func, name, args, kwargs)

    def _tie(
        self,
        result: Any,
        node: Callable[[], Any],
        op: str,
        func: Any,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        recorder = self.recorder
        specs = _real_specs(result)
        bound = {str(i): v for i, v in enumerate(recorder.specs(args))} | recorder.specs(kwargs)
        layer = recorder.layer(op, written(func, name), bound, specs, node())

        def tie(item: Any, made: Callable[[], Any]) -> None:
            if isinstance(item, torch.Tensor):
                spec = _real_specs(item)
                if id(item) in recorder._values:
                    recorder.rebind(recorder.value(item), spec, made, layer)
                else:
                    recorder.tie(item, spec, made, layer, concrete=True)
            elif isinstance(item, (tuple, list)):
                for i, part in enumerate(item):
                    tie(part, item_of(made, i, recorder))

        tie(result, node)
        return result

    # -- small matters

    def _attribute(self, func: Any, name: str, args: tuple[Any, ...]) -> Any:
        """An attribute without a shape function (`requires_grad`, `grad`, `data = ...`)."""
        if name != "__get__":
            attribute = getattr(func.__self__, "__name__", "")
            if attribute == "data" and isinstance(args[1], torch.Tensor):
                subject = self.recorder.value(args[0])
                self.recorder.rebind(subject, self.recorder.value(args[1]).spec, None, None)
                if args[0].device != args[1].device:
                    return None
            return func(*args)
        return func(*args)

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

    def unpack_unknown(self, tensor: torch.Tensor) -> Any:
        """Items of a tensor that stands for something whose structure is not known."""
        count = unpacked(self.recorder)
        return None if count is None else [self.wrap(UNKNOWN_TENSOR, lambda: None, None)] * count


def is_method(func: Any, name: str) -> bool:
    """Whether `func` is called as a method of a tensor."""
    qualified = getattr(func, "__qualname__", "")
    return qualified.startswith(("TensorBase.", "Tensor.")) and hasattr(torch.Tensor, name)


def written(func: Any, name: str) -> str:
    """How the user spells `func`."""
    if name == "__get__":
        return f"Tensor.{func.__self__.__name__}"
    if is_method(func, name):
        return f"Tensor.{name}"
    if getattr(torch.nn.functional, name, None) is func or name == "fn":
        return f"F.{_dispatched(func) if name == 'fn' else name}"
    return f"torch.{name}"


def _dispatched(func: Any) -> str:
    """The public name behind torch's `boolean_dispatch` (`max_pool2d`)."""
    for name, value in vars(torch.nn.functional).items():
        if value is func and not name.startswith("_"):
            return name
    return "fn"


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


def _largest(output: Any) -> Any:
    if isinstance(output, TensorSpec):
        return output.numel
    if isinstance(output, (tuple, list)):
        sizes = [_largest(o) for o in output]
        return next((s for s in sizes if not isinstance(s, int)), max(sizes, default=0))
    return 0


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
        strides = CONTIGUOUS if value.is_contiguous() else tuple(value.stride())
        return TensorSpec(tuple(value.shape), value.dtype, strides)
    if isinstance(value, (tuple, list)):
        return tuple(_real_specs(v) for v in value)
    return value


def _unknown_like(recorder: Recorder, args: tuple[Any, ...]) -> TensorSpec:
    """Nothing is known of the output but, likely, its dtype."""
    for tensor in tensors_in(args)[:1]:
        return TensorSpec(None, recorder.value(tensor).spec.dtype, None)
    return UNKNOWN_TENSOR
