"""What torch itself makes of a model: the output shapes of its modules and of the whole."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.modules.module as hooks
from torch import nn

from benchmarks.zoo.model import Call, Model
from convlint.tensor import TensorSpec

Shapes = list[list[int]]

SMALL = 600_000_000
"""Weights up to which a network is run on the CPU where the meta device will not do."""


@dataclass(frozen=True)
class Truth:
    """Output shapes, in the order of the calls, by module path; `device` is where it ran.

    `error` is what torch raised in the last way that was tried, if none worked.
    """

    device: str
    modules: dict[str, list[Shapes]]
    output: Shapes
    error: str = ""
    failed_in: str = ""
    """The path of the innermost module whose forward raised."""


def truth(model: Model, module: nn.Module, call: Call) -> Truth:
    """Run a network without data, or else on the CPU, or with fake tensors if it is too large.

    `module` may be changed: it is moved to the meta device.
    """
    small = sum(p.numel() for p in module.parameters()) <= SMALL
    found = _on_meta(module, call)
    if found.error:
        found = _on_cpu(model, call) if small else _fake(model, call)
    return found


def _on_meta(module: nn.Module, call: Call) -> Truth:
    return observed(
        "meta",
        lambda: module.to("meta"),
        lambda: call.filled(lambda spec: torch.empty(spec.shape, dtype=spec.dtype, device="meta")),
    )


def _on_cpu(model: Model, call: Call) -> Truth:
    return observed("cpu", model.make, lambda: call.filled(data))


def _fake(model: Model, call: Call) -> Truth:
    """Fake tensors also answer where sizes are asked of the data, but may corrupt the heap."""
    from torch._subclasses import FakeTensorMode

    with FakeTensorMode(allow_non_fake_inputs=True):
        return observed(
            "fake", model.make, lambda: call.filled(lambda s: torch.empty(s.shape, dtype=s.dtype))
        )


def data(spec: TensorSpec) -> torch.Tensor:
    """Values that are legal for what takes them: numbers between 0 and 1, small indices."""
    shape, dtype = spec.shape, spec.dtype
    assert shape is not None
    assert dtype is not None
    if dtype is torch.bool:
        return torch.ones(shape, dtype=dtype)
    return torch.rand(shape).to(dtype)


def observed(device: str, make: Callable[[], nn.Module], fill: Callable[[], Call]) -> Truth:
    """Call a module in evaluation mode and note what comes out of every module in it."""
    modules: dict[str, list[Shapes]] = {}
    paths: dict[int, str] = {}
    entered: list[str] = []
    handles: list[Any] = []

    def enter(module: nn.Module, args: Any) -> None:
        entered.append(paths.get(id(module), "?"))

    def leave(module: nn.Module, args: Any, output: Any) -> None:
        entered.pop()
        path = paths.get(id(module))
        if path is not None:
            modules.setdefault(path, []).append(shapes(output))

    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.manual_seed(0)  # some networks stop when their own answer tells them to
            module = make().eval()
            call = fill()
            for path, part in module.named_modules():
                paths.setdefault(id(part), path)
            handles += [
                hooks.register_module_forward_pre_hook(enter),
                hooks.register_module_forward_hook(leave),
            ]
            output = shapes(module(*call.args, **call.kwargs))
    except Exception as exc:
        text = f"{type(exc).__name__}: {exc}".split("\n")[0][:300]
        return Truth(device, modules, [], text, entered[-1] if entered else "")
    finally:
        for handle in handles:
            handle.remove()
    return Truth(device, modules, output)


def shapes(value: Any) -> Shapes:
    """The shapes of the tensors in a value, in order (-1 for a size that is not known)."""
    return list(_shapes(value, 0))


def _shapes(value: Any, depth: int) -> Iterator[list[int]]:
    if isinstance(value, (torch.Tensor, TensorSpec)):
        yield (
            [d if isinstance(d, int) else -1 for d in (*value.shape,)]
            if (value.shape is not None)
            else [-2]
        )
    elif isinstance(value, dict):
        for item in value.values():
            yield from _shapes(item, depth)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _shapes(item, depth)
    elif hasattr(value, "__dict__") and depth < 3 and not isinstance(value, (nn.Module, type)):
        yield from _shapes(vars(value), depth + 1)
