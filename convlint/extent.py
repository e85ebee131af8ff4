"""For which sizes a network works, exactly: plain data, to be kept and compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from convlint.diagnostic import Diagnostic

_STEPS: Final = 129
"""Periods below this are looked for."""

Range: TypeAlias = tuple[int, int, int]
"""First and last size, both included, and their distance."""


@dataclass(frozen=True, slots=True)
class Side:
    """The sizes of one letter that were followed, ascending; `is_open` where larger ones are meant.

    Beyond them all comes again after `period` of them; 0 where that is not known.
    """

    letter: str
    sizes: tuple[Range, ...]
    is_open: bool
    period: int


@dataclass(frozen=True, slots=True)
class Block:
    """What holds of some letters that hang together, or of a single one.

    `boxes` are sets of combinations, each by the sizes of every letter: one of them must be met.
    Where that would be too many, `packed` has a bit for each combination of the sides' sizes, the
    last letter's next to one another, packed by zlib, as base64.
    """

    letters: tuple[str, ...]
    boxes: tuple[tuple[tuple[Range, ...], ...], ...] = ()
    packed: str = ""


@dataclass(frozen=True, slots=True)
class Extent:
    """The sizes for which a network works: those for which every block holds.

    `inputs` and `dims` are as `--input` and `--dim` take them, `works` is the same in words.
    """

    inputs: tuple[str, ...]
    dims: tuple[str, ...]
    proven: bool
    works: tuple[str, ...]
    sides: tuple[Side, ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Loss:
    """One way in which sizes fail that once worked: for which, as which, and how.

    `found` is what is wrong at the sizes `at`, which need not be among them.
    """

    where: str
    example: str
    at: str
    found: Diagnostic


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What has become of the sizes for which a network once worked.

    The largest loss comes first.  `gains` tells whether there are new ones instead; `misfit` says
    why nothing can be compared, `unseen` why some sizes could not be followed.
    """

    before: tuple[str, ...]
    now: tuple[str, ...]
    losses: tuple[Loss, ...] = ()
    gains: bool = False
    misfit: str = ""
    unseen: str = ""


def ranges(sizes: Sequence[int]) -> tuple[Range, ...]:
    """Ascending sizes in few ranges of one step, which is the period of sizes that come again."""
    members = frozenset(sizes)
    least = min(
        range(1, _STEPS), key=lambda step: sum(n - step not in members for n in sizes), default=1
    )
    found = []
    for first in sizes:
        if first - least not in members:
            last = first
            while last + least in members:
                last += least
            found.append((first, last, least if last > first else 1))
    return tuple(found)


def sizes_in(ranges: Sequence[Range]) -> tuple[int, ...]:
    """The sizes of ranges, ascending."""
    return tuple(sorted(n for first, last, step in ranges for n in range(first, last + 1, step)))
