"""The report for people: what it looks like, to the letter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given

from convlint import report, table
from convlint.diagnostic import Diagnostic, Label, Location, Severity
from convlint.job import Result, Row
from convlint.report import Style
from tests.report.drawn import results, styles
from tests.report.examples import real
from tests.sampling import sampled

SOURCE = """\
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(
            3,
            16,
            kernel_size=3,
        )
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)

    def forward(self, x):
        h = self.pool(self.conv(x))
        h = h.flatten(1)
\t\tw = "größe 図形" + str(self.fc1(h))
        return self.fc1(h)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.py").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks" / "stem.py").write_text("def stem(x):\n    return x[:, :1]\n")
    return tmp_path


def _span(folder: Path, text: str, name: str = "model.py") -> Location:
    """The place of `text`, which occurs once, in a file."""
    source = (folder / name).read_text(encoding="utf-8")
    start, end = source.index(text), source.index(text) + len(text)

    def position(offset: int) -> tuple[int, int]:
        before = source[:offset].split("\n")
        return len(before), len(before[-1]) + 1

    return Location(str(folder / name), *position(start), *position(end))


def _text(folder: Path, *found: Diagnostic, quiet: bool = True, layers: int = 0) -> str:
    result = Result("model.py:Net", found, layers=layers)
    return report.render("text", [result], Style(quiet=quiet, directory=folder))


def _mismatch(folder: Path) -> Diagnostic:
    return Diagnostic(
        "CL102",
        "feature-mismatch",
        Severity.ERROR,
        "`fc1` takes 400 features, but 576 arrive",
        _span(folder, "nn.Linear(16 * 5 * 5, 120)"),
        "in_features is 400",
        (Label("called here with [1, 576]", _span(folder, "return self.fc1(h)")),),
        "16 · 6 · 6 = 576",
        ("write nn.Linear(576, 120)",),
        target="model.py:Net",
        layer="fc1",
    )


def test_a_finding_with_all_its_parts(folder: Path) -> None:
    assert _text(folder, _mismatch(folder), quiet=False) == (
        "error[CL102 feature-mismatch]: `fc1` takes 400 features, but 576 arrive\n"
        "  --> model.py:13:20\n"
        "   |\n"
        "13 |         self.fc1 = nn.Linear(16 * 5 * 5, 120)\n"
        "   |                    ^^^^^^^^^^^^^^^^^^^^^^^^^^ in_features is 400\n"
        "...\n"
        "19 |         return self.fc1(h)\n"
        "   |         ------------------ called here with [1, 576]\n"
        "   |\n"
        "   = formula: 16 · 6 · 6 = 576\n"
        "   = help: write nn.Linear(576, 120)\n"
        "\n"
        "Found 1 error in 1 target.\n"
    )


def test_near_lines_several_lines_and_other_files(folder: Path) -> None:
    found = Diagnostic(
        "CL101",
        "channel-mismatch",
        Severity.WARNING,
        "message",
        _span(folder, "h = self.pool(self.conv(x))"),
        "here",
        (
            Label("made here", _span(folder, "nn.Conv2d(\n            3,\n            16,")),
            Label("by hand", _span(folder, "def stem(x):", "blocks/stem.py")),
            Label("inner", _span(folder, "self.conv(x)")),
            Label("first", Location(str(folder / "model.py"), 18)),
            Label("", _span(folder, "x[:, :1]", "blocks/stem.py")),
        ),
        note=("one\ntwo",),
        help=("do this", "or that"),
    )
    assert _text(folder, found) == (
        "warning[CL101 channel-mismatch]: message\n"
        "  --> model.py:16:9\n"
        "   |\n"
        " 7 |         self.conv = nn.Conv2d(\n"
        "   |                     ---------- made here\n"
        "...\n"
        "16 |         h = self.pool(self.conv(x))\n"
        "   |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^ here\n"
        "   |                       ------------ inner\n"
        "17 |         h = h.flatten(1)\n"
        '18 |         w = "größe 図形" + str(self.fc1(h))\n'
        "   |         ----------------------------------- first\n"
        "  ::: blocks/stem.py:1:1\n"
        "   |\n"
        " 1 | def stem(x):\n"
        "   | ------------ by hand\n"
        " 2 |     return x[:, :1]\n"
        "   |            --------\n"
        "   |\n"
        "   = note: one\n"
        "           two\n"
        "   = help: do this\n"
        "   = help: or that\n"
    )


def test_tabs_and_wide_characters_keep_the_signs_below_their_span(folder: Path) -> None:
    for text, marker in [
        ('"größe 図形"', "            ^^^^^^^^^^^^"),
        ("str(self.fc1(h))", "                           ^^^^^^^^^^^^^^^^"),
    ]:
        found = Diagnostic("CL1", "n", Severity.INFO, "m", _span(folder, text))
        assert _text(folder, found).splitlines()[4] == f"   | {marker}"


@pytest.mark.parametrize(
    ("where", "marker"),
    [
        (Location("model.py", 17), "        ^^^^^^^^^^^^^^^^"),
        (Location("model.py", 17, 13), "            ^"),
        (Location("model.py", 17, 13, 17, 13), "            ^"),
        (Location("model.py", 17, 400, 17, 410), "                        ^"),
        (Location("model.py", 17, 21, 19, 2), "                    ^^^^"),
    ],
)
def test_places_that_are_not_exact(folder: Path, where: Location, marker: str) -> None:
    where = Location(str(folder / "model.py"), *_position(where))
    lines = _text(folder, Diagnostic("CL1", "n", Severity.ERROR, "m", where)).splitlines()
    assert lines[4] == f"   | {marker}"


def _position(where: Location) -> tuple[int, int, int, int]:
    return where.row, where.column, where.end_row, where.end_column


def test_without_source_only_the_places_are_told(folder: Path) -> None:
    gone = str(folder / "gone.py")
    found = Diagnostic(
        *("CL102", "feature-mismatch", Severity.ERROR, "m"),
        Location(gone, 7, 3),
        "too few",
        (
            Label("called here", Location(gone, 9, 4)),
            Label("past the end", Location(str(folder / "model.py"), 999, 1)),
        ),
        help=("mend it",),
    )
    assert _text(folder, found) == (
        "error[CL102 feature-mismatch]: m\n"
        "   --> gone.py:7:3: too few\n"
        "   ::: gone.py:9:4: called here\n"
        "   ::: model.py:999:1: past the end\n"
        "    |\n"
        "    = help: mend it\n"
    )


def test_without_a_place_the_target_is_told(folder: Path) -> None:
    found = Diagnostic(
        *("CL001", "cannot-import", Severity.ERROR, "there is no file `x.py`"),
        target="x.py:Net",
        help=("look",),
    )
    assert _text(folder, found, quiet=False) == (
        "error[CL001 cannot-import]: there is no file `x.py`\n"
        "  --> x.py:Net\n"
        "   = help: look\n"
        "\n"
        "Found 1 error in 1 target; 1 target was not checked to the end.\n"
    )


def test_nothing_of_the_user_steers_the_terminal(folder: Path) -> None:
    (folder / "evil.py").write_text("x = '\x1b[31m' # [bold]:smile:[/bold]\r\n")
    found = Diagnostic(
        *("CL101", "channel-mismatch", Severity.ERROR, "a\x1b]0;title\x07\nb [red]x[/red]"),
        Location(str(folder / "evil.py"), 1, 5, 1, 12),
        help=("[link=x]y[/link]",),
    )
    for color in (True, False):
        text = report.render("text", [Result("t", (found,))], Style(color, directory=folder))
        text = re.sub(r"\x1b\[[0-9;]*m", "", text)
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "# [bold]:smile:[/bold]" in text
        assert "b [red]x[/red]\n" in text
        assert "[link=x]y[/link]" in text


def test_colour_changes_no_letter(folder: Path) -> None:
    results = [Result("model.py:Net", (_mismatch(folder),) * 2)]
    plain = report.render("text", results, Style(directory=folder))
    colored = report.render("text", results, Style(color=True, directory=folder))
    assert "\x1b[1;31merror[CL102" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain


def test_long_lines_are_neither_wrapped_nor_cut(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    (folder / "long.py").write_text("x = " + "y" * 500 + "\n")
    where = Location(str(folder / "long.py"), 1, 5, 1, 505)
    for color in (True, False):
        result = Result("t", (Diagnostic("CL1", "n", Severity.ERROR, "m " * 200, where),))
        text = report.render("text", [result], Style(color, quiet=True, directory=folder))
        assert "y" * 500 in text
        assert "^" * 500 in text
        assert text.count("\n") == 5


def test_summaries(folder: Path) -> None:
    def found(severity: Severity, code: str = "CL101") -> Diagnostic:
        return Diagnostic(code, "n", severity, "m")

    def last(*results: Result) -> str:
        return report.render("text", results, Style(directory=folder)).splitlines()[-1]

    error, warning, info = (found(one) for one in Severity)
    fine = Result("model.py:Net", layers=54)
    assert last(fine) == "All checks passed: model.py:Net, 54 layers."
    assert last(fine, fine) == "All checks passed: 2 targets, 108 layers."
    assert last(Result("a", layers=1)) == "All checks passed: a, 1 layer."
    assert (
        last(Result("a", (error, error, warning)), fine)
        == "Found 2 errors, 1 warning in 2 targets."
    )
    assert last(Result("a", (info,) * 2)) == "Found 2 infos in 1 target."
    assert (
        last(Result("a", incomplete=True), fine)
        == "Found nothing in 2 targets; 1 target was not checked to the end."
    )
    assert last(Result("a", (found(Severity.INFO, "CL005"),))) == "Found 1 info in 1 target."


def test_quiet_is_silent_without_findings(folder: Path) -> None:
    assert _text(folder) == ""


def test_statistics() -> None:
    often = Diagnostic("CL102", "feature-mismatch", Severity.ERROR, "m")
    once = Diagnostic("CL101", "channel-mismatch", Severity.WARNING, "m")
    results = [Result("a", (once, often)), Result("b", (often,) * 9)]
    assert report.render("text", results, Style(statistics=True)) == (
        "10  CL102  feature-mismatch\n"
        " 1  CL101  channel-mismatch\n"
        "\n"
        "Found 10 errors, 1 warning in 2 targets.\n"
    )
    assert report.render("text", [Result("a")], Style(statistics=True, quiet=True)) == ""


def test_the_table_of_shapes(folder: Path) -> None:
    rows = (
        Row(
            *("conv", "conv2d", ("[1, 3, 8, 8]",), "[1, 16, 6, 6]", "⌊(8 − 3)/1⌋ + 1 = 6"),
            Location(str(folder / "model.py"), 16, 23),
        ),
        Row("cat", "cat", ("[1, 16, 6, 6]", "[1, 2]"), None, None, None, ("CL301",)),
    )
    found = Diagnostic(
        *("CL301", "cat-mismatch", Severity.ERROR, "m", Location(str(folder / "model.py"), 17, 9)),
    )
    result = Result("model.py:Net", (found,), rows)
    assert table.render([result], Style(directory=folder)) == (
        "layer  op      input                  output         formula              at           "
        "faults\n"
        "conv   conv2d  [1, 3, 8, 8]           [1, 16, 6, 6]  ⌊(8 − 3)/1⌋ + 1 = 6  model.py:16\n"
        "cat    cat     [1, 16, 6, 6], [1, 2]  ?                                                "
        "CL301\n"
        "\n"
        "error[CL301 cat-mismatch]: m\n"
        "  --> model.py:17:9\n"
        "\n"
        "Found 1 error in 1 target.\n"
    )


def test_columns_of_the_table_that_are_empty_are_left_out() -> None:
    rows = (Row("relu", "relu", ("[1, 3]",), "[1, 3]"),)
    assert table.render([Result("a", (), rows, layers=1)], Style()) == (
        "layer  op    input   output\n"
        "relu   relu  [1, 3]  [1, 3]\n"
        "\n"
        "All checks passed: a, 1 layer.\n"
    )
    assert table.render([Result("a"), Result("b", (), rows)], Style(quiet=True)) == (
        "a\n\nb\nlayer  op    input   output\nrelu   relu  [1, 3]  [1, 3]\n"
    )


def test_paths_below_the_folder_are_relative(folder: Path) -> None:
    style = Style(directory=folder)
    assert style.path(str(folder / "blocks" / "stem.py")) == "blocks/stem.py"
    assert style.path("/elsewhere/x.py") == "/elsewhere/x.py"
    assert style.path("x.py") == "x.py"


def test_real_networks() -> None:
    lines = report.render("text", real(), Style()).splitlines()
    assert sum(line.startswith(("error[", "warning[")) for line in lines) == 5
    assert (
        lines[-1] == "Found 4 errors, 1 warning in 4 targets; 1 target was not checked to the end."
    )


@sampled(50)
@given(results, styles)
def test_any_result(found: Sequence[Result], style: Style) -> None:
    for text in (report.render("text", found, style), table.render(found, style)):
        text.encode()
        assert style.color or "\x1b" not in text
