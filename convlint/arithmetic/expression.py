"""Sizes in which letters stand for numbers that are not known yet: `⌈H/32⌉`, `H·W/4`.

An expression is a polynomial with rational coefficients over *atoms*; an atom is a symbol, or
the floor of such a polynomial.  Whatever is built of `+ − ·` and floor division by constants is
brought to a normal form as it is built, by identities that hold for all integers:

- What is whole leaves the floor: `⌊x + n⌋ = ⌊x⌋ + n`, where `n` is an integer: a term whose
  coefficient times what divides its atoms is one.
- Floors of floors collapse: `⌊(⌊x⌋ + n)/d⌋ = ⌊(x + n)/d⌋`, since `⌊⌊y⌋/d⌋ = ⌊y/d⌋` for every
  integer `d > 0` (Graham, Knuth, Patashnik, *Concrete Mathematics*, 3.10 and 3.11).
- A remainder that cannot carry vanishes: `⌊(v + r)/d⌋ = ⌊(v + r − r mod g)/d⌋`, where `g` divides
  both `d` and every value of `v`: between two multiples of `g` lies none.  That is
  `⌊(a·n + r)/(a·t)⌋ = ⌊(n + ⌊r/a⌋)/t⌋` with `g = a`, and `⌊(H + 31)/32⌋ = H/32` where H is a
  multiple of 32.
- Floors begin with a positive term: `⌊−x⌋ = −⌈x⌉`, and `⌈v/d⌉ = ⌊(v + d − g)/d⌋`.

So a chain of convolutions and pools over one symbol stays `scale·⌊(H + shift)/divisor⌋ + offset`
with `0 ≤ shift < divisor`, however long it is, and two such chains are the same function if and
only if their expressions are equal.  Beyond that family equal expressions are equal functions,
but not the reverse: `H − ⌊H/2⌋` is not recognised as `⌈H/2⌉`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Final, TypeAlias

_USUAL: Final = "BNTCLDHW"
"""Letters of axes in the order in which they are written; others follow by name."""


@dataclass(frozen=True)
class Symbol:
    """A size that is not known, but for that `step` divides it.

    A name has one step: symbols of the same name with other steps are other symbols, though
    they are written alike.
    """

    name: str
    step: int = 1

    depth = 0

    @property
    def text(self) -> str:
        return self.name

    @cached_property
    def first(self) -> tuple[int, str]:
        """Where it stands among symbols."""
        place = _USUAL.find(self.name) if len(self.name) == 1 else -1
        return (place if place >= 0 else len(_USUAL), self.name)


@dataclass(frozen=True)
class Floor:
    """The floor of `inner`, which is in the normal form: nothing more can leave it."""

    inner: Expression

    @cached_property
    def depth(self) -> int:
        """How many floors lie in one another here."""
        return 1 + self.inner.depth

    @cached_property
    def first(self) -> tuple[int, str]:
        """Where the first of its symbols stands."""
        return min(atom.first for monomial, _ in self.inner.terms for atom, _ in monomial)

    @cached_property
    def text(self) -> str:
        """As a floor or as a ceiling, whichever is shorter."""
        return min(self.down(), self.up(), key=_length)

    def down(self, shift: int = 0) -> str:
        """Written as a floor, with `shift` added under it."""
        inner = self.inner
        return f"⌊{_over(inner.terms, inner.rest + shift * inner.divisor, inner.divisor)}⌋"

    def up(self, shift: int = 0) -> str:
        """Written as a ceiling, with `shift` added under it."""
        inner = self.inner
        rest = inner.rest - inner.divisor + _carried(dict(inner.terms), inner.divisor)
        return f"⌈{_over(inner.terms, rest + shift * inner.divisor, inner.divisor)}⌉"

    def reversed(self) -> str:
        """Its negative, with the minus drawn under the floor or the ceiling."""
        inner = self.inner
        terms = frozenset((monomial, -c) for monomial, c in inner.terms)
        rest = inner.divisor - _carried(dict(inner.terms), inner.divisor) - inner.rest
        return min(
            f"⌊{_over(terms, rest, inner.divisor)}⌋",
            f"⌈{_over(terms, -inner.rest, inner.divisor)}⌉",
            key=_length,
        )


Atom: TypeAlias = Symbol | Floor
Monomial: TypeAlias = frozenset[tuple[Atom, int]]
"""A product of atoms, each with its power."""
Terms: TypeAlias = frozenset[tuple[Monomial, int]]


@dataclass(frozen=True)
class Expression:
    """`(Σ coefficient · monomial + rest) / divisor`, in lowest terms.

    Equal if and only if the normal forms are.  Made by `symbol` and `of`, never by the
    constructor, which takes what is in the normal form already.
    """

    terms: Terms
    """Monomials with their coefficients; none is zero."""
    rest: int
    divisor: int
    """Positive."""

    @staticmethod
    def symbol(name: str, step: int = 1) -> Expression:
        """The size called `name`, which is known to be a multiple of `step`.

        Raises:
            ValueError: `step` is not positive.
        """
        if step < 1:
            raise ValueError(f"the step of {name} is {step}, and must be at least 1")
        return Expression(frozenset({(_monomial(Symbol(name, step)), 1)}), 0, 1)

    @staticmethod
    def of(value: int | Fraction) -> Expression:
        """A number."""
        if isinstance(value, int):
            return Expression(_NONE, int(value), 1)
        return Expression(_NONE, value.numerator, value.denominator)

    def __add__(self, other: Expression | int | Fraction) -> Expression:
        if isinstance(other, int):
            # in lowest terms still: a multiple of the divisor is added
            if other == 0:
                return self
            return Expression(self.terms, self.rest + int(other) * self.divisor, self.divisor)
        if isinstance(other, Fraction):
            other = Expression.of(other)
        elif not isinstance(other, Expression):
            return NotImplemented
        if not self.terms and not self.rest:
            return other
        divisor = math.lcm(self.divisor, other.divisor)
        mine, others = divisor // self.divisor, divisor // other.divisor
        terms = {monomial: c * mine for monomial, c in self.terms}
        _collect(terms, ((monomial, c * others) for monomial, c in other.terms))
        return _lowest(terms, self.rest * mine + other.rest * others, divisor)

    __radd__ = __add__

    def __neg__(self) -> Expression:
        return Expression(frozenset((m, -c) for m, c in self.terms), -self.rest, self.divisor)

    def __sub__(self, other: Expression | int | Fraction) -> Expression:
        if not isinstance(other, (Expression, int, Fraction)):
            return NotImplemented
        return self + -other

    def __rsub__(self, other: int | Fraction) -> Expression:
        return -self + other

    def __mul__(self, other: Expression | int | Fraction) -> Expression:
        if isinstance(other, (int, Fraction)):
            if other == 1:
                return self
            by, over = int(other.numerator), other.denominator
            terms = {m: c * by for m, c in self.terms} if by else {}
            return _lowest(terms, self.rest * by, self.divisor * over)
        if not isinstance(other, Expression):
            return NotImplemented
        product: dict[Monomial, int] = {}
        for one, a in _all(self):
            _collect(product, ((_times(one, two), a * b) for two, b in _all(other)))
        rest = product.pop(_ONE, 0)
        return _lowest(product, rest, self.divisor * other.divisor)

    __rmul__ = __mul__

    def over(self, divisor: int | Fraction) -> Expression:
        """The exact quotient, which need not be a whole number.

        Raises:
            ZeroDivisionError: `divisor` is zero.
        """
        return self * (1 / Fraction(divisor))

    def quotient(self, other: Expression) -> Expression | None:
        """What times `other` is this, by long division of polynomials; None where there is none.

        The size that `view(N, -1)` leaves open.

        Raises:
            ZeroDivisionError: `other` is zero.
        """
        if other.constant is not None:
            return self.over(other.constant)
        names = sorted({a for m, _ in (*self.terms, *other.terms) for a, _ in m}, key=_order)

        def degrees(term: tuple[Monomial, int]) -> tuple[int, ...]:
            powers = dict(term[0])
            return tuple(powers.get(atom, 0) for atom in names)

        head, by = max(other.terms, key=degrees)
        found, left = Expression.of(0), self
        while left.terms or left.rest:
            monomial, c = max(_all(left), key=degrees)
            powers = dict(monomial)
            for atom, power in head:
                powers[atom] = powers.get(atom, 0) - power
            if min(powers.values()) < 0:
                return None
            ratio = frozenset((atom, power) for atom, power in powers.items() if power)
            factor = Fraction(c * other.divisor, left.divisor * by)
            part = _lowest({ratio: 1}, 0, 1) if ratio else Expression.of(1)
            found, left = found + part * factor, left - other * part * factor
        return found

    def floor(self) -> Expression:
        """The largest integer that is not above it."""
        if self.divisor == 1:
            return self
        if len(self.terms) == 1:
            ((monomial, c),) = self.terms
            atom = _alone(monomial)
            if c == 1 and isinstance(atom, Symbol) and atom.step == 1:
                added, rest = divmod(self.rest, self.divisor)
                inner = self if not added else Expression(self.terms, rest, self.divisor)
                return Expression(frozenset({(_monomial(Floor(inner)), 1)}), added, 1)
        terms, rest, divisor = dict(self.terms), self.rest, self.divisor
        sign, outside, added = 1, _ZERO, 0
        while True:
            whole = [m for m, c in terms.items() if c * _multiple(m) % divisor == 0]
            if whole:
                outside += _lowest({m: sign * terms.pop(m) for m in whole}, 0, divisor)
            if not terms:
                return outside + (added + sign * (rest // divisor))
            carried = _carried(terms, divisor)
            more, rest = divmod(rest - rest % carried, divisor)
            added += sign * more
            if _leading(terms) < 0:
                terms = {m: -c for m, c in terms.items()}
                rest = divisor - carried - rest
                sign = -sign
            shared = math.gcd(divisor, rest, *terms.values())
            if shared != 1:
                terms = {m: c // shared for m, c in terms.items()}
                rest, divisor = rest // shared, divisor // shared
            units = [(m, _alone(m)) for m, c in terms.items() if c in (1, -1)]
            nested = [(m, atom) for m, atom in units if isinstance(atom, Floor)]
            # of two floors either could be opened: the answer must not depend on which
            if len(nested) != 1:
                break
            ((monomial, floor),) = nested
            inner, c = floor.inner, terms.pop(monomial)
            opened = inner.rest if c == 1 else inner.divisor - 1 - inner.rest
            rest, divisor = rest * inner.divisor + opened, divisor * inner.divisor
            terms = {m: a * inner.divisor for m, a in terms.items()}
            _collect(terms, ((m, c * a) for m, a in inner.terms))
        made = Floor(Expression(frozenset(terms.items()), rest, divisor))
        _ = made.depth, made.first  # those within know theirs: asked later it would be a recursion
        alone = Expression(frozenset({(_monomial(made), sign)}), added, 1)
        return alone if outside is _ZERO else outside + alone

    def __floordiv__(self, divisor: int) -> Expression:
        if not isinstance(divisor, (int, Fraction)):
            return NotImplemented
        if divisor == 1:
            return self.floor()
        if isinstance(divisor, int) and divisor > 0 and len(self.terms) == 1:
            ((monomial, c),) = self.terms
            atom = _alone(monomial)
            if c == self.divisor == 1 and isinstance(atom, Floor):
                # as `floor` would find out; a long chain of windows is nothing but this
                inner = atom.inner
                rest, by = inner.rest + self.rest * inner.divisor, inner.divisor * int(divisor)
                if len(inner.terms) == 1:
                    ((monomial, c),) = inner.terms
                    if c == 1:
                        return Expression(inner.terms, rest, by).floor()
                return _lowest(dict(inner.terms), rest, by).floor()
        return self.over(divisor).floor()

    def __mod__(self, divisor: int) -> Expression:
        if not isinstance(divisor, (int, Fraction)):
            return NotImplemented
        return self - self // divisor * divisor

    @property
    def constant(self) -> int | Fraction | None:
        """The number that it is; None where it depends on a symbol."""
        return None if self.terms else _number(self.rest, self.divisor)

    @property
    def depth(self) -> int:
        """How many floors lie in one another; at most 1 in a chain of windows over one symbol.

        What mixes coarser and finer grids can nest without end (`⌊3·⌊3·⌊H/2⌋/2⌋/2⌋`).  Two
        that nest more than some fifty deep cannot be compared (RecursionError): give up before.
        """
        return max((atom.depth for monomial, _ in self.terms for atom, _ in monomial), default=0)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The names in it, each once."""
        found = {atom for atom in _inside_out(self.terms) if isinstance(atom, Symbol)}
        return tuple(dict.fromkeys(s.name for s in sorted(found, key=lambda s: s.first)))

    def at(self, sizes: Mapping[str, int]) -> int | Fraction:
        """Its value where the symbols are these numbers.

        Raises:
            KeyError: A symbol has no number.
        """
        values: dict[Atom, int] = {}
        for atom in _inside_out(self.terms):
            if isinstance(atom, Symbol):
                values[atom] = sizes[atom.name]
            else:
                values[atom] = _numerator(atom.inner, values) // atom.inner.divisor
        return _number(_numerator(self, values), self.divisor)

    def window(self) -> tuple[int, int, int, int] | None:
        """(scale, shift, divisor, offset) of `scale·⌊(S + shift)/divisor⌋ + offset`.

        None where it is not of that form, or of no symbol or more than one.
        """
        if len(self.terms) != 1:
            return None
        ((monomial, scale),) = self.terms
        atom, offset = _alone(monomial), self.rest // self.divisor
        if atom is None or self.rest % self.divisor:
            return None
        if isinstance(atom, Symbol):
            # a symbol over what divides it is its own floor
            return (scale, 0, self.divisor, offset) if atom.step % self.divisor == 0 else None
        inner = atom.inner
        if self.divisor != 1 or len(inner.terms) != 1:
            return None
        ((monomial, c),) = inner.terms
        if c != 1 or not isinstance(_alone(monomial), Symbol):
            return None
        return (scale, inner.rest, inner.divisor, offset)

    def __str__(self) -> str:
        _spell(self.terms)
        if len(self.terms) < 2:
            return _shifted(self) or _sum(self)
        return _product(self) or _sum(self)


_NONE: Final[Terms] = frozenset()
_ONE: Final[Monomial] = frozenset()
_ZERO: Final = Expression(_NONE, 0, 1)


def _lowest(terms: dict[Monomial, int], rest: int, divisor: int) -> Expression:
    """The expression in lowest terms; `terms` without zeros, `divisor` positive."""
    shared = math.gcd(divisor, rest, *terms.values())
    if shared != 1:
        terms = {monomial: c // shared for monomial, c in terms.items()}
        rest, divisor = rest // shared, divisor // shared
    return Expression(frozenset(terms.items()), rest, divisor)


def _collect(terms: dict[Monomial, int], more: Iterable[tuple[Monomial, int]]) -> None:
    """Add `more` to `terms`, and drop what cancels."""
    for monomial, c in more:
        total = terms.get(monomial, 0) + c
        if total:
            terms[monomial] = total
        else:
            terms.pop(monomial, None)


def _all(expression: Expression) -> Iterator[tuple[Monomial, int]]:
    """The terms with the rest among them."""
    yield from expression.terms
    if expression.rest:
        yield _ONE, expression.rest


def _times(one: Monomial, two: Monomial) -> Monomial:
    powers = dict(one)
    for atom, power in two:
        powers[atom] = powers.get(atom, 0) + power
    return frozenset(powers.items())


def _multiple(monomial: Monomial) -> int:
    """What certainly divides the monomial."""
    found = 1
    for atom, power in monomial:
        if isinstance(atom, Symbol):
            found *= atom.step**power
    return found


def _carried(terms: Mapping[Monomial, int], divisor: int) -> int:
    """The `g` of the module's docstring: it divides `divisor` and every value of the terms."""
    return math.gcd(divisor, *(c * _multiple(monomial) for monomial, c in terms.items()))


def _monomial(atom: Atom) -> Monomial:
    return frozenset({(atom, 1)})


def _alone(monomial: Monomial) -> Atom | None:
    """The atom of which the monomial is the first power."""
    if len(monomial) != 1:
        return None
    ((atom, power),) = monomial
    return atom if power == 1 else None


def _leading(terms: Mapping[Monomial, int]) -> int:
    """The coefficient of the term that is written first."""
    if len(terms) == 1:
        (c,) = terms.values()
        return c
    _spell(terms.items())
    return terms[min(terms, key=_place)]


def _spell(terms: Iterable[tuple[Monomial, int]]) -> None:
    """Write the atoms from the inside, so that deep ones are not written by recursion."""
    for atom in _inside_out(terms):
        _ = atom.text


def _order(atom: Atom) -> tuple[tuple[int, str], int, int, str]:
    return (atom.first, atom.depth, len(atom.text), atom.text)


def _place(monomial: Monomial) -> tuple[int, list[tuple[tuple[int, str], int, int, str]]]:
    """By what terms are sorted: higher degrees first."""
    return (
        -sum(power for _, power in monomial),
        sorted(_order(a) for a, p in monomial for _ in range(p)),
    )


def _inside_out(terms: Iterable[tuple[Monomial, int]]) -> Iterator[Atom]:
    """Every atom once, after those within it."""
    stack: list[tuple[Atom, bool]] = [(a, False) for m, _ in terms for a, _ in m]
    seen: set[Atom] = set()
    while stack:
        atom, opened = stack.pop()
        if atom in seen:
            continue
        if isinstance(atom, Symbol) or opened:
            seen.add(atom)
            yield atom
        else:
            stack.append((atom, True))
            stack.extend((a, False) for m, _ in atom.inner.terms for a, _ in m)


def _numerator(expression: Expression, values: Mapping[Atom, int]) -> int:
    total = expression.rest
    for monomial, c in expression.terms:
        for atom, power in monomial:
            c *= values[atom] ** power
        total += c
    return total


def _number(numerator: int, denominator: int) -> int | Fraction:
    value = Fraction(numerator, denominator)
    return value.numerator if value.denominator == 1 else value


def _length(text: str) -> int:
    return len(text.replace(" ", ""))


def _is_sum(text: str) -> bool:
    """Whether it must stand in parentheses in a product."""
    depth = 0
    for i, sign in enumerate(text):
        depth += (sign in "(⌊⌈") - (sign in ")⌋⌉")
        if depth == 0 and sign in "+−" and (i == 0 or text[i - 1] == " "):
            return True
    return False


def _factor(text: str) -> str:
    return f"({text})" if _is_sum(text) else text


def _over(terms: Terms, rest: int, divisor: int) -> str:
    """What stands under a floor."""
    return f"{_factor(str(Expression(terms, rest, 1)))}/{divisor}"


def _term(monomial: Monomial, c: Fraction) -> tuple[bool, str]:
    """(whether it is subtracted, what is written behind the sign)."""
    minus = c < 0
    atoms = [a for a, p in sorted(monomial, key=lambda pair: _order(pair[0])) for _ in range(p)]
    texts = [atom.text for atom in atoms]
    if minus and len(atoms) == 1 and isinstance(atoms[0], Floor):
        within = atoms[0].inner.terms
        turned = atoms[0].reversed()
        # ⌊(W − H)/2⌋, and not −⌈(H − W)/2⌉
        if any(a < 0 for _, a in within) and _length(turned) <= _length(texts[0]):
            minus, texts = False, [turned]
    if abs(c.numerator) != 1 or not texts:
        texts.insert(0, str(abs(c.numerator)))
    return minus, "·".join(texts) + (f"/{c.denominator}" if c.denominator != 1 else "")


def _joined(terms: Terms, rest: int, divisor: int) -> str:
    """The terms one after the other, with what is added before what is subtracted."""
    pieces = [_term(m, Fraction(c, divisor)) for m, c in sorted(terms, key=lambda t: _place(t[0]))]
    pieces.sort(key=lambda piece: piece[0])
    if rest or not pieces:
        pieces.append(_term(_ONE, Fraction(rest, divisor)))
        if len(pieces) == 2 and pieces[0][0] and rest > 0:
            pieces.reverse()  # 3 − H
    (minus, text), *others = pieces
    return ("−" if minus else "") + text + "".join(f" {'−' if m else '+'} {t}" for m, t in others)


def _sum(expression: Expression) -> str:
    """Fractions term by term, or over their common divisor."""
    terms, rest, divisor = expression.terms, expression.rest, expression.divisor
    apart = _joined(terms, rest, divisor)
    if divisor == 1 or len(terms) + bool(rest) == 1:
        return apart
    return min(f"({_joined(terms, rest, 1)})/{divisor}", apart, key=_length)


def _shifted(expression: Expression) -> str | None:
    """One floor with a number added: `⌊(H − 43)/32⌋`, `⌊H/2⌋ + 1`, `⌊(H − 1)/2⌋`.

    The number can stand behind the floor or under it; None where there is nothing to choose.
    """
    added = expression.rest
    if expression.divisor != 1 or not expression.terms or not added:
        return None
    ((monomial, scale),) = expression.terms
    atom, shift = _alone(monomial), added // scale
    if added % scale or not isinstance(atom, Floor):
        return None
    minus = "−" if scale < 0 else ""
    times = f"{minus}{abs(scale)}·" if abs(scale) != 1 else minus
    under = [times + atom.down(shift), times + atom.up(shift)]
    behind = _joined(expression.terms, added, 1)
    # ⌈H/2⌉ − 1 is ⌊(H − 1)/2⌋ in the same numbers
    least = _length(behind) + (2 if shift == -1 and atom.text[0] == "⌈" else 0)
    best = min(under, key=_length)
    return best if _length(best) <= least and not _behind(atom, best, least) else behind


def _behind(atom: Floor, best: str, least: int) -> bool:
    """⌊H/2⌋ − 2 rather than ⌊(H − 4)/2⌋, where they are of one length."""
    return atom.inner.rest == 0 and _length(best) == least


def _product(expression: Expression) -> str | None:
    """`64·(H − 2)·(W − 2)`; None where it is not a product of sums of one atom each.

    If it is `c·Π (a + k)^p`, then c belongs to the product of all `a^p`, and `c·p·k` to the
    same with one `a` less; whether it is, multiplying tells.
    """
    top, c = min(expression.terms, key=lambda term: _place(term[0]))
    coefficients = dict(_all(expression))
    factors: list[tuple[Expression, int]] = []
    for atom, power in sorted(top, key=lambda pair: _order(pair[0])):
        powers = dict(top)
        powers[atom] = power - 1
        less = frozenset((a, p) for a, p in powers.items() if p)
        added = Fraction(coefficients.get(less, 0), c * power)
        factors.append((_lowest({_monomial(atom): 1}, 0, 1) + added, power))
    if sum(power for _, power in factors) < 2:
        return None
    scale = Fraction(c, expression.divisor)
    made = Expression.of(scale)
    for factor, power in factors:
        for _ in range(power):
            made = made * factor
    if made != expression:
        return None
    texts = [_factor(str(factor)) for factor, power in factors for _ in range(power)]
    if abs(scale.numerator) != 1:
        texts.insert(0, str(abs(scale.numerator)))
    sign = "−" if scale < 0 else ""
    return sign + "·".join(texts) + (f"/{scale.denominator}" if scale.denominator != 1 else "")
