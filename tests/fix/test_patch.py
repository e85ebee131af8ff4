"""Edits put into texts: one after the other, at once, and as a diff that git takes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convlint.diagnostic import Edit, Location
from convlint.fix import patch
from convlint.fix.lines import Lines
from convlint.fix.patch import PatchError, patched, united
from tests.fix.awkward import SOURCES

TEXTS = st.text(alphabet="ab \t\x0c\x85\u2028ä\n\r", max_size=24)
CONTENTS = st.text(alphabet="xyz\n", max_size=3)


def _edit(text: str, start: int, end: int, content: str, name: str = "net.py") -> Edit:
    return Edit(content, Lines(text).place(name, start, end))


@st.composite
def _edits(draw: st.DrawFn, text: str) -> list[Edit]:
    """Edits that do not overlap, in any order."""
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
    spans = zip(cuts[::2], cuts[1::2], strict=False)
    return draw(st.permutations([_edit(text, *span, draw(CONTENTS)) for span in spans]))


@given(st.data(), TEXTS)
def test_edits_at_once_are_as_one_after_the_other(data: st.DataObject, text: str) -> None:
    edits = data.draw(_edits(text))
    expected = text
    spans = [(*Lines(text).span(e.location), e.content) for e in edits]
    backwards = sorted(enumerate(spans), key=lambda one: (one[1][:2], one[0]), reverse=True)
    for _, (start, end, content) in backwards:
        expected = expected[:start] + content + expected[end:]
    assert patched(text, edits) == expected


@given(st.data(), TEXTS)
def test_united_edits_do_what_the_first_and_then_the_others_do(
    data: st.DataObject, text: str
) -> None:
    first = data.draw(_edits(text))
    behind = patched(text, first)
    then = data.draw(_edits(behind))
    both = united(first, then, {"net.py": (text, behind)})
    if both is None:
        assert _touch(text, first, behind, then)
    else:
        assert both[: len(first)] == tuple(first)
        assert [e.content for e in both[len(first) :]] == [e.content for e in then]
        assert patched(text, both) == patched(behind, then)


def _touch(text: str, first: list[Edit], behind: str, then: list[Edit]) -> bool:
    """Whether one of the later edits lies in what the first have written, or at its ends."""
    moved, written = 0, []
    spans = [(*Lines(text).span(e.location), e.content) for e in first]
    for start, end, content in sorted(spans, key=lambda span: span[:2]):
        written.append((start + moved, start + moved + len(content)))
        moved += len(content) - (end - start)
    spots = [Lines(behind).span(e.location) for e in then]
    return any(start <= stop and begin <= end for start, end in spots for begin, stop in written)


def test_edits_of_several_files_are_united_file_by_file() -> None:
    texts = {"a.py": "f(1)", "b.py": "g(2)"}
    first = [_edit(texts["b.py"], 2, 3, "345", "b.py")]
    then = [_edit("f(1)", 2, 3, "7", "a.py"), _edit("g(345)", 6, 6, ".h()", "b.py")]
    both = united(first, then, {"a.py": ("f(1)", "f(1)"), "b.py": ("g(2)", "g(345)")})
    assert both is not None
    assert both[:1] == tuple(first)
    parts = patch.by_file(both)
    assert {n: patched(texts[n], parts[n]) for n in texts} == {"a.py": "f(7)", "b.py": "g(345).h()"}


def test_edits_that_overlap_or_lie_outside_are_refused() -> None:
    text = "one\ntwo"
    for edits in (
        [_edit(text, 0, 2, ""), _edit(text, 1, 3, "")],
        [Edit("", Location("net.py", 2, 1, 2, 9))],
        [Edit("", Location("net.py", 3, 1, 3, 1))],
        [Edit("", Location("net.py", 2, 2, 2, 1))],
    ):
        with pytest.raises(ValueError, match=r"edits? "):
            patched(text, edits)


@given(TEXTS)
def test_offsets_and_places_are_one(text: str) -> None:
    lines = Lines(text)
    for offset in range(len(text) + 1):
        assert lines.span(lines.place("net.py", offset, offset)) == (offset, offset)


@pytest.mark.parametrize("name", SOURCES)
def test_git_takes_the_diff(name: str, tmp_path: Path) -> None:
    text = SOURCES[name]
    after = text.replace("1, 2", "1, 3").replace("f(1)", "f(2)").replace("h(2)", "h(3)")
    assert after != text
    for folder in (".", "a folder"):
        file = tmp_path / folder / "nét wörk.py"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode())
        shown = file.relative_to(tmp_path).as_posix()
        diff = patch.diff({"net.py": text}, {"net.py": after}, {"net.py": shown})
        git = ["git", "apply", "--whitespace=nowarn", "-"]
        subprocess.run(git, cwd=tmp_path, input=diff.encode(), check=True)
        assert file.read_bytes() == after.encode()


def test_what_is_the_same_is_no_diff() -> None:
    assert patch.diff({"a": "x\n"}, {"a": "x\n"}, {"a": "a"}) == ""


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"x = 1\r\n", "utf-8"),
        (b"\xef\xbb\xbfx = 1\n", "utf-8-sig"),
        (b"# -*- coding: latin-1 -*-\nx = '\xe4'\r\n", "iso-8859-1"),
    ],
)
def test_a_file_is_read_and_written_in_its_encoding(
    content: bytes, encoding: str, tmp_path: Path
) -> None:
    file = tmp_path / "net.py"
    file.write_bytes(content)
    source = patch.read(file)
    assert source.encoding == encoding
    assert source.encoded(source.text) == content


@pytest.mark.parametrize(
    "content", [b"x = '\xe4'\n", b"# coding: nonsense\n", b"\xef\xbb\xbf# coding: latin-1\n", None]
)
def test_a_file_that_is_not_what_it_says_is_refused(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(PatchError, match=r"^cannot read .*net\.py: [^\n]*$"):
        patch.read(file)


def test_what_the_encoding_has_not_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_bytes(b"# coding: ascii\n")
    with pytest.raises(PatchError, match=r"^cannot write .*net\.py: [^\n]*$"):
        patch.read(file).encoded("ä")


@pytest.mark.parametrize(
    ("before", "old", "new", "expected"),
    [
        ("a\n  f(1)\nb", "1", "2", ["f(2)"]),
        ("f(\r\n  1,\r\n)", "1,", "1,\r\n  a=2,", ["1, a=2,"]),
        ("f(\n  1,\n)", "", "\n  a=2,", ["a=2,"]),
        ("f(\n  1,\n)", "\n  1,\n", "1", ["f(1)"]),
    ],
)
def test_an_edit_in_words(before: str, old: str, new: str, expected: list[str]) -> None:
    start = before.index(old) if old else before.index(",") + 1
    edit = _edit(before, start, start + len(old), new)
    assert list(patch.written(before, [edit])) == expected


def test_edits_in_words_come_one_below_the_other() -> None:
    text = "f(\n  1,\n)\ng(3)\n"
    edits = [_edit(text, text.index("3"), text.index("3") + 1, "4"), _edit(text, 7, 7, "\n  a=2,")]
    assert list(patch.written(text, edits)) == ["a=2,", "g(4)"]
