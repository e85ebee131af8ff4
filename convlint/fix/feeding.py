"""Which literal feeds an expression, and what to write there for it to give another number.

A number is followed from where it is used to where it is written: through products and sums,
names, attributes of `self`, parameters (to the call that gives them, or to their default), and
the lists that a loop goes over.  Whether what is found is right, the trial tells.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import libcst as cst

from convlint.diagnostic import Edit
from convlint.fix.source import Site

_DEPTH: Final = 8
_MOST: Final = 12
"""How many places are looked at for one number."""

_SHARED: Final = 3
"""How much further away is what others use too."""
_TIMES: Final = (2, 3, 4)
"""How often a name may be taken: of as many parts a tensor may be joined."""

_SAME: Final = ("list", "tuple", "reversed", "sorted")
"""What gives the items that it is given."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Edits after which an expression has another value; `cost` tells how far away they are."""

    cost: int
    edits: tuple[Edit, ...]
    is_shared: bool = False
    """Whether others use what is changed: it is given to a function that reads it elsewhere."""
    is_known: bool = False
    """Whether it is a name that has the value already."""


def feeds(
    site: Site, old: Any, new: Any, parts: Sequence[int] = (), is_size: bool = False
) -> Iterator[Feed]:
    """What to write so that the expression at `site` is `new`, where it is `old` now.

    Args:
        parts: what `new` is the product of; a product of as many literals is written so.
        is_size: whether it is one that others have too, who may have a name for it.
    """
    seen = set()
    known = _known(site, new, parts) if is_size else ()
    found = itertools.chain(known, _feeds(site, old, new, tuple(parts), _DEPTH))
    for count, feed in enumerate(found):
        if count >= _MOST:
            return
        if feed.edits not in seen:
            seen.add(feed.edits)
            yield feed


def _feeds(site: Site, old: Any, new: Any, parts: tuple[int, ...], depth: int) -> Iterator[Feed]:
    node = site.node
    if depth <= 0 or old == new:
        return
    if _is_literal(node):
        if _value(node) == old or old is None:
            yield _written(site, new, parts)
        return
    if isinstance(node, (cst.Tuple, cst.List)) and isinstance(new, tuple):
        yield from _elements(site, node, old, new, depth)
        return
    if isinstance(node, cst.BinaryOperation) and isinstance(new, int):
        yield from _arithmetic(site, node, old, new, parts, depth)
    for definition in definitions(site):
        shared = is_shared(site, definition)
        if new == 1 and (shared or isinstance(node, cst.Attribute)):
            continue  # which goes with any other size
        for feed in _feeds(definition, old, new, parts, depth - 1):
            far = feed.cost + 1 + shared * _SHARED
            yield replace(feed, cost=far, is_shared=feed.is_shared or shared)
    factor = isinstance(next(site.tree.around(node)), cst.BinaryOperation)
    if isinstance(new, (int, tuple)) and not isinstance(node, cst.StarredElement):
        if new == 1 and factor:
            return  # as if nobody had meant it
        yield replace(_written(site, new, parts), cost=2 if _all_literal(node) else 4)


def _known(site: Site, new: Any, parts: Sequence[int]) -> Iterator[Feed]:
    """A name in scope that is the number already, the nearest first; or itself, several times."""
    if not isinstance(new, int) or new < 2 or _all_literal(site.node):
        return
    alone = not isinstance(next(site.tree.around(site.node)), cst.BinaryOperation)
    own = static(site) if isinstance(site.node, (cst.Name, cst.Attribute)) else None
    if own is not None and own > 1 and alone and len(parts) < 2:
        for times in _TIMES:
            if own * times == new:
                yield Feed(times, (site.tree.instead(site.node, f"{times} * {site.code}"),))
    names = (name for name, value in in_scope(site) if name != site.code and value == new)
    for far, name in enumerate(itertools.islice(names, 2), 1):
        yield Feed(far, (site.tree.instead(site.node, name),), is_known=True)


def _written(site: Site, new: Any, parts: tuple[int, ...] = ()) -> Feed:
    return Feed(0, (site.tree.instead(site.node, spelled(new, parts, site)),))


def spelled(new: Any, parts: Sequence[int] = (), site: Site | None = None) -> str:
    """A value as it is written; as the product of `parts` where there stands a product now."""
    if site is not None and isinstance(site.node, cst.BinaryOperation) and len(parts) > 1:
        return " * ".join(map(str, parts))
    return repr(new)


def _elements(
    site: Site, node: cst.Tuple | cst.List, old: Any, new: tuple[Any, ...], depth: int
) -> Iterator[Feed]:
    """A literal tuple: those of its elements that differ."""
    elements = node.elements
    plain = all(isinstance(e, cst.Element) for e in elements)
    if not plain or len(elements) != len(new) or not isinstance(old, tuple) or len(old) != len(new):
        if _all_literal(node):
            yield _written(site, new)
        return
    cost, edits = 0, list[Edit]()
    for element, was, wanted in zip(elements, old, new, strict=True):
        if was != wanted:
            first = next(_feeds(site.to(element.value), was, wanted, (), depth - 1), None)
            if first is None:
                return
            cost += first.cost
            edits += first.edits
    yield Feed(cost, tuple(edits))


def _arithmetic(
    site: Site,
    node: cst.BinaryOperation,
    old: Any,
    new: int,
    parts: tuple[int, ...],
    depth: int,
) -> Iterator[Feed]:
    left, right = site.to(node.left), site.to(node.right)
    one, other = static(left), static(right)
    match node.operator:
        case cst.Multiply():
            if _all_literal(node):
                yield replace(_written(site, new, parts), cost=0)
            square = _square(site, old, new)
            if square is not None:
                yield square
            for side, mine, mate in ((left, one, other), (right, other, one)):
                if mate is None and mine and isinstance(old, int) and old % mine == 0:
                    mate = old // mine
                if mate and new % mate == 0:
                    was = mine if mine is not None else _quotient(old, mate)
                    odd = one is not None and other is not None
                    for feed in _feeds(side, was, new // mate, (), depth - 1):
                        yield replace(feed, cost=feed.cost + odd)
        case cst.Add():
            for side, mine, mate in ((left, one, other), (right, other, one)):
                if mate is None and mine is not None and isinstance(old, int):
                    mate = old - mine
                if mate is not None:
                    yield from _feeds(side, mine, new - mate, (), depth - 1)
        case cst.Subtract():
            if other is not None:
                yield from _feeds(left, one, new + other, (), depth - 1)
            if one is not None:
                yield from _feeds(right, other, one - new, (), depth - 1)
        case cst.FloorDivide():
            if other:
                yield from _feeds(left, one, new * other, (), depth - 1)
            if one and new and one % new == 0:
                yield from _feeds(right, other, one // new, (), depth - 1)


def _quotient(old: Any, mate: int) -> int | None:
    return old // mate if isinstance(old, int) and old % mate == 0 else None


def _square(site: Site, old: Any, new: int) -> Feed | None:
    """`channels * 5 * 5` with another side: the two factors that are equal."""
    numbers = [n for n in _factors(site.node) if isinstance(n, cst.Integer)]
    for i, one in enumerate(numbers):
        for other in numbers[i + 1 :]:
            was = int(one.value, 0)
            if int(other.value, 0) != was or was < 2 or not isinstance(old, int):
                continue
            rest = old // (was * was)
            side = math.isqrt(new // rest) if rest and new % rest == 0 else 0
            if side > 1 and side * side * rest == new and rest * was * was == old:
                edits = (site.tree.instead(n, str(side)) for n in (one, other))
                return Feed(-1, tuple(edits))
    return None


def _factors(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Multiply):
        yield from _factors(node.left)
        yield from _factors(node.right)
    else:
        yield node


# -- who else knows a number


def is_shared(site: Site, definition: Site) -> bool:
    """Whether a name is a parameter, and what is given for it counts elsewhere too."""
    if not isinstance(site.node, cst.Name):
        return False
    scope = _function(site)
    if scope is None or all(p.name.value != site.node.value for p in _parameters(scope)):
        return False
    if any(definition.node is one for one in site.tree.own(scope.body)):
        return False  # it is assigned again
    reads = (n for n in site.tree.all(cst.Name, scope.body) if n.value == site.node.value)
    outer = next(site.tree.around(site.node))
    by_default = isinstance(next(definition.tree.around(definition.node)), cst.Param)
    return len(list(itertools.islice(reads, 2))) > 1 or (
        by_default and isinstance(outer, cst.BinaryOperation)
    )


def in_scope(site: Site) -> Iterator[tuple[str, int]]:
    """The names of a function, and the attributes of `self`, whose numbers the source tells.

    Those come first that are used the nearest to the place.
    """
    scope = _function(site)
    if scope is None:
        return
    own = {p.name.value for p in _parameters(scope)}
    rows: dict[str, int] = {}
    here = site.tree.place(site.node).row
    for node in (*site.tree.all(cst.Name, scope), *site.tree.all(cst.Attribute, scope)):
        far, code = abs(site.tree.place(node).row - here), site.tree.code(node)
        rows[code] = min(far, rows.get(code, far))
    owner = next((n for n in site.tree.around(scope) if isinstance(n, cst.ClassDef)), None)
    method = owner is not None and "self" in own
    for target in site.tree.all(cst.AssignTarget, owner) if method else ():
        code = site.tree.code(target.target)
        if code.startswith("self."):
            rows.setdefault(code, len(site.tree.text))
    for code in sorted(rows, key=rows.__getitem__):
        head, dot, attribute = code.partition(".")
        if dot and (head != "self" or not attribute.isidentifier()):
            continue
        found = list(_attributes(site, attribute) if dot else _assigned_here(site, scope, code))
        value = static(found[0]) if len(found) == 1 else None
        if value is not None:
            yield code, value


def _assigned_here(site: Site, scope: cst.FunctionDef, name: str) -> Iterator[Site]:
    """What a name of one function may stand for at a place: what is assigned before, or given."""
    row = site.tree.place(site.node).row
    found = list(_assigned(site, scope, name))
    if found:
        yield from (one for one in found if site.tree.place(one.node).row < row)
    elif any(p.name.value == name for p in _parameters(scope)):
        yield from _given(site, scope, name)


def _function(site: Site) -> cst.FunctionDef | None:
    """The function that an expression stands in."""
    around = site.tree.around(site.node)
    return next((n for n in around if isinstance(n, cst.FunctionDef)), None)


# -- what an expression is


def static(site: Site, depth: int = 6) -> int | None:
    """The number that an expression is, where the source alone tells."""
    node = site.node
    if _is_literal(node):
        value = _value(node)
        return value if isinstance(value, int) else None
    if depth <= 0:
        return None
    if isinstance(node, cst.BinaryOperation):
        one, other = static(site.to(node.left), depth - 1), static(site.to(node.right), depth - 1)
        if one is None or other is None:
            return None
        match node.operator:
            case cst.Multiply():
                return one * other
            case cst.Add():
                return one + other
            case cst.Subtract():
                return one - other
            case cst.FloorDivide():
                return one // other if other else None
        return None
    found = list(definitions(site))
    return static(found[0], depth - 1) if len(found) == 1 else None


def _is_literal(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.UnaryOperation):
        return isinstance(node.operator, cst.Minus) and isinstance(node.expression, cst.Integer)
    if isinstance(node, cst.Name):
        return node.value in ("True", "False", "None")
    return isinstance(node, (cst.Integer, cst.Float, cst.SimpleString))


def _value(node: cst.CSTNode) -> Any:
    if isinstance(node, cst.UnaryOperation):
        return -_value(node.expression)
    if isinstance(node, cst.Name):
        return {"True": True, "False": False}.get(node.value)
    if isinstance(node, (cst.Integer, cst.Float, cst.SimpleString)):
        return node.evaluated_value
    return None


def _all_literal(node: cst.CSTNode) -> bool:
    """Whether an expression is made of numbers alone."""
    if _is_literal(node):
        return True
    if isinstance(node, cst.BinaryOperation):
        return _all_literal(node.left) and _all_literal(node.right)
    if isinstance(node, (cst.Tuple, cst.List)):
        return all(_all_literal(e.value) for e in node.elements)
    return False


# -- where a name gets its value


def definitions(site: Site) -> Iterator[Site]:
    """The expressions that a name, an attribute of `self` or an item of a literal may stand for."""
    node = site.node
    if node in site.followed:
        return
    site = replace(site, followed=site.followed | {node})
    if isinstance(node, cst.Name):
        yield from _named(site, node.value)
    elif isinstance(node, cst.Attribute):
        if isinstance(node.value, cst.Name) and node.value.value in ("self", "cls"):
            yield from _attributes(site, node.attr.value)
    elif isinstance(node, cst.Subscript):
        yield from _items(site, node)


def _named(site: Site, name: str) -> Iterator[Site]:
    tree = site.tree
    passed: list[cst.CSTNode] = [site.node]
    for scope in tree.around(site.node):
        passed.append(scope)
        if isinstance(scope, cst.BaseComp):
            # What a comprehension goes over is read before its names are there.
            over = scope.for_in.iter in passed
            found = [] if over else list(_looped(site, scope.for_in, name))
        elif isinstance(scope, (cst.FunctionDef, cst.Lambda, cst.Module)):
            found = list(_assigned(site, scope, name))
            if (
                not found
                and not isinstance(scope, cst.Module)
                and any(p.name.value == name for p in _parameters(scope))
            ):
                yield from _given(site, scope, name)
                return
        else:
            continue
        if found:
            yield from found
            return


def _assigned(site: Site, scope: cst.CSTNode, name: str) -> Iterator[Site]:
    """What is assigned to a name in one function, or at the top of the module."""
    for node in site.tree.own(scope):
        if isinstance(node, cst.Assign):
            for target in node.targets:
                yield from _bound(site, target.target, node.value, name)
        elif isinstance(node, cst.AnnAssign) and node.value is not None:
            yield from _bound(site, node.target, node.value, name)
        elif isinstance(node, cst.For):
            yield from _looped(site, node, name)


def _bound(
    site: Site, target: cst.BaseExpression, value: cst.BaseExpression, name: str
) -> Iterator[Site]:
    """What `name` gets by `target = value`."""
    if isinstance(target, cst.Name) and target.value == name:
        yield site.to(value)
        return
    several = (cst.Tuple, cst.List)
    if not isinstance(target, several) or not isinstance(value, several):
        return
    if len(target.elements) == len(value.elements):
        for one, other in zip(target.elements, value.elements, strict=True):
            yield from _bound(site, one.value, other.value, name)


def _looped(site: Site, loop: cst.For | cst.CompFor, name: str) -> Iterator[Site]:
    """What `name` gets by `for ... in [...]`: every item of a list that is written out."""
    bound = any(one.value == name for one in site.tree.all(cst.Name, loop.target))
    if bound:
        yield from _each(site.to(loop.iter), loop.target, name)
    inner = getattr(loop, "inner_for_in", None)
    if inner is not None:
        yield from _looped(site, inner, name)


def _each(site: Site, target: cst.BaseExpression, name: str) -> Iterator[Site]:
    """What `name` gets where `target` is each item of `site` in turn."""
    node = site.node
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.args:
        kind, given = node.func.value, [site.to(a.value) for a in node.args]
        parts = target.elements if isinstance(target, (cst.Tuple, cst.List)) else ()
        if kind in _SAME:
            yield from _each(given[0], target, name)
        elif kind == "enumerate" and len(parts) == 2:
            yield from _each(given[0], parts[1].value, name)
        elif kind == "zip" and len(parts) == len(given):
            for part, one in zip(parts, given, strict=True):
                yield from _each(one, part.value, name)
        return
    for item in _listed(site):
        if isinstance(item.node, cst.BaseExpression):
            yield from _bound(item, target, item.node, name)


def _listed(site: Site, depth: int = 3) -> Iterator[Site]:
    """The items of a list or tuple that is written out, here or where it is named."""
    node = site.node
    if isinstance(node, (cst.List, cst.Tuple)):
        yield from (site.to(e.value) for e in node.elements)
    elif isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and depth:
        if node.func.value in _SAME and node.args:
            yield from _listed(site.to(node.args[0].value), depth - 1)
    elif depth:
        for found in definitions(site):
            yield from _listed(found, depth - 1)


def _items(site: Site, node: cst.Subscript) -> Iterator[Site]:
    for holder in definitions(site.to(node.value)):
        if isinstance(holder.node, (cst.List, cst.Tuple)):
            yield from (holder.to(e.value) for e in holder.node.elements)


def _attributes(site: Site, name: str) -> Iterator[Site]:
    """What is assigned to `self.name` anywhere in the class."""
    tree = site.tree
    owner = next((n for n in tree.around(site.node) if isinstance(n, cst.ClassDef)), None)
    if owner is None:
        return
    for node in tree.all(cst.Assign, owner):
        for target in node.targets:
            left = target.target
            if isinstance(left, cst.Attribute) and left.attr.value == name:
                yield site.to(node.value)


def _parameters(scope: cst.FunctionDef | cst.Lambda) -> tuple[cst.Param, ...]:
    params = scope.params
    return (*params.posonly_params, *params.params, *params.kwonly_params)


def _given(site: Site, scope: cst.FunctionDef | cst.Lambda, name: str) -> Iterator[Site]:
    """What a parameter gets: in the call that was running, or by default."""
    parameters = _parameters(scope)
    place = next(i for i, p in enumerate(parameters) if p.name.value == name)
    called = scope.name.value if isinstance(scope, cst.FunctionDef) else "<lambda>"
    caller = site.caller(called)
    if caller is not None and isinstance(caller.node, cst.Call):
        method = bool(parameters) and parameters[0].name.value in ("self", "cls")
        arguments = caller.node.args
        if any(a.star for a in arguments):
            return
        for argument in arguments:
            if argument.keyword is not None and argument.keyword.value == name:
                yield caller.to(argument.value)
                return
        positional = [a for a in arguments if a.keyword is None]
        if 0 <= place - method < len(positional):
            yield caller.to(positional[place - method].value)
            return
    default = parameters[place].default
    if default is not None:
        yield site.to(default)
