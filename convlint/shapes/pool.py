"""Pooling: windows that take the maximum or a mean, and pools that aim at an output size.

Formula: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from convlint.arithmetic.layout import read_image
from convlint.arithmetic.window import explain_windows, is_mean, window_size
from convlint.dims import Dim, Shape, Unknown, guess
from convlint.shapes.arguments import numbers, positive, survived, whole
from convlint.shapes.memory import fresh, kept, kept_sequence, unless_contiguous
from convlint.shapes.promotion import floating
from convlint.shapes.registry import Rejected, ShapeFunction, explains, lowers, operator
from convlint.tensor import TensorSpec


def _pooled(
    axes: int,
    input: TensorSpec,
    kernel_size: Any,
    stride: Any,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: Any = False,
    whole_window: bool = False,
) -> Shape | None:
    """The shape that comes out of windows of `kernel_size`.

    Args:
        whole_window: whether one window must lie inside the input, as torch has it in 3d means.
    """
    kernel = numbers(kernel_size, axes, "kernel_size")
    empty = stride is None or (isinstance(stride, (tuple, list)) and not stride)
    strides = kernel if empty else numbers(stride, axes, "stride")
    pads = numbers(padding, axes, "padding")
    dilations = numbers(dilation, axes, "dilation")
    positive(kernel, "kernel_size")
    positive(strides, "stride")
    positive(dilations, "dilation")
    if any(p < 0 for p in pads):
        raise Rejected("padding must not be negative")
    if input.shape is None:
        return None
    read = read_image(input.shape, None, axes)
    not_empty(read.shape, axes)
    sizes: list[Dim] = []
    for n, k, s, p, d in zip(read.spatial(axes), kernel, strides, pads, dilations, strict=True):
        size = survived(window_size(n, k, s, 2 * p, d, bool(ceil_mode)))
        impossible = p * 2 > k or (whole_window and n < k)
        sizes.append(Unknown(guess(size)) if impossible else size)
    return (*read.shape[:-axes], *sizes)


def not_empty(shape: Shape, axes: int) -> None:
    """Refuse an input without elements; only the batch may be empty.

    Raises:
        Rejected: it has none.
    """
    if any(n == 0 for n in shape[-axes - 1 :]):
        raise Rejected(f"expected an input with elements, but got one of size {list(shape)}")


def _max_pool(axes: int, indices: bool) -> ShapeFunction:
    def shape(
        input: TensorSpec,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: Any = False,
        return_indices: Any = False,
    ) -> Any:
        sizes = _pooled(axes, input, kernel_size, stride, padding, dilation, ceil_mode)
        pair = indices or bool(return_indices)
        if axes == 1:
            output = kept_sequence(input, sizes) if pair else fresh(input, sizes)
        elif axes == 3 and sizes is not None and len(sizes) == 4:
            output = unless_contiguous(input, sizes)
        else:
            output = kept(input, sizes)
        return _with_indices(output, pair)

    return shape


def _with_indices(output: TensorSpec, indices: bool) -> Any:
    return (output, output.with_dtype(torch.int64)) if indices else output


def _avg_pool(axes: int) -> ShapeFunction:
    def shape(
        input: TensorSpec,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: Any = False,
        count_include_pad: Any = True,
        divisor_override: Any = None,
    ) -> TensorSpec:
        if isinstance(divisor_override, int) and divisor_override == 0:
            raise Rejected("divisor must be not zero")
        sizes = _pooled(axes, input, kernel_size, stride, padding, 1, ceil_mode, axes == 3)
        return _averaged(axes, input, sizes)

    return shape


def _averaged(axes: int, input: TensorSpec, shape: Shape | None) -> TensorSpec:
    """The result of a mean over windows, in the order in which torch writes it."""
    return (kept_sequence, kept, fresh)[axes - 1](input, shape)


def _lp_pool(axes: int) -> ShapeFunction:
    def shape(
        input: TensorSpec,
        norm_type: Any,
        kernel_size: Any,
        stride: Any = None,
        ceil_mode: Any = False,
    ) -> TensorSpec:
        if axes == 1 and isinstance(kernel_size, (tuple, list)):
            raise Rejected("kernel_size of lp_pool1d must be a number")
        sizes = _pooled(axes, input, kernel_size, stride, 0, 1, ceil_mode, axes == 3)
        return unless_contiguous(input.with_dtype(floating(input.dtype)), sizes)

    return shape


def _adaptive(axes: int, indices: bool | None) -> ShapeFunction:
    """`indices` is None for a mean, which has none."""

    def sizes(input: TensorSpec, output_size: Any) -> TensorSpec:
        wanted: tuple[Any, ...]
        if output_size is None:
            raise Rejected("output_size must not be None; only one of its numbers may be")
        if isinstance(output_size, (tuple, list)):
            wanted = tuple(output_size)
            if len(wanted) != axes:
                raise Rejected(f"output_size must be one number or {axes}, not {len(wanted)}")
        else:
            wanted = (output_size,) * axes
        if any(isinstance(n, int) and n < 0 for n in wanted):
            raise Rejected(f"output_size must not be negative, but it is {output_size}")
        if input.shape is None:
            return fresh(input, None)
        shape = input.shape
        mean = is_mean(output_size, shape, axes, maximum=indices is not None)
        if not mean:
            shape = read_image(shape, None, axes).shape
            not_empty(shape, axes)
        spatial = (
            n if w is None else whole(w, "output_size")
            for w, n in zip(wanted, shape[-axes:], strict=True)
        )
        shape = (*shape[:-axes], *spatial)
        if mean:
            if input.dtype is not None and not (
                input.dtype.is_floating_point or input.dtype.is_complex
            ):
                raise Rejected(f"its mean cannot be taken: its dtype is {input.dtype}")
            return unless_contiguous(input, shape)
        if indices is None:
            return _averaged(axes, input, shape)
        if axes == 3:
            return unless_contiguous(input, shape)
        return kept_sequence(input, shape) if axes == 1 else kept(input, shape)

    def mean(input: TensorSpec, output_size: Any) -> TensorSpec:
        return sizes(input, output_size)

    def maximum(input: TensorSpec, output_size: Any, return_indices: Any = False) -> Any:
        return _with_indices(sizes(input, output_size), bool(indices) or bool(return_indices))

    return mean if indices is None else maximum


def _fractional(axes: int, indices: bool) -> ShapeFunction:
    def shape(
        input: TensorSpec,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: Any = False,
        _random_samples: Any = None,
    ) -> Any:
        kernel = numbers(kernel_size, axes, "kernel_size")
        if output_size is None and output_ratio is None:
            raise Rejected("requires specifying either an output_size or an output_ratio")
        if input.shape is None:
            return _with_indices(fresh(input, None), indices or bool(return_indices))
        read = read_image(input.shape, None, axes)
        not_empty(read.shape, axes)
        spatial = read.spatial(axes)
        wanted = fractional_sizes(spatial, output_size, output_ratio, axes)
        for n, k, w in zip(spatial, kernel, wanted, strict=True):
            if w < 0:
                raise Rejected(f"output_size must not be negative, but it is {output_size}")
            if w + k - 1 > (n - 1 if axes == 3 else n):  # one less in torch's 3d pool
                raise Rejected(f"an output of {w} with a kernel of {k} is too large for {n}")
        output = fresh(input, (*read.shape[:-axes], *wanted))
        return _with_indices(output, indices or bool(return_indices))

    return shape


def fractional_sizes(
    spatial: Shape, output_size: Any, output_ratio: Any, axes: int
) -> tuple[Dim, ...]:
    """The sizes that fractional pooling gives.

    Raises:
        Rejected: another count of numbers.
    """
    if output_size is not None:
        return numbers(output_size, axes, "output_size")
    ratios = (output_ratio,) * 3 if axes == 3 and isinstance(output_ratio, float) else output_ratio
    if not isinstance(ratios, (tuple, list)) or len(ratios) != axes:  # F.*2d takes no number
        raise Rejected(f"output_ratio must be {axes} numbers, but it is {ratios}")
    return tuple(
        Unknown(int(guess(n) * r)) if isinstance(n, Unknown) else int(n * r)
        for n, r in zip(spatial, ratios, strict=True)
    )


for _axes in (1, 2, 3):
    operator(name=f"max_pool{_axes}d")(_max_pool(_axes, indices=False))
    operator(name=f"max_pool{_axes}d_with_indices")(_max_pool(_axes, indices=True))
    operator(name=f"avg_pool{_axes}d")(_avg_pool(_axes))
    operator(name=f"lp_pool{_axes}d")(_lp_pool(_axes))
    operator(name=f"adaptive_avg_pool{_axes}d")(_adaptive(_axes, indices=None))
    operator(name=f"adaptive_max_pool{_axes}d")(_adaptive(_axes, indices=False))
    operator(name=f"adaptive_max_pool{_axes}d_with_indices")(_adaptive(_axes, indices=True))
for _axes in (2, 3):
    operator(name=f"fractional_max_pool{_axes}d", random=True)(_fractional(_axes, indices=False))
    operator(name=f"fractional_max_pool{_axes}d_with_indices", random=True)(
        _fractional(_axes, indices=True)
    )


def _attributes(*names: str) -> Any:
    """A lowering that hands the input and the module's attributes over."""

    def lower(module: nn.Module, input: TensorSpec) -> dict[str, Any]:
        return {"input": input} | {name: getattr(module, name) for name in names}

    return lower


_MAX = _attributes("kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")
_AVG = _attributes(
    "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"
)
_AVG1 = _attributes("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")
_LP = _attributes("norm_type", "kernel_size", "stride", "ceil_mode")
_FRACTIONAL = _attributes("kernel_size", "output_size", "output_ratio", "return_indices")

lowers(nn.MaxPool1d, to="max_pool1d")(_MAX)
lowers(nn.MaxPool2d, to="max_pool2d")(_MAX)
lowers(nn.MaxPool3d, to="max_pool3d")(_MAX)
lowers(nn.AvgPool1d, to="avg_pool1d")(_AVG1)
lowers(nn.AvgPool2d, to="avg_pool2d")(_AVG)
lowers(nn.AvgPool3d, to="avg_pool3d")(_AVG)
lowers(nn.LPPool1d, to="lp_pool1d")(_LP)
lowers(nn.LPPool2d, to="lp_pool2d")(_LP)
lowers(nn.LPPool3d, to="lp_pool3d")(_LP)
lowers(nn.AdaptiveAvgPool1d, to="adaptive_avg_pool1d")(_attributes("output_size"))
lowers(nn.AdaptiveAvgPool2d, to="adaptive_avg_pool2d")(_attributes("output_size"))
lowers(nn.AdaptiveAvgPool3d, to="adaptive_avg_pool3d")(_attributes("output_size"))
lowers(nn.AdaptiveMaxPool1d, to="adaptive_max_pool1d")(_attributes("output_size", "return_indices"))
lowers(nn.AdaptiveMaxPool2d, to="adaptive_max_pool2d")(_attributes("output_size", "return_indices"))
lowers(nn.AdaptiveMaxPool3d, to="adaptive_max_pool3d")(_attributes("output_size", "return_indices"))
lowers(nn.FractionalMaxPool2d, to="fractional_max_pool2d")(_FRACTIONAL)
lowers(nn.FractionalMaxPool3d, to="fractional_max_pool3d")(_FRACTIONAL)

explains(
    *(f"{kind}_pool{axes}d" for kind in ("max", "avg", "lp") for axes in (1, 2, 3)),
    *(f"max_pool{axes}d_with_indices" for axes in (1, 2, 3)),
)(explain_windows)
