"""Expressions are found where Python says they stand, and edits change nothing else."""

from __future__ import annotations

import ast
import re

import libcst as cst
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convlint.diagnostic import Edit, Location
from convlint.fix.patch import patched
from convlint.fix.tree import Tree
from tests.fix.awkward import CALLS, SOURCES, expressions

TREES = {name: Tree("net.py", text) for name, text in SOURCES.items()}
WRITTEN = ("y", "(0)", "f(1, 2)", "a.b[0]", "(1, 2)", "größe", "f(\n    1,\n)", "[ ]")
"""What is an expression wherever one stands."""


@pytest.mark.parametrize("name", SOURCES)
def test_every_expression_that_python_runs_is_found(name: str) -> None:
    tree, count = TREES[name], 0
    for place, code in expressions(SOURCES[name]):
        node = tree.running(place)
        assert node is not None, (place, code)
        assert tree.place(node) == place
        assert tree.code(node) == code
        count += 1
    assert count > 1


@st.composite
def _edits(draw: st.DrawFn) -> tuple[str, Location, str, str, Edit]:
    name = draw(st.sampled_from(list(SOURCES)))
    place, code = draw(st.sampled_from(list(expressions(SOURCES[name]))))
    other = draw(st.sampled_from([code for _, code in expressions(SOURCES[name])]))
    content = draw(st.sampled_from((*WRITTEN, f"({code}).flatten(1)", f"f({code})", f"({other})")))
    node = TREES[name].running(place)
    assert node is not None
    return SOURCES[name], place, code, content, TREES[name].instead(node, content)


def _span(text: str, place: Location) -> tuple[int, int]:
    """Offsets of a place, by Python's own line ends."""
    joined: list[str] = []
    for row in text.splitlines(keepends=True):
        if joined and not joined[-1].endswith(("\n", "\r")):
            joined[-1] += row  # str.splitlines has more ends than Python has
        else:
            joined.append(row)
    starts = [sum(map(len, joined[:i])) for i in range(len(joined) + 1)]
    return (
        starts[place.row - 1] + place.column - 1,
        starts[place.end_row - 1] + place.end_column - 1,
    )


@given(_edits())
def test_an_edit_changes_its_own_span_only(drawn: tuple[str, Location, str, str, Edit]) -> None:
    text, place, code, content, edit = drawn
    start, end = _span(text, place)
    assert text[start:end] == code
    after = patched(text, [edit])
    assert after == text[:start] + content + text[end:]
    ast.parse(after)
    first, last = _span(text, edit.location)
    assert start <= first <= last <= end
    assert after == text[:first] + edit.content + text[last:]


@given(_edits())
def test_an_edit_is_of_whole_words(drawn: tuple[str, Location, str, str, Edit]) -> None:
    text, _, _, _, edit = drawn
    for offset in _span(text, edit.location):
        assert not re.fullmatch(r"\w\w", text[max(offset - 1, 0) : offset + 1]), edit


def test_what_is_already_written_is_no_edit() -> None:
    for name, tree in TREES.items():
        for place, code in expressions(SOURCES[name]):
            node = tree.running(place)
            assert node is not None
            edit = tree.instead(node, code)
            assert not edit.content
            start, end = _span(SOURCES[name], edit.location)
            assert start == end


@pytest.mark.parametrize("text", ["def", "x = (", "\tx\n y", "print 1", "\x00", "a: : b"])
def test_what_is_no_python_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(SyntaxError):
        Tree("net.py", text)


def test_the_nodes_of_a_function_are_without_those_of_the_functions_in_it() -> None:
    tree = Tree("net.py", "def f():\n    a = 1\n    def g():\n        b = 2\n    c = lambda: d\n")
    (outer, _) = tree.all(cst.FunctionDef)
    names = [n.value for n in tree.own(outer) if isinstance(n, cst.Name)]
    assert {"a", "c"} <= set(names)
    assert not {"b", "d"} & set(names)


def test_what_a_node_lies_in_is_told_from_the_inside() -> None:
    tree = Tree("net.py", CALLS)
    last = list(tree.all(cst.Integer))[-1]
    kinds = [type(n).__name__ for n in tree.around(last)]
    assert kinds[-1] == "Module"
    assert kinds.index("ListComp") < kinds.index("FunctionDef") < kinds.index("ClassDef")
