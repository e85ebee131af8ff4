"""Transposed convolution.

Formula: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html
"""

from __future__ import annotations

from typing import Any

from torch import nn

from convlint.arithmetic.layout import NAMES
from convlint.arithmetic.window import axes_of, per_axis, read, reading, spelled, transposed_size
from convlint.dims import Dim, Unknown, guess
from convlint.network import Layer
from convlint.shapes.arguments import numbers, positive, survived
from convlint.shapes.conv import computed, fits_bias, kernel_of, laid_out, seen
from convlint.shapes.memory import fresh
from convlint.shapes.registry import Rejected, ShapeFunction, explains, lowers, operator, parameter
from convlint.tensor import TensorSpec


def _transposed(axes: int) -> ShapeFunction:
    def shape(
        input: TensorSpec,
        weight: TensorSpec,
        bias: TensorSpec | None = None,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: Any = 1,
        dilation: Any = 1,
        output_size: Any = None,
    ) -> TensorSpec:
        kernel = kernel_of(weight, axes)
        strides = numbers(stride, axes, "stride")
        dilations = numbers(dilation, axes, "dilation")
        pads = numbers(padding, axes, "padding")
        extra = numbers(output_padding, axes, "output_padding")
        positive(strides, "stride")
        positive(dilations, "dilation")
        positive((groups,), "groups")
        if any(p < 0 for p in pads):
            raise Rejected("negative padding is not supported")
        if any(p < 0 for p in extra):
            raise Rejected("negative output_padding is not supported")
        out = None if weight.shape is None else weight.shape[1] * groups
        if out is not None and out == 0:
            raise Rejected(f"the weights {weight} have no elements")
        fits_bias(bias, out)
        if input.shape is None or weight.shape is None or kernel is None or out is None:
            return fresh(input, None)
        image = read(input, weight.shape[0], axes)
        seen(input, image.shape, axes)
        sizes = wanted_sizes(output_size, axes)
        if sizes is None:
            sizes = tuple(
                _size(n, k, s, p, d, o)
                for n, k, s, p, d, o in zip(
                    image.spatial(axes), kernel, strides, pads, dilations, extra, strict=True
                )
            )
        return laid_out(
            axes, computed(input, weight), weight, (*image.shape[: -axes - 1], out, *sizes)
        )

    return shape


def _size(n: Dim, kernel: Dim, stride: Dim, padding: Dim, dilation: Dim, extra: Dim) -> Dim:
    size = survived(transposed_size(n, kernel, stride, 2 * padding, dilation, extra))
    impossible = extra >= stride and extra >= dilation  # another stride will give another size
    return Unknown(guess(size)) if impossible else size


def wanted_sizes(output_size: Any, axes: int) -> tuple[Dim, ...] | None:
    """The spatial sizes that `output_size` asks for; the batch and channels in it do not count.

    Raises:
        Rejected: they are no sizes.
    """
    if output_size is None:
        return None
    given = tuple(output_size)[-axes:]
    if len(given) < axes:
        return (Unknown(),) * axes
    sizes = numbers(given, axes, "output_size")
    positive(sizes, "output_size")
    return sizes


for _axes in (1, 2, 3):
    operator(name=f"conv_transpose{_axes}d")(_transposed(_axes))


def _lowered(
    module: nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d,
    input: TensorSpec,
    output_size: Any = None,
) -> dict[str, Any]:
    shape = (module.in_channels, module.out_channels // module.groups, *module.kernel_size)
    return {
        "input": input,
        "weight": parameter(module, "weight", shape),
        "bias": parameter(module, "bias", (module.out_channels,)),
        "stride": module.stride,
        "padding": module.padding,
        "output_padding": module.output_padding,
        "groups": module.groups,
        "dilation": module.dilation,
        "output_size": output_size,
    }


lowers(nn.ConvTranspose1d, to="conv_transpose1d")(_lowered)
lowers(nn.ConvTranspose2d, to="conv_transpose2d")(_lowered)
lowers(nn.ConvTranspose3d, to="conv_transpose3d")(_lowered)


@explains("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def _formula(layer: Layer) -> str | None:
    axes, read, args = axes_of(layer.op), reading(layer), layer.args
    if read is None or args["weight"].shape is None:
        return None
    columns = [read.spatial(axes), args["weight"].shape[2:]]
    for name in ("stride", "padding", "dilation", "output_padding"):
        columns.append(per_axis(args[name], axes) or ())
    formulas = []
    for axis, (n, k, s, p, d, o) in zip(NAMES[axes], zip(*columns, strict=True), strict=True):
        out = transposed_size(n, k, s, 2 * p, d, o)
        text = f"({n} − 1)·{s} − 2·{p} + {d}·({k}−1) + {o} + 1 = {out}"
        formulas.append((axis, text))
    return spelled(formulas)
