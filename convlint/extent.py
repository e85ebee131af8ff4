"""For which sizes a network works, exactly: plain data, to be kept and compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from convlint.diagnostic import Diagnostic

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
    """Ascending sizes in as few ranges as one finds from the first on."""
    found: list[Range] = []
    for size in sizes:
        if found:
            first, last, step = found[-1]
            if first == last or size - last == step:
                found[-1] = (first, size, size - last)
                continue
        found.append((size, size, 1))
    return tuple(found)


def sizes_in(ranges: Sequence[Range]) -> Iterator[int]:
    """The sizes of ranges, one after another."""
    for first, last, step in ranges:
        yield from range(first, last + 1, step)
