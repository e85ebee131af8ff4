"""A small sample of every library's networks is traced whole, as torch runs them.

`python -m benchmarks.zoo sweep` takes all of them, and docs/zoo.md says what came of it.
"""

from __future__ import annotations

import functools

import pytest

from benchmarks.zoo import libraries, sizes
from benchmarks.zoo.examine import SMALL, Examination, Outcome
from benchmarks.zoo.model import Model
from benchmarks.zoo.processes import each

LIBRARIES = [name for name in libraries.names() if libraries.installed(name)]
COUNT = 3
"""Models of each library."""

pytestmark = [
    pytest.mark.zoo,
    pytest.mark.skipif(not LIBRARIES, reason="none of the libraries is installed"),
]


@functools.cache
def sample(library: str) -> list[Model]:
    models = list(libraries.models(library))
    return models[:: max(1, len(models) // COUNT)]


def whole(model: Model, real: bool = False) -> Outcome:
    """What came of a model, all of it well."""
    (outcome,) = each([Examination(model, 1.0, real)], jobs=1, limit=120.0)
    refused = outcome.torch_error or outcome.failure.startswith("construction: ")
    if refused:
        pytest.skip(f"torch does not run it: {outcome.failure or outcome.torch_error}")
    assert not outcome.failure, model.key
    assert outcome.errors == [], model.key
    assert outcome.differences == [], model.key
    assert outcome.is_whole, model.key
    assert outcome.compared > 0, model.key
    return outcome


@pytest.mark.parametrize("place", range(COUNT))
@pytest.mark.parametrize("library", LIBRARIES)
def test_it_is_traced_whole(library: str, place: int) -> None:
    whole(sample(library)[place])


@pytest.mark.parametrize(
    "library", ["cifar", "efficientnet_pytorch", "pytorchcv", "timm", "torchvision"]
)
def test_the_recorded_graph_gives_the_models_own_output(library: str) -> None:
    if library not in LIBRARIES:
        pytest.skip("not installed")
    graphs = [whole(model, real=True) for model in sample(library)[1:3]]
    assert all(outcome.graph or outcome.weights > SMALL for outcome in graphs)


@pytest.mark.parametrize("size", sizes.SIZES, ids=str)
@pytest.mark.parametrize("library", sizes.LIBRARIES)
def test_another_size_fails_where_torch_fails(library: str, size: sizes.Size) -> None:
    if library not in LIBRARIES:
        pytest.skip("not installed")
    (comparison,) = each([sizes.Resized(sample(library)[1], size)], jobs=1, limit=120.0)
    assert not comparison.skipped
    assert comparison.disagreement == ""
