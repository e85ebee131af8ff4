"""What to write so that one branch of a join gets the size of the other.

Used where two branches meet and do not fit: element-wise arithmetic and concatenation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from convlint.dims import Dim, guess, known
from convlint.network import Layer
from convlint.origin import origin
from convlint.tensor import TensorSpec
from convlint.window import Window, axes_of, windows

_SHALLOW = 16


def mends(branch: TensorSpec, wanted: Mapping[int, Dim], other: TensorSpec) -> Iterator[str]:
    """Help for `branch`, whose axes (counted from the end) should have the sizes `wanted`.

    `other` is the tensor that it meets.
    """
    shape = branch.shape
    if shape is None or not wanted or not known(*wanted.values()):
        return
    chain = tuple(_setting(branch, min(wanted)))
    if not chain:
        return
    last = chain[0]
    axes = axes_of(last.op)
    if axes and min(wanted) < -axes:
        yield from _channels(last, wanted, axes)
    elif last.op == "linear" and set(wanted) == {-1}:
        yield f"write out_features={wanted[-1]} in `{last.title}`"
    elif last.op == "interpolate":
        yield from _interpolated(last, wanted, shape, other)
    elif last.op.startswith("conv_transpose"):
        yield from _transposed(last, wanted, shape)
    else:
        yield from _windowed(chain, wanted)


def restored(branch: TensorSpec, other: TensorSpec, wanted: Mapping[int, Dim]) -> Iterator[str]:
    """Help where `branch` came down from `other` and up again to another size."""
    if branch.shape is None or not known(*wanted.values()):
        return
    axis = max(wanted)
    lowest, found = guess(branch.shape[axis]), False
    grew = False
    for layer in _setting(branch, axis):
        before = layer.tensors[0]
        if before.shape is None or len(before.shape) < -axis:
            return
        if guess(before.shape[axis]) < guess(layer.outputs[0].shape[axis]):  # type: ignore[index]
            grew = True
        lowest = min(lowest, guess(before.shape[axis]))
        if before.shape[axis] == wanted[axis]:
            found = grew
            break
    if not found or lowest < 1:
        return
    multiple = round(guess(branch.shape[axis]) / lowest)
    if multiple < 2:
        return
    limits = ", ".join(f":{n}" for n in _tail(other, min(wanted)))
    if guess(branch.shape[axis]) > guess(wanted[axis]):
        yield f"crop it: write [..., {limits}] on the larger one"
    up = "; ".join(
        f"{size} is not, {-(-guess(size) // multiple) * multiple} is" for size in wanted.values()
    )
    yield f"or pad the input so that this side is a multiple of {multiple} here: {up}"


def _tail(tensor: TensorSpec, first: int) -> tuple[Dim, ...]:
    return tensor.shape[first:] if tensor.shape is not None else ()


def _setting(tensor: TensorSpec, axis: int) -> Iterator[Layer]:
    """The layers that changed this side, from the last to the first."""
    for _ in range(_SHALLOW):
        layer = origin(tensor, axis)
        if layer is None or not layer.tensors or not layer.outputs:
            return
        yield layer
        tensor = layer.tensors[0]
        if tensor.source is None or tensor.shape is None or len(tensor.shape) < -axis:
            return


def _channels(layer: Layer, wanted: Mapping[int, Dim], axes: int) -> Iterator[str]:
    size = wanted.get(-axes - 1)
    made = layer.outputs[0].shape
    if size is None or made is None or not layer.op.startswith("conv"):
        return
    yield f"write out_channels={size} in `{layer.title}`"
    if len(wanted) == 1:
        have = made[-axes - 1]
        yield f"or bring the other branch to {have} channels: nn.Conv{axes}d({size}, {have}, 1)"


def _interpolated(
    layer: Layer, wanted: Mapping[int, Dim], shape: tuple[Dim, ...], other: TensorSpec
) -> Iterator[str]:
    axes = len(shape) - 2
    sizes = tuple(wanted.get(axis, shape[axis]) for axis in range(-axes, 0))
    if axes < 1 or min(wanted) < -axes:
        return
    instead = f" instead of scale_factor={layer.args['scale_factor']}" if layer.args.get(
        "scale_factor"
    ) else ""
    target = f"y.shape[-{axes}:]" if axes > 1 else "y.shape[-1:]"
    text = f"resize to the size of the other operand: pass size={target}, here {_written(sizes)},"
    where = "" if layer.module is None else f" (F.interpolate takes it, `{layer.title}` does not)"
    yield f"{text}{instead or ' to F.interpolate'}{where}"


def _transposed(
    layer: Layer, wanted: Mapping[int, Dim], shape: tuple[Dim, ...]
) -> Iterator[str]:
    axes = axes_of(layer.op)
    given = layer.args["output_padding"]
    pads = tuple(given) if isinstance(given, (tuple, list)) else (given,) * axes
    stride = layer.args["stride"]
    strides = tuple(stride) if isinstance(stride, (tuple, list)) else (stride,) * axes
    if len(pads) != axes or len(strides) != axes or not known(*pads, *strides):
        return
    need = tuple(
        guess(pads[i]) + guess(wanted.get(i - axes, shape[i - axes])) - guess(shape[i - axes])
        for i in range(axes)
    )
    sizes = tuple(wanted.get(i - axes, shape[i - axes]) for i in range(axes))
    if all(0 <= n < guess(s) for n, s in zip(need, strides, strict=True)):
        yield f"write output_padding={_written(need)} in `{layer.title}`"
        yield f"or call it with output_size={_written(sizes, always=True)}"


def _windowed(chain: tuple[Layer, ...], wanted: Mapping[int, Dim]) -> Iterator[str]:
    last = chain[0]
    found = windows(last)
    if not found:
        return
    targets = tuple(
        wanted.get(i - len(found), w.output) for i, w in enumerate(found)
    )
    pool = "pool" in last.op
    for text, tried in _changes(found, pool):
        if all(w.output == size for w, size in zip(tried, targets, strict=True)):
            yield f"write {text} in `{last.title}`"
            break
    else:
        yield from _padded(chain, wanted)


def _changes(found: tuple[Window, ...], pool: bool) -> Iterator[tuple[str, tuple[Window, ...]]]:
    """One argument changed at a time, the likeliest first."""
    if pool:
        turned = not found[0].ceil
        yield f"ceil_mode={turned}", tuple(replace(w, ceil=turned) for w in found)
    for stride in (1, 2, 3, 4):
        if stride != found[0].stride:
            yield f"stride={stride}", tuple(replace(w, stride=stride) for w in found)
    if not known(*(w.kernel for w in found), *(w.dilation for w in found)):
        return
    most = max(guess(w.kernel) // 2 if pool else guess(w.extent) for w in found)
    now = guess(found[0].padding[0])
    for pad in sorted(range(most + 1), key=lambda p: abs(p - now)):
        if pad != now:
            yield f"padding={pad}", tuple(replace(w, padding=(pad, pad)) for w in found)


def _padded(chain: tuple[Layer, ...], wanted: Mapping[int, Dim]) -> Iterator[str]:
    """Several layers in a row shrink the branch: the padding that keeps the size in each."""
    axis = max(wanted)
    names = []
    pads = set()
    for layer in chain:
        found = windows(layer)
        if len(found) < -axis:
            return
        window = found[axis]
        if window.stride != 1 or guess(window.extent) % 2 == 0 or not known(window.extent):
            return
        names.append(f"`{layer.title}`")
        pads.add((guess(window.extent) - 1) // 2)
        if window.size == wanted[axis]:
            break
    else:
        return
    if len(pads) == 1:
        yield f"write padding={pads.pop()} in {' and '.join(reversed(names))}: they keep the size"


def _written(sizes: tuple[Dim, ...], always: bool = False) -> str:
    if not always and len(set(sizes)) == 1:
        return str(sizes[0])
    return "(" + ", ".join(str(s) for s in sizes) + ("," if len(sizes) == 1 else "") + ")"
