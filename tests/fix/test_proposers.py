"""Proposers are found by being there, each has something to propose, and none fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from convlint import lint
from convlint.diagnostic import Proposal
from convlint.discover.comment import Line, read
from convlint.fix import proposal
from convlint.fix.fault import Fault
from convlint.fix.patch import by_file, patched
from convlint.fix.proposal import Proposer, proposer
from convlint.job import Job
from convlint.rule import rules
from convlint.selection import Selection
from convlint.target import parse
from convlint.testing import examples

SLICED = """
# convlint: target Net 1,4,8
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        n = 1
        return self.head(x[:, :, :-n])
"""
MASKED = """
# convlint: target Net 4,10,8 mask=4,10,10:bool
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x, mask):
        return self.attention(x, x, x, attn_mask=mask)[0]
"""


@pytest.fixture
def proposing() -> Iterator[Counter[str]]:
    """How often each proposer has proposed something since then."""
    proposal.load()
    known, counts = dict(proposal._PROPOSERS), Counter[str]()

    def counted(name: str, propose: Proposer) -> Proposer:
        def proposed(fault: Fault) -> Iterator[Proposal]:
            for one in propose(fault):
                counts[name] += 1
                yield one

        return proposed

    proposal._PROPOSERS.update({name: counted(name, one) for name, one in known.items()})
    yield counts
    proposal._PROPOSERS.update(known)


def test_a_proposer_is_registered_once() -> None:
    proposal.load()
    known = dict(proposal._PROPOSERS)
    assert known
    for name, propose in known.items():
        assert name == propose.__name__
        with pytest.raises(ValueError, match=f"two proposers are called {name}"):
            proposer(propose)
    proposal.load()
    assert known == proposal._PROPOSERS


def _sources() -> Iterator[tuple[str, str, Line]]:
    """Rule, source and what is checked, of every example where a rule speaks."""
    for code, text in (("CL102", SLICED), ("CL108", MASKED)):
        said = next(filter(None, map(read, text.splitlines())))
        assert said is not None
        yield code, text, said
    for rule in rules():
        yield from ((rule.code, e.source, e.line) for e in examples(rule) if e.expected)


def test_no_proposer_fails_and_each_has_something_to_propose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proposing: Counter[str]
) -> None:
    monkeypatch.setenv("CONVLINT_STRICT", "1")
    for count, (code, source, said) in enumerate(_sources()):
        path = tmp_path / f"model_{count}.py"
        path.write_text(source)
        target, selection = parse(f"{path}:{said.target}"), Selection(extend_select=(code,))
        job = Job(target, said.inputs, said.modes[0], selection, expected=said.expected)
        for found in lint.run(replace(job, want_proposals=True)).diagnostics:
            for one in found.proposals:
                ((name, edits),) = by_file(one.edits).items()
                assert name == str(path)
                assert patched(source, edits) != source, (code, found.message, edits)
    assert set(proposing) == set(proposal._PROPOSERS)
