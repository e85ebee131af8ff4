"""Transposed convolutions as rules look at them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convlint.arithmetic.layout import NAMES
from convlint.arithmetic.overlap import Overlap
from convlint.arithmetic.window import axes_of, per_axis, reading
from convlint.dims import known
from convlint.network import Layer, Network

OPERATORS = ("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")


def overlaps(layer: Layer) -> Iterator[tuple[str, Overlap]]:
    """The axes of a transposed convolution whose numbers are known, with their names.

    Nothing where the weights are fixed numbers (a zero insertion, a blur): they say what is meant.
    """
    axes, read, args = axes_of(layer.op), reading(layer), layer.args
    weight, output = args["weight"], layer.output
    if read is None or layer.rejected is not None or weight.shape is None or output.shape is None:
        return
    if read.kind not in ("batched", "unbatched") or not _trained(layer):
        return
    columns = [per_axis(args[name], axes) for name in ("stride", "padding", "dilation")]
    if any(column is None for column in columns):
        return
    rows = zip(
        NAMES[axes], read.spatial(axes), output.shape[-axes:], weight.shape[2:],
        *(column for column in columns if column is not None), strict=True,
    )  # fmt: skip
    for axis, *numbers in rows:
        if known(*numbers) and min(numbers[0], numbers[1]) > 0:
            yield axis, Overlap(*numbers)


def _trained(layer: Layer) -> bool:
    source = layer.args["weight"].source
    return layer.module is not None or (source is not None and source.op == "parameter")


def is_added(layer: Layer, network: Network, within: Sequence[str]) -> bool:
    """Whether the result is added to another map, with only layers `within` between."""
    for _ in range(len(within) + 2):
        users = network.consumers.get(layer.name, ())
        if len(users) != 1:
            return False
        (layer,) = users
        if layer.op == "add":
            return len(layer.tensors) > 1
        if layer.op not in within:
            return False
    return False


def even(layer: Layer) -> str:
    """The arguments that give the same size with windows that overlap evenly and reach the end."""
    columns = zip(*(overlap.even() for _, overlap in overlaps(layer)), strict=True)
    names = ("kernel_size", "padding", "output_padding")
    text = ", ".join(f"{name}={_numbers(c)}" for name, c in zip(names, columns, strict=True))
    return (
        text
        if all(overlap.dilation == 1 for _, overlap in overlaps(layer))
        else (f"{text}, dilation=1")
    )


def _numbers(values: tuple[int, ...]) -> str:
    return str(values[0]) if len(set(values)) == 1 else str(values)
