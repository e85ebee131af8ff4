"""`convlint --fix` as its users run it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from convlint.cli import fixing
from tests.fix.conftest import Convlint
from tests.report.schema import validated

ROOT = Path(__file__).resolve().parents[2]
NET = """\
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)  # 8 × 6 × 6
        self.norm = nn.BatchNorm2d(16)
        self.head = nn.Linear(100, 10)

    def forward(self, x):
        x = self.norm(self.conv(x))
        return self.head(x.flatten(1))
"""
ONE = NET.replace("100", "288")
MENDED = ONE.replace("2d(16)", "2d(8)")
CHECK = ("net.py:Net", "--input", "2,3,8,8")


@pytest.fixture
def remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What mends the findings is looked for once in a test."""
    mending, known = fixing.mending, list[fixing.Mending]()

    def once(*args: Any) -> fixing.Mending:
        if not known:
            known.append(mending(*args))
        return known[0]

    monkeypatch.setattr(fixing, "mending", once)


def _write(file: Path, text: str) -> bytes:
    content = text.encode()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return content


def _content(folder: Path) -> dict[str, bytes]:
    """Every file, without what Python and convlint keep."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def test_what_is_found_is_mended_and_then_all_is_well(project: Path, convlint: Convlint) -> None:
    _write(project / "net.py", NET)
    ran = convlint(*CHECK, "--fix")
    assert (ran.status, ran.err) == (0, "convlint: fixed 2 findings\n")
    assert ran.out.startswith("All checks passed")
    assert _content(project) == {"net.py": MENDED.encode()}
    again = convlint(*CHECK, "--fix")
    assert (again.status, again.out, again.err) == (0, ran.out, "")
    assert _content(project) == {"net.py": MENDED.encode()}


def test_a_diff_changes_nothing_and_git_takes_it(project: Path, convlint: Convlint) -> None:
    _write(project / "nets" / "net.py", NET)
    before = (project / "nets" / "net.py").stat()
    ran = convlint("nets/net.py:Net", "--input", "2,3,8,8", "--diff", "--fix")
    assert (ran.status, ran.err) == (1, "convlint: would fix 2 findings\n")
    assert (project / "nets" / "net.py").stat().st_mtime_ns == before.st_mtime_ns
    assert _content(project) == {"nets/net.py": NET.encode()}
    subprocess.run(["git", "apply", "-"], cwd=project, input=ran.out.encode(), check=True)
    assert _content(project) == {"nets/net.py": MENDED.encode()}
    ran = convlint("nets/net.py:Net", "--input", "2,3,8,8", "--diff", "--fix")
    assert (ran.status, ran.out, ran.err) == (0, "", "")


def test_a_diff_tells_what_was_not_checked(project: Path, convlint: Convlint) -> None:
    _write(project / "net.py", ONE)
    _write(project / "bad.py", "import no_such_module\n\n\nclass Net:\n    pass\n")
    ran = convlint(*CHECK, "bad.py:Net", "--diff", "--quiet")
    assert ran.status == 2
    assert ran.out.startswith("--- a/net.py\n")
    assert ran.err.startswith("convlint: bad.py:Net was not checked to the end: importing `bad.py`")
    assert len(ran.err.splitlines()) == 1


def test_what_is_fixed_is_listed_in_the_order_it_was_found(
    project: Path, convlint: Convlint, remembered: None
) -> None:
    _write(project / "net.py", NET)
    ran = convlint(*CHECK, "--show-fixes")
    assert ran.status == 1
    assert "--fix: write `self.norm = nn.BatchNorm2d(8)`" in ran.out
    assert "--fix: write `self.head = nn.Linear(288, 10)`" in ran.out
    assert _content(project) == {"net.py": NET.encode()}
    ran = convlint(*CHECK, "--fix", "--show-fixes")
    assert ran.err.splitlines() == [
        "convlint: fixed net.py:8: CL103 norm-mismatch: write `self.norm = nn.BatchNorm2d(8)`",
        "convlint: fixed net.py:9: CL102 feature-mismatch: write `self.head = nn.Linear(288, 10)`",
        "convlint: fixed 2 findings",
    ]


SQUEEZED = """\
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool1d(1)
        self.norm = nn.BatchNorm1d(16)

    def forward(self, x):
        return self.norm(self.pool(x).squeeze())
"""
STEPS = """\
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 64, 8, stride=8)
        self.lstm = nn.LSTM(16, 32)

    def forward(self, x):
        steps, _ = self.lstm(self.conv(x).flatten(2))
        return steps[:, -1]
"""
SINGLE = """\
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(4)

    def forward(self, x):
        return self.norm(x)
"""


@pytest.mark.parametrize(
    ("text", "shape", "before", "after"),
    [
        (SQUEEZED, "8,16,4", "squeeze()", "squeeze(2)"),
        (STEPS, "6,4,36,36", "LSTM(16, 32)", "LSTM(16, 32, batch_first=True)"),
    ],
    ids=["squeeze", "batch_first"],
)
def test_what_changes_a_network_that_runs_is_unsafe(
    text: str, shape: str, before: str, after: str, project: Path, convlint: Convlint
) -> None:
    _write(project / "net.py", text)
    words = ("net.py:Net", "--input", shape, "--fix")
    ran = convlint(*words)
    assert (ran.status, ran.err) == (1, "convlint: --unsafe-fixes may fix 1 finding more\n")
    assert _content(project) == {"net.py": text.encode()}
    ran = convlint(*words, "--unsafe-fixes")
    assert (ran.status, ran.err) == (0, "convlint: fixed 1 finding\n")
    assert (project / "net.py").read_text() == text.replace(before, after)


def test_what_changes_a_network_that_runs_in_the_other_mode_is_unsafe(
    project: Path, convlint: Convlint
) -> None:
    _write(project / "net.py", SINGLE)
    ran = convlint("net.py:Net", "--input", "1,4", "--mode", "train", "--fix")
    assert (ran.status, ran.err) == (1, "convlint: --unsafe-fixes may fix 1 finding more\n")
    assert _content(project) == {"net.py": SINGLE.encode()}


GROWN = """\
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(
            3,  # colours
            3,
            3,
        )
        self.head = nn.Linear(100, 10)

    def forward(self, x):
        x = x + self.conv(x)
        return self.head(x.flatten(1))
"""


def test_rows_that_are_added_hide_no_fault_below_them(project: Path, convlint: Convlint) -> None:
    _write(project / "net.py", GROWN)
    ran = convlint(*CHECK, "--fix", "--show-fixes")
    assert ran.status == 0
    assert ran.err.splitlines() == [
        "convlint: fixed net.py:15: CL302 broadcast-mismatch: write `padding=1,`",
        "convlint: fixed net.py:12: CL102 feature-mismatch: write `self.head = nn.Linear(192, 10)`",
        "convlint: fixed 2 findings",
    ]
    now = (project / "net.py").read_text()
    assert now == GROWN.replace("100", "192").replace(
        "            3,\n        )", "            3,\n            padding=1,\n        )"
    )


def test_a_package_is_mended_where_the_fault_is(
    project: Path, convlint: Convlint, remembered: None
) -> None:
    block = """\
from torch import nn


class Block(nn.Sequential):
    def __init__(self, width):
        super().__init__(nn.Conv2d(3, width, 3), nn.BatchNorm2d(16))
"""
    net = """\
from torch import nn

from .parts.block import Block


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = Block(8)
        self.head = nn.Linear(100, 10)

    def forward(self, x):
        return self.head(self.block(x).flatten(1))
"""
    _write(project / "pkg" / "__init__.py", "")
    _write(project / "pkg" / "parts" / "__init__.py", "")
    _write(project / "pkg" / "parts" / "block.py", block)
    _write(project / "pkg" / "net.py", net)
    _write(
        project / "pyproject.toml",
        '[[tool.convlint.targets]]\nmodel = "pkg.net:Net"\ninputs = ["2,3,8,8"]\n',
    )
    before = _content(project)
    ran = convlint("--diff")
    assert ran.status == 1
    ran_fix = convlint("--fix")
    assert (ran_fix.status, ran_fix.err) == (0, "convlint: fixed 2 findings\n")
    after = _content(project)
    assert {name for name in after if after[name] != before.get(name)} == {
        "pkg/net.py", "pkg/parts/block.py",
    }  # fmt: skip
    assert b"Linear(288, 10)" in after["pkg/net.py"]
    assert (
        b"BatchNorm2d(8)" in after["pkg/parts/block.py"]
        or b"width))" in after["pkg/parts/block.py"]
    )
    for name, content in before.items():
        (project / name).write_bytes(content)
    subprocess.run(["git", "apply", "-"], cwd=project, input=ran.out.encode(), check=True)
    assert _content(project) == after


def test_a_comment_below_an_added_row_still_counts(project: Path, convlint: Convlint) -> None:
    text = GROWN.replace("Linear(100, 10)", "Linear(100, 10)  # convlint: ignore[CL102]")
    _write(project / "net.py", text)
    ran = convlint(*CHECK, "--fix")
    assert (ran.status, ran.err) == (0, "convlint: fixed 1 finding\n")
    added = "            3,\n            padding=1,\n        )"
    assert (project / "net.py").read_text() == text.replace("            3,\n        )", added)


SHARED = """\
from torch import nn


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.line = nn.Linear(16, 4)

    def forward(self, x):
        return self.line(x)


# convlint: target Wide 2,16
class Wide(Head):
    pass


# convlint: target Narrow 2,8
class Narrow(Head):
    pass
"""


@pytest.mark.parametrize("options", [("--fix",), ("--diff",), ("--show-fixes",)])
def test_it_says_so_where_no_fix_is_found(
    options: tuple[str, ...], project: Path, convlint: Convlint
) -> None:
    text = NET.replace("        return", "        raise KeyError(1)\n        return")
    assert text != NET
    _write(project / "net.py", text)
    ran = convlint(*CHECK, *options)
    lines = ran.err.splitlines()
    assert (ran.status, lines[-1]) == (1, "convlint: no fix was found for 1 finding")
    assert ("KeyError" in ran.out) is (options != ("--diff",))


def test_what_would_break_another_network_is_not_offered(project: Path, convlint: Convlint) -> None:
    _write(project / "nets.py", SHARED)
    ran = convlint("nets.py:Narrow", "--fix")
    assert ran.status == 0
    assert b"Linear(8, 4)" in (project / "nets.py").read_bytes()
    _write(project / "nets.py", SHARED)
    ran = convlint("nets.py:Narrow", "nets.py:Wide", "--fix", "--unsafe-fixes")
    assert ran.status == 1
    assert _content(project) == {"nets.py": SHARED.encode()}


def test_what_is_suppressed_is_left_alone(project: Path, convlint: Convlint) -> None:
    text = NET.replace("2d(16)", "2d(16)  # convlint: ignore[CL103]")
    _write(project / "net.py", text)
    ran = convlint(*CHECK, "--fix", "--mode", "train", "--mode", "eval")
    assert (ran.status, ran.err) == (0, "convlint: fixed 1 finding\n")
    assert (project / "net.py").read_text() == text.replace("100", "288")


def test_what_the_baseline_knows_is_left_alone(project: Path, convlint: Convlint) -> None:
    _write(project / "net.py", NET.replace("100", "288"))
    assert convlint("baseline", *CHECK, "--baseline", "known.json").status == 0
    _write(project / "net.py", NET)
    ran = convlint(*CHECK, "--fix", "--baseline", "known.json")
    assert ran.status == 0
    assert (project / "net.py").read_text() == NET.replace("100", "288")


# -- what is refused


def test_a_file_that_is_read_only_stays(project: Path, convlint: Convlint) -> None:
    _write(project / "net.py", ONE)
    (project / "net.py").chmod(0o444)
    ran = convlint(*CHECK, "--fix")
    assert ran.status == 2
    assert ran.err.splitlines() == [
        f"convlint: cannot write {project / 'net.py'}: it is read-only; nothing was written"
    ]
    assert _content(project) == {"net.py": ONE.encode()}


def test_of_several_files_all_are_written_or_none(
    project: Path, convlint: Convlint, monkeypatch: pytest.MonkeyPatch, remembered: None
) -> None:
    _write(project / "blocks.py", ONE.replace("Net(", "Block("))
    _write(project / "net.py", "from torch import nn\n\nfrom blocks import Block\n\n\n"
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.block = Block()\n        self.last = nn.Linear(20, 5)\n\n"
        "    def forward(self, x):\n        return self.last(self.block(x))\n")  # fmt: skip
    before = _content(project)
    (project / "net.py").chmod(0o444)
    assert convlint(*CHECK, "--fix").status == 2
    assert _content(project) == before
    (project / "net.py").chmod(0o644)
    write, written = fixing.atomic.write, []

    def failing(file: Path, content: bytes) -> None:
        if file.read_bytes() == before["net.py"]:
            raise OSError(28, "No space left on device")
        written.append(file)
        write(file, content)

    monkeypatch.setattr(fixing.atomic, "write", failing)
    ran = convlint(*CHECK, "--fix")
    assert (ran.status, len(ran.err.splitlines())) == (2, 1)
    assert ran.err.startswith(f"convlint: cannot write {project / 'net.py'}: No space left")
    assert _content(project) == before


@pytest.mark.parametrize("change", ["append", "delete"])
def test_a_file_that_has_changed_meanwhile_stays(
    change: str, project: Path, convlint: Convlint, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(project / "net.py", ONE)
    mending = fixing.mending

    def slow(*args: object) -> object:
        done = mending(*args)  # type: ignore[arg-type]
        if change == "append":
            with (project / "net.py").open("a") as file:
                file.write("# more\n")
        else:
            (project / "net.py").unlink()
        return done

    monkeypatch.setattr(fixing, "mending", slow)
    ran = convlint(*CHECK, "--fix")
    assert (ran.status, len(ran.err.splitlines())) == (2, 1)
    if change == "append":
        assert ran.err == (
            f"convlint: {project / 'net.py'} has changed meanwhile; nothing was written\n"
        )
        assert _content(project) == {"net.py": ONE.encode() + b"# more\n"}
    else:
        assert ran.err.startswith(f"convlint: cannot write {project / 'net.py'}: No such file")
        assert _content(project) == {}


def test_a_file_outside_of_the_working_tree_stays(project: Path, convlint: Convlint) -> None:
    outside = project.parent / "elsewhere" / "net.py"
    _write(outside, ONE)
    ran = convlint(f"{outside}:Net", "--input", "2,3,8,8", "--fix")
    assert ran.status == 1
    assert ran.err == f"convlint: {outside} is not edited: it lies outside of the working tree\n"
    (project / "net.py").symlink_to(outside)
    ran = convlint(*CHECK, "--fix")
    assert ran.status == 1
    assert "is not edited: it lies outside of the working tree\n" in ran.err
    assert outside.read_text() == ONE


def test_a_file_that_cannot_be_decoded_stays(project: Path, convlint: Convlint) -> None:
    (project / "net.py").write_bytes(ONE.encode("latin-1"))
    ran = convlint(*CHECK, "--fix")
    assert (ran.status, len(ran.err.splitlines())) == (1, 1)
    where = project / "net.py"
    assert ran.err.startswith(
        f"convlint: {where} is not edited: cannot read {where}: 'utf-8' codec"
    )
    assert _content(project) == {"net.py": ONE.encode("latin-1")}


def test_without_libcst_there_is_one_line(
    project: Path, convlint: Convlint, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(project / "net.py", ONE)
    monkeypatch.setitem(sys.modules, "libcst", None)
    for option in ("--fix", "--diff", "--show-fixes", "--unsafe-fixes"):
        ran = convlint(*CHECK, option)
        assert ran.status == 2
        assert ran.err == "convlint: fixes need libcst: pip install 'convlint[fix]'\n"
    assert convlint(*CHECK).status == 1


@pytest.mark.parametrize("option", ["--fix", "--diff"])
def test_it_is_not_watched(option: str, project: Path, convlint: Convlint) -> None:
    _write(project / "net.py", NET)
    ran = convlint(*CHECK, "--watch", option)
    assert ran.status == 2
    assert "--watch checks again and again: it goes without --fix, --diff" in ran.err
    assert "Traceback" not in ran.err


def test_what_has_no_fault_needs_no_libcst(project: Path) -> None:
    text = MENDED.replace(
        "    def forward(self, x):\n",
        "    def forward(self, x):\n        import sys\n"
        "        print('libcst' in sys.modules, file=sys.stderr)\n",
    )
    _write(project / "net.py", text)
    code = (
        "import sys; from convlint import cli\n"
        f"status = cli.run({[*CHECK, '--fix']})\n"
        "print(status, 'libcst' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "0 False"
    assert set(done.stderr.split()) == {"False"}


# -- how it is written


def test_a_link_stays_one_and_a_mode_stays(project: Path, convlint: Convlint) -> None:
    real = project / "real" / "network.py"
    _write(real, ONE)
    real.chmod(0o751)
    (project / "net.py").symlink_to(Path("real") / "network.py")
    assert convlint(*CHECK, "--fix").status == 0
    assert os.readlink(project / "net.py") == "real/network.py"
    assert real.read_bytes() == MENDED.encode()
    assert stat.S_IMODE(real.stat().st_mode) == 0o751
    assert sorted(os.listdir(real.parent)) in (["network.py"], ["__pycache__", "network.py"])


@pytest.mark.parametrize(
    ("head", "encoding", "end"),
    [
        ("", "utf-8-sig", "\r\n"),
        ("# -*- coding: latin-1 -*-\n", "latin-1", "\n"),
        ("# vim: set fileencoding=cp1252 :\n# €\n", "cp1252", "\r\n"),
        ("\x0c\nText = '\x0c\x1c\u2028'\n\x0c\n", "utf-8", "\n"),
    ],
    ids=["bom crlf", "latin-1", "cp1252 crlf", "form feed"],
)
def test_bytes_stay(
    head: str, encoding: str, end: str, project: Path, convlint: Convlint, remembered: None
) -> None:
    def content(text: str) -> bytes:
        return (head + text).replace("\n", end).encode(encoding)

    text = "'ä'\n" + GROWN.replace("self.head =", "ö = 'ä'; self.head =", 1).rstrip("\n")
    mended = text.replace(
        "            3,\n        )", "            3,\n            padding=1,\n        )"
    )
    before, after = content(text), content(mended.replace("100", "192"))
    (project / "net.py").write_bytes(before)
    assert convlint(*CHECK, "--diff", "--output-file", "its.diff").status == 1
    assert convlint(*CHECK, "--fix").status == 0
    assert (project / "net.py").read_bytes() == after
    (project / "net.py").write_bytes(before)
    command = ["git", "apply", "--whitespace=nowarn", "its.diff"]
    subprocess.run(command, cwd=project, check=True)
    assert (project / "net.py").read_bytes() == after


def test_a_proposal_that_never_ends_does_not_take_the_whole_time(
    project: Path, convlint: Convlint
) -> None:
    text = """\
from torch import nn

width = 4
rows = 5
while rows != width * 2:  # with the width that arrives, for ever
    rows += 1


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.line = nn.Linear(width, 3)

    def forward(self, x):
        return self.line(x)
"""
    _write(project / "net.py", text)
    began = time.monotonic()
    ran = convlint("net.py:Net", "--input", "1,2", "--fix")
    assert time.monotonic() - began < 50
    assert (ran.status, ran.err) == (0, "convlint: fixed 1 finding\n")
    assert (project / "net.py").read_text() == text.replace("(width, 3)", "(2, 3)")


# -- how it is told


def _written(
    edits: list[tuple[Path, int, int, int, int, str]], encoding: str | None = None
) -> dict[Path, str]:
    """Files with edits in them, last first, each (file, row, column, row, column, text).

    Args:
        encoding: where columns count bytes of it.
    """
    texts: dict[Path, str] = {}
    for file, row, column, end_row, end_column, content in sorted(edits, reverse=True):
        lines = texts.get(file, file.read_text()).splitlines(keepends=True)
        first, last = lines[row - 1], lines[end_row - 1]
        if encoding is None:
            head, tail = first[: column - 1], last[end_column - 1 :]
        else:
            head = first.encode(encoding)[: column - 1].decode(encoding)
            tail = last.encode(encoding)[end_column - 1 :].decode(encoding)
        lines[row - 1 : end_row] = [head + content + tail]
        texts[file] = "".join(lines)
    return texts


def _of_json(text: str, folder: Path) -> list[tuple[Path, int, int, int, int, str]]:
    found = []
    for one in json.loads(text):
        if one["fix"] is not None and one["fix"]["edits"]:
            assert one["fix"]["applicability"] in ("safe", "unsafe")
            assert one["fix"]["message"].startswith("write `")
            for edit in one["fix"]["edits"]:
                start, end = edit["location"], edit["end_location"]
                place = start["row"], start["column"], end["row"], end["column"]
                found.append((folder / edit["filename"], *place, edit["content"]))
    return found


def _of_sarif(text: str, folder: Path) -> list[tuple[Path, int, int, int, int, str]]:
    found = []
    for result in validated(text, "sarif-2.1.0")["runs"][0]["results"]:
        for fix in result.get("fixes", ()):
            for change in fix["artifactChanges"]:
                file = folder / change["artifactLocation"]["uri"]
                for one in change["replacements"]:
                    spot = one["deletedRegion"]
                    names = ("startLine", "startColumn", "endLine", "endColumn")
                    place = [spot[name] for name in names]
                    found.append((file, *place, one["insertedContent"]["text"]))
    return found


def _of_rdjson(text: str, folder: Path) -> list[tuple[Path, int, int, int, int, str]]:
    found = []
    for one in validated(text, "rdjson")["diagnostics"]:
        for edit in one["suggestions"]:
            ends = edit["range"]["start"], edit["range"]["end"]
            place = [end[name] for end in ends for name in ("line", "column")]
            found.append((folder / one["location"]["path"], *place, edit["text"]))
    return found


def test_reports_hold_the_edits(project: Path, convlint: Convlint, remembered: None) -> None:
    text = GROWN.replace("self.head", "ö = 'ä𝔸'; self.head", 1)
    _write(project / "net.py", text)
    formats = {"json": _of_json, "sarif": _of_sarif, "rdjson": _of_rdjson}
    found = {}
    for name, read in formats.items():
        edits = read(convlint(*CHECK, "--show-fixes", "--output-format", name).out, project)
        assert len(edits) == 2
        found[name] = _written(edits, "utf-8" if name == "rdjson" else None)
    assert (project / "net.py").read_text() == text
    assert convlint(*CHECK, "--fix").status == 0
    after = {project / "net.py": (project / "net.py").read_text()}
    assert found == dict.fromkeys(formats, after)
    for name, read in formats.items():
        assert read(convlint(*CHECK, "--output-format", name).out, project) == []


def test_an_unsafe_fix_is_told_as_one(project: Path, convlint: Convlint) -> None:
    _write(project / "net.py", STEPS)
    words = ("net.py:Net", "--input", "6,4,36,36", "--output-format", "json")
    (found,) = (d for d in json.loads(convlint(*words, "--show-fixes").out) if d["fix"])
    assert found["fix"]["applicability"] == "display"
    assert found["fix"]["edits"] == []
    (found,) = (d for d in json.loads(convlint(*words, "--unsafe-fixes").out) if d["fix"])
    assert found["fix"]["applicability"] == "unsafe"
    assert [edit["content"] for edit in found["fix"]["edits"]] == [", batch_first=True"]
    assert found["help"][0].startswith("--fix --unsafe-fixes: write `self.lstm = ")
    assert (project / "net.py").read_text() == STEPS


def test_a_diff_of_what_lies_above_is_for_the_root_of_the_repository(
    project: Path, convlint: Convlint, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    _write(project / "src" / "net.py", ONE)
    (project / "work").mkdir()
    words = (f"{project / 'src' / 'net.py'}:Net", "--input", "2,3,8,8", "--diff")
    monkeypatch.chdir(project / "work")
    diff = convlint(*words).out
    monkeypatch.chdir(project / "src")
    assert convlint(*words).out.startswith("--- a/net.py\n")
    monkeypatch.chdir(project)
    subprocess.run(["git", "apply", "-"], cwd=project, input=diff.encode(), check=True)
    assert (project / "src" / "net.py").read_text() == MENDED
