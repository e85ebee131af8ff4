"""Proposals are tried in processes of their own: what they make of the code harms nobody."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from convlint import isolate
from convlint.diagnostic import Edit, Location, Proposal
from convlint.fix import patch
from convlint.fix.bench import Bench, key, keys
from convlint.job import Job, Result
from convlint.server import Server
from convlint.spec import parse
from convlint.target import parse as target

NET = """\
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        step, size = 2, 8
        while size > 0:
            size -= step
        self.head = nn.Linear(100, 10)

    def forward(self, x):
        return self.head(x)
"""
SECONDS = 3


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as shared:
        yield shared


@pytest.fixture
def bench(server: Server, tmp_path: Path) -> Bench:
    file = tmp_path / "net.py"
    file.write_text(NET)

    def run(jobs: Sequence[Job]) -> list[Result]:
        return list(isolate.run(jobs, quiet=True, workers=2, timeout=SECONDS, server=server))

    return Bench((Job(target(f"{file}:Net"), (parse("2,4"),)),), run)


def _instead(bench: Bench, old: str, new: str) -> Proposal:
    row = next(i for i, line in enumerate(NET.splitlines(), 1) if old in line)
    column = NET.splitlines()[row - 1].index(old) + 1
    place = Location(str(bench.jobs[0].target.path), row, column, row, column + len(old))
    return Proposal(0, (Edit(new, place),))


def test_what_hangs_exits_or_dies_is_no_trial(bench: Bench) -> None:
    state = bench.first()
    before = (bench.jobs[0].target.path).read_bytes()
    good = _instead(bench, "100", "4")
    other = _instead(bench, "100", "5")
    bad = [
        _instead(bench, "2, 8", "0, 8"),
        _instead(bench, "size -= step", "__import__('os')._exit(0)"),
        _instead(bench, "size -= step", "__import__('os').kill(__import__('os').getpid(), 11)"),
        _instead(bench, "size -= step", "raise SystemExit"),
        _instead(bench, "size -= step", "size -= step + "),
        _instead(bench, "size -= step", "size = bytearray(1 << 60)"),
    ]
    began = time.monotonic()
    trials = bench.tried(state, 0, [*bad, good, other])
    assert time.monotonic() - began < SECONDS * 10
    assert [one.proposal for one in trials] == [good, other]
    assert [one.left for one in trials] == [0, 1]
    assert bench.jobs[0].target.path.read_bytes() == before


def test_what_cannot_be_made_is_no_trial(bench: Bench) -> None:
    state = bench.first()
    name = str(bench.jobs[0].target.path)
    behind = Proposal(0, (Edit("", Location(name, 99, 1, 99, 2)),))
    missing = Proposal(0, (Edit("", Location(f"{name}.not", 1, 1, 1, 2)),))
    twice = Proposal(0, (*_instead(bench, "100", "4").edits, *_instead(bench, "100", "5").edits))
    assert bench.tried(state, 0, [behind, missing, twice]) == []


def test_findings_are_known_by_their_rows_before_the_edits(bench: Bench) -> None:
    state = bench.first()
    longer = _instead(bench, "step, size = 2, 8", "step = 2\n        size = 8")
    (trial,) = bench.tried(state, 0, [longer])
    assert keys(trial.result) == keys(state.results[0])
    (found,) = state.results[0].diagnostics
    assert found.location is not None
    assert key(found)[3] == found.location.row == 10


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a\nb\nc", "a\nx\nb\nc", [0, 1, 1, 2]),
        ("a\nb\nc", "a\nc", [0, 2]),
        ("a\nb\nc", "a\nB\nc", [0, 1, 2]),
        ("a\n(\nb\n)\nc", "a\n(b)\nc", [0, 1, 4]),
        ("a\r\n\x0c\r\nb", "a\r\n\x0c\r\nx\r\nb", [0, 1, 2, 2]),
        ("", "a\nb", [0, 0]),
        ("a", "", []),
    ],
)
def test_the_rows_before_an_edit(before: str, after: str, expected: list[int]) -> None:
    assert patch.rows(before, after) == expected
