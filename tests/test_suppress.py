"""Comments that switch findings off: read, applied, and told of where they are useless."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tokenize
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import convlint
from convlint import cli
from convlint.diagnostic import Diagnostic, Label, Location, Severity
from convlint.job import Ran, Result, Row, merge
from convlint.pragma import Pragma, pragmas, read
from convlint.rule import rules
from convlint.selection import Selection
from convlint.suppress import Comments, suppressed

ROOT = Path(__file__).resolve().parents[1]
CODES = Selection().codes(rules())


# What a comment says.


def only(source: str) -> Pragma:
    (found,) = pragmas(source, "m.py")
    return found


@pytest.mark.parametrize(
    ("comment", "selectors", "whole_file"),
    [
        ("# convlint: ignore[CL210]", ["CL210"], False),
        ("# convlint: ignore[CL210] the border is cut off", ["CL210"], False),
        ("#convlint:ignore[ cat-mismatch ,CL2 ]", ["cat-mismatch", "CL2"], False),
        ("# convlint: ignore", [], False),
        ("# convlint: ignore it is meant so", [], False),
        ("# convlint: ignore, for now", [], False),
        ("# noqa: E501  # convlint: ignore[CL560]", ["CL560"], False),
        ("# (N, 16, 8, 8)  # convlint: ignore[CL560] # and more", ["CL560"], False),
        ("# Convlint: File-Ignore[CL5]", ["CL5"], True),
        ("# convlint: file-ignore", [], True),
    ],
)
def test_reads(comment: str, selectors: Sequence[str], whole_file: bool) -> None:
    found = only(f"x = 1  {comment}\n")
    assert [one.text for one in found.selectors] == selectors
    assert found.whole_file == whole_file
    assert not found.instead


@pytest.mark.parametrize(
    ("comment", "instead"),
    [
        ("# convlint: ignor[CL210]", "# convlint: ignore[CL210]"),
        ("# convlint: ignored", "# convlint: ignore[CODE]"),
        ("# convlint: fileignore[CL2, CL3]", "# convlint: file-ignore[CL2, CL3]"),
        ("# convlint: noqa[CL210]", "# convlint: ignore[CL210]"),
        ("# convlint: disable=CL210", "# convlint: ignore[CL210]"),
        ("# convlint: disable CL210, CL211", "# convlint: ignore[CL210, CL211]"),
        ("# convlint: ignore CL210 why", "# convlint: ignore[CL210]"),
        ("# convlint: ignore: cat-mismatch", "# convlint: ignore[cat-mismatch]"),
        ("# convlint: ignore(CL210)", "# convlint: ignore[CL210]"),
        ("# convlint: ignore[]", "# convlint: ignore[CODE]"),
        ("# convlint: ignore[CL210", "# convlint: ignore[CL210]"),
        ("# convlint: file-ignore[ , ]", "# convlint: file-ignore[CODE]"),
    ],
)
def test_says_what_was_meant(comment: str, instead: str) -> None:
    found = only(f"x = 1  {comment}\n")
    assert found.instead == instead
    assert not found.selectors
    assert found.text == comment.removesuffix(" why") or found.text == comment


@pytest.mark.parametrize(
    "source",
    [
        "x = '# convlint: ignore[CL210]'\n",
        'x = """\n# convlint: ignore\n"""\n',
        "# the comment `# convlint: ignore[CL210]` switches it off\n",
        "# convlint: target Net 1,3,8,8\n",
        "# convlint: this layer is what it complains of\n",
        "# convlint:\n",
        "# see convlint: ignore\n",
        "x = 1\n",
        "def f(:\n  (  # convlint: ignore\n",
        "x = 'never closed  # convlint: ignore\n",
        "if x:\n    y\n  z  # convlint: ignore\n",
        "x = $  # convlint: ignore\n",
    ],
)
def test_nothing_is_read_from_strings_prose_and_what_is_no_python(source: str) -> None:
    assert pragmas(source) == ()


def test_the_very_code_is_pointed_at() -> None:
    source = "ß = 'é'  # convlint: ignore[CL1, a-b]  # convlint: ignore[CL2] why\n"
    for found in pragmas(source, "m.py"):
        for place, text in [
            (found.location, found.text),
            *((s.location, s.text) for s in found.selectors),
        ]:
            assert (place.row, place.end_row, place.filename) == (1, 1, "m.py")
            assert source[place.column - 1 : place.end_column - 1] == text


def test_rows_are_those_of_the_statement() -> None:
    source = (
        "# convlint: ignore[CL1]\n"  # before a statement
        "x = f(\n    1,  # convlint: ignore[CL2]\n)\n"
        "y = 2  # convlint: ignore[CL3]\n"
        "def forward(self):\n    pass\n\n\n"
        "# convlint: file-ignore[CL4]\n"
    )
    first, second, third, whole = pragmas(source)
    assert (first.rows, first.alone) == ((2, 3, 4), True)
    assert (second.rows, second.alone) == ((2, 3, 4), False)
    assert (third.rows, third.alone) == ((5,), False)
    assert (whole.rows, whole.whole_file) == ((6,), True)


_PIECES = st.sampled_from(
    [
        *("# ", "convlint:", " ", "ignore", "file-ignore", "[", "]", "CL210", ",", "a-b"),
        *("x = 1", "def forward(", "(", ")", "'", '"""', "é", "    "),
        *("\n", "\t", "\\\n", "\r", "\x00", "\x0c"),
    ]
)


@given(st.text() | st.lists(_PIECES, max_size=20).map("".join))
def test_any_text_is_read(text: str) -> None:
    assert {one.location.row for one in pragmas(text)} <= comment_rows(text)


def comment_rows(text: str) -> set[int]:
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError, ValueError):
        return set()
    return {token.start[0] for token in tokens if token.type == tokenize.COMMENT}


_RULE = st.sampled_from([rule.code for rule in rules()] + [rule.name for rule in rules()])
_REASON = st.text(st.characters(exclude_characters="#[]\n\r\x0c", exclude_categories=["C", "Z"]))


@given(st.booleans(), st.lists(_RULE, max_size=4), st.integers(0, 3), _REASON)
def test_what_is_written_is_read(whole: bool, names: list[str], rows: int, reason: str) -> None:
    verb = "file-ignore" if whole else "ignore"
    written = f"# convlint: {verb}" + (f"[{', '.join(names)}]" if names else "")
    source = "\n" * rows + f"x = 1  {written}" + (f" {reason}" if names else "") + "\n"
    found = only(source)
    assert (found.text, found.location.row, found.verb) == (written, rows + 1, verb)
    assert [one.text for one in found.selectors] == names
    assert not found.instead


@given(st.binary() | st.binary().map(lambda tail: b"# convlint: ignore\n" + tail))
def test_any_file_is_read(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.py"
    path.write_bytes(content)
    read(str(path))
    assert read(str(path.with_name("none.py"))) == ()


# What it does to results.


@dataclass(frozen=True)
class Source:
    """A file of comments, and findings in it."""

    text: str
    name: str = "m.py"

    def finding(self, code: str, row: int, end_row: int = 0, **others: Any) -> Diagnostic:
        severity = others.pop("severity", Severity.WARNING)
        place = Location(self.name, row, 1, end_row or row, 5)
        return Diagnostic(code, "a-name", severity, "a message", place, target="t", **others)

    def result(self, *found: Diagnostic, ran: Sequence[int] = (), **others: Any) -> Result:
        reached = (Ran(self.name, tuple(ran)),)
        return Result("t", found, files=(self.name,), ran=reached, **others)

    def applied(self, *results: Result, codes: frozenset[str] = CODES) -> list[Result]:
        found = {self.name: pragmas(self.text, self.name)}
        return Comments(found, rules()).applied(results, codes)


def told(results: Sequence[Result]) -> list[tuple[str, int]]:
    return [
        (found.code, found.location.row if found.location else 0)
        for result in results
        for found in result.diagnostics
    ]


def test_a_comment_on_any_line_of_the_expression_counts() -> None:
    for row in range(1, 6):
        lines = ["f(", "1,", "2,", ")", "y"]
        lines[row - 1] += "  # convlint: ignore[CL210]"
        source = Source("\n".join(lines) + "\n")
        results = source.applied(source.result(source.finding("CL210", 1, 4)))
        assert told(results) == ([] if row <= 4 else [("CL210", 1)])


def test_a_comment_at_the_definition_or_the_call_counts_and_at_other_places_does_not() -> None:
    source = Source("a\nb  # convlint: ignore\nc\n")
    place = Location("m.py", 2, 1, 2, 5)
    for message, kept in (("made here", 0), ("called here with [1]", 0), ("8 comes from here", 1)):
        found = source.finding("CL210", 1, related=(Label(message, place),))
        assert len(told(source.applied(source.result(found)))) == kept


@pytest.mark.parametrize(
    ("selector", "code", "kept"),
    [
        ("CL210", "CL210", False),
        ("cl210", "CL210", False),
        ("padding-misses-dilation", "CL210", False),
        ("CL2", "CL210", False),
        ("ALL", "CL210", False),
        ("CL101, CL2", "CL210", False),
        ("CL211", "CL210", True),
        ("CL005", "CL005", False),
        ("CL003", "CL003", True),
        ("CL001, CL0", "CL001", True),
        ("ALL", "CL003", True),
    ],
)
def test_selectors(selector: str, code: str, kept: bool) -> None:
    source = Source(f"a  # convlint: ignore[{selector}]\n")
    severity = {"CL0": Severity.ERROR}.get(code[:3], Severity.WARNING)
    severity = Severity.INFO if code == "CL005" else severity
    results = source.applied(source.result(source.finding(code, 1, severity=severity)))
    assert ((code, 1) in told(results)) == kept
    assert results[0].unchecked == (code in ("CL001", "CL003"))


def test_a_whole_file() -> None:
    source = Source("# convlint: file-ignore[CL210]\na\nb\n")
    found = [source.finding("CL210", 2), source.finding("CL210", 3), source.finding("CL211", 3)]
    assert told(source.applied(source.result(*found))) == [("CL211", 3)]
    elsewhere = Source("", "other.py").finding("CL210", 2)
    assert told(source.applied(source.result(elsewhere))) == [("CL210", 2)]


def test_the_table_has_no_codes_of_what_is_switched_off() -> None:
    source = Source("a  # convlint: ignore[CL210]\n")
    found = [
        source.finding("CL210", 1, layer="conv", input_shapes=("[1]",)),
        source.finding("CL211", 2, layer="conv", input_shapes=("[1]",)),
        source.finding("CL210", 2, layer="other", input_shapes=("[1]",)),
    ]
    rows = tuple(
        Row(name, "conv2d", ("[1]",), codes=("CL210", "CL211")[: 2 - i], layer=name)
        for i, name in enumerate(("conv", "other"))
    )
    (result,) = source.applied(source.result(*found, rows=rows))
    assert [row.codes for row in result.rows] == [("CL211",), ("CL210",)]


def test_unused_only_where_it_is_known_to_be() -> None:
    source = Source("a\nb  # convlint: ignore[CL210]\n")
    unused, fine = [("CL007", 2)], source.result(ran=[2])
    used = source.result(source.finding("CL210", 2), ran=[2])
    lost = source.finding("CL003", 1, severity=Severity.ERROR)
    assert told(source.applied(fine)) == unused
    assert told(source.applied(source.result(ran=[1]), fine)) == unused
    assert told(source.applied(fine, used)) == []  # another target needs it
    assert told(source.applied(merge([fine, used]))) == []  # another mode needs it
    assert told(source.applied(source.result(ran=[1]))) == []  # it was not reached
    assert told(source.applied(fine, source.result(lost))) == [("CL003", 1)]  # who knows
    assert told(source.applied(fine, codes=CODES - {"CL210"})) == []  # the rule is off
    assert told(source.applied(fine, codes=CODES - {"CL007"})) == []
    assert told(source.applied(fine, Result("t", files=()))) == unused
    assert told(source.applied(Result("t", ran=fine.ran))) == []  # an installed library's


def test_each_code_is_asked_for_itself() -> None:
    source = Source("a  # convlint: ignore[CL210, CL560, CL211]\n")
    (result,) = source.applied(source.result(source.finding("CL210", 1), ran=[1]))
    assert told([result]) == [("CL007", 1)] * 2
    for found, text in zip(result.diagnostics, ("CL560", "CL211"), strict=True):
        assert text in found.message
        assert found.location is not None
        assert source.text[found.location.column - 1 :].startswith(text)
        assert found.help == ("write # convlint: ignore[CL210]",)
        assert (found.target, found.severity) == ("t", Severity.WARNING)


def test_bare_and_prefix_are_unused_only_if_all_they_mean_was_on() -> None:
    for comment, codes, expected in (
        ("# convlint: ignore", CODES, 1),
        ("# convlint: ignore", CODES - {"CL560"}, 0),
        ("# convlint: ignore[CL5]", CODES, 1),
        ("# convlint: ignore[CL5]", CODES - {"CL560"}, 0),
        ("# convlint: ignore[CL2]", CODES - {"CL560"}, 1),
    ):
        source = Source(f"a  {comment}\n")
        assert len(told(source.applied(source.result(ran=[1]), codes=codes))) == expected


def test_a_whole_file_is_unused_only_if_every_forward_ran() -> None:
    source = Source(
        "# convlint: file-ignore[CL210]\ndef forward(): 1\ndef other(): 1\ndef forward(): 1\n"
    )
    assert told(source.applied(source.result(ran=[2, 4]))) == [("CL007", 1)]
    assert told(source.applied(source.result(ran=[2, 3]))) == []
    assert told(source.applied(source.result(ran=[2]), source.result(ran=[4]))) == []


@pytest.mark.parametrize(
    ("comment", "code", "words"),
    [
        ("ignore[pading-misses-dilation]", "CL008", "write padding-misses-dilation"),
        ("ignore[CL2100]", "CL008", "write CL210"),
        ("ignore[zzzz]", "CL008", "`convlint rule` lists the rules"),
        ("ignor[CL210]", "CL008", "write # convlint: ignore[CL210]"),
        ("ignore[CL003]", "CL007", "delete the comment"),
    ],
)
def test_unknown_ones_are_told_wherever_they_are(comment: str, code: str, words: str) -> None:
    source = Source(f"a  # convlint: {comment}\n")
    (result,) = source.applied(source.result())
    (found,) = result.diagnostics
    assert (found.code, found.severity) == (code, Severity.WARNING)
    assert words in found.help
    assert not result.unchecked


def test_what_is_said_of_a_comment_is_switched_off_by_name_only() -> None:
    for comment, expected in (
        ("ignore[CL210]", 1),
        ("ignore[CL210, CL007]", 0),
        ("ignore[CL210, unused-suppression]", 0),
        ("ignore[CL210]  # convlint: ignore", 2),
        ("ignore[CL210]  # convlint: ignore[ALL]", 2),
        ("ignore[nonsense, CL008]", 0),
    ):
        source = Source(f"a  # convlint: {comment}\n")
        assert len(told(source.applied(source.result(ran=[1])))) == expected, comment


def test_a_comment_of_its_own_line_is_told_where_to_stand() -> None:
    source = Source("# convlint: ignore[CL210]\na\n")
    (result,) = source.applied(source.result(source.finding("CL210", 2), ran=[2]))
    assert told([result]) == [("CL210", 2), ("CL007", 1)]
    assert "on the same line" in result.diagnostics[1].help[1]


def test_where_no_file_has_comments_nothing_is_done() -> None:
    results = [Result("t", files=(__file__ + "x",))]
    assert suppressed(results, Selection()) == results


# Real networks.

NET = """
import torch
from torch import nn
from part import Part

class Net(nn.Module):
    def __init__(self, wide=False, more=0):
        super().__init__()
        if wide:
            self.first = nn.Conv2d(3, 8, 5)  # convlint: ignore[CL101]
        else:
            self.first = nn.Conv2d(3, 8, 3)
        for _ in range(more):
            self.more = nn.Conv2d(3, 8, 3)  # convlint: ignore[CL101]
        self.conv = nn.Conv2d(
            8, 8, 3,
            padding=1,  # convlint: ignore[padding-misses-dilation, CL101] it may shrink
            dilation=2,
        )
        self.same = nn.Conv2d(8, 8, 3, padding=1, dilation=2)
        self.part = Part()
        self.lost = {LOST}

    def forward(self, x):
        if x.shape[2] < 8:
            raise ValueError("too small")  # convlint: ignore[CL190]
        x = self.conv(self.first(x))
        x = self.part(self.same(x))  # convlint: ignore[CL210]
        return self.end(x)  # convlint: ignore[CL102]

    def end(self, x):
        for _ in range(0):
            x = self.lost(x)  # convlint: ignore[CL101]
        return torch.relu(x)

class Idle(nn.Module):
    def forward(self, x):
        return x.flatten(1)  # convlint: ignore[CL401]
"""
PART = """
from torch import nn

# convlint: file-ignore[CL2] the whole part shrinks
class Part(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 3, padding=1, dilation=2)

    def forward(self, x):
        return self.conv(x)
"""


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """The status and the output of a command line in a folder with the networks."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NET.replace("{LOST}", "None"))
    (tmp_path / "part.py").write_text(PART)

    def run(*words: str) -> tuple[int, str]:
        status = cli.run([*words, "--input", "1,3,32,32"])
        return status, capsys.readouterr().out

    return run


def test_a_network_with_comments(run: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    status, out = run("net.py:Net", "--output-format", "json")
    loud = [one for one in json.loads(out) if one["severity"] != "info"]
    found = [(one["code"], one["location"]["row"]) for one in loud]
    # In a branch that was not taken, in a class that was not made: nothing is known of those.
    assert found == [("CL007", 17), ("CL007", 29)]
    assert status == 1
    assert run("net.py:Net", "--ignore", "CL007")[0] == 0
    status, out = run("shapes", "net.py:Net")
    assert status == 0
    assert "CL210" not in out
    (tmp_path / "net.py").write_text(NET.replace("# convlint:", "#").replace("{LOST}", "None"))
    assert run("net.py:Net", "--output-format", "json")[1].count('"code": "CL210"') == 2


def test_a_check_that_is_lost_stays_lost(
    run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    lost = "sys.exit(3)  # convlint: ignore"
    (tmp_path / "net.py").write_text("import sys\n" + NET.replace("{LOST}", lost))
    status, out = run("net.py:Net")
    assert status == 2
    assert "CL007" not in out


_FILES = """
from convlint import isolate
from convlint.job import Job
from convlint.spec import parse
from convlint.target import parse as target

job = Job(target("net.py:Net"), (parse("1,3,32,32"),))
for jobs in ([job], [job, job]):
    for result in isolate.run(jobs):
        print(*result.files, *sorted(one.filename for one in result.ran))
"""


def test_the_files_of_a_target(run: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(_FILES)
    done = subprocess.run(
        [sys.executable, "script.py"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    files = [str(tmp_path / name) for name in ("net.py", "part.py")] * 2
    assert done.stdout.splitlines() == [" ".join(files)] * 3


def test_the_library_call() -> None:
    from torch import nn

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3, padding=1, dilation=2)  # convlint: ignore[CL210, CL101]

        def forward(self, x: Any) -> Any:
            return self.conv(x)

    report = convlint.check(Net, "1,3,32,32")
    assert [found.code for found in report.diagnostics] == ["CL007"]
    assert "CL101" in report.diagnostics[0].message
    assert report.ok
