"""A sample of the networks with slips; the sweep over thousands is run by hand."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.mutations import Mutant, convlint_says, mutants, originals, verdict

ORIGINALS = list(originals())
OWN = [o for o in ORIGINALS if o.path.parent.name == "networks"]


@pytest.mark.parametrize("original", OWN, ids=lambda o: o.path.stem)
def test_a_good_network_has_no_error(original, tmp_path: Path) -> None:
    text = original.path.read_text(encoding="utf-8")
    mutant = Mutant("", text, "", original.inputs, original.training)
    assert convlint_says(mutant, tmp_path / "net.py") == []


@pytest.mark.parametrize("seed", range(8))
def test_torch_and_convlint_agree(seed: int, tmp_path: Path) -> None:
    source = mutants(random.Random(seed), OWN)
    for number in range(15):
        mutant = next(source)
        answer, details = verdict(mutant, tmp_path / f"net_{seed}_{number}.py")
        assert answer == "agree", (mutant.origin, mutant.change, mutant.inputs, details)
