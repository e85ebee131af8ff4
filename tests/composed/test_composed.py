"""A sample of the random networks, made small where one disagrees; thousands are run by hand."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings

from tests.composed.__main__ import outcome
from tests.composed.comparison import Verdict, verdict
from tests.composed.network import Network
from tests.composed.reduction import reduced
from tests.composed.strategy import networks
from tests.sampling import sampled

_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("composed")


# Leaving steps out finds a smaller network sooner than hypothesis, which knows only their seeds.
@settings(sampled(250), phases=[Phase.generate])
@given(network=networks())
def test_torch_and_convlint_agree(folder: Path, network: Network) -> None:
    def asked(candidate: Network) -> Verdict:
        # Another file every time: Python and torch remember the lines of a file.
        return verdict(candidate, folder / f"composed_{next(_NUMBERS)}.py")

    found = asked(network)
    if not found.agrees:
        small = reduced(network, lambda n: asked(n).answer == found.answer)
        pytest.fail(f"{asked(small)}\n{small.inputs}\n{small.source}")


@pytest.mark.parametrize("seed", [4001000012283, 4001000019865])
def test_what_only_a_kernel_of_the_cpu_makes_of_a_step_is_no_disagreement(seed: int) -> None:
    """One reads keys past their end, one takes no empty batch of signals."""
    assert outcome(seed).verdict.agrees
