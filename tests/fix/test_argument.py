"""Arguments are added to calls of every layout, and found by their parameters."""

from __future__ import annotations

import ast

import libcst as cst
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convlint.fix.argument import argument, operands, set_argument, with_keyword
from convlint.fix.patch import patched
from convlint.fix.source import Site, Sources
from convlint.fix.tree import Tree


def _site(text: str, place: int = 0) -> Site:
    """The call of a text that begins first, or one behind it."""
    tree = Tree("net.py", text)
    return Site(Sources(), tree, list(tree.all(cst.Call))[place], ())


def _added(text: str, code: str = "1") -> str:
    (edit,) = with_keyword(_site(text), "padding", code).edits
    return patched(text, [edit])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f()", "f(padding=1)"),
        ("f( )", "f(padding=1 )"),
        ("f (\n)", "f (padding=1\n)"),
        ("f(  # nothing\n)", "f(padding=1  # nothing\n)"),
        ("f(a)", "f(a, padding=1)"),
        ("f(a,b)", "f(a,b, padding=1)"),
        ("f(a, b = 2 )", "f(a, b = 2, padding=1 )"),
        ("f(a,)", "f(a, padding=1,)"),
        ("f(a, b , )", "f(a, b , padding=1, )"),
        ("f((a))", "f((a), padding=1)"),
        ("f(*a, **b)", "f(*a, **b, padding=1)"),
        ("f(\n  a,\n  b\n)", "f(\n  a,\n  b, padding=1\n)"),
        ("f(\n  a,\n  b,\n)", "f(\n  a,\n  b,\n  padding=1,\n)"),
        ("f(\n\ta,  # one\n\tb,  # two\n)", "f(\n\ta,  # one\n\tb,  # two\n\tpadding=1,\n)"),
        ("f(\r\n  a,\r\n)", "f(\r\n  a,\r\n  padding=1,\r\n)"),
        ("f(a,  # one\n  b  # two\n)", "f(a,  # one\n  b, padding=1  # two\n)"),
        ("f(a,  # one\n)", "f(a, padding=1,  # one\n)"),
        ("f(a, b\n  ,  # two\n)", "f(a, b\n  , padding=1,  # two\n)"),
        ("f(a, g(1,),)", "f(a, g(1,), padding=1,)"),
        ("if x:\n  y = f(\n    a,\n  )", "if x:\n  y = f(\n    a,\n    padding=1,\n  )"),
    ],
)  # fmt: skip
def test_an_argument_is_added_as_the_others_are_written(before: str, after: str) -> None:
    assert _added(before) == after


SPACES = st.sampled_from(["", " ", "\n", "  # so, (\n    ", "\n\t", "\\\n", "\r\n  "])
VALUES = st.sampled_from(["a", "(1, 2)", "b=2", "c = [1,\n2]", "*d", "**e", "(yield_)", "f(1,)"])


@st.composite
def _calls(draw: st.DrawFn) -> str:
    values = draw(st.lists(VALUES, max_size=4, unique=True))
    order = sorted(values, key=lambda v: (v.startswith("**"), "=" in v, False))
    parts = [draw(SPACES) + value + draw(SPACES) for value in order]
    last = draw(st.sampled_from(["", ","])) if parts else ""
    return f"if True:\n  x = f({','.join(parts)}{last}{draw(SPACES)})  # end\n"


@given(_calls())
def test_an_added_argument_is_all_that_changes(text: str) -> None:
    before, after = ast.parse(text), ast.parse(_added(text))
    (call,) = (n for n in ast.walk(after) if isinstance(n, ast.Call) and _is_of(n, "padding"))
    (added,) = (k for k in call.keywords if k.arg == "padding")
    assert ast.unparse(added.value) == "1"
    call.keywords.remove(added)
    assert ast.dump(after) == ast.dump(before)
    comments = [line.split("#")[1] for line in text.splitlines() if "#" in line]
    assert [line.split("#")[1] for line in _added(text).splitlines() if "#" in line] == comments


def _is_of(call: ast.Call, name: str) -> bool:
    return any(k.arg == name for k in call.keywords)


NAMES = ("in_channels", "out_channels", "kernel_size", "padding")


@pytest.mark.parametrize(
    ("call", "name", "code"),
    [
        ("f(3, 16, 5)", "kernel_size", "5"),
        ("f(3, out_channels=16, kernel_size=5)", "out_channels", "out_channels=16"),
        ("f(3, 16)", "kernel_size", None),
        ("f(*a, 5)", "kernel_size", None),
        ("f(3, 16)", "unknown", None),
        ("f(3, **a)", "padding", None),
        ("f(3, unknown=7)", "unknown", "unknown=7"),
    ],
)
def test_the_argument_of_a_parameter(call: str, name: str, code: str | None) -> None:
    site = _site(call)
    assert isinstance(site.node, cst.Call)
    found = argument(site.node, NAMES, name)
    assert (found and site.tree.code(found)) == code


@pytest.mark.parametrize(
    ("call", "name", "old", "new", "after"),
    [
        ("f(3, 16, 5)", "kernel_size", 5, 3, "f(3, 16, 3)"),
        ("f(3, 16, kernel_size = 5)", "kernel_size", 5, 3, "f(3, 16, kernel_size = 3)"),
        ("f(3, 16, (5, 3))", "kernel_size", (5, 3), (5, 5), "f(3, 16, (5, 5))"),
        ("f(3, 16, 5)", "padding", 0, 2, "f(3, 16, 5, padding=2)"),
        ("f(3, 16, 5, padding='same')", "padding", "same", 2, "f(3, 16, 5, padding=2)"),
        ("f(3, **a)", "padding", 0, 2, None),
        ("f(3, 16, 5)", "stride", 1, 2, None),
        ("f(3, 16, 5)", "kernel_size", 5, 5, None),
    ],
)
def test_an_argument_is_set(
    call: str, name: str, old: object, new: object, after: str | None
) -> None:
    found = next(set_argument(_site(call), NAMES, name, old, new), None)
    assert (found and patched(call, found.edits)) == after


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("g(x)", ["x"]),
        ("x.view(-1, 400)", ["x", "-1"]),
        ("torch.cat([x, self.a(y)], 1)", ["x", "self.a(y)"]),
        ("self.head(x + y)", ["x + y"]),
        ("(self.a(x)).flatten(1)", ["self.a(x)"]),
        ("F.relu(x, inplace=True)", ["x", "True"]),
    ],
)
def test_the_operands_of_a_call(text: str, expected: list[str]) -> None:
    site = _site(text)
    assert [site.tree.code(node) for node in operands(site)] == expected


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (cst.BinaryOperation, "x + (y)", ["x", "y"]),
        (cst.Comparison, "x < y", ["x", "y"]),
        (cst.AugAssign, "x += y", ["y"]),
        (cst.Subscript, "x[:, 0]", ["x"]),
        (cst.UnaryOperation, "-x", ["x"]),
        (cst.Integer, "1", []),
    ],
)
def test_the_operands_of_an_operator(
    kind: type[cst.BaseExpression], text: str, expected: list[str]
) -> None:
    tree = Tree("net.py", text)
    site = Site(Sources(), tree, next(tree.all(kind)), ())
    assert [tree.code(node) for node in operands(site)] == expected
