"""Broadcasting of shapes: https://docs.pytorch.org/docs/stable/notes/broadcasting.html"""

from __future__ import annotations

from convlint.dims import Dim, Shape, Unknown, guess


def broadcast(*shapes: Shape) -> Shape:
    """The shape that the operands have in common.

    Where they do not fit it is what they have after the likeliest repair: an axis inserted
    elsewhere, or else a size of which only the guess is known.
    """
    common: Shape = ()
    for shape in shapes:
        join = _repaired if clashes(common, shape) else _over
        common = join(common, shape)
    return common


def clashes(first: Shape, second: Shape) -> tuple[int, ...]:
    """The axes, counted from the end (-1, -2, ...), on which two shapes certainly do not fit."""
    pairs = zip(reversed(first), reversed(second), strict=False)
    return tuple(-axis for axis, (a, b) in enumerate(pairs, 1) if _clash(a, b))


def aligned(small: Shape, big: Shape) -> tuple[Shape, ...]:
    """Every way to spread the axes of `small` over those of `big` with ones between them.

    `(2, 7)` over `(2, 7, 16)` is `(2, 7, 1)`; axes of size one in `small` may go elsewhere.
    """
    core = tuple(size for size in small if not (isinstance(size, int) and size == 1))
    if not core or len(core) > len(big):
        return ()
    return tuple(dict.fromkeys(_spread(core, big)))


def _spread(core: Shape, big: Shape) -> list[Shape]:
    if not core:
        return [(1,) * len(big)]
    if len(core) > len(big):
        return []
    found = [(1, *rest) for rest in _spread(core, big[1:])]
    if core[0] == big[0]:
        found += [(core[0], *rest) for rest in _spread(core[1:], big[1:])]
    return found


def _clash(a: Dim, b: Dim) -> bool:
    return isinstance(a, int) and isinstance(b, int) and a != b and a != 1 and b != 1


def _repaired(first: Shape, second: Shape) -> Shape:
    if len(second) <= len(first) and aligned(second, first):
        return first
    if len(first) <= len(second) and aligned(first, second):
        return second
    return _over(first, second)


def _over(first: Shape, second: Shape) -> Shape:
    if len(first) < len(second):
        lead, tail = second[: len(second) - len(first)], second[len(second) - len(first) :]
        return (*lead, *(_common(a, b) for a, b in zip(first, tail, strict=True)))
    lead, tail = first[: len(first) - len(second)], first[len(first) - len(second) :]
    return (*lead, *(_common(a, b) for a, b in zip(tail, second, strict=True)))


def _common(a: Dim, b: Dim) -> Dim:
    if isinstance(a, int) and isinstance(b, int):
        if a == b or b == 1:
            return a
        return b if a == 1 else Unknown(a)
    if a is b:
        return a
    if isinstance(a, int):
        return b if a == 1 else a
    if isinstance(b, int):
        return a if b == 1 else b
    if a.multiple > 1 or b.multiple > 1:  # what is a multiple of something is not one
        return a if a.multiple >= b.multiple else b
    return Unknown(max(guess(a), guess(b)))
