"""Famous networks that work are traced completely and have no error.

A sample, so that it ends within three minutes; `CONVLINT_ZOO=all` takes all of them (and
`python benchmarks/zoo.py` writes what comes of it to docs/zoo.md).
"""

from __future__ import annotations

import importlib.util
import os

import pytest

from benchmarks.zoo import Model, examine, timm_models, torchvision_models

if importlib.util.find_spec("timm") is None:  # importing it needs benchmarks.zoo.prepare()
    pytest.skip("timm is not installed", allow_module_level=True)

ALL = os.environ.get("CONVLINT_ZOO") == "all"


def sample(models: list[Model], every: int) -> list[Model]:
    return models if ALL else models[::every]


def some_of_torchvision() -> list[Model]:
    if importlib.util.find_spec("torchvision") is None:
        return []
    return sample(torchvision_models(), 5)


pytestmark = pytest.mark.zoo


@pytest.mark.parametrize("model", sample(timm_models(), 5), ids=lambda m: m.name)
def test_timm(model: Model) -> None:
    outcome = examine(model, real=True)
    assert outcome.faults == ()


@pytest.mark.parametrize("model", some_of_torchvision(), ids=lambda m: m.name)
def test_torchvision(model: Model) -> None:
    outcome = examine(model, real=True)
    assert outcome.faults == ()


def test_there_are_a_hundred_architectures_of_timm() -> None:
    names = [model.name for model in timm_models()]
    assert len(set(names)) == 100
