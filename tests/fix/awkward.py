"""Sources that are hard to edit, and the places of expressions in them as Python tells them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from convlint.diagnostic import Location

CALLS: Final = '''\
from torch import nn


class Net(nn.Module):
    """Ein Netz für Bilder."""

    def __init__(self, width=3 * 4, größe: int = 5):
        super().__init__()
        self.a = nn.Conv2d(3, width, 3)  # eins, zwei (
        self.b = nn.Conv2d(
            3,  # so viele, wie Farben
            16,
            kernel_size=größe,
        )
        self.größe = f"{größe!r:>{width}}", nn.Linear(1, 2)
        self.c = ((nn.Linear)((3 + 4) * 2, (width)))
        self.d = nn.Sequential(*[nn.ReLU() for _ in range(3)], nn.Linear(width, 4,),)
        self.e = dict(a=1, **{"b": -2, 'c': 0x10}, )

    def forward(self, x, *rest, flag=True):
        x = self.a(x) if flag else x
        x = x.view(x.size(0), -1) \\
            .flatten(1)
        y = (x +
             self.b(x)  # darüber
             * 2)
        y += x[:, :-1, ...]
        "ä"; z = y @ x; return (z), [(u, v) for u, v in zip(x, [1, 2]) if u]
'''
ODD: Final = (
    "if True:\n\tx = f( 1,2 )\n\tif x:\n\t\ty = g(x ,\n\t\t\tz=3)\n"
    "\x0c\ndef f(a):\n    return a + 1\n\x0c\nf('\x0c', h(2))\n"
    "s = 'a\u2028b\x85c\x1cd'; t = f(s, 1)\n"
    'text = """one\n  two\x0c three"""; t = f(text, 2)\n'
    "(f)(1)(2)[3].g(lambda q: q + 1)\n"
    "f (1) ; g(\n)\n"
    "n = not f(1) < 2 < 3"
)
SOURCES: Final = {
    "plain": CALLS,
    "crlf": CALLS.replace("\n", "\r\n"),
    "cr": CALLS.replace("\n", "\r"),
    "mixed": CALLS.replace("        self", "\r\n        self").replace("\n\r\n", "\r\n"),
    "tabs": CALLS.replace("    ", "\t"),
    "odd": ODD,
    "no end": CALLS.rstrip("\n"),
    "one line": "x = f(1)",
}

_KINDS: Final = (
    ast.Call, ast.BinOp, ast.Attribute, ast.Subscript, ast.Name, ast.Constant, ast.UnaryOp,
    ast.Compare, ast.IfExp,
)  # fmt: skip


def expressions(text: str) -> Iterator[tuple[Location, str]]:
    """The expressions that a source evaluates: where Python says they stand, and their text."""
    lines = _lines(text)
    for node in _evaluated(ast.parse(text)):
        if isinstance(node, _KINDS):
            assert node.end_lineno is not None
            assert node.end_col_offset is not None
            start = _characters(lines[node.lineno - 1], node.col_offset)
            end = _characters(lines[node.end_lineno - 1], node.end_col_offset)
            place = Location("net.py", node.lineno, start + 1, node.end_lineno, end + 1)
            rows = lines[node.lineno - 1 : node.end_lineno]
            rows[-1] = rows[-1][:end]
            rows[0] = rows[0][start:]
            yield place, "".join(rows)


def _evaluated(node: ast.AST) -> Iterator[ast.AST]:
    """Without strings that stand for themselves, and what is in f-strings, and targets."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.JoinedStr, ast.FormattedValue)):
            continue
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        if isinstance(getattr(child, "ctx", None), ast.Store):
            continue
        yield child
        yield from _evaluated(child)


def _lines(text: str) -> list[str]:
    """As Python counts them."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    ends, lines = 0, []
    for line in unified.split("\n"):
        end = ends + len(line)
        width = 2 if text[end : end + 2] == "\r\n" else 1
        lines.append(text[ends : end + width])
        ends = end + width
    return lines


def _characters(line: str, column: int) -> int:
    """PEP 657 counts bytes."""
    return len(line.encode()[:column].decode())
