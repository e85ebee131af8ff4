"""Inputs whose sizes are letters, and the sizes that they are tried at.

    N,3,H,W            any batch of any images
    ids=N,T:int64      with a name and a dtype, as `--input` has them
    N,3,2*H,2*W        arithmetic, as `--expect` has it

What has no letter stays what it is: an example tensor, a tuple of sizes, a plain value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from convlint.arithmetic.term import Term, term
from convlint.quote import quote
from convlint.spec import SpecError, listed

_BATCH: Final = ("N", "B")
_BATCHES: Final = (2, 3, 1)
_SIDES: Final = (64, 96, 128, 160, 192, 224, 256)
"""Multiples of 32, for most networks halve a side five times at most."""

_FORM: Final = re.compile(r"(?P<name>[^=:]*=)?(?P<sizes>[^=:]*)(?P<dtype>:[^=]*)?", re.DOTALL)
_COMMAS: Final = re.compile(r",")
_TIMES: Final = re.compile(r"[xX×]")


@dataclass(frozen=True, slots=True)
class Pattern:
    """Inputs in any form that `convlint.check` takes, with letters in their texts."""

    inputs: object

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters, in order, each once."""
        terms = (one for text in _texts(self.inputs) for one in _terms(text))
        return tuple(dict.fromkeys(letter for one in terms for letter in one.letters))

    def at(self, known: Mapping[str, int]) -> object:
        """The inputs with these sizes.

        Raises:
            SpecError: one of them is no whole number.
        """
        inputs = self.inputs
        if isinstance(inputs, Mapping):
            return {name: _at(one, known) for name, one in inputs.items()}
        if isinstance(inputs, (list, tuple)):
            return [_at(one, known) for one in inputs]
        return _at(inputs, known)


def sizes(
    letters: Iterable[str], given: Mapping[str, int | Iterable[int]], least: int = 1
) -> Iterator[dict[str, int]]:
    """The sizes to try: every one that is given, and else batches and sides that differ.

    Args:
        least: the smallest batch.

    Raises:
        SpecError: sizes are given for a letter that is not there, or none are.
    """
    letters = tuple(letters)
    tried = {letter: _wanted(letter, letters, size) for letter, size in given.items()}
    batches = [size for size in _BATCHES if size >= least]
    sides = iter(range(len(letters)))
    for letter in letters:
        if letter in tried:
            continue
        if letter in _BATCH:
            tried[letter] = batches
        else:
            place = next(sides)
            tried[letter] = [_SIDES[(place + turn) % len(_SIDES)] for turn in (0, 2, 1)]
    rounds = max((len(one) for one in tried.values()), default=1)
    for turn in range(rounds):
        yield {letter: tried[letter][turn % len(tried[letter])] for letter in letters}


def _wanted(letter: str, letters: tuple[str, ...], size: int | Iterable[int]) -> list[int]:
    if letter not in letters:
        have = ", ".join(letters) or "none"
        raise SpecError(f"there is no letter {quote(letter)} in the inputs; they have {have}")
    wanted = list(size) if isinstance(size, Iterable) else [size]
    for one in wanted:
        if isinstance(one, bool) or not isinstance(one, int) or one < 1:
            raise SpecError(f"{quote(letter)} is {quote(repr(one))}; a size is a whole number")
    if not wanted:
        raise SpecError(f"no size is given for {quote(letter)}")
    return wanted


def _texts(inputs: object) -> Iterator[str]:
    if isinstance(inputs, str):
        yield inputs
    elif isinstance(inputs, Mapping):
        yield from (one for one in inputs.values() if isinstance(one, str))
    elif isinstance(inputs, (list, tuple)):
        yield from (one for one in inputs if isinstance(one, str))


def _split(text: str) -> tuple[str, list[str], str]:
    """Name, sizes and dtype of an input, the sizes as they are written."""
    found = _FORM.fullmatch(text)
    if found is None:  # a value, as flag:=true
        return text, [], ""
    written = found["sizes"]
    return (
        found["name"] or "",
        listed(written, _COMMAS if "," in written else _TIMES),
        found["dtype"] or "",
    )


def _terms(text: str) -> Iterator[Term]:
    """The sizes with letters in them."""
    for size in _split(text)[1]:
        found = term(size)
        if found is not None and found.letters:
            yield found


def _at(given: object, known: Mapping[str, int]) -> object:
    if not isinstance(given, str) or not any(_terms(given)):
        return given
    name, written, dtype = _split(given)
    sizes = (_size(one, known, given) for one in written)
    return f"{name}({','.join(sizes)}){dtype}"


def _size(written: str, known: Mapping[str, int], text: str) -> str:
    found = term(written)
    if found is None or not found.letters:
        return written  # a number, or what the reader of inputs refuses
    values = found.values(known)
    if len(values) != 1:
        told = ", ".join(f"{letter} = {known[letter]}" for letter in found.letters)
        raise SpecError(f"{quote(written)} in {quote(text)} is no whole number where {told}")
    return str(values[0])
