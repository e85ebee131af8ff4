"""Kernel, stride, padding, dilation and rounding of a layer that slides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from convlint.advice.origin import origin
from convlint.arithmetic.window import axes_of
from convlint.diagnostic import Proposal
from convlint.dims import guess, known
from convlint.fix.argument import of_call, of_definition, set_argument
from convlint.fix.fault import Fault
from convlint.fix.misfit import misfits
from convlint.fix.proposal import proposer
from convlint.network import Layer
from convlint.tensor import TensorSpec

_DEEP: Final = 6
_SLIDES: Final = ("conv", "max_pool", "avg_pool", "lp_pool", "max_unpool", "im2col", "col2im")


@proposer
def windows(fault: Fault) -> Iterator[Proposal]:
    """One argument of the layer itself, or of those that set the side that does not fit."""
    if fault.layer is None:
        return
    done: set[str] = set()
    own = fault.layer.op.startswith(_SLIDES)
    if own:
        done.add(fault.layer.name)
        yield from _varied(fault, fault.layer, 0)
    # How large a map is that a linear layer reads is the input's doing, and seldom a window's.
    far = 0 if fault.layer.op.startswith((*_SLIDES, "add", "sub", "mul", "cat")) else 3
    sides = [(m.tensor, m.axis) for m in misfits(fault.layer)]
    given = fault.layer.args.get("input")
    if isinstance(given, TensorSpec) and given.shape:
        sides += [
            (given, axis) for axis in range(-min(len(given.shape), axes_of(fault.layer.op)), 0)
        ]
        sides.append((given, -1))
    for tensor, axis in sides:
        for depth, layer in enumerate(_setting(tensor, axis)):
            if layer.name not in done and layer.op.startswith(_SLIDES):
                done.add(layer.name)
                yield from _varied(fault, layer, depth + own + far)


def _setting(tensor: TensorSpec, axis: int) -> Iterator[Layer]:
    """The layers that changed this side, from the last to the first."""
    for _ in range(_DEEP):
        layer = origin(tensor, axis)
        if layer is None or not layer.outputs:
            return
        yield layer
        given = next((t for t in layer.tensors if t.source is not None), None)
        if given is None or given.shape is None or len(given.shape) < -axis:
            return
        tensor = given


def _varied(fault: Fault, layer: Layer, depth: int) -> Iterator[Proposal]:
    site = fault.sources.site(layer.definition_frames if layer.module is not None else layer.frames)
    if site is None:
        return
    names = of_definition(layer) if layer.module is not None else of_call(layer)
    for rank, name, old, new in _variations(layer):
        if name in names:
            for feed in set_argument(site, names, name, old, new):
                yield Proposal(rank + feed.cost + depth, feed.edits)


def _variations(layer: Layer) -> Iterator[tuple[int, str, Any, Any]]:
    """Rank, argument, what it is and what it might be."""

    def held(name: str, otherwise: Any = None) -> Any:
        value = layer.args.get(name, getattr(layer.module, name, otherwise))
        flat = value if isinstance(value, (tuple, list)) else (value,)
        if flat and all(n == flat[0] for n in flat):
            return flat[0]
        return tuple(flat)

    kernel = held("kernel_size")
    weight = layer.args.get("weight")
    if kernel is None and isinstance(weight, TensorSpec) and weight.shape:
        kernel = weight.shape[-1]
    stride, padding, dilation = held("stride"), held("padding", 0), held("dilation", 1)
    if "ceil_mode" in layer.args:
        yield 0, "ceil_mode", layer.args["ceil_mode"], not layer.args["ceil_mode"]
    if layer.op.startswith("conv_transpose"):
        for pad in (0, 1, 2):
            yield 1, "output_padding", held("output_padding", 0), pad
        for step in (2, 1, 3, 4):
            yield 2, "stride", stride, step
    for name, values in (("kernel_size", kernel), ("stride", stride), ("padding", padding)):
        if isinstance(values, tuple) and known(*values):
            for i, n in enumerate(values):  # one axis differs from the others
                for other in (1, *values):
                    if other != n:
                        yield 3, name, values, (*values[:i], other, *values[i + 1 :])
    if not known(kernel, padding, dilation) or not isinstance(kernel, int):
        return
    reach = guess(dilation) * (kernel - 1) if isinstance(dilation, int) else kernel - 1
    pool = "pool" in layer.op
    keeping = reach // 2 if not pool else kernel // 2
    pads = [n for n in range(reach + 1) if not pool or 2 * n <= kernel]
    for pad in sorted(pads, key=lambda p: (p != keeping, abs(p - _number(padding)))):
        yield 1 if pad == keeping else 4, "padding", padding, pad
    for step in (1, 2, 3, 4):
        yield 2, "stride", stride, step
    for size in sorted(range(1, kernel + 4), key=lambda n: (abs(n - kernel), n))[1:6]:
        yield 3, "kernel_size", kernel, size
    if dilation != 1:
        yield 3, "dilation", dilation, 1


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
