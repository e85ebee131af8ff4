"""Build the user's module without memory for weights.

Parameters and large tensors are made on the meta device, small constants for real, so that
`torch.linspace(...).tolist()`, `.item()` and index tables simply work.  Where that fails, the
module is built on the CPU as in a real run.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from convlint.frame import Frame
from convlint.network import Raised
from convlint.trace.mode import TraceMode
from convlint.trace.modules import noted_definitions, raised, traced_calls
from convlint.trace.patches import patched
from convlint.trace.recorder import Recorder


class ConstructionError(Exception):
    """The user's constructor (or factory) raised; `frames` says where."""

    def __init__(self, raised: Raised) -> None:
        super().__init__(f"{raised.exception}: {raised.message}" if raised.message else raised.exception)
        self.raised = raised

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The user's frames, innermost first."""
        return self.raised.frames


def build(make: Callable[[], Any]) -> Any:
    """What `make()` returns, built without memory for weights.

    Raises:
        ConstructionError: it raises on the CPU as well.
    """
    with noted_definitions(), patched(), _offline():
        recorder = Recorder(None)
        mode = TraceMode(recorder)
        try:
            with mode, traced_calls(recorder, mode):
                result = make()
            if not recorder.raised:
                return result
        except Exception:
            pass
        try:
            with torch.device("cpu"):
                return make()
        except Exception as exc:
            raise ConstructionError(raised(recorder, exc)) from exc


@contextlib.contextmanager
def _offline() -> Iterator[None]:
    """Nothing is downloaded while linting: `pretrained=True` is an error, and a fast one."""
    import torch.hub

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("convlint downloads nothing: build the network without pretrained weights")

    names = ("load_state_dict_from_url", "download_url_to_file")
    before = {name: getattr(torch.hub, name) for name in names}
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    for name in names:
        setattr(torch.hub, name, refuse)
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(torch.hub, name, function)


def is_module(value: Any) -> bool:
    """Whether `value` is a ready network."""
    return isinstance(value, nn.Module)
