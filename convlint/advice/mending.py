"""What to write so that one branch of a join gets the size of the other.

Used where two branches meet and do not fit: element-wise arithmetic and concatenation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from convlint.advice.origin import origin
from convlint.arithmetic.window import Window, axes_of, windows
from convlint.dims import Dim, guess, known
from convlint.network import Layer
from convlint.tensor import TensorSpec

_SHALLOW = 16
_BLOCK = 64


@dataclass(frozen=True, slots=True)
class Mend:
    """One thing to write; of several, the one with the lowest `rank` is the likeliest."""

    rank: int
    text: str


def meet(first: TensorSpec, second: TensorSpec, axes: Sequence[int]) -> tuple[str, ...]:
    """Help for two branches that should have the same sizes on `axes` (counted from the end)."""
    found: list[Mend] = []
    for branch, mate in ((second, first), (first, second)):
        if branch.shape is None or mate.shape is None:
            continue
        wanted = {axis: mate.shape[axis] for axis in axes}
        if not known(*wanted.values(), *(branch.shape[axis] for axis in axes)):
            continue
        found += _mends(branch, wanted)
        found += _restored(branch, wanted, mate)
        found += _projected(branch, wanted, mate)
    if not found:
        return ()
    best = min(m.rank for m in found)
    texts = dict.fromkeys(m.text for m in sorted(found, key=_rank) if m.rank <= best + 1)
    return tuple(text if i == 0 else f"or {text}" for i, text in enumerate(texts))


def _rank(mend: Mend) -> int:
    return mend.rank


def mends(branch: TensorSpec, wanted: Mapping[int, Dim], other: TensorSpec) -> Iterator[str]:
    """What gives `branch` the sizes `wanted` (by axis, counted from the end).

    `other` is the tensor that it meets.
    """
    if known(*wanted.values()):
        for mend in sorted(_mends(branch, wanted), key=_rank):
            yield mend.text


def restored(branch: TensorSpec, other: TensorSpec, wanted: Mapping[int, Dim]) -> Iterator[str]:
    """Help where `branch` came down from `other` and up again, to another size."""
    if known(*wanted.values()):
        for mend in _restored(branch, wanted, other):
            yield mend.text


def _mends(branch: TensorSpec, wanted: Mapping[int, Dim]) -> Iterator[Mend]:
    shape = branch.shape
    if shape is None or not wanted:
        return
    empty = [axis for axis in wanted if shape[axis] == 0]
    if empty:
        yield from _emptied(branch, empty[0])
        return
    if any(size == 0 for size in wanted.values()):
        return
    chain = tuple(_setting(branch, min(wanted)))
    if not chain:
        return
    last = chain[0]
    axes = axes_of(last.op)
    if axes and min(wanted) < -axes:
        yield from _channels(last, wanted, axes)
    elif last.op == "linear" and set(wanted) == {-1}:
        yield Mend(2, f"write out_features={wanted[-1]} in `{last.title}`")
    elif last.op == "interpolate":
        yield from _interpolated(last, wanted, shape)
    elif last.op.startswith("conv_transpose"):
        yield from _transposed(last, wanted, shape)
    else:
        yield from _windowed(chain, wanted)


def _emptied(branch: TensorSpec, axis: int) -> Iterator[Mend]:
    """`x[:, :-n]` with n = 0 is empty."""
    layer = origin(branch, axis)
    if layer is not None and layer.op in ("slice", "getitem", "index", "__getitem__"):
        yield Mend(
            0,
            "nothing is left of this axis: a slice that ends at -0 is empty; write "
            f"x.size({axis}) - n as its end",
        )


def _restored(branch: TensorSpec, wanted: Mapping[int, Dim], other: TensorSpec) -> Iterator[Mend]:
    """`branch` came down from `other` and up again, to another size."""
    axis = max(wanted)
    if len(other.shape or ()) > 3 and axis == 1 - len(other.shape or ()):
        return  # channels
    size = branch.shape[axis] if branch.shape is not None else 1
    lowest, grew, came = guess(size), False, False
    for layer in _setting(branch, axis):
        before = _given(layer)
        if before is None or before.shape is None or len(before.shape) < -axis:
            return
        grew = grew or before.shape[axis] < size
        size = before.shape[axis]
        lowest = min(lowest, guess(size))
        if size == wanted[axis]:
            came = grew
            break
    if not came or lowest < 1 or branch.shape is None:
        return
    multiple = round(guess(branch.shape[axis]) / lowest)
    if multiple < 2:
        return
    if branch.shape[axis] > wanted[axis]:
        tail = ", ".join(f":{n}" for n in (other.shape or ())[min(wanted) :])
        yield Mend(1, f"crop the larger one: write [..., {tail}] on it")
    sizes = dict.fromkeys(guess(n) for n in wanted.values() if guess(n) % multiple)
    if not sizes:
        return  # nothing was rounded away: another input would not help
    up = "; ".join(f"{n} is not, {-(-n // multiple) * multiple} is" for n in sizes)
    yield Mend(1, f"pad the input, so that this side is a multiple of {multiple} here ({up})")


def _projected(branch: TensorSpec, wanted: Mapping[int, Dim], other: TensorSpec) -> Iterator[Mend]:
    """`branch` came from `other`, has more channels by now, and meets it: a residual block."""
    made, given = branch.shape or (), other.shape or ()
    axes, channels = len(made) - 2, 1 - len(made)
    if len(made) != len(given) or axes < 1 or channels not in wanted or not known(*made, *given):
        return
    if guess(made[1]) <= guess(given[1]) or not _leads(other, branch):
        return
    strides = {round(guess(n) / max(1, guess(m))) for n, m in zip(given[2:], made[2:], strict=True)}
    if len(strides) != 1 or not any(
        layer.op == f"conv{axes}d" for layer in _setting(branch, channels)
    ):
        return
    stride = strides.pop()
    more = f", stride={stride}" if stride > 1 else ""
    yield Mend(
        1,
        f"give the shortcut a projection: nn.Conv{axes}d({given[1]}, {made[1]}, 1{more}) for what "
        "is added to it",
    )


def _leads(start: TensorSpec, end: TensorSpec) -> bool:
    """Whether `end` is computed from `start`, a block of layers before it."""
    pending: list[Layer | None] = [end.source]
    seen: set[str] = set()
    while pending and len(seen) < _BLOCK:
        layer = pending.pop()
        if layer is None or layer.name in seen:
            continue
        if layer is start.source:
            return True
        seen.add(layer.name)
        pending += [tensor.source for tensor in layer.tensors]
    return False


def _given(layer: Layer) -> TensorSpec | None:
    """What flows into a layer (its parameters stand beside it)."""
    given = layer.args.get("input")
    if isinstance(given, TensorSpec):
        return given
    return next((t for t in layer.tensors if t.source is not None), None)


def _setting(tensor: TensorSpec, axis: int) -> Iterator[Layer]:
    """The layers that changed this side, from the last to the first."""
    for _ in range(_SHALLOW):
        layer = origin(tensor, axis)
        if layer is None or not layer.tensors or not layer.outputs:
            return
        yield layer
        given = _given(layer)
        if given is None or given.source is None or given.shape is None:
            return
        if len(given.shape) < -axis:
            return
        tensor = given


def _channels(layer: Layer, wanted: Mapping[int, Dim], axes: int) -> Iterator[Mend]:
    size = wanted.get(-axes - 1)
    made = layer.outputs[0].shape
    if size is None or made is None or not layer.op.startswith("conv"):
        return
    have = made[-axes - 1]
    yield Mend(2, f"write out_channels={size} in `{layer.title}`")
    if len(wanted) == 1:
        other = f"nn.Conv{axes}d({size}, {have}, 1)"
        yield Mend(3, f"bring the other branch to {have} channels: {other}")


def _interpolated(
    layer: Layer, wanted: Mapping[int, Dim], shape: tuple[Dim, ...]
) -> Iterator[Mend]:
    axes = len(shape) - 2
    if axes < 1 or min(wanted) < -axes:
        return
    sizes = tuple(wanted.get(axis, shape[axis]) for axis in range(-axes, 0))
    factor = layer.args.get("scale_factor")
    instead = "to F.interpolate" if factor is None else f"instead of scale_factor={factor}"
    if layer.module is not None:
        instead = f"to F.interpolate, in place of `{layer.title}`"
    yield Mend(
        0,
        f"resize to the size of the other operand: pass size=other.shape[-{axes}:], here "
        f"{_written(sizes, always=True)}, {instead}",
    )


def _transposed(layer: Layer, wanted: Mapping[int, Dim], shape: tuple[Dim, ...]) -> Iterator[Mend]:
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
        yield Mend(1, f"write output_padding={_written(need)} in `{layer.title}`")
        yield Mend(2, f"call `{layer.title}` with output_size={_written(sizes, always=True)}")


def _windowed(chain: tuple[Layer, ...], wanted: Mapping[int, Dim]) -> Iterator[Mend]:
    last = chain[0]
    found = windows(last)
    if not found:
        return
    targets = tuple(wanted.get(i - len(found), w.output) for i, w in enumerate(found))
    pool = "pool" in last.op
    for rank, text, tried in _changes(found, pool):
        if all(w.output == size for w, size in zip(tried, targets, strict=True)):
            yield Mend(rank, f"write {text} in `{last.title}`")
            break
    else:
        yield from _padded(chain, wanted)


def _changes(
    found: tuple[Window, ...], pool: bool
) -> Iterator[tuple[int, str, tuple[Window, ...]]]:
    """One argument changed at a time, the likeliest first."""
    if pool:
        turned = not found[0].ceil
        yield 0, f"ceil_mode={turned}", tuple(replace(w, ceil=turned) for w in found)
    if not known(*(n for w in found for n in (w.kernel, w.dilation, w.stride, *w.padding))):
        return
    most = max(guess(w.kernel) // 2 if pool else guess(w.extent) for w in found)
    now = guess(found[0].padding[0])
    pads = sorted((p for p in range(most + 1) if p != now), key=lambda p: (abs(p - now), -p))
    keeping = {(guess(w.extent) - 1) // 2 for w in found}
    for pad in pads:  # the padding that keeps the size (or halves it exactly) is the likeliest
        rank = 1 if keeping == {pad} else 5
        yield rank, f"padding={pad}", tuple(replace(w, padding=(pad, pad)) for w in found)
    for stride in (1, 2, 3, 4):
        if stride != found[0].stride:
            yield 2, f"stride={stride}", tuple(replace(w, stride=stride) for w in found)


def _padded(chain: tuple[Layer, ...], wanted: Mapping[int, Dim]) -> Iterator[Mend]:
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
        verb = "keeps" if len(names) == 1 else "keep"
        where = " and ".join(reversed(names))
        yield Mend(1, f"write padding={pads.pop()} in {where}, which then {verb} the size")


def _written(sizes: tuple[Dim, ...], always: bool = False) -> str:
    if not always and len(set(sizes)) == 1:
        return str(sizes[0])
    return "(" + ", ".join(str(s) for s in sizes) + ("," if len(sizes) == 1 else "") + ")"
