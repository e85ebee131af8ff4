"""What the positions of a tensor have seen of the image, axis by axis, and how that changes."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final, NamedTuple

from convlint.arithmetic.field import ITSELF, Field, hull
from convlint.dims import Dim, Shape

LOST: Final = Field(0, 0, 0)
"""Positions of which it cannot be told what they have seen."""


class Origin(NamedTuple):
    """An axis of an input of the network."""

    name: str
    axis: int
    size: int


class Reach(NamedTuple):
    """What is known of a tensor.

    An axis without positions (channels, the batch, what a pool has made one of) has neither
    `fields` nor `origins`, but None.
    """

    fields: tuple[Field | None, ...]
    origins: tuple[Origin | None, ...]
    mixed: bool = False
    """Whether every position has something of the whole image: by a global pool, attention, a
    linear layer over space, or by what cannot be told."""

    @property
    def spatial(self) -> bool:
        """Whether some axis has positions, told or not."""
        return any(self.fields)

    def told(self, axes: int) -> tuple[tuple[Field, Origin], ...]:
        """Fields and origins of those of the last `axes` axes that are known."""
        pairs = zip(self.fields[-axes:], self.origins[-axes:], strict=True)
        return tuple((f, o) for f, o in pairs if f is not None and o is not None and f is not LOST)

    def picked(self, order: Sequence[int]) -> Reach:
        """The axes `order`, in this order."""
        fields, origins = self.fields, self.origins
        return Reach(
            tuple([fields[at] for at in order]), tuple([origins[at] for at in order]), self.mixed
        )

    def inserted(self, at: int) -> Reach:
        """One more axis, without positions."""
        fields, origins = self.fields, self.origins
        return Reach(
            (*fields[:at], None, *fields[at:]), (*origins[:at], None, *origins[at:]), self.mixed
        )

    def replaced(self, axis: int, field: Field | None, mixed: bool = False) -> Reach:
        """Another field along `axis`."""
        fields, origins = list(self.fields), list(self.origins)
        fields[axis] = field
        origins[axis] = origins[axis] if field is not None else None
        return Reach(tuple(fields), tuple(origins), self.mixed or mixed)

    def stepped(self, steps: Sequence[Field | None]) -> Reach:
        """After one step along each of the last axes; None: a step that cannot be told."""
        start = len(self.fields) - len(steps)
        fields = list(self.fields[:start])
        field = step = made = None
        for at, own in enumerate(steps, start):
            if at == start or self.fields[at] is not field or own is not step:
                field, step = self.fields[at], own
                made = _after(field, step)
            fields.append(made)  # of a square image, computed once
        return Reach(tuple(fields), self.origins, self.mixed)

    def contracted(self, axis: int) -> Reach:
        """A sum over the channels, which `axis` are."""
        held = self.fields[axis]
        return self if held is None else self.replaced(axis, None, mixed=held is LOST)

    def pooled(self, axes: Sequence[int], sizes: Sequence[Dim]) -> Reach:
        """`axes` made one position; one that was alone keeps what it has seen."""
        fields, origins, mixed = list(self.fields), list(self.origins), self.mixed
        for axis, n in zip(axes, sizes, strict=True):
            if fields[axis] is not None and not (isinstance(n, int) and n == 1):
                mixed = True
                fields[axis] = origins[axis] = None
        return Reach(tuple(fields), tuple(origins), mixed)

    def spread(self, shape: Shape, wider: Shape) -> Reach:
        """Broadcast from `shape` to `wider`."""
        if shape is wider or shape == wider:
            return self
        missing = len(wider) - len(shape)
        fields: list[Field | None] = [None] * missing
        mixed = self.mixed
        for field, n, m in zip(self.fields, shape, wider[missing:], strict=True):
            alone = field is not None and n == 1 and m is not n and m != 1
            mixed = mixed or alone
            fields.append(None if alone else field)
        return Reach(tuple(fields), (*(None,) * missing, *self.origins), mixed)


def _after(field: Field | None, step: Field | None) -> Field | None:
    if field is None or field is LOST or step is ITSELF:
        return field
    return LOST if step is None else field.after(step)


@functools.cache
def plain(rank: int, mixed: bool = False) -> Reach:
    """A tensor without positions."""
    return Reach((None,) * rank, (None,) * rank, mixed)


def together(owns: Sequence[Reach], shape: Shape) -> Reach:
    """Several tensors of one shape, position by position."""
    mixed = any(own.mixed for own in owns)
    first = owns[0].fields
    if all(own.fields is first for own in owns):
        return owns[0] if owns[0].mixed is mixed else owns[0]._replace(mixed=mixed)
    fields: list[Field | None] = []
    origins: list[Origin | None] = []
    before: tuple[object, object] = (None, None)
    for axis, n in enumerate(shape):
        column = [own.fields[axis] for own in owns]
        if not any(column):
            fields.append(None)
            origins.append(None)
            continue
        places = {own.origins[axis] for own in owns if own.fields[axis] is not None}
        origins.append(next(iter(places)))
        if len(places) > 1 or LOST in column:
            fields.append(LOST)
        elif (column, n) == before:
            fields.append(fields[-1])  # a square image: computed once
        else:
            fields.append(_hull(column, n))
        before = (column, n)
    return Reach(tuple(fields), tuple(origins), mixed)


def _hull(column: Sequence[Field | None], count: Dim) -> Field | None:
    result: Field | None = None
    for field in column:
        if result is None or field is result:
            result = field
        elif field is not None:
            result = hull(result, field, count) if isinstance(count, int) else LOST
    return result
