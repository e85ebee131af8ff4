"""Fourier transforms and complex numbers: https://docs.pytorch.org/docs/stable/fft.html"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from convlint.dims import Dim, Shape
from convlint.network import Layer
from convlint.shapes.broadcast import elementwise
from convlint.shapes.promotion import complexed, floating, real
from convlint.shapes.reduction import axes_of
from convlint.shapes.registry import Rejected, explains, operator
from convlint.tensor import CONTIGUOUS, TensorSpec


def onesided(n: Dim) -> Dim:
    """How many frequencies of a real signal of length `n` there are."""
    return n // 2 + 1


def restored(n: Dim) -> Dim:
    """How long the real signal behind `n` frequencies is."""
    return 2 * (n - 1)


def frames(n: Dim, window: Dim, hop: Dim, center: bool) -> Dim:
    """How many windows of a short-time transform fit on a signal of length `n`."""
    padded = n + window // 2 * 2 if center else n
    return (padded - window) // hop + 1


# -- one axis


def _along(
    input: TensorSpec, n: Dim | None, dim: int, change: Callable[[Dim], Dim], dtype: Any
) -> TensorSpec:
    if change is onesided:
        _real_input(input)
    axes = None if input.shape is None else axes_of(dim, len(input.shape))
    if input.shape is None or axes is None:
        return TensorSpec(None, dtype, None)
    if not axes:
        raise Rejected(f"Dimension specified as {dim} but tensor has no dimensions")
    (axis,) = axes
    size = input.shape[axis] if n is None else n
    _positive(size)
    made = change(size) if n is None or change is not restored else n
    _positive(made)
    return TensorSpec(_with(input.shape, {axis: made}), dtype, None)


def _real_input(input: TensorSpec) -> None:
    if input.dtype is not None and input.dtype.is_complex:
        raise Rejected(f"a real-valued input tensor is expected, but got {input.dtype}")


def _positive(size: Dim) -> None:
    if size < 1:
        raise Rejected(f"Invalid number of data points ({size}) specified")


def _with(shape: Shape, sizes: dict[int, Dim]) -> Shape:
    return tuple(sizes.get(i, size) for i, size in enumerate(shape))


def _kept(n: Dim) -> Dim:
    return n


def _complex_one(
    input: TensorSpec, n: Dim | None = None, dim: int = -1, norm: Any = None
) -> TensorSpec:
    return _along(input, n, dim, _kept, complexed(input.dtype))


def _halved_one(
    input: TensorSpec, n: Dim | None = None, dim: int = -1, norm: Any = None
) -> TensorSpec:
    return _along(input, n, dim, onesided, complexed(input.dtype))


def _restored_one(
    input: TensorSpec, n: Dim | None = None, dim: int = -1, norm: Any = None
) -> TensorSpec:
    return _along(input, n, dim, restored, real(floating(input.dtype)))


for _name in ("fft", "ifft"):
    operator(f"fft.{_name}", only=True, name=f"fft_{_name}")(_complex_one)
for _name in ("rfft", "ihfft"):
    operator(f"fft.{_name}", only=True, name=f"fft_{_name}")(_halved_one)
for _name in ("irfft", "hfft"):
    operator(f"fft.{_name}", only=True, name=f"fft_{_name}")(_restored_one)


# -- several axes


def _transformed(
    input: TensorSpec, s: Any, dim: Any, last: Callable[[Dim], Dim], dtype: Any
) -> TensorSpec:
    if input.shape is None:
        return TensorSpec(None, dtype, None)
    rank = len(input.shape)
    if last is onesided:
        _real_input(input)
    if s is not None and len(s) > rank:
        raise Rejected(
            f"Got shape with {len(s)} values but input tensor only has {rank} dimensions."
        )
    if dim is None:
        dim = tuple(range(rank)) if s is None else tuple(range(rank - len(s), rank))
    dims = tuple(dim) if isinstance(dim, (tuple, list)) else (dim,)
    if not dims and last is not _kept:
        raise Rejected("at least one axis must be transformed")
    if not rank and dims:
        raise Rejected(f"Dimension specified as {dims[0]} but tensor has no dimensions")
    if not all(isinstance(d, int) for d in dims):
        return TensorSpec(None, dtype, None)
    if not all(-rank <= d < rank for d in dims):
        return TensorSpec(input.shape, dtype, None)  # missing-dimension
    places = [d % rank for d in dims]
    if len(set(places)) < len(places):
        raise Rejected("FFT dims must be unique")
    if s is not None and len(s) != len(places):
        raise Rejected("When given, dim and shape arguments must have the same length")
    sizes = {p: input.shape[p] for p in places}
    for place, size in zip(places, s or (), strict=False):
        if not (isinstance(size, int) and size == -1):
            sizes[place] = size
    for size in sizes.values():
        _positive(size)
    if not places:
        return TensorSpec(input.shape, dtype, None)
    given = s is not None and not (isinstance(s[-1], int) and s[-1] == -1)
    if not (last is restored and given):
        sizes[places[-1]] = last(sizes[places[-1]])
    for size in sizes.values():
        _positive(size)
    return TensorSpec(_with(input.shape, sizes), dtype, None)


def _complex_two(
    input: TensorSpec, s: Any = None, dim: Any = (-2, -1), norm: Any = None
) -> TensorSpec:
    return _transformed(input, s, dim, _kept, complexed(input.dtype))


def _complex_all(input: TensorSpec, s: Any = None, dim: Any = None, norm: Any = None) -> TensorSpec:
    return _transformed(input, s, dim, _kept, complexed(input.dtype))


def _halved_two(
    input: TensorSpec, s: Any = None, dim: Any = (-2, -1), norm: Any = None
) -> TensorSpec:
    return _transformed(input, s, dim, onesided, complexed(input.dtype))


def _halved_all(input: TensorSpec, s: Any = None, dim: Any = None, norm: Any = None) -> TensorSpec:
    return _transformed(input, s, dim, onesided, complexed(input.dtype))


def _restored_two(
    input: TensorSpec, s: Any = None, dim: Any = (-2, -1), norm: Any = None
) -> TensorSpec:
    return _transformed(input, s, dim, restored, real(floating(input.dtype)))


def _restored_all(
    input: TensorSpec, s: Any = None, dim: Any = None, norm: Any = None
) -> TensorSpec:
    return _transformed(input, s, dim, restored, real(floating(input.dtype)))


for _name, _function in {
    "fft2": _complex_two, "ifft2": _complex_two, "fftn": _complex_all, "ifftn": _complex_all,
    "rfft2": _halved_two, "ihfft2": _halved_two, "rfftn": _halved_all, "ihfftn": _halved_all,
    "irfft2": _restored_two, "hfft2": _restored_two, "irfftn": _restored_all,
    "hfftn": _restored_all,
}.items():  # fmt: skip
    operator(f"fft.{_name}", only=True, name=f"fft_{_name}")(_function)


def _shifted(input: TensorSpec, dim: Any = None) -> TensorSpec:
    if input.shape == ():
        raise Rejected("the input has no dimension that could be shifted")
    return TensorSpec(input.shape, input.dtype, CONTIGUOUS if input.strides == CONTIGUOUS else None)


operator("fft.fftshift", only=True, name="fft_fftshift")(_shifted)
operator("fft.ifftshift", only=True, name="fft_ifftshift")(_shifted)


@operator("fft.fftfreq", only=True)
def fft_fftfreq(n: Dim, d: Any = 1.0, dtype: Any = None) -> TensorSpec:
    return TensorSpec((n,), dtype or torch.get_default_dtype())


@operator("fft.rfftfreq", only=True)
def fft_rfftfreq(n: Dim, d: Any = 1.0, dtype: Any = None) -> TensorSpec:
    return TensorSpec((onesided(n),), dtype or torch.get_default_dtype())


@explains("fft_rfft", "fft_rfft2", "fft_rfftn")
def _formula(layer: Layer) -> str | None:
    (given,), (made,) = layer.tensors[:1], layer.outputs
    if given.shape is None or made.shape is None:
        return None
    sizes = layer.args.get("n", layer.args.get("s"))
    dim = layer.args["dim"]
    last = dim[-1] if isinstance(dim, (tuple, list)) else -1 if dim is None else dim
    size = given.shape[last] if sizes is None else sizes if isinstance(sizes, int) else sizes[-1]
    return f"⌊{size}/2⌋ + 1 = {made.shape[last]}"


# -- short-time transforms


@operator("functional.stft")
def stft(
    input: TensorSpec,
    n_fft: Dim,
    hop_length: Dim | None = None,
    win_length: Dim | None = None,
    window: TensorSpec | None = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> TensorSpec:
    if input.shape is None:
        return TensorSpec(None, None, None)
    if len(input.shape) not in (1, 2):
        raise Rejected(
            f"expected a 1D or 2D tensor of floating types, but got {len(input.shape)} dimensions"
        )
    length = input.shape[-1]
    _check_window(n_fft, win_length, window)
    if not center and length < n_fft:
        raise Rejected(f"expected 0 < n_fft <= {length}, but got n_fft={n_fft}")
    if center and pad_mode in ("reflect", "circular") and length <= n_fft // 2:
        raise Rejected(
            f"the {pad_mode} padding of n_fft // 2 = {n_fft // 2} needs a longer signal"
            f" than {length}"
        )
    hop = n_fft // 4 if hop_length is None else hop_length
    _positive_hop(hop)
    half = onesided if onesided is not None else not _is_complex(input, window)
    if half and _is_complex(input, window):
        raise Rejected("Cannot have onesided output if window or input is complex")
    rows = n_fft // 2 + 1 if half else n_fft
    shape: Shape = (*input.shape[:-1], rows, frames(length, n_fft, hop, center))
    dtype = complexed(input.dtype)
    if return_complex is False:
        return TensorSpec((*shape, 2), real(dtype), None)
    if return_complex is None and not _is_complex(input, window):
        raise Rejected("stft requires the return_complex parameter be given for real inputs")
    return TensorSpec(shape, dtype, None)


@operator("functional.istft", "Tensor.istft")
def istft(
    input: TensorSpec,
    n_fft: Dim,
    hop_length: Dim | None = None,
    win_length: Dim | None = None,
    window: TensorSpec | None = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: Dim | None = None,
    return_complex: bool = False,
) -> TensorSpec:
    dtype = input.dtype if return_complex else real(input.dtype)
    if input.shape is None:
        return TensorSpec(None, dtype, None)
    if len(input.shape) not in (2, 3):
        raise Rejected(f"expected a tensor with 2 or 3 dimensions, but got {len(input.shape)}")
    if input.dtype is not None and not input.dtype.is_complex:
        raise Rejected("istft requires a complex-valued input tensor")
    _check_window(n_fft, win_length, window)
    hop = n_fft // 4 if hop_length is None else hop_length
    _positive_hop(hop)
    half = onesided if onesided is not None else input.shape[-2] != n_fft
    rows = n_fft // 2 + 1 if half else n_fft
    if input.shape[-2] != rows:
        raise Rejected(
            f"expected the frequency dimension (2nd to the last) of the input to be {rows} for"
            f" n_fft={n_fft}, but got {input.shape[-2]}"
        )
    if length is None:
        whole = n_fft + hop * (input.shape[-1] - 1)
        length = whole - n_fft // 2 * 2 if center else whole
    return TensorSpec((*input.shape[:-2], length), dtype, None)


def _is_complex(*tensors: TensorSpec | None) -> bool:
    return any(t is not None and t.dtype is not None and t.dtype.is_complex for t in tensors)


def _positive_hop(hop: Dim) -> None:
    if hop < 1:
        raise Rejected(f"expected hop_length > 0, but got hop_length={hop}")


def _check_window(n_fft: Dim, win_length: Dim | None, window: TensorSpec | None) -> None:
    if n_fft < 1:
        raise Rejected(f"expected n_fft > 0, but got n_fft={n_fft}")
    width = n_fft if win_length is None else win_length
    if width < 1 or width > n_fft:
        raise Rejected(f"expected 0 < win_length <= n_fft, but got win_length={width}")
    if window is None or window.shape is None:
        return
    if len(window.shape) != 1 or window.shape[0] != width:
        raise Rejected(
            f"expected a 1D window tensor of size equal to win_length={width}, but got window"
            f" with size {list(window.shape)}"
        )


# -- complex numbers


@operator
def complex(real: TensorSpec, imag: TensorSpec) -> TensorSpec:
    _one_dtype(real, imag)
    return elementwise(complexed(real.dtype), real, imag)


@operator
def polar(abs: TensorSpec, angle: TensorSpec) -> TensorSpec:
    _one_dtype(abs, angle)
    return elementwise(complexed(abs.dtype), abs, angle)


def _one_dtype(first: TensorSpec, second: TensorSpec) -> None:
    if first.dtype is None or second.dtype is None:
        return
    if first.dtype != second.dtype or not first.dtype.is_floating_point:
        raise Rejected(
            f"Expected both inputs to be Half, Float or Double tensors of one dtype but got"
            f" {first.dtype} and {second.dtype}"
        )


@operator("Tensor.real.__get__", name="real")
def _real_part(input: TensorSpec) -> TensorSpec:
    if input.dtype is not None and not input.dtype.is_complex:
        return input
    return _part(input)


@operator("Tensor.imag.__get__", name="imag")
def _imaginary_part(input: TensorSpec) -> TensorSpec:
    if input.dtype is not None and not input.dtype.is_complex:
        raise Rejected("imag is not implemented for tensors with non-complex dtypes.")
    return _part(input)


def _part(input: TensorSpec) -> TensorSpec:
    strides = input.element_strides()
    doubled = None if strides is None else tuple(2 * s for s in strides)
    return TensorSpec(input.shape, real(input.dtype), doubled)


@operator
def view_as_real(input: TensorSpec) -> TensorSpec:
    if input.dtype is not None and not input.dtype.is_complex:
        raise Rejected("view_as_real is only supported for complex tensors")
    if input.shape is None:
        return TensorSpec(None, real(input.dtype), None)
    if input.strides == CONTIGUOUS:
        return TensorSpec((*input.shape, 2), real(input.dtype))
    part = _part(input)
    strides = None if not isinstance(part.strides, tuple) else (*part.strides, 1)
    return TensorSpec((*input.shape, 2), part.dtype, strides)


@operator
def view_as_complex(input: TensorSpec) -> TensorSpec:
    dtype = None if input.dtype is None else complexed(input.dtype)
    if input.dtype is not None and not input.dtype.is_floating_point:
        raise Rejected(
            f"view_as_complex is only supported for floating point tensors, but got a tensor of"
            f" scalar type: {input.dtype}"
        )
    if input.shape is None:
        return TensorSpec(None, dtype, None)
    if not input.shape or input.shape[-1] != 2:
        raise Rejected("Tensor must have a last dimension of size 2")
    if input.strides == CONTIGUOUS:
        return TensorSpec(input.shape[:-1], dtype)
    strides = input.element_strides()
    if strides is None:
        return TensorSpec(input.shape[:-1], dtype, None)
    if strides[-1] != 1:
        raise Rejected("Tensor must have a stride of 1 for last dimension")
    if any(s % 2 != 0 and n != 1 for s, n in zip(strides[:-1], input.shape[:-1], strict=True)):
        raise Rejected("Tensor must have a stride divisible by 2 for all but last dimension")
    return TensorSpec(input.shape[:-1], dtype, tuple(s // 2 for s in strides[:-1]))


@operator
def conj(input: TensorSpec) -> TensorSpec:
    return input


@operator
def resolve_conj(input: TensorSpec) -> TensorSpec:
    return input if input.strides == CONTIGUOUS else input.with_shape(input.shape, None)


@operator
def resolve_neg(input: TensorSpec) -> TensorSpec:
    return input
