"""Padding with constants, mirrored, repeated or wrapped borders; negative padding cuts off.

Formula: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html
"""

from __future__ import annotations

from typing import Any

from torch import nn

from convlint.arithmetic.layout import NAMES
from convlint.arithmetic.window import pad_ends, spelled
from convlint.network import Layer
from convlint.shapes.arguments import not_negative, whole
from convlint.shapes.memory import fresh, kept, unless_contiguous
from convlint.shapes.registry import Rejected, explains, lowers, operator
from convlint.tensor import TensorSpec

_MODES = ("constant", "reflect", "replicate", "circular")


@operator("constant_pad_nd")
def pad(input: TensorSpec, pad: Any, mode: Any = "constant", value: Any = None) -> TensorSpec:
    if not isinstance(pad, (tuple, list)):
        raise Rejected(f"pad must be a list of whole numbers, but it is {pad!r}")
    if len(pad) % 2:
        raise Rejected(f"padding length must be divisible by 2, but it is {len(pad)}")
    ends = pad_ends([whole(p, "pad") for p in pad])
    if not isinstance(mode, str):
        mode, value = "constant", mode  # as torch.constant_pad_nd takes its arguments
    if mode not in _MODES:
        raise Rejected(f"unrecognised padding mode {mode}")
    if mode != "constant" and isinstance(value, (int, float)) and value != 0:
        raise Rejected(f'padding mode "{mode}" doesn\'t take in value argument')
    if input.shape is None:
        return fresh(input, None)
    rest = len(input.shape) - len(ends)
    if rest < 0:  # more axes are padded than there are
        ends, rest = ends[-rest:], 0
    sizes = (
        not_negative(n + before + after)
        for n, (before, after) in zip(input.shape[rest:], ends, strict=True)
    )
    shape = (*input.shape[:rest], *sizes)
    if mode == "circular":
        return fresh(input, shape)
    if mode == "constant" and not any(before > 0 or after > 0 for before, after in ends):
        return unless_contiguous(input, shape)  # a copy in the order of the input
    return kept(input, shape)


def _lowered(mode: str) -> Any:
    def lower(module: Any, input: TensorSpec) -> dict[str, Any]:
        value = module.value if mode == "constant" else None
        return {"input": input, "pad": module.padding, "mode": mode, "value": value}

    return lower


lowers(
    nn.ConstantPad1d, nn.ConstantPad2d, nn.ConstantPad3d, nn.ZeroPad1d, nn.ZeroPad2d,
    nn.ZeroPad3d, to="pad",
)(_lowered("constant"))  # fmt: skip
lowers(nn.ReflectionPad1d, nn.ReflectionPad2d, nn.ReflectionPad3d, to="pad")(_lowered("reflect"))
lowers(nn.ReplicationPad1d, nn.ReplicationPad2d, nn.ReplicationPad3d, to="pad")(
    _lowered("replicate")
)
lowers(nn.CircularPad1d, nn.CircularPad2d, nn.CircularPad3d, to="pad")(_lowered("circular"))


@explains("pad")
def _formula(layer: Layer) -> str | None:
    image, ends = layer.args["input"], pad_ends(layer.args["pad"])
    if image.shape is None or len(ends) > len(image.shape):
        return None
    names = NAMES.get(len(ends), tuple(f"axis {d}" for d in range(-len(ends), 0)))
    rows = zip(names, image.shape[-len(ends) :], ends, strict=True)
    return spelled([(axis, f"{n} + {b} + {a} = {n + b + a}") for axis, n, (b, a) in rows])
