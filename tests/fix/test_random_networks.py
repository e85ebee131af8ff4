"""A sample of the random networks with a mistake; thousands are run by hand."""

from __future__ import annotations

import pytest

from benchmarks.fix.random_networks import Outcome, injected, outcome

_SEEDS = range(7_000_000_000, 7_000_000_012)


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    return [outcome(seed) for seed in _SEEDS]


def test_what_is_offered_is_python_and_torch_runs_it(outcomes: list[Outcome]) -> None:
    assert not [one for one in outcomes if one.answer in ("unparsable", "raises")]


def test_nine_of_ten_are_repaired(outcomes: list[Outcome]) -> None:
    crashes = [one for one in outcomes if one.answer != "constructor"]
    good = [one for one in crashes if one.answer.startswith("repaired")]
    assert len(crashes) > 6
    assert len(good) >= 0.9 * len(crashes), [one for one in crashes if one not in good]


def test_one_line_is_wrong_and_torch_raises() -> None:
    for seed in _SEEDS:
        broken = injected(seed)
        assert broken.was != broken.now
        assert broken.network.source.splitlines().count(f"        {broken.now}") > 0
        assert broken.run.raised
