"""Build the user's module without memory for weights.

Parameters and large tensors are made on the meta device, small constants for real, so that
`torch.linspace(...).tolist()`, `.item()` and index tables simply work.  Where that fails, or
where the constructor looks at what is not there, the module is built on the CPU as in a real run.
"""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import torch
import torch.hub

from convlint import memory
from convlint.frame import Frame
from convlint.network import Layer, Raised
from convlint.trace.mode import TraceMode
from convlint.trace.modules import noted_definitions, raised, traced_calls
from convlint.trace.patches import patched, putter
from convlint.trace.recorder import Recorder
from convlint.trace.state import restored

_REFUSAL: Final = "convlint downloads nothing: build the network without pretrained weights"


class ConstructionError(Exception):
    """The user's constructor (or factory) raised; `frames` says where."""

    def __init__(self, raised: Raised) -> None:
        super().__init__(": ".join(part for part in (raised.exception, raised.message) if part))
        self.raised = raised

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The user's frames, innermost first."""
        return self.raised.frames


def build(make: Callable[[], Any], refused: Callable[[Layer], bool] | None = None) -> Any:
    """What `make()` returns, built without memory for weights.

    Args:
        refused: tells of one call in the constructor whether torch would raise; the module is
            then built on the CPU, where it does.

    Raises:
        ConstructionError: it raises on the CPU as well.
    """
    recorder = Recorder(None, refused)
    with restored(), noted_definitions(), patched(recorder), _offline(recorder):
        mode = TraceMode(recorder)
        made: list[Any] = []
        with contextlib.suppress(Exception):
            with mode, traced_calls(recorder, mode), _uninitialised(recorder):
                made.append(make())
            if not recorder.raised and not recorder.blind and not recorder.decided:
                return made[0]
        try:
            with torch.device("cpu"):
                return make()
        except Exception as exc:
            if made and not recorder.raised:  # only the real weights are too many, or need a GPU
                return made[0]
            if memory.is_exhausted(exc):
                raise
            raise ConstructionError(raised(recorder, exc)) from exc


@contextlib.contextmanager
def _uninitialised(recorder: Recorder) -> Iterator[None]:
    """`torch.nn.init` has nothing to fill: some of it would look at what it has filled in."""

    def passing(fill: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(fill)  # torch hands it to the function mode by this name
        def pass_by(tensor: Any, *args: Any, **kwargs: Any) -> Any:
            if recorder.is_foreign() or recorder.value(tensor).concrete:
                return fill(tensor, *args, **kwargs)
            return tensor

        return pass_by

    with contextlib.ExitStack() as stack:
        put = putter(stack)
        for name, fill in list(vars(torch.nn.init).items()):
            if name.endswith("_") and not name.endswith("__") and callable(fill):
                put(torch.nn.init, name, passing(fill))
        yield


@contextlib.contextmanager
def _offline(recorder: Recorder) -> Iterator[None]:
    """Nothing is downloaded while linting: `pretrained=True` is an error, and a fast one."""
    resolve = socket.getaddrinfo

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(_REFUSAL)

    def unreachable(*args: Any, **kwargs: Any) -> Any:
        if recorder.is_foreign():
            return resolve(*args, **kwargs)
        raise OSError(_REFUSAL)

    with contextlib.ExitStack() as stack:
        put = putter(stack)
        put(torch.hub, "load_state_dict_from_url", refuse)
        put(torch.hub, "download_url_to_file", refuse)
        put(socket, "getaddrinfo", unreachable)
        constants = sys.modules.get("huggingface_hub.constants")
        if constants is not None:
            put(constants, "HF_HUB_OFFLINE", True)
        if "HF_HUB_OFFLINE" not in os.environ:
            os.environ["HF_HUB_OFFLINE"] = "1"
            stack.callback(os.environ.pop, "HF_HUB_OFFLINE", None)
        yield
