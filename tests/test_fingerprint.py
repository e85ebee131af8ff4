"""What a finding is recognised by."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from convlint.diagnostic import Diagnostic, Location
from convlint.fingerprint import fingerprints
from tests.report.drawn import diagnostics
from tests.report.examples import FULL


def _same(one: Diagnostic, other: Diagnostic) -> bool:
    return fingerprints([one]) == fingerprints([other])


def test_lines_and_numbers_do_not_matter() -> None:
    assert _same(FULL, replace(FULL, location=Location("/project/nets/model.py", 99, 4)))
    assert _same(FULL, replace(FULL, related=(), help=(), formula=None))
    assert _same(FULL, replace(FULL, message="`fc1` takes 512 features, but 1024 arrive"))
    shape = replace(FULL, message="[1, 3, 8, 8] meets [3]")
    assert _same(shape, replace(FULL, message="[1, 3, 8] meets [16, 3]"))


def test_target_layer_code_and_words_do() -> None:
    assert not _same(FULL, replace(FULL, target="nets/model.py:Other"))
    assert not _same(FULL, replace(FULL, layer="blocks.1.fc1"))
    assert not _same(FULL, replace(FULL, code="CL101"))
    assert not _same(FULL, replace(FULL, message="`fc2` misses 400 features"))


def test_what_is_alike_is_counted() -> None:
    first, second, third = fingerprints([FULL, FULL, replace(FULL, layer="fc9")])
    assert (first[:-1], first[-2:], second[-2:]) == (second[:-1], ":1", ":2")
    assert third[-2:] == ":1"


@given(st.lists(diagnostics, max_size=6))
def test_all_are_different(found: list[Diagnostic]) -> None:
    assert len(set(fingerprints([*found, *found]))) == 2 * len(found)
