"""The baseline: what is counted is hidden, what is new is shown, what was not checked is never."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convlint import baseline, cli
from convlint.baseline import BaselineError, Entry, compared, counted, named, read, renewed, write
from convlint.diagnostic import Diagnostic, Location, Severity
from convlint.job import Result

HERE = Path()
"""The folder of a baseline, where the targets are named from."""
_TARGETS = ("m.py:Net", "m.py:Net(width=64)", "pkg.mod:Net")
_ENTRIES = st.builds(
    Entry,
    st.sampled_from(_TARGETS),
    st.sampled_from(["", "a", "a.0"]),
    st.sampled_from(["CL101", "CL210"]),
)
_FINDINGS = st.lists(_ENTRIES, max_size=12)
_COUNTS = st.dictionaries(_ENTRIES, st.integers(1, 3))


def found(entry: Entry, row: int = 1, severity: Severity = Severity.ERROR) -> Diagnostic:
    place = Location("m.py", row)
    return Diagnostic(
        entry.rule, "a-name", severity, "a message", place, target=entry.target, layer=entry.layer
    )


def results_of(entries: list[Entry], lost: frozenset[str] = frozenset()) -> list[Result]:
    """A result for every target, the findings each on a line of its own."""
    return [
        Result(
            target,
            tuple(found(e, row) for row, e in enumerate(entries) if e.target == target),
            incomplete=target in lost,
        )
        for target in _TARGETS
    ]


# Counting.


@given(_FINDINGS, _COUNTS)
def test_shown_is_what_is_new(entries: list[Entry], counts: dict[Entry, int]) -> None:
    comparison = compared(results_of(entries), counts, HERE)
    shown = counted(comparison.results, HERE)
    assert shown == Counter(entries) - Counter(counts)
    assert comparison.known == len(entries) - shown.total()
    stale = Counter(counts) - Counter(entries)
    assert comparison.stale == len(stale)
    hidden = Counter(entries) - shown
    assert all(number <= counts[entry] for entry, number in hidden.items())


@given(_FINDINGS, _FINDINGS)
def test_against_its_own_baseline_nothing_is_new(before: list[Entry], more: list[Entry]) -> None:
    counts = counted(results_of(before), HERE)
    same = compared(results_of(before), counts, HERE)
    assert (counted(same.results, HERE), same.stale) == (Counter(), 0)
    grown = compared(results_of([*more, *before]), counts, HERE)
    assert counted(grown.results, HERE) == Counter(more)


@given(_FINDINGS, _COUNTS, st.frozensets(st.sampled_from(_TARGETS)), st.booleans())
def test_only_what_was_checked_is_renewed_or_stale(
    entries: list[Entry], counts: dict[Entry, int], lost: frozenset[str], narrow: bool
) -> None:
    off = frozenset({"CL210"} if narrow else ())
    entries = [e for e in entries if e.rule not in off]
    results = results_of(entries, lost)
    new = renewed(results, counts, HERE, off)
    kept = {e: n for e, n in counts.items() if e.target in lost or e.rule in off}
    now = {e: n for e, n in Counter(entries).items() if e.target not in lost}
    assert new == kept | now
    stale = compared(results, counts, HERE, off).stale
    assert stale == len({e for e in Counter(counts) - Counter(entries) if e not in kept})
    assert compared(results, new, HERE, off).stale == 0


def test_a_target_that_is_lost_once_is_lost() -> None:
    entry = Entry("m.py:Net", "a", "CL101")
    results = [Result("m.py:Net"), Result("./m.py:Net", incomplete=True)]
    assert compared(results, {entry: 1}, Path()).stale == 0
    assert renewed(results, {entry: 1}, Path()) == {entry: 1}


def test_what_was_not_checked_is_neither_counted_nor_hidden() -> None:
    entry = Entry("m.py:Net", "", "CL003")
    for severity, stays in (
        (Severity.ERROR, True),
        (Severity.WARNING, True),
        (Severity.INFO, False),
    ):
        results = [Result("m.py:Net", (found(entry, severity=severity),))]
        assert bool(counted(results, HERE)) != stays
        assert bool(compared(results, {entry: 1}, HERE).results[0].diagnostics) == stays


def test_a_target_has_one_name_wherever_it_is_checked_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    absolute = f"{tmp_path}/sub/m.py:Net"
    for text in ("m.py:Net(width=64)", "./m.py:Net(64)", absolute, "../m.py:Net"):
        arguments = text.partition("Net")[2]
        where = "m.py" if text.startswith("..") else "sub/m.py"
        assert named(text, tmp_path) == named(text, Path("..")) == f"{where}:Net{arguments}"
    assert named("pkg.mod:Net", tmp_path) == "pkg.mod:Net"
    assert named("not a target", tmp_path) == "not a target"


# The file.


@given(st.dictionaries(st.builds(Entry, st.text(), st.text(), st.text()), st.integers(1)))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, counts: dict[Entry, int]
) -> None:
    path = tmp_path_factory.getbasetemp() / "baseline.json"
    write(path, counts)
    assert read(path) == counts
    shuffled = dict(reversed(counts.items()))
    assert baseline.text(shuffled) == path.read_text("utf-8")


def test_the_file_is_sorted_and_has_an_entry_a_line() -> None:
    counts = {Entry("b.py:N", "z", "CL2"): 1, Entry("a.py:N", "z", "CL2"): 2}
    text = baseline.text(counts | {Entry("a.py:N", "a", "CL9"): 1, Entry("a.py:N", "z", "CL1"): 3})
    lines = [line.strip(' ,"') for line in text.splitlines()]
    assert [line for line in lines if line[:2] in ("CL", "a.", "b.")] == [
        'a.py:N": {', 'CL9": 1', 'CL1": 3', 'CL2": 2', 'b.py:N": {', 'CL2": 1',
    ]  # fmt: skip
    assert text.startswith('{\n  "version": 1,\n')
    assert text.endswith("}\n")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", "is not JSON"),
        ("<<<<<<< HEAD\n", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("\xff", "is not JSON"),
        ("[]", "is no baseline of convlint"),
        ('{"name": "package", "version": "1"}', "is no baseline of convlint"),
        ('{"version": 2, "targets": {}}', "has the version `2`, and this convlint reads 1"),
        ('{"version": 1, "targets": []}', "is damaged"),
        ('{"version": 1, "targets": {"t": {"a": {"CL1": "3"}}}}', "is damaged"),
        ('{"version": 1, "targets": {"t": {"a": {"CL1": 0}}}}', "is damaged"),
        ('{"version": 1, "targets": {"t": {"a": {"CL1": true}}}}', "is damaged"),
        ('{"version": 1, "targets": {"t": {"a": 3}}}', "is damaged"),
    ],
)
def test_what_is_no_baseline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, line: str
) -> None:
    path = tmp_path / "b.json"
    path.write_text(content, encoding="latin-1")
    for command in ("check", "baseline"):
        assert cli.run([command, "m.py:Net", "--baseline", str(path)]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert line in err
        assert err.count("\n") == 1
    assert path.read_text(encoding="latin-1") == content  # not overwritten


def test_a_file_that_is_not_there_or_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["m.py:Net", "--baseline", str(tmp_path / "none.json")]) == 2
    assert "convlint baseline writes one" in capsys.readouterr().err
    assert cli.run(["m.py:Net", "--baseline", str(tmp_path)]) == 2
    with pytest.raises(BaselineError, match="cannot write the baseline"):
        write(tmp_path / "no" / "folder.json", {})


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "b.json"
    write(path, {Entry("t", "a", "CL1"): 1})
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(BaselineError, match="No space left"):
        write(path, {})
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["b.json"]


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "b.json")
    write(tmp_path / "link.json", {})
    assert (tmp_path / "link.json").is_symlink()
    assert read(tmp_path / "b.json") == {}


# Real networks.

NET = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1, dilation=2)
        self.second = nn.Conv2d(8, 8, 3, padding=1)

    def forward(self, x):
        return self.second(self.first(x))
"""
LOST = "import no_such_module\n"


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Status, stdout and stderr of a command line in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        status = cli.run([*words, "--input", "1,3,32,32"])
        out, err = capsys.readouterr()
        return status, out, err

    return run


def test_from_today_on(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    net = tmp_path / "net.py"
    net.write_text(NET)
    file = tmp_path / ".convlint-baseline.json"
    against = ("net.py:Net", "--baseline", file.name)
    assert run("baseline", "net.py:Net") == (0, f"Wrote {file.name}: 1 finding.\n", "")
    assert json.loads(file.read_text())["targets"] == {"net.py:Net": {"first": {"CL210": 1}}}

    net.write_text("\n\n" + NET)  # lines do not count
    status, out, err = run(*against)
    assert (status, "CL210" in out) == (0, False)
    assert err == "convlint: 1 finding is hidden by the baseline\n"

    net.write_text(NET.replace("8, 3, padding=1)", "8, 3, padding=1, dilation=2)"))
    status, out, err = run(*against)
    assert (status, out.count("CL210")) == (1, 1)
    assert "`second`" in out

    net.write_text(NET.replace("dilation=2", "dilation=1"))
    status, out, err = run(*against)
    assert status == 0
    assert err == "convlint: 1 entry of the baseline is stale: run convlint baseline\n"
    assert run(*against, "-q")[2] == ""
    assert run(*against, "--select", "CL101")[2] == ""  # the rule was not asked

    before = file.read_text()
    net.write_text(LOST + NET)
    status, out, err = run(*against)
    assert (status, "CL001" in out, err) == (2, True, "")
    status, out, err = run("baseline", "net.py:Net")
    assert (status, "CL001" in out) == (2, True)
    assert file.read_text() == before
