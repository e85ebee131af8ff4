"""Windows that slide along an axis: convolution and pooling in plain arithmetic.

Formulas: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html,
.../torch.nn.ConvTranspose2d.html and .../torch.nn.MaxPool2d.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from convlint.arithmetic.layout import NAMES, Reading, read_image
from convlint.dims import Dim, Unknown, guess, known

if TYPE_CHECKING:
    from convlint.network import Layer
    from convlint.tensor import TensorSpec


_SLIDING: Final = ("conv", "max_pool", "avg_pool", "lp_pool")
WINDOWED: Final = (
    *(f"{kind}{axes}d" for kind in _SLIDING for axes in (1, 2, 3)),
    *(f"max_pool{axes}d_with_indices" for axes in (1, 2, 3)),
)
"""The operators with windows that `windows` reads, but for `im2col`."""


def window_size(
    n: Dim, kernel: Dim, stride: Dim, padding: Dim, dilation: Dim, ceil: bool = False
) -> Dim:
    """How often a window fits along an axis; `padding` counts both ends together."""
    room = n + padding - dilation * (kernel - 1) - 1
    if not ceil:
        return room // stride + 1
    out = (room + stride - 1) // stride + 1
    # the last window must begin inside the input or the padding before it
    before = padding // 2
    if known(out, n, before, stride) and (guess(out) - 1) * guess(stride) >= guess(n + before):
        return out - 1
    return out


def transposed_size(
    n: Dim, kernel: Dim, stride: Dim, padding: Dim, dilation: Dim, output_padding: Dim = 0
) -> Dim:
    """Output size of a transposed convolution along an axis; `padding` counts both ends."""
    return (n - 1) * stride - padding + dilation * (kernel - 1) + output_padding + 1


@dataclass(frozen=True, slots=True)
class Window:
    """The window of a layer along one axis, with the numbers of one call."""

    axis: str
    """`L`; `H`, `W`; `D`, `H`, `W`."""
    size: Dim
    """The input's size."""
    kernel: Dim
    stride: Dim
    padding: tuple[Dim, Dim]
    """Before and after."""
    dilation: Dim = 1
    ceil: bool = False

    @property
    def extent(self) -> Dim:
        """How far the window reaches: the kernel with the holes of its dilation."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def padded(self) -> Dim:
        """The input's size with its padding."""
        return self.size + self.padding[0] + self.padding[1]

    @property
    def output(self) -> Dim:
        """How often the window fits; zero or less where it does not."""
        padding = self.padding[0] + self.padding[1]
        return window_size(self.size, self.kernel, self.stride, padding, self.dilation, self.ceil)

    @property
    def smallest(self) -> int:
        """The smallest input that gives an output of 1."""
        room = guess(self.extent) - guess(self.padding[0] + self.padding[1])
        room -= guess(self.stride) - 1 if self.ceil else 0
        return max(1, room)

    def formula(self) -> str:
        """The formula with the numbers in it."""
        before, after = self.padding
        pads = f"2·{before}" if before == after else f"{before} + {after}"
        left, right = ("⌈", "⌉") if self.ceil else ("⌊", "⌋")
        text = (
            f"{left}({self.size} + {pads} − {self.dilation}·({self.kernel}−1) − 1)/{self.stride}"
            f"{right} + 1"
        )
        plain = window_size(self.size, self.kernel, self.stride, before + after, self.dilation)
        if self.ceil and known(plain, self.output):
            full = (guess(self.padded) - guess(self.extent) + guess(self.stride) - 1) // guess(
                self.stride
            ) + 1
            if self.output != full:
                text += " − 1 (the last window would begin in the padding)"
        return f"{text} = {self.output}"


def per_axis(value: Any, axes: int) -> tuple[Any, ...] | None:
    """One number for every axis, as torch expands a single one; None for the wrong count.

    A number that lies in a tensor is not known.
    """
    given = value if isinstance(value, (tuple, list)) else (value,)
    if len(given) not in (1, axes):
        return None
    numbers = tuple(Unknown() if hasattr(n, "dtype") else n for n in given)
    return numbers if len(numbers) == axes else numbers * axes


@cache
def axes_of(op: str) -> int:
    """Over how many axes an operator slides: 2 for `conv2d`, `max_pool2d_with_indices`."""
    for part in op.split("_"):
        if part[-1:] == "d" and part[-2:-1].isdigit():
            return int(part[-2])
    return _AXES.get(op, 0)


_AXES: Final = {"im2col": 2}


def reading(layer: Layer) -> Reading | None:
    """The input of a layer that takes images, as the layer reads it (or would)."""
    image = layer.args.get("input")
    axes = axes_of(layer.op)
    if image is None or image.shape is None or not axes:
        return None
    return read(image, channels_of(layer), axes)


def read(image: TensorSpec, channels: Dim | None, axes: int) -> Reading:
    """What `read_image` says of the shape of `image`, but that nobody takes a map for NHWC.

    A square map may have as many columns as a layer takes channels.
    """
    assert image.shape is not None
    found = read_image(image.shape, channels, axes)
    if found.kind != "batched" and len(image.shape) == axes + 2 and is_map(image):
        return Reading("batched", image.shape)
    return found


def is_map(tensor: TensorSpec) -> bool | None:
    """Whether the last axes are the sides of an image, as far as the layers before it tell."""
    source = tensor.source
    while source is not None:
        if source.op in _FEATURED:
            return False
        if axes_of(source.op) or source.op in _MAPPED:
            return True
        if source.op in ("cat", "stack"):
            dim, shape = source.args.get("dim"), source.outputs[0].shape
            if shape is None or dim in (-1, len(shape) - 1):
                return False
        source = next((t.source for t in source.tensors if t.source is not None), None)
    return None


_MAPPED: Final = frozenset({"interpolate", "pixel_shuffle", "pixel_unshuffle"})
_FEATURED: Final = frozenset(
    {"permute", "transpose", "swapaxes", "movedim", "view", "reshape", "unflatten", "linear",
     "einsum", "matmul", "bmm", "layer_norm", "rms_norm", "embedding",
     "scaled_dot_product_attention", "multi_head_attention_forward"}
)  # fmt: skip
"""Layers behind which the last axis is what the author has made it, or has features."""


def channels_of(layer: Layer) -> Dim | None:
    """How many channels a convolution takes; None for other layers."""
    if not layer.op.startswith("conv"):
        return None
    weight = layer.args.get("weight")
    if weight is None or weight.shape is None:
        return None
    if len(weight.shape) < 2:  # no weight of a convolution
        return None
    if layer.op.startswith("conv_transpose"):
        first: Dim = weight.shape[0]
        return first
    groups: Dim = layer.args["groups"]
    return weight.shape[1] * groups  # type: ignore[no-any-return]


def windows(layer: Layer) -> tuple[Window, ...]:
    """The windows of a convolution, pooling or unfold, one for every axis; else none."""
    axes = axes_of(layer.op)
    read = reading(layer)
    if read is None or layer.rejected is not None or "transpose" in layer.op:
        return ()
    args = layer.args
    if layer.op.startswith("conv"):
        kernel = args["weight"].shape[2:] if args["weight"].shape is not None else None
    elif layer.op.startswith(("max_pool", "avg_pool", "lp_pool", "im2col")):
        kernel = per_axis(args["kernel_size"], axes)
    else:
        return ()
    if kernel is None or len(kernel) != axes:
        return ()
    stride = args["stride"]
    strides = kernel if stride is None or stride == [] or stride == () else per_axis(stride, axes)
    dilations = per_axis(args.get("dilation", 1), axes)
    if strides is None or dilations is None:
        return ()
    pads = paddings(args.get("padding", 0), kernel, dilations)
    if pads is None:
        return ()
    ceil = bool(args.get("ceil_mode", False))
    return tuple(
        Window(axis, n, k, s, ends, d, ceil)
        for axis, n, k, s, ends, d in zip(
            NAMES[axes], read.spatial(axes), kernel, strides, pads, dilations, strict=True
        )
    )


def paddings(
    padding: Any, kernel: Sequence[Dim], dilation: Sequence[Dim]
) -> tuple[tuple[Dim, Dim], ...] | None:
    """What `padding` adds before and after every axis; None for the wrong count."""
    if padding == "same":
        totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return tuple((t // 2, t - t // 2) for t in totals)
    numbers = per_axis(0 if padding == "valid" else padding, len(kernel))
    return None if numbers is None else tuple((p, p) for p in numbers)


def explain_windows(layer: Layer) -> str | None:
    """The formula of a layer's windows with the numbers in it, per axis where they differ."""
    return spelled([(w.axis, w.formula()) for w in windows(layer)])


def spelled(formulas: Sequence[tuple[str, str]]) -> str | None:
    """One formula where all axes agree, else `H: ...; W: ...`."""
    if not formulas:
        return None
    if len({text for _, text in formulas}) == 1:
        return formulas[0][1]
    return "; ".join(f"{axis}: {text}" for axis, text in formulas)


def unpooled_size(n: Dim, kernel: Dim, stride: Dim, padding: Dim) -> Dim:
    """Size that unpooling gives where none is asked for; `padding` counts one end."""
    return (n - 1) * stride + kernel - 2 * padding


def explain_unpooling(layer: Layer) -> str | None:
    """The formula of unpooling with the numbers in it."""
    axes, read, args = axes_of(layer.op), reading(layer), layer.args
    if read is None or args["output_size"] is not None:
        return None
    kernel = per_axis(args["kernel_size"], axes) or ()
    strides = kernel if args["stride"] is None else per_axis(args["stride"], axes) or ()
    pads = per_axis(args["padding"], axes) or ()
    rows = zip(NAMES[axes], read.spatial(axes), kernel, strides, pads, strict=True)
    return spelled(
        [
            (axis, f"({n} − 1)·{s} + {k} − 2·{p} = {unpooled_size(n, k, s, p)}")
            for axis, n, k, s, p in rows
        ]
    )


def pad_ends(pad: Sequence[Any]) -> list[tuple[Dim, Dim]]:
    """What `F.pad` adds before and after the axes it pads, in the order of the axes.

    torch names the last axis first: `(left, right, top, bottom)`.  A number that lies in a
    tensor is not known.
    """
    ends = [end if isinstance(end, (int, Unknown)) else Unknown() for end in pad]
    return [(ends[i], ends[i + 1]) for i in range(len(ends) - 2, -1, -2)]


def scaled(n: Dim, factor: Any) -> Dim:
    """Size after interpolation by `factor`."""
    if not isinstance(factor, (int, float)):
        return Unknown(guess(n))
    if factor == int(factor):
        return n * int(factor)
    return Unknown(int(guess(n) * factor)) if isinstance(n, Unknown) else int(n * factor)


_MODE_AXES: Final = {"linear": 1, "bilinear": 2, "bicubic": 2, "lanczos": 2, "trilinear": 3}


def mode_axes(mode: Any, rank: int) -> int | None:
    """How many axes a mode of interpolation resizes; None for no mode of torch's."""
    if mode in ("nearest", "nearest-exact", "area"):
        return rank - 2
    return _MODE_AXES.get(mode)


def is_mean(output_size: Any, shape: Sequence[Dim], axes: int, maximum: bool = False) -> bool:
    """Whether adaptive pooling is a plain mean, which torch takes of any number of axes."""
    least = axes + 1 if isinstance(output_size, (tuple, list)) else axes
    if maximum or axes == 1 or len(shape) < least:
        return False
    wanted = per_axis(output_size, axes) or ()
    spatial = shape[len(shape) - axes :]
    return all((n if w is None else w) == 1 for w, n in zip(wanted, spatial, strict=True))
