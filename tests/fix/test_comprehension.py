"""Names that a comprehension goes over are not those that it makes."""

from __future__ import annotations

import libcst as cst

from convlint.fix.feeding import definitions
from convlint.fix.source import Site, Sources
from convlint.fix.tree import Tree

_SAME = """
def forward(a):
    a = [1, 2, 3]
    return [a for a in zip(a, a, a, a, a, a)]
"""


def _site(text: str, name: str, number: int) -> Site:
    """The `number`-th place where a name is read."""
    tree = Tree("net.py", text)
    node = [one for one in tree.all(cst.Name) if one.value == name][number]
    return Site(Sources(), tree, node, ())


def test_what_is_gone_over_stands_outside() -> None:
    found = definitions(_site(_SAME, "a", -1))
    assert [one.code for one in found] == ["[1, 2, 3]"]


def test_another_name_of_the_loop_is_not_looked_for() -> None:
    text = "w = 4\nrows = [w * x for x in zip(*[w] * 3)]\n"
    assert [one.code for one in definitions(_site(text, "w", 1))] == ["4"]
