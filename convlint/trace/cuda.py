"""`torch.cuda` while tracing, where nothing runs on a GPU and often there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import torch

from convlint.trace.recorder import Recorder

_ACTIONS: Final = (
    "empty_cache", "init", "ipc_collect", "reset_max_memory_allocated", "reset_peak_memory_stats",
    "set_device", "set_stream", "synchronize",
)  # fmt: skip
_QUESTIONS: Final = (
    ("get_device_capability", (0, 0)), ("get_device_name", ""), ("memory_summary", ""),
)  # fmt: skip
_OBJECTS: Final = ("Event", "Stream", "current_stream", "default_stream", "device", "stream")
_TYPES: Final = (
    "BFloat16Tensor", "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor",
    "HalfTensor", "IntTensor", "LongTensor", "ShortTensor",
)  # fmt: skip


def idle(recorder: Recorder, put: Callable[[Any, str, Any], None]) -> None:
    """Put in the place of `torch.cuda`'s functions what needs no GPU.

    What acts on the GPU does nothing; what asks about it is answered for the first one, or, where
    there is none, for one that can do nothing special.
    """
    for name in _ACTIONS:
        put(torch.cuda, name, _nothing())
    for name in ("mark", "range_end", "range_pop", "range_push", "range_start"):
        put(torch.cuda.nvtx, name, _nothing())
    put(torch.Tensor, "record_stream", _nothing())
    for name in _OBJECTS:
        put(torch.cuda, name, _Idle)
    for name in _TYPES:
        put(torch.cuda, name, getattr(torch, name))
    put(torch.cuda, "current_device", lambda: 0)
    put(torch.cuda, "is_current_stream_capturing", lambda: False)
    for name, plain in _QUESTIONS:
        put(torch.cuda, name, _asked(recorder, getattr(torch.cuda, name), plain))


def _nothing() -> Callable[..., None]:
    """One function for each place: torch._dynamo keeps a table of torch's functions."""
    return lambda *args, **kwargs: None


class _Idle:
    """A stream, an event, the context of a device: there is nothing to order or to wait for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None: ...

    record = synchronize = wait = wait_event = wait_stream = _nothing()

    def record_event(self, event: Any = None) -> Any:
        """The event that stands for this moment."""
        return event or _Idle()

    def query(self) -> bool:
        """All work is done."""
        return True

    def elapsed_time(self, end: object) -> float:
        """Milliseconds."""
        return 0.0


def _asked(recorder: Recorder, ask: Callable[..., Any], plain: Any) -> Callable[..., Any]:
    def answer(*args: Any, **kwargs: Any) -> Any:
        if torch.cuda.is_available():
            return ask(*args, **kwargs)
        if recorder.root is not None:
            recorder.assume("the kind of the GPU", repr(plain))
        return plain

    return answer
