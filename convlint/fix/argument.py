"""Arguments of a call in the source: read, changed, or added."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import libcst as cst

from convlint import shapes
from convlint.fix.feeding import Feed, feeds
from convlint.fix.source import Site

if TYPE_CHECKING:
    from convlint.network import Layer

_ALIASES: Final = {"dim": "axis", "keepdim": "keepdims"}
"""What NumPy calls a parameter, torch takes too."""


def of_definition(layer: Layer) -> tuple[str, ...]:
    """The parameters of the constructor of a layer's module, in order."""
    if layer.module is None:
        return ()
    try:
        names = inspect.signature(type(layer.module)).parameters
    except (TypeError, ValueError):
        return ()
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    found = tuple(name for name, p in names.items() if p.kind not in kinds)
    # What a container, or a class of the user's own that wraps one, hands on by `**kwargs`.
    handed = tuple(inspect.signature(type(layer.module).__mro__[1]).parameters)
    return found or handed[handed[:1] == ("mode",) :]  # which a recurrent layer gives itself


def of_call(layer: Layer) -> tuple[str, ...]:
    """The parameters of the function that was called, without the tensor before a method."""
    if layer.module is not None or not shapes.is_named(layer.op):
        return ()
    names = shapes.named(layer.op).parameters
    return names[1:] if layer.written.startswith("Tensor.") else names


def argument(call: cst.Call, names: Sequence[str], name: str) -> cst.Arg | None:
    """The argument of a call that is bound to a parameter."""
    for given in call.args:
        if given.keyword is not None and given.keyword.value in (name, _ALIASES.get(name)):
            return given
    positional = [a for a in call.args if a.keyword is None]
    if name not in names or any(a.star for a in positional):
        return None
    place = names.index(name)
    return positional[place] if place < len(positional) else None


def set_argument(
    site: Site,
    names: Sequence[str],
    name: str,
    old: Any,
    new: Any,
    parts: Sequence[int] = (),
    is_size: bool = False,
) -> Iterator[Feed]:
    """What to write so that a call passes `new` as `name`, where it passes `old` now."""
    call = site.node
    if not isinstance(call, cst.Call) or (names and name not in names) or old == new:
        return
    given = argument(call, names, name)
    if given is not None:
        yield from feeds(site.to(given.value), old, new, parts, is_size)
    elif not any(a.star == "**" for a in call.args):
        yield with_keyword(site, name, repr(new))


def with_keyword(site: Site, name: str, code: str) -> Feed:
    """One more argument, behind the others: on a line of its own where the last one has one."""
    call, tree = site.node, site.tree
    assert isinstance(call, cst.Call)
    added = f"{name}={code}"
    if not call.args:
        _, place = tree.span(call.whitespace_after_func)
        return Feed(1, (tree.edit(place + 1, place + 1, added),))
    last = call.args[-1]
    start, end = tree.span(last)
    if not isinstance(last.comma, cst.Comma):
        return Feed(1, (tree.edit(end, end, f", {added}"),))
    _, place = tree.span(last.comma.whitespace_before)
    behind = _LINE_END.match(tree.text, place + 1)
    margin = _MARGIN.search(tree.text, 0, start)
    if behind is not None and margin is not None:  # a comment there is the last argument's
        place, added = behind.end(), f"{behind[1]}{margin[1]}{added},"
    else:
        place, added = place + 1, f" {added},"
    return Feed(1, (tree.edit(place, place, added),))


_LINE_END: Final = re.compile(r"[ \t\f]*(?:#[^\r\n]*)?(?=(\r\n|\r|\n))")
_MARGIN: Final = re.compile(r"(?:\A|[\r\n])([ \t\f]*)\Z")
"""What stands before the first word of a line."""


def operands(site: Site) -> tuple[cst.BaseExpression, ...]:
    """The expressions whose tensors a call takes: arguments, or what a method is called on."""
    node = site.node
    if isinstance(node, (cst.BinaryOperation, cst.Comparison)):
        right = (
            node.right if isinstance(node, cst.BinaryOperation) else node.comparisons[0].comparator
        )
        return (node.left, right)
    if isinstance(node, cst.AugAssign):
        return (node.value,)
    if isinstance(node, (cst.Subscript, cst.UnaryOperation)):
        return (node.value if isinstance(node, cst.Subscript) else node.expression,)
    if not isinstance(node, cst.Call):
        return ()
    found: list[cst.BaseExpression] = []
    if isinstance(node.func, cst.Attribute) and not is_namespace(node.func.value):
        found.append(node.func.value)
    for given in node.args:
        value = given.value
        if isinstance(value, (cst.List, cst.Tuple)):
            found += [e.value for e in value.elements]
        elif not isinstance(value, (cst.Integer, cst.SimpleString, cst.Float, cst.GeneratorExp)):
            found.append(value)
    return tuple(found)


def is_namespace(node: cst.BaseExpression) -> bool:
    """Whether it is `torch`, `F`, `nn`, or `self` and what it holds: no tensor."""
    while isinstance(node, cst.Attribute):
        node = node.value
    return isinstance(node, cst.Name) and node.value in ("torch", "F", "nn", "self")
