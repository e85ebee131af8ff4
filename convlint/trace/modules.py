"""`nn.Module` while tracing: where each was made, what is a leaf, what ends in an exception."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final

import torch
import torch.nn.modules.module as global_hooks
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin

from convlint import memory, shapes
from convlint.frame import Frame, FrameFilter
from convlint.network import Raised
from convlint.quote import told
from convlint.tensor import UNKNOWN_TENSOR
from convlint.trace.bytecode import is_raised_here
from convlint.trace.meta import Refusal, ask
from convlint.trace.mode import TraceMode, free_name, tensors_in
from convlint.trace.recorder import Recorder
from convlint.trace.watch import Watch

_STRICT: Final = bool(os.environ.get("CONVLINT_STRICT"))
_MADE: Final = "_convlint_made"
"""Attribute of a module with the frames that made it; `copy.deepcopy` keeps it."""


_LOST: Final = "_convlint_lost"
"""Attribute of a module with what its `__init__` made and dropped."""


class _Made(tuple[Any, ...]):
    """The frames that made a module.  Code cannot be pickled: a pickled module forgets them."""

    __slots__ = ()

    def __deepcopy__(self, memo: Any) -> _Made:
        return self

    def __reduce__(self) -> tuple[type[_Made], tuple[()]]:
        return _Made, ()


@dataclass(frozen=True, slots=True)
class _Making:
    """A module that was made by the `__init__` of another one, and may be dropped again."""

    module: weakref.ref[nn.Module]
    owner: weakref.ref[nn.Module]
    kind: str
    frames: tuple[Frame, ...]


@contextlib.contextmanager
def noted_definitions() -> Iterator[list[weakref.ref[nn.Module]]]:
    """Note where every module is made: the user's frames, innermost first.

    Yields the modules made so far.  In the end, a module knows what its own `__init__` made and
    nobody kept.
    """
    filter_ = FrameFilter()
    thread = threading.get_ident()
    before = nn.Module.__init__
    made: list[weakref.ref[nn.Module]] = []
    makings: list[_Making] = []

    @functools.wraps(before)
    def init(module: nn.Module, *args: Any, **kwargs: Any) -> None:
        if _MADE not in module.__dict__ and threading.get_ident() == thread:
            frame: FrameType | None = sys._getframe(1)
            maker = None
            while frame is not None:
                maker = _constructed(frame)
                if maker is not module:
                    break
                frame = frame.f_back
            frames = module.__dict__[_MADE] = _Made(filter_.user_frames(frame))
            reference = weakref.ref(module)
            made.append(reference)
            if maker is not None and frame is not None and filter_.is_user(frame.f_code):
                owner = weakref.ref(maker)
                makings.append(_Making(reference, owner, type(module).__name__, frames))
        before(module, *args, **kwargs)

    nn.Module.__init__ = init  # type: ignore[method-assign, assignment]
    try:
        yield made
    finally:
        nn.Module.__init__ = before  # type: ignore[method-assign]
        for making in makings:
            owner = making.owner()
            if making.module() is None and owner is not None:
                known = owner.__dict__.get(_LOST, ())
                owner.__dict__[_LOST] = _Made((*known, (making.kind, making.frames)))


def definition(module: nn.Module) -> tuple[Frame, ...]:
    """The user's frames where `module` was made; empty where nobody watched."""
    made: tuple[Frame, ...] = module.__dict__.get(_MADE, ())
    return made


def dropped(module: nn.Module) -> tuple[tuple[str, tuple[Frame, ...]], ...]:
    """Class and user's frames of the modules that the `__init__` of `module` made and dropped."""
    lost: tuple[tuple[str, tuple[Frame, ...]], ...] = module.__dict__.get(_LOST, ())
    return lost


def _constructed(frame: FrameType) -> nn.Module | None:
    """The module whose `__init__` is running in `frame`."""
    code = frame.f_code
    if code.co_name != "__init__" or not code.co_argcount:
        return None
    made = frame.f_locals.get(code.co_varnames[0])
    return made if isinstance(made, nn.Module) else None


@contextlib.contextmanager
def traced_calls(recorder: Recorder, mode: TraceMode, watch: Watch | None = None) -> Iterator[None]:
    """Let calls of modules go to shape functions (leaves), or be entered and survive faults."""
    before = nn.Module.__call__
    calls = _Calls(recorder, mode, before)
    if watch is not None:
        calls.leaf = watch.pausing(calls.leaf)  # type: ignore[method-assign]

    def call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
        if recorder.is_foreign():
            return before(module, *args, **kwargs)
        found = shapes.lowering(module)
        if found is None:
            if isinstance(module, torch.jit.ScriptModule):
                return calls.opaque(module, args, kwargs)
            return calls.enter(module, args, kwargs)
        if _has_hooks(module):
            return calls.hooked(module, args, kwargs)
        return calls.leaf(module, found, args, kwargs)

    nn.Module.__call__ = call  # type: ignore[method-assign]
    try:
        yield
    finally:
        nn.Module.__call__ = before  # type: ignore[method-assign]


class _Calls:
    """What becomes of the call of a module."""

    def __init__(self, recorder: Recorder, mode: TraceMode, call: Callable[..., Any]) -> None:
        self.recorder = recorder
        self.mode = mode
        self.call = call

    def enter(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run the user's `forward`; what it raises ends the module, not the analysis."""
        recorder = self.recorder
        before, path = recorder.outside, recorder.module_path(module)
        # Where the stack ends here, nothing is left to be undone.  No variable of this frame holds
        # it: in a ring of references it would keep the tensors of the call alive.
        recorder.outside = recorder.filter.outside(sys._getframe(), before)
        recorder.paths.append(path)
        try:
            return self.call(module, *args, **kwargs)
        except Exception as exc:
            if memory.is_exhausted(exc):
                raise
            outermost = len(recorder.paths) == 2
            # Without a stack there is no going on, and what is caught is no fault.
            if not outermost and (isinstance(exc, RecursionError) or is_caught(recorder)):
                raise
            recorder.raised.append(raised(recorder, exc))
            if not outermost:
                recorder.blind += 1
            return self._unknown()
        finally:
            recorder.outside = before
            recorder.paths.pop()

    def _unknown(self) -> Any:
        graph, path = self.recorder.graph, self.recorder.paths[-1]
        with torch._C.DisableTorchFunction():
            return self.mode.wrap(
                UNKNOWN_TENSOR, lambda: graph.call_function(lost_output, (path,)), None
            )

    def leaf(
        self, module: nn.Module, found: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Answer a module's call from its shape function."""
        with torch._C.DisableTorchFunction():
            answer = self._leaf(module, found, args, kwargs)
        if answer is NotImplemented:  # declined, or our function failed: let torch's code speak
            return self.enter(module, args, kwargs)
        return answer

    def opaque(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A scripted module has no Python left to follow: only torch can tell what it gives."""
        recorder = self.recorder
        with torch._C.DisableTorchFunction():
            specs, keywords = recorder.specs(args), recorder.specs(kwargs)
            try:
                run = functools.partial(self.call, module)
                output, rejected = ask(run, args, kwargs, recorder), None
            except Refusal as reason:
                output, rejected = UNKNOWN_TENSOR, reason.text
            node = None
            if recorder.root is not None:
                node = recorder.graph.call_module(
                    recorder.target(module), recorder.nodes(args), recorder.nodes(kwargs)
                )
            bound = {str(i): spec for i, spec in enumerate(specs)} | keywords
            layer = recorder.layer(
                "script_module", "torch.jit.script", bound, output, node, module,
                definition(module), rejected,
            )  # fmt: skip
            return self.mode.wrap(output, lambda: node, layer)

    def _leaf(self, module: nn.Module, found: Any, args: Any, kwargs: Any) -> Any:
        op, lower = found
        recorder = self.recorder
        rejected = None
        bound: dict[str, Any] = {}
        output: Any = UNKNOWN_TENSOR
        try:
            lowered = lower(module, *recorder.specs(args), **recorder.specs(kwargs))
            if lowered is None:
                return NotImplemented
            bound = op.complete(lowered)
            if not recorder.is_registered(module):  # may have been made with sizes read here
                bound = recorder.specs(bound)
            output = op.shape(**bound)
        except shapes.Rejected as reason:
            if not bound and args and isinstance(args[0], tuple) and tensors_in(args[0]):
                return self._first(module, found, args, kwargs)
            rejected = str(reason)
        except Exception as exc:
            if not bound and isinstance(exc, TypeError):
                rejected = _call_error(exc, module)
            elif args and isinstance(args[0], tuple) and tensors_in(args[0]):
                return self._first(module, found, args, kwargs)
            elif _STRICT and isinstance(next(iter(args), None), torch.Tensor):
                raise
            else:
                return NotImplemented
        return self._answered(module, op, args, kwargs, bound, output, rejected)

    def _first(self, module: nn.Module, found: Any, args: Any, kwargs: Any) -> Any:
        """A tuple came where a tensor goes (what an LSTM returns): go on with its first tensor."""
        op, lower = found
        specs = self.recorder.specs((tensors_in(args[0])[0], *args[1:]))
        try:
            bound = op.complete(lower(module, *specs, **self.recorder.specs(kwargs)))
            output = op.shape(**bound)
        except Exception:
            return NotImplemented
        rejected = f"it takes a tensor, and gets a tuple of {len(args[0])}"
        return self._answered(module, op, args, kwargs, bound, output, rejected)

    def _answered(
        self,
        module: nn.Module,
        op: shapes.Operator,
        args: Any,
        kwargs: Any,
        bound: dict[str, Any],
        output: Any,
        rejected: str | None,
    ) -> Any:
        """Record the call of a leaf, and hand out what stands for its output."""
        recorder = self.recorder
        node = None
        if recorder.root is not None:
            path = recorder.target(module)
            if path in recorder.held and not torch.is_grad_enabled():
                recorder.spared.add(path)
            node = recorder.graph.call_module(path, recorder.nodes(args), recorder.nodes(kwargs))
        layer = recorder.layer(
            op.name if bound else free_name(op.name),
            f"nn.{_torch_name(type(module))}",
            bound,
            output,
            node,
            module,
            definition(module),
            rejected,
        )
        if getattr(module, "inplace", False) and args and isinstance(args[0], torch.Tensor):
            value = recorder.value(args[0])
            value.concrete = False
            recorder.rebind(value, value.spec, node, layer)
            return args[0]
        return self.mode.wrap(output, lambda: node, layer)

    def hooked(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a leaf with its hooks; one of them gives lazy weights their sizes.

        In the graph the call of the module stands for its hooks too: run again, it runs them.
        """
        recorder = self.recorder
        sized = isinstance(module, LazyModuleMixin) and module.has_uninitialized_params()
        given = recorder.nodes(args), recorder.nodes(kwargs)
        first = recorder.last_node()
        held: list[tuple[torch.fx.Node, Any]] = []

        def forward(*inner: Any, **named: Any) -> Any:
            module.__dict__.pop("forward", None)
            try:
                found = shapes.lowering(module)  # a lazy module may be another by now
                if found is None:
                    return self.enter(module, inner, named)
                answer = self.leaf(module, found, inner, named)
                held.append((recorder.last_node(), answer))
                return answer
            finally:
                module.__dict__["forward"] = forward

        module.__dict__["forward"] = forward
        try:
            result = self.call(module, *args, **kwargs)
        finally:
            module.__dict__.pop("forward", None)
        if recorder.root is not None and held:
            call, answer = held[0]
            recorder.stand_for_hooks(first, call, given, result, sized or result is not answer)
        return result


def raised(recorder: Recorder, exc: Exception) -> Raised:
    """What an exception of the user's code says, and where."""
    frames = []
    trace = exc.__traceback__
    while trace is not None:
        frames.append(Frame(trace.tb_frame.f_code, trace.tb_lasti))
        trace = trace.tb_next
    doubt = _doubt(exc) or _strange(recorder, exc)
    return Raised(
        type(exc).__name__,
        told(_first_line, exc),
        recorder.paths[-1],
        # Behind what the traceback knows, from where it was caught inwards, lies what called it.
        recorder.filter.chain((*reversed(frames), *recorder.frames())),
        certain=recorder.blind + recorder.decided == 0 and doubt is None,
        doubt=doubt or "the code had looked at a value or size that is not known",
        given=recorder.blind == 0 and doubt is None,
        deliberate=bool(frames) and is_raised_here(frames[-1]),
    )


def _first_line(exc: Exception) -> str:
    return next(iter(str(exc).strip().splitlines()), "")


def _doubt(exc: Exception) -> str | None:
    """Why an exception proves nothing that may come from where convlint runs, and how."""
    if isinstance(exc, RecursionError):
        return "convlint takes a part of the stack, so that recursion ends sooner than without it"
    text = told(str, exc).lower()
    if ("cuda" in text or "accelerator" in text) and not torch.cuda.is_available():
        return "there is no GPU here"
    if "meta" in text and "device" in text:
        return "convlint keeps tensors on the meta device"
    return None


def _strange(recorder: Recorder, exc: Exception) -> str | None:
    """An operator of which not even the kind of its result is known, where that is what matters."""
    if not isinstance(exc, (TypeError, AttributeError)) and "__array__" not in told(str, exc):
        return None
    if isinstance(exc, AttributeError) and isinstance(exc.obj, torch.Tensor):
        holders = (value.tensor.__dict__ for value in recorder.values())
        if any(
            exc.name in attributes for attributes in holders
        ):  # `__torch_function__` hands it on
            return f"`{exc.name}` was given to another tensor, and may come along with it"
    for layer in recorder.layers:
        outputs = layer.outputs
        lost = layer.rejected is None and all(spec.shape is None for spec in outputs)
        if lost and outputs and all(spec.known for spec in layer.tensors):
            return f"what `{layer.title}` gives is not known"
    return None


def is_caught(recorder: Recorder) -> bool:
    """Whether the user's code calls from within a `try` that has an `except`."""
    return any(frame.caught for frame in recorder.frames())


def _has_hooks(module: nn.Module) -> bool:
    return bool(
        module._forward_hooks
        or module._forward_pre_hooks
        or global_hooks._global_forward_hooks
        or global_hooks._global_forward_pre_hooks
    )


def _torch_name(kind: type) -> str:
    """The name of the nearest class that torch itself defines."""
    for ancestor in kind.__mro__:
        if ancestor.__module__.startswith("torch.nn."):
            return ancestor.__name__
    return kind.__name__


def lost_output(path: str) -> Any:
    """Stands in the graph for what a module gives that ended in an exception.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError(f"the module {path!r} ended in an exception while it was traced")


def _call_error(exc: TypeError, module: nn.Module) -> str:
    text = str(exc)
    name = text.split("(", 1)[0]
    return text.replace(name, f"{type(module).__name__}.forward", 1)
