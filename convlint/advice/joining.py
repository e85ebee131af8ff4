"""What to say of tensors that are to be joined and do not fit: cat and stack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from convlint.advice.mending import meet
from convlint.advice.origin import origin
from convlint.advice.whence import whence
from convlint.arithmetic.window import windows
from convlint.diagnostic import Label
from convlint.dims import Dim, guess, show
from convlint.network import Layer
from convlint.rule import Finding
from convlint.tensor import TensorSpec


def unequal(tensors: Sequence[TensorSpec], free: int | None) -> tuple[int, ...]:
    """The axes on which tensors of one rank certainly differ; `free` is the one they may."""
    shapes = [t.shape for t in tensors if t.shape is not None]
    axes = range(len(shapes[0])) if shapes else range(0)
    return tuple(
        axis
        for axis in axes
        if axis != free and any(s[axis] != shapes[0][axis] for s in shapes[1:])
    )


def pair(
    tensors: Sequence[TensorSpec], axes: Sequence[int]
) -> tuple[tuple[int, TensorSpec], tuple[int, TensorSpec]]:
    """One that fits most of the others, and the odd one, each with its place."""
    sides = [tuple(str((t.shape or ())[a]) for a in axes) for t in tensors]
    common = Counter(sides).most_common(1)[0][0]
    mate = sides.index(common)
    odd = next(i for i, s in enumerate(sides) if s != common)
    return (mate, tensors[mate]), (odd, tensors[odd])


def misfit(
    layer: Layer, tensors: Sequence[TensorSpec], axes: tuple[int, ...], what: str
) -> Finding:
    """The finding for tensors of one rank that differ on `axes`.

    Args:
        what: what cannot be done with them ("join ... along axis 1").
    """
    (_, mate), (place, odd) = pair(tensors, axes)
    shape, other = mate.shape or (), odd.shape or ()
    sizes = ", ".join(f"axis {a} is {shape[a]} and {other[a]}" for a in axes)
    formulas = [
        f"`{source.title}`: {source.formula}"
        for source in dict.fromkeys((origin(mate, axes[0]), origin(odd, axes[0])))
        if source is not None and source.formula
    ]
    listed = " and ".join(show(t.shape) for t in (mate, odd))
    if len(tensors) > 2:
        listed += f" (tensor {place} of {len(tensors)})"
    return Finding(
        f"cannot {what.format(listed)}: {sizes}",
        at=layer.call,
        label=" meets ".join(show(t.shape) for t in tensors) + " here",
        related=tuple(_whence((mate, odd), axes)),
        formula="; ".join(formulas) or None,
        help=_alternatives(_helps(mate, odd, axes)),
    )


def _whence(tensors: Sequence[TensorSpec], axes: Sequence[int]) -> Iterator[Label]:
    for tensor in tensors:
        yield from next(filter(None, (whence(tensor, axis) for axis in axes)), ())


def _alternatives(helps: Iterable[str]) -> tuple[str, ...]:
    """The best first, each other one as a choice."""
    texts = dict.fromkeys(text.removeprefix("or ") for text in helps)
    return tuple(text if i == 0 else f"or {text}" for i, text in enumerate(texts))


def _helps(mate: TensorSpec, odd: TensorSpec, axes: tuple[int, ...]) -> Iterator[str]:
    one, other = mate.shape or (), odd.shape or ()
    rank = len(one)
    ends = tuple(a - rank for a in axes)
    yield from _alike(odd, mate, ends)
    texts = meet(mate, odd, ends)
    found = bool(texts)
    yield from texts
    for branch, target in () if texts else ((odd, mate), (mate, odd)):
        yield from _strided(branch, {a: (target.shape or ())[a] for a in ends})
    if axes[0] >= 2 and (rank > 3 or found):
        yield (
            f"resize one to the other: F.interpolate(x, size=y.shape[2:]), here {show(one[2:])} or"
            f" {show(other[2:])}"
        )
    elif not found:
        yield f"bring {show(other)} to {', '.join(str(one[a]) for a in axes)} on axis " + ", ".join(
            str(a) for a in axes
        )


def _strided(branch: TensorSpec, wanted: Mapping[int, Dim]) -> Iterator[str]:
    """The stride, along those axes only, that gives the wanted sizes."""
    layer = origin(branch, min(wanted))
    found = windows(layer) if layer is not None else ()
    if layer is None or not found or min(wanted) < -len(found):
        return
    tried = list(found)
    for axis, size in wanted.items():
        n, target = guess(tried[axis].size), guess(size)
        if target < 1:
            return
        tried[axis] = replace(tried[axis], stride=max(1, round(n / target)))
        if tried[axis].output != size:
            return
    yield f"write stride=({', '.join(str(w.stride) for w in tried)}) in `{layer.title}`"


def _alike(odd: TensorSpec, mate: TensorSpec, ends: tuple[int, ...]) -> Iterator[str]:
    """Two windows of one kernel and stride, of which one is padded."""
    first, second = origin(odd, ends[0]), origin(mate, ends[0])
    if first is None or second is None:
        return
    for layer, model in ((first, second), (second, first)):
        own, its = windows(layer), windows(model)
        if len(own) != len(its) or not own or max(guess(p) for p in own[0].padding) > 0:
            continue
        tried = tuple(replace(w, padding=m.padding) for w, m in zip(own, its, strict=True))
        same = all(w.stride == m.stride and w.size == m.size for w, m in zip(own, its, strict=True))
        fits = all(w.output == m.output for w, m in zip(tried, its, strict=True))
        if same and fits and tried != tuple(own):
            pads = [str(m.padding[0]) for m in its]
            text = pads[0] if len(set(pads)) == 1 else f"({', '.join(pads)})"
            yield f"write padding={text} in `{layer.title}`, as in `{model.title}`"
            return
