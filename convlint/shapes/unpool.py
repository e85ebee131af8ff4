"""Unpooling: maxima back to the places they came from.

Formula: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool2d.html
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from convlint.arithmetic.layout import read_image
from convlint.arithmetic.window import explain_unpooling, unpooled_size
from convlint.network import Layer
from convlint.shapes.arguments import not_negative, numbers
from convlint.shapes.memory import fresh, kept
from convlint.shapes.pool import not_empty
from convlint.shapes.registry import Rejected, ShapeFunction, explains, lowers, operator
from convlint.tensor import TensorSpec


def _unpooled(axes: int) -> ShapeFunction:
    def shape(
        input: TensorSpec,
        indices: TensorSpec,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        output_size: Any = None,
    ) -> TensorSpec:
        kernel = numbers(kernel_size, axes, "kernel_size")
        strides = kernel if stride is None else numbers(stride, axes, "stride")
        pads = numbers(padding, axes, "padding")
        if axes == 3 and any(s <= 0 for s in strides):
            raise Rejected("strides should be greater than zero")
        if indices.dtype not in (None, torch.int64):
            raise Rejected(f"elements in indices should be type int64 but got: {indices.dtype}")
        if input.shape is None:
            return fresh(input, None)
        read = read_image(input.shape, None, axes)
        not_empty(read.shape, axes)
        spatial = read.spatial(axes)
        if output_size is not None:
            wanted = tuple(output_size)
            if len(wanted) not in (axes, axes + 2):
                raise Rejected(
                    f"output_size should have {axes} or {axes + 2} elements, but it has "
                    f"{len(wanted)}"
                )
            sizes = numbers(wanted[-axes:], axes, "output_size")
        else:
            if indices.shape is not None and len(indices.shape) == len(read.shape):
                spatial = indices.shape[-axes:]  # an input that was rounded off before
            sizes = tuple(
                not_negative(unpooled_size(n, k, s, p))
                for n, k, s, p in zip(spatial, kernel, strides, pads, strict=True)
            )
        return (kept if axes == 2 else fresh)(input, (*read.shape[:-axes], *sizes))

    return shape


for _axes in (1, 2, 3):
    operator(name=f"max_unpool{_axes}d")(_unpooled(_axes))


def _lowered(
    module: nn.MaxUnpool1d | nn.MaxUnpool2d | nn.MaxUnpool3d,
    input: TensorSpec,
    indices: TensorSpec,
    output_size: Any = None,
) -> dict[str, Any]:
    return {
        "input": input,
        "indices": indices,
        "kernel_size": module.kernel_size,
        "stride": module.stride,
        "padding": module.padding,
        "output_size": output_size,
    }


lowers(nn.MaxUnpool1d, to="max_unpool1d")(_lowered)
lowers(nn.MaxUnpool2d, to="max_unpool2d")(_lowered)
lowers(nn.MaxUnpool3d, to="max_unpool3d")(_lowered)


@explains("max_unpool1d", "max_unpool2d", "max_unpool3d")
def _formula(layer: Layer) -> str | None:
    return explain_unpooling(layer)
