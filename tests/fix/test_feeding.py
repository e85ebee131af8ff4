"""A number is followed to where it is written; Python, run again, tells whether it was."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import libcst as cst
import pytest

from convlint.fix.feeding import feeds, static
from convlint.fix.patch import by_file, patched
from convlint.fix.source import Site, Sources
from convlint.fix.tree import Tree
from convlint.frame import Frame


@dataclass(frozen=True)
class Used:
    """What `use(...)` got, and where it was called."""

    value: Any
    site: Site


def _used(file: Path, text: str) -> Used:
    """Run a text that calls `use`; the call that was made last."""
    file.write_text(text, encoding="utf-8")
    got: list[tuple[Any, tuple[Frame, ...]]] = []

    def use(value: Any) -> None:
        frame, frames = sys._getframe(1), []
        while frame is not None and frame.f_code.co_filename == str(file):
            frames.append(Frame(frame.f_code, frame.f_lasti))
            frame = frame.f_back  # type: ignore[assignment]
        got.append((value, tuple(frames)))

    exec(compile(text, str(file), "exec"), {"use": use, "__name__": "net"})
    value, frames = got[-1]
    site = Sources().site(frames)
    assert site is not None
    assert isinstance(site.node, cst.Call)
    return Used(value, site.to(site.node.args[0].value))


CASES = {
    "literal": ("use(4)", 7, "use(7)"),
    "in parentheses": ("use((4))", 7, "use((7))"),
    "minus": ("use(-1)", 7, "use(7)"),
    "hex": ("use(0x10)", 7, "use(7)"),
    "string": ("use('same')", 0, "use(0)"),
    "flag": ("use(True)", False, "use(False)"),
    "tuple": ("use((1, 4))", (1, 7), "use((1, 7))"),
    "name": ("n = 4\nuse(n)", 7, "n = 7\nuse(n)"),
    "names": ("n, m = 3, 4\nuse(m)", 7, "n, m = 3, 7\nuse(m)"),
    "annotated": ("n: int = 4\nuse(n)", 7, "n: int = 7\nuse(n)"),
    "two names": ("n = 4\nm = n\nuse(m)", 7, "n = 7\nm = n\nuse(m)"),
    "tuple of names": ("n = 4\nuse((1, n))", (1, 7), "n = 7\nuse((1, n))"),
    "global": ("N = 4\ndef f():\n    use(N)\nf()", 7, "N = 7\ndef f():\n    use(N)\nf()"),
    "parameter": ("def f(a, n):\n    use(n)\nf(1, 4)", 7, "def f(a, n):\n    use(n)\nf(1, 7)"),
    "keyword": ("def f(n=3):\n    use(n)\nf(n=4)", 7, "def f(n=3):\n    use(n)\nf(n=7)"),
    "default": ("def f(n=4):\n    use(n)\nf()", 7, "def f(n=7):\n    use(n)\nf()"),
    "keyword only": ("def f(*, n=4):\n    use(n)\nf()", 7, "def f(*, n=7):\n    use(n)\nf()"),
    "lambda": ("f = lambda n: use(n)\nf(4)", 7, "f = lambda n: use(n)\nf(7)"),
    "method": (
        "class A:\n    def f(self, n):\n        use(n)\nA().f(4)", 7,
        "class A:\n    def f(self, n):\n        use(n)\nA().f(7)",
    ),
    "constructor": (
        "class A:\n    def __init__(self, n):\n        use(n)\nA(4)", 7,
        "class A:\n    def __init__(self, n):\n        use(n)\nA(7)",
    ),
    "through two calls": (
        "def f(n):\n    use(n)\ndef g(m):\n    f(m)\ng(4)", 7,
        "def f(n):\n    use(n)\ndef g(m):\n    f(m)\ng(7)",
    ),
    "attribute": (
        "class A:\n    def __init__(self):\n        self.n = 4\n    def f(self):\n"
        "        use(self.n)\nA().f()", 7,
        "class A:\n    def __init__(self):\n        self.n = 7\n    def f(self):\n"
        "        use(self.n)\nA().f()",
    ),
    "loop": ("for n in [3, 4]:\n    use(n)", 7, "for n in [3, 7]:\n    use(n)"),
    "loop of pairs": (
        "for n, m in ((1, 3), (2, 4)):\n    use(m)", 7,
        "for n, m in ((1, 3), (2, 7)):\n    use(m)",
    ),
    "loop of a named list": ("s = [3, 4]\nfor n in s:\n    use(n)", 7,
                             "s = [3, 7]\nfor n in s:\n    use(n)"),
    "loop backwards": ("for n in reversed([4, 3]):\n    use(n)", 7,
                       "for n in reversed([7, 3]):\n    use(n)"),
    "counted loop": ("for i, n in enumerate([3, 4]):\n    use(n)", 7,
                     "for i, n in enumerate([3, 7]):\n    use(n)"),
    "loop of two": ("for n, m in zip([1, 2], [3, 4]):\n    use(m)", 7,
                    "for n, m in zip([1, 2], [3, 7]):\n    use(m)"),
    "counted loop of two": (
        "s = [3, 4]\nfor i, (n, m) in enumerate(zip([1, 2], s)):\n    use(m)", 7,
        "s = [3, 7]\nfor i, (n, m) in enumerate(zip([1, 2], s)):\n    use(m)",
    ),
    "comprehension": ("[use(n) for n in (3, 4)]", 7, "[use(n) for n in (3, 7)]"),
    "comprehension in another": ("[use(n) for m in (1, 2) for n in (3, 4)]", 7,
                                 "[use(n) for m in (1, 2) for n in (3, 7)]"),
    "item": ("s = [3, 4]\nuse(s[1])", 7, "s = [3, 7]\nuse(s[1])"),
    "product": ("n = 16\nuse(n * 5)", 40, "n = 8\nuse(n * 5)"),
    "product of literals": ("use(16 * 5)", 96, "use(96)"),
    "product with a square": ("use(16 * 5 * 5)", 16 * 4 * 4, "use(16 * 4 * 4)"),
    "sum": ("n = 16\nuse(n + 1)", 9, "n = 8\nuse(n + 1)"),
    "difference": ("n = 16\nuse(n - 1)", 9, "n = 10\nuse(n - 1)"),
    "subtrahend": ("n = 4\nuse(len('abcdefgh') * 2 - n)", 10,
                   None),
    "quotient": ("n = 16\nuse(n // 2)", 9, "n = 18\nuse(n // 2)"),
    "divisor": ("n = 2\nm = 16\nuse(m // n)", 4, "n = 2\nm = 8\nuse(m // n)"),
    "with what nobody knows": ("n = 4\nuse(n * len('ab'))", 6, "n = 3\nuse(n * len('ab'))"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_number_is_followed_to_where_it_is_written(name: str, tmp_path: Path) -> None:
    text, new, expected = CASES[name]
    used = _used(tmp_path / "net.py", text)
    found = sorted(feeds(used.site, used.value, new), key=lambda feed: feed.cost)
    assert found
    texts = [patched(text, feed.edits) for feed in found]
    for after in texts[:1]:
        assert _used(tmp_path / "net.py", after).value == new
    if expected is not None:
        assert expected in texts
        assert texts.index(expected) <= 1, texts


def test_a_product_is_written_where_there_is_one() -> None:
    site = _expression("use(16 * 5 * 5)")
    found = [patched("use(16 * 5 * 5)", f.edits) for f in feeds(site, 400, 576, (16, 6, 6))]
    assert "use(16 * 6 * 6)" in found
    found = [
        patched("use(400)", f.edits) for f in feeds(_expression("use(400)"), 400, 576, (16, 36))
    ]
    assert found == ["use(576)"]


def test_the_call_that_was_running_is_followed_into_another_file(tmp_path: Path) -> None:
    blocks, net = tmp_path / "blocks.py", tmp_path / "net.py"
    blocks.write_text("def f(n):\n    use(n)\n")
    net.write_text("g(4)\n")
    frames: list[Frame] = []

    def use(value: int) -> None:
        frame: Any = sys._getframe(1)
        for _ in range(2):
            frames.append(Frame(frame.f_code, frame.f_lasti))
            frame = frame.f_back

    space: dict[str, Any] = {"use": use}
    exec(compile(blocks.read_text(), str(blocks), "exec"), space)
    exec(compile(net.read_text(), str(net), "exec"), {"g": space["f"]})
    site = Sources().site(tuple(frames))
    assert site is not None
    assert isinstance(site.node, cst.Call)
    first = next(feeds(site.to(site.node.args[0].value), 4, 7))
    assert list(by_file(first.edits)) == [str(net)]
    assert patched("g(4)\n", first.edits) == "g(7)\n"


@pytest.mark.parametrize(
    "text",
    [
        "x = x\nuse(x)",
        "a = b\nb = a\nuse(a)",
        "a, b = b, a\nuse(a)",
        "for x in x:\n    use(x)",
        "for x in enumerate(x):\n    use(x)",
        "for x, y in zip(y, x):\n    use(x)",
        "[use(x) for x in x for x in x]",
        "x = [x, x]\nuse(x[0])",
        "x = x * x + x\nuse(x)",
        "def f(x=x):\n    use(x)",
        "f = lambda x=x: use(x)",
        "class A:\n    def f(self):\n        self.x = self.x + self.x\n        use(self.x)",
        "\n".join([*("x = x + x * y\ny = y * x - x" for _ in range(20)), "use(x + y)"]),
        "\n".join([*(f"x{i} = x{i + 1} + x{i + 1}" for i in range(30)), "use(x0)"]),
        "\n".join([*(f"for x{i} in x{i + 1}, x{i + 1}:\n    pass" for i in range(30)), "use(x0)"]),
        "use(" + " + ".join(["x"] * 60) + ")",
    ],
)
def test_endless_chains_end(text: str) -> None:
    began = time.process_time()
    for old, new in ((4, 7), (None, 7), (4, 4), ((1, 2), (3, 4)), ("same", 0)):
        assert len(list(feeds(_expression(text), old, new))) <= 12
        static(_expression(text))
    assert time.process_time() - began < 5


def _expression(text: str) -> Site:
    """What is handed to `use` in a text that is not run."""
    tree = Tree("net.py", text)
    (call,) = _calls(tree)
    return Site(Sources(), tree, call.args[0].value, ())


def _calls(tree: Tree) -> Iterator[cst.Call]:
    for call in tree.all(cst.Call):
        if isinstance(call.func, cst.Name) and call.func.value == "use":
            yield call


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("use(4)", 4),
        ("use(-4)", -4),
        ("n = 4\nuse(n * 2 + 10 // 3 - 1)", 10),
        ("n = 4\nn = 5\nuse(n)", None),
        ("use(1 // 0)", None),
        ("use(f(1))", None),
        ("use('a')", None),
    ],
)
def test_what_the_source_alone_tells(text: str, value: int | None) -> None:
    assert static(_expression(text)) == value
