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
    layouts: dict[tuple[str, ...], tuple[str, ...]] = {}
    parts = [_Part(m, layouts) for m in module.modules()] if module is not None else []
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
    """A module's attributes, and what its containers hold.

    A network has thousands, and each counts at the peak of a check's memory: the names of the
    attributes, which all modules of a kind share, are kept once, in `layouts`, and of containers
    only those are copied that hold something; the dicts of hooks above all are empty.
    """

    __slots__ = ("filled", "kind", "module", "names", "values")

    def __init__(self, module: nn.Module, layouts: dict[tuple[str, ...], tuple[str, ...]]) -> None:
        self.module = module
        self.kind = type(module)
        names = tuple(module.__dict__)
        self.names = layouts.setdefault(names, names)
        self.values = tuple(module.__dict__.values())
        self.filled = tuple(
            [(held, held.copy()) for held in self.values if type(held) in _CONTAINERS and held]
        )
        for held in (module._parameters, module._buffers):
            for name, tensor in held.items():
                if tensor is not None and is_lazy(tensor):  # filled in place otherwise
                    held[name] = _fresh(tensor)

    def restore(self) -> None:
        """Put everything back that was there."""
        if type(self.module) is not self.kind:  # a lazy module that knows its sizes by now
            self.module.__class__ = self.kind
        names = self.module.__dict__
        names.update(zip(self.names, self.values, strict=True))
        if len(names) > len(self.names):
            for name in names.keys() - set(self.names):
                del names[name]
        for held in self.values:
            if type(held) in _CONTAINERS and held:
                held.clear()
        for held, before in self.filled:
            if isinstance(held, list):
                held[:] = before
            else:
                held.update(before)


def _fresh(tensor: Any) -> Any:
    is_parameter = isinstance(tensor, UninitializedParameter)
    kind: Any = UninitializedParameter if is_parameter else UninitializedBuffer
    return kind(tensor.requires_grad, "meta", tensor.data.dtype)


_CONTAINERS = frozenset({dict, OrderedDict, list, set})
