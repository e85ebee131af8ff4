"""What tracing must leave as it was: the module, and torch's settings."""

from __future__ import annotations

import contextlib
import random
import sys
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter, is_lazy

from convlint.surroundings import kept


@contextlib.contextmanager
def restored(module: nn.Module | None = None) -> Iterator[None]:
    """Put back what user code changes: attributes of modules, random numbers, torch's defaults."""
    parts = [_Part(m) for m in module.modules()] if module is not None else []
    dtype, grad = torch.get_default_dtype(), torch.is_grad_enabled()
    device = _default_device()
    seed, numbers = torch.get_rng_state(), random.getstate()
    numpy = sys.modules.get("numpy.random")
    numpy_numbers = numpy.get_state() if numpy is not None else None
    try:
        with kept():
            yield
    finally:
        for part in parts:
            part.restore()
        if _default_device() is not device:
            torch.set_default_device(device.device if device is not None else None)
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(grad)
        torch.set_rng_state(seed)
        random.setstate(numbers)
        if numpy is not None:
            numpy.set_state(numpy_numbers)


def _default_device() -> Any:
    return getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)


class _Part:
    """A module's attributes, and what its containers hold."""

    __slots__ = ("containers", "kind", "module", "values")

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self.kind = type(module)
        self.values = dict(module.__dict__)
        # Most of them, the dicts of hooks above all, are empty, and stay so.
        self.containers = [
            (held, held.copy() if held else None)
            for held in self.values.values()
            if type(held) in _CONTAINERS
        ]
        for held in (module._parameters, module._buffers):
            for name, tensor in held.items():
                if tensor is not None and is_lazy(tensor):  # filled in place otherwise
                    held[name] = _fresh(tensor)

    def restore(self) -> None:
        """Put everything back that was there."""
        if type(self.module) is not self.kind:  # a lazy module that knows its sizes by now
            self.module.__class__ = self.kind
        names = self.module.__dict__
        names.update(self.values)
        if len(names) > len(self.values):
            for name in names.keys() - self.values.keys():
                del names[name]
        for held, before in self.containers:
            if before is None:
                if held:
                    held.clear()
            elif isinstance(held, list):
                held[:] = before
            else:
                held.clear()
                held.update(before)


def _fresh(tensor: Any) -> Any:
    is_parameter = isinstance(tensor, UninitializedParameter)
    kind: Any = UninitializedParameter if is_parameter else UninitializedBuffer
    return kind(tensor.requires_grad, "meta", tensor.data.dtype)


_CONTAINERS = frozenset({dict, OrderedDict, list, set})
