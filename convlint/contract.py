"""The `--expect` language: the shape that must come out.

    N,10               one output, by order
    N,21,H/4,W/4       arithmetic; a division may be rounded up or down
    N,*,...            `*` (or `?`) is any size, `...` any number of axes
    logits=N,10        by its key, where the outputs are a dict

A letter is one size wherever it stands.  Those of the input are known; where it has none, `N` and
`B` are its first axis, `H` and `W` the last two of an image.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from convlint.arithmetic.term import Term, term
from convlint.quote import quote
from convlint.spec import COMMAS, TIMES, SpecError, listed

GIVEN: Final = ("N", "B", "H", "W")
"""Letters whose sizes the inputs tell."""

_ACCEPTED: Final = "write N,10 or N,21,H/4,W/4"
_NAMED: Final = re.compile(r"\s*([^=]*?)\s*=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Contract:
    """What one output must be; `name` is its key where it has one, else it goes by order."""

    name: str | None
    terms: tuple[Term, ...]

    def __str__(self) -> str:
        return ",".join(one.text for one in self.terms) or "()"

    def at(self, known: Mapping[str, int]) -> Contract:
        """The same expectation, where some letters are these sizes."""
        return replace(self, terms=tuple(one.at(known) for one in self.terms))


def parse(text: str) -> Contract:
    """What one `--expect` says.

    Raises:
        SpecError: it cannot be read.
    """
    if not text.strip():
        raise SpecError(f"the expectation is empty; {_ACCEPTED}")
    name, sizes = None, text
    if match := _NAMED.fullmatch(text):
        name, sizes = match[1], match[2]
        if not name:
            raise SpecError(f"{quote(text)} has no name before its `=`; {_ACCEPTED}")
    if not sizes.strip():
        raise SpecError(f"{quote(text)} has no sizes; {_ACCEPTED}")
    if ":" in sizes:
        raise SpecError(f"{quote(text)} has a `:`, but only a shape can be expected; {_ACCEPTED}")
    written = listed(sizes, COMMAS if "," in sizes else TIMES)
    terms = tuple(_term(size, place, text) for place, size in enumerate(written, 1))
    if sum(one.rest for one in terms) > 1:
        raise SpecError(f"{quote(text)} has `...` more than once")
    return Contract(name, terms)


def parse_all(expect: object, letters: Collection[str] = ()) -> tuple[Contract, ...]:
    """What a library caller expects: a text, several, or a mapping from outputs' keys to them.

    Args:
        letters: those of the inputs.

    Raises:
        SpecError: one cannot be read, or a letter that is calculated with has no size.
    """
    if expect is None:
        return ()
    if isinstance(expect, str):
        contracts: tuple[Contract, ...] = (parse(expect),)
    elif isinstance(expect, Mapping):
        contracts = tuple(Contract(str(key), _given(value).terms) for key, value in expect.items())
    elif isinstance(expect, Iterable):
        contracts = tuple(_given(one) for one in expect)
    else:
        contracts = (_given(expect),)
    _check(contracts, letters)
    return contracts


def _given(expect: object) -> Contract:
    if isinstance(expect, Contract):
        return expect
    if isinstance(expect, str):
        return parse(expect)
    raise SpecError(f"{quote(repr(expect))} is no expectation; {_ACCEPTED}")


def _check(contracts: tuple[Contract, ...], letters: Collection[str]) -> None:
    names = [one.name for one in contracts if one.name is not None]
    for name in names:
        if names.count(name) > 1:
            raise SpecError(f"{quote(name)} is given twice")
    bare = {one.letter for contract in contracts for one in contract.terms}
    known = tuple(dict.fromkeys((*letters, *GIVEN)))
    for contract in contracts:
        for one in contract.terms:
            for letter in one.letters:
                if letter not in bare and letter not in known:
                    raise SpecError(
                        f"{quote(one.text)} in {quote(str(contract))}: nothing says what "
                        f"{quote(letter)} is; {', '.join(known)} are known from the input"
                    )


def _term(size: str, place: int, text: str) -> Term:
    where = f"size {place} of {quote(text)}"
    if not size:
        raise SpecError(f"{where} is empty; {_ACCEPTED}")
    found = term(size)
    if found is None or size in ("-1", "_", "None"):
        raise SpecError(
            f"{where} is {quote(size)}; a size is a number, a letter, a formula of them (H/2), "
            "* for any, or ... for any axes"
        )
    if found.number == 0 or (found.tree is not None and not found.letters and not found.number):
        raise SpecError(f"{where} is {quote(size)}; a size must be a whole number of at least 1")
    return found
