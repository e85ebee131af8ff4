"""`nn.Module` while tracing: where each was made, what is a leaf, what ends in an exception."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any, Final

import torch
from torch import nn

from convlint import shapes
from convlint.frame import Frame, FrameFilter
from convlint.network import Raised
from convlint.tensor import UNKNOWN_TENSOR
from convlint.trace.mode import TraceMode
from convlint.trace.recorder import Recorder

_CALL: Final = nn.Module.__call__
_INIT: Final = nn.Module.__init__


_MADE: Final = "_convlint_made"
"""Attribute of a module with the frames that made it; `copy.deepcopy` keeps it."""


@contextlib.contextmanager
def noted_definitions() -> Iterator[None]:
    """Note where every module is made: the user's frames, innermost first."""
    filter_ = FrameFilter()

    @functools.wraps(_INIT)
    def init(module: nn.Module, *args: Any, **kwargs: Any) -> None:
        if _MADE not in module.__dict__:
            frame: FrameType | None = sys._getframe(1)
            while frame is not None and _constructs(frame, module):
                frame = frame.f_back
            module.__dict__[_MADE] = filter_.user_frames(frame)
        _INIT(module, *args, **kwargs)

    before = nn.Module.__init__
    nn.Module.__init__ = init  # type: ignore[method-assign]
    try:
        yield
    finally:
        nn.Module.__init__ = before  # type: ignore[method-assign]


def definition(module: nn.Module) -> tuple[Frame, ...]:
    """The user's frames where `module` was made; empty where nobody watched."""
    made: tuple[Frame, ...] = module.__dict__.get(_MADE, ())
    return made


def _constructs(frame: FrameType, module: nn.Module) -> bool:
    code = frame.f_code
    return (
        code.co_name == "__init__"
        and code.co_argcount > 0
        and frame.f_locals.get(code.co_varnames[0]) is module
    )


@contextlib.contextmanager
def traced_calls(recorder: Recorder, mode: TraceMode) -> Iterator[None]:
    """Let calls of modules go to shape functions (leaves), or be entered and survive faults."""

    def call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
        if shapes.lowering(module) is not None:
            if _has_hooks(module):
                return _hooked(module, args, kwargs)
            return leaf(module, args, kwargs)
        recorder.paths.append(recorder.module_path(module))
        try:
            return _CALL(module, *args, **kwargs)
        except Exception as exc:
            if len(recorder.paths) == 2:  # the network itself: nothing goes on after it
                recorder.raised.append(raised(recorder, exc))
                return mode.wrap(UNKNOWN_TENSOR, lambda: None, None)
            recorder.raised.append(raised(recorder, exc))
            recorder.blind += 1
            return mode.wrap(UNKNOWN_TENSOR, lambda: None, None)
        finally:
            recorder.paths.pop()

    def leaf(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        found = shapes.lowering(module)
        if found is None:  # a lazy module whose hook made it another
            return _CALL(module, *args, **kwargs)
        with torch._C.DisableTorchFunction():
            return call_leaf(module, found, args, kwargs)

    def call_leaf(module: nn.Module, found: Any, args: Any, kwargs: Any) -> Any:
        op, lower = found
        rejected = None
        bound: dict[str, Any] = {}
        output: Any = UNKNOWN_TENSOR
        try:
            bound = lower(module, *recorder.specs(args), **recorder.specs(kwargs))
            bound = {**op.defaults, **bound}
            output = op.shape(**bound)
        except shapes.Rejected as reason:
            rejected = str(reason)
        except TypeError as exc:
            if bound:
                raise
            rejected = _call_error(exc, module)
        node = None
        path = recorder.module_path(module)
        if recorder.root is not None:
            node = recorder.graph.call_module(path, recorder.nodes(args), recorder.nodes(kwargs))
        written = f"nn.{_torch_name(type(module))}"
        layer = recorder.layer(
            op.name, written, bound, output, node, module, definition(module), rejected
        )
        if getattr(module, "inplace", False) and len(args) == 1 and args[0] is not None:
            value = recorder.value(args[0])
            value.concrete = False
            recorder.rebind(value, value.spec, node, layer)
            return args[0]
        return mode.wrap(output, lambda: node, layer)

    def _hooked(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        module.__dict__["forward"] = lambda *a, **k: _unhooked(module, a, k)
        try:
            return _CALL(module, *args, **kwargs)
        finally:
            module.__dict__.pop("forward", None)

    def _unhooked(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        held = module.__dict__.pop("forward", None)
        try:
            return leaf(module, args, kwargs)
        finally:
            if held is not None:
                module.__dict__["forward"] = held

    nn.Module.__call__ = call  # type: ignore[method-assign]
    try:
        yield
    finally:
        nn.Module.__call__ = _CALL  # type: ignore[method-assign]


def raised(recorder: Recorder, exc: Exception) -> Raised:
    """What an exception of the user's code says, and where."""
    frames = []
    trace = exc.__traceback__
    while trace is not None:
        if recorder.filter.is_user(trace.tb_frame.f_code):
            frames.append(Frame(trace.tb_frame.f_code, trace.tb_lasti))
        trace = trace.tb_next
    lines = str(exc).strip().splitlines()
    return Raised(
        type(exc).__name__,
        lines[0] if lines else "",
        recorder.paths[-1],
        tuple(reversed(frames)),
        certain=recorder.blind == 0,
    )


def _has_hooks(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks)


def _torch_name(kind: type) -> str:
    """The name of the nearest class that torch itself defines."""
    for ancestor in kind.__mro__:
        if ancestor.__module__.startswith("torch.nn."):
            return ancestor.__name__
    return kind.__name__


def _call_error(exc: TypeError, module: nn.Module) -> str:
    text = str(exc)
    name = text.split("(", 1)[0]
    return text.replace(name, f"{type(module).__name__}.forward", 1)
