"""Shapes as people write them into comments: `(N, 16, 8, 8)`, `-> 1 x 64 x 56 x 56`.

What may be something else (a list of values, a kernel's size, a sentence) is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from convlint.arithmetic.term import Term, term
from convlint.dims import Shape

BATCH: Final = frozenset({"N", "B", "n", "b", "bs", "BS", "batch", "batch_size", "bsz"})
"""Names of the axis that holds the samples."""

_NAMED: Final = re.compile(
    r"([A-Za-z_]\w*)(\.shape|\.size\(\)|\s+shape|\s+size)?\s*(:|=(?!=)|\bis\b)\s*"
)
_WORDS: Final = re.compile(
    r"(?:(?:the\s+)?(?:output|out)\s+)?(?:shape|size)\s*(?:of\s+)?(?=[\[(])|now\s+|returns\s+",
    re.IGNORECASE,
)
_OTHERS: Final = frozenset({
    "in", "input", "inputs", "from", "was", "before", "expect", "expected", "expects", "kernel",
    "kernel_size", "stride", "strides", "padding", "pad", "pads", "dilation", "scale", "weight",
    "weights", "bias", "range", "value", "values", "grid", "dim", "dims", "axis", "axes",
    "example", "note",
})  # fmt: skip
"""What a comment may speak of that is not what comes out."""
_OURS: Final = frozenset({"shape", "size", "output", "out", "outputs", "result"})
_ARROW: Final = re.compile(r"\s*(?:-+>|=+>|→|⇒|➜)\s*")
_AT: Final = re.compile(r"(\d+)\s*@\s*(\d+)\s*[x×*]\s*(\d+)")
_TIMES: Final = re.compile(r"\s+[x×]\s+|\s*×\s*|(?<=[0-9A-Z?)\]])x(?=[0-9A-Z?(\[])")
_SIZED: Final = re.compile(r"(?:torch\.)?Size\s*(?=\()")
_COMMA: Final = re.compile(r",")
_TAIL: Final = re.compile(r"\s*(shape)?\s*[.;]?\s*$")
_KEYWORD: Final = re.compile(r"\s*[^\W\d]\w*\s*=\s*")


@dataclass(frozen=True, slots=True)
class Item:
    """One axis of a written shape: what is said, and where in the comment."""

    term: Term
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Notation:
    """A written shape.

    `explicit` where the words leave no doubt that it is one (`torch.Size`, `shape:`, a letter for
    the batch, `6@28x28`); `name` is the variable it is said of, where one is named.
    """

    items: tuple[Item, ...]
    explicit: bool
    name: str | None = None

    @property
    def rest(self) -> int | None:
        """Where the `...` stands."""
        return next((i for i, item in enumerate(self.items) if item.term.rest), None)


def notation(comment: str) -> Notation | None:
    """The shape that a comment is; None where it is not certainly one.

    Of several with arrows between them the last one counts.
    """
    lead = _lead(comment, len(comment) - len(comment.lstrip("#! \t")))
    if lead is None:
        return None
    name, explicit, start = lead
    items: tuple[Item, ...] = ()
    for part in _parts(comment, start):
        read = _shape(comment, *part)
        if read is None:
            return None
        items, sized = read
        explicit = explicit or sized or items[0].term.text in BATCH
    return Notation(items, explicit, name) if items else None


def _lead(comment: str, start: int) -> tuple[str | None, bool, int] | None:
    """Of which variable it is said, whether the words make it certain, and where they end."""
    start = _behind(_ARROW, comment, start)
    if _SIZED.match(comment, start):
        return None, True, start
    found = _NAMED.match(comment, start)
    if found is None:
        worded = _behind(_WORDS, comment, start)
        return None, worded > start, worded
    if found[1].lower() in _OTHERS:
        return None
    name = None if found[1].lower() in _OURS else found[1]
    start = _behind(_ARROW, comment, found.end())
    return name, name is None or found[2] is not None, start


def _behind(pattern: re.Pattern[str], comment: str, start: int) -> int:
    found = pattern.match(comment, start)
    return found.end() if found else start


def _parts(comment: str, start: int) -> Iterator[tuple[int, int]]:
    """The spans between arrows."""
    end = start + len(comment[start:].rstrip())
    for found in _ARROW.finditer(comment, start, end):
        yield start, found.start()
        start = found.end()
    if start < end:
        yield start, end


def _shape(comment: str, start: int, end: int) -> tuple[tuple[Item, ...], bool] | None:
    """The items of one written shape, and whether the way it is written makes it certain."""
    at = _AT.fullmatch(comment, start, end)
    if at:
        return tuple(_items(comment, [at.span(i) for i in (1, 2, 3)])), True
    sized = _SIZED.match(comment, start, end)
    if sized:
        start = sized.end()
    if comment[start : start + 1] in ("(", "["):
        return _bracketed(comment, start, end, bool(sized))
    if sized:
        return None
    end = start + len(_TAIL.sub("", comment[start:end]))
    for sign in (_TIMES, _COMMA):
        spans = _split(comment, start, end, sign)
        items = tuple(_items(comment, spans))
        certain = items and items[0].term.text in BATCH
        least = 2 if certain and sign is _TIMES else 3
        if len(items) == len(spans) >= least and (certain or sign is _TIMES):
            return items, False
    return None


def _bracketed(
    comment: str, start: int, end: int, sized: bool
) -> tuple[tuple[Item, ...], bool] | None:
    stop = _closed(comment, start, end)
    tail = _TAIL.fullmatch(comment, stop + 1, end) if stop else None
    if stop is None or tail is None:
        return None
    inner = start + 1
    if sized and comment[inner : inner + 1] == "[":  # torch.Size([...])
        again = _closed(comment, inner, stop)
        if again is None or comment[again + 1 : stop].strip():
            return None
        inner, stop = inner + 1, again
    spans = _split(comment, inner, stop, _COMMA)
    if len(spans) == 1:
        spans = _split(comment, inner, stop, _TIMES)
    items = tuple(_items(comment, spans))
    if len(items) < 2 or len(items) != len(spans):
        return None
    return items, sized or tail[1] is not None


def _closed(comment: str, start: int, end: int) -> int | None:
    """Where the bracket at `start` is closed."""
    depth = 0
    for place in range(start, end):
        if comment[place] in "([":
            depth += 1
        elif comment[place] in ")]":
            depth -= 1
            if depth == 0:
                return place
    return None


def _split(comment: str, start: int, end: int, sign: re.Pattern[str]) -> list[tuple[int, int]]:
    spans = []
    for found in sign.finditer(comment, start, end):
        spans.append((start, found.start()))
        start = found.end()
    return [*spans, (start, end)]


def _items(comment: str, spans: list[tuple[int, int]]) -> Iterator[Item]:
    """The items that are sizes; of `batch=1` and `C=64` it is the number."""
    for start, end in spans:
        text = comment[start:end]
        named = _KEYWORD.match(text)
        start += named.end() if named else len(text) - len(text.lstrip())
        end -= len(text) - len(text.rstrip())
        one = term(comment[start:end]) if start < end else None
        if one is not None and one.number != 0:
            yield Item(one, start, end)


def aligned(written: Notation, shape: Shape) -> tuple[int | None, ...] | None:
    """For every item the side it is about; None where that cannot be told.

    A batch that is left out is understood.
    """
    items, rank = written.items, len(shape)
    count, rest = len(items), written.rest
    if rest is not None:
        behind = count - rest - 1
        if rest + behind > rank or any(item.term.rest for item in items[rest + 1 :]):
            return None
        return (*range(rest), None, *range(rank - behind, rank))
    if count == rank:
        return tuple(range(rank))
    first = items[0].term
    if count == rank - 1 and (count > 2 or written.explicit):
        has_batch = first.text in BATCH or first.number == 1 or first.number == shape[0]
        return None if has_batch else tuple(range(1, rank))
    return None
