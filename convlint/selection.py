"""Which rules are wanted: `--select`, `--ignore`, `--extend-select`.

A selector is a code (`CL101`), the beginning of one (`CL1`), a rule's name
(`channel-mismatch`), `ALL`, or `default`.  The more exact selector wins, whatever the order:
`--select CL101 --ignore CL1` leaves CL101 on.  Among equals, `--ignore` wins.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

DEFAULT: Final = "default"
ALL: Final = "ALL"
UNCHECKED: Final = "CL0"
"""Codes of this family say what could not be checked; they cannot be switched off."""
SUPPRESSIONS: Final = frozenset({"CL007", "CL008"})
"""But these are about comments that switch rules off, and are rules like all others."""


class Selectable(Protocol):
    """What a selection needs to know of a rule."""

    @property
    def code(self) -> str:
        """Such as CL101."""
        ...

    @property
    def name(self) -> str:
        """Such as channel-mismatch."""
        ...

    @property
    def default(self) -> bool:
        """Whether the rule is on where nothing is selected."""
        ...


class SelectionError(ValueError):
    """A selector that selects nothing; the message is one line."""

    def __init__(self, message: str, selector: str = "") -> None:
        super().__init__(message)
        self.selector = selector


@dataclass(frozen=True, slots=True)
class Selection:
    """The selectors as given.  An empty `select` means `default`."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()

    def codes(self, rules: Collection[Selectable]) -> frozenset[str]:
        """The codes of the rules that are on; a selector that fits no rule raises."""
        wanted = self.select or (DEFAULT,)
        on = [parse(selector, rules) for selector in (*wanted, *self.extend_select)]
        off = [parse(selector, rules) for selector in self.ignore]
        return frozenset(
            rule.code
            for rule in rules
            if is_fixed(rule.code) or _weight(on, rule) > _weight(off, rule)
        )


def is_fixed(code: str) -> bool:
    """Whether no option switches a rule off."""
    return code.startswith(UNCHECKED) and code not in SUPPRESSIONS


def split(values: Iterable[str]) -> tuple[str, ...]:
    """The selectors in option values, each of which may hold several behind commas."""
    return tuple(part for value in values for part in re.split(r"[,\s]+", value) if part)


def parse(selector: str, rules: Collection[Selectable]) -> str:
    """`selector` in its normal form: `ALL`, `default`, or a code or the beginning of one."""
    if selector.upper() == ALL:
        return ALL
    if selector.lower() == DEFAULT:
        return DEFAULT
    for rule in rules:
        if rule.name == selector.lower():
            return rule.code
    if selector and any(rule.code.startswith(selector.upper()) for rule in rules):
        return selector.upper()
    near = nearest(selector, rules)
    hint = f"; did you mean `{near}`?" if near else ""
    raise SelectionError(f"no rule is called `{selector}`{hint}", selector)


def nearest(selector: str, rules: Collection[Selectable]) -> str | None:
    """The name or code that looks most like a selector that fits no rule."""
    names = [rule.name for rule in rules] + [rule.code for rule in rules]
    near = difflib.get_close_matches(selector.lower(), names, n=1) or (
        difflib.get_close_matches(selector.upper(), names, n=1)
    )
    return next(iter(near), None)


def covers(selector: str, rule: Selectable) -> bool:
    """Whether a selector in its normal form means `rule`, among others."""
    return _weight((selector,), rule) > 0


def _weight(selectors: Iterable[str], rule: Selectable) -> int:
    """How exactly the best of `selectors` names `rule`; 0 where none does.

    `default` is as vague as `ALL`: `--ignore ALL` switches off what no selector names.
    """
    weights = [0]
    for selector in selectors:
        if selector == ALL or (selector == DEFAULT and rule.default):
            weights.append(1)
        elif selector != DEFAULT and rule.code.startswith(selector):
            weights.append(1 + len(selector))
    return max(weights)
