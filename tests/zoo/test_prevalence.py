"""Rules that are on by default are silent on good networks; the networks of our own are good.

`python -m benchmarks.zoo prevalence` takes all of them, and docs/prevalence.md says what came of
it.
"""

from __future__ import annotations

import pytest

from benchmarks.zoo import libraries
from benchmarks.zoo.model import Model
from benchmarks.zoo.prevalence import measure, population, tally
from convlint.diagnostic import Severity
from convlint.rule import rules

pytestmark = pytest.mark.zoo

CIFAR = {model.name: model for model in libraries.models("cifar")}
GOOD = {
    "pytorchcv": ["hardnet68", "preresnet110_cifar10", "vovnet27s"],
    "segmentation_models_pytorch": ["unet on resnet34", "fpn on densenet121"],
    "timm": ["convnext_atto", "dla34", "efficientnet_b0", "regnetx_008", "resnet50"],
    "torchvision": ["densenet121", "mobilenet_v2", "resnet18", "squeezenet1_1"],
}
"""Networks of which nothing is known that a rule could complain of."""
MILLIONS = {
    "all_cnn_c": 1.4,
    "densenet40_k12": 1.0,
    "densenet_bc100_k12": 0.8,
    "preact_resnet164": 1.7,
    "pyramidnet110_a48": 1.7,
    "resnet20": 0.27,
    "resnet56": 0.85,
    "resnext29_8x64d": 34.4,
    "wrn16_4": 2.7,
    "wrn28_10": 36.5,
}
"""The weights that the papers state."""


def complaints(model: Model) -> list[tuple[str, str]]:
    """What the rules that are on by default call an error or a warning."""
    outcome = measure.judged(model)
    assert not outcome.failure, model.key
    assert not outcome.broken, model.key
    assert set(outcome.asked) == set(measure.measurable())
    on, true = {rule.code for rule in rules() if rule.default}, tally.true_findings()
    return [
        (row[0], row[4])
        for row in outcome.found
        if row[0] in on and Severity(row[1]) is not Severity.INFO
        if row[0] not in true or not true[row[0]].covers(outcome.key)
    ]


@pytest.mark.parametrize("name", CIFAR)
def test_silent_on_networks_for_small_images(name: str) -> None:
    assert complaints(CIFAR[name]) == []


@pytest.mark.parametrize(("library", "name"), [(key, n) for key in GOOD for n in GOOD[key]])
def test_silent_on_published_networks(library: str, name: str) -> None:
    if not libraries.installed(library):
        pytest.skip("not installed")
    (model,) = (m for m in population.models(library) if m.name == name)
    assert complaints(model) == []


def test_each_architecture_is_counted_once() -> None:
    for library in population.LIBRARIES:
        if libraries.installed(library):
            names = [model.name for model in population.models(library)]
            assert len(set(names)) == len(names) > 40
            for end in ("_cifar100", "_svhn"):
                stems = {name.removesuffix(end) for name in names if name.endswith(end)}
                assert not {f"{stem}_cifar10" for stem in stems} & set(names)
            assert not {f"quantized_{name}" for name in names} & set(names)


def test_what_has_attention_is_not_counted() -> None:
    if not libraries.installed("timm"):
        pytest.skip("not installed")
    models = {model.name: model for model in population.models("timm")}
    for name in ("vit_tiny_patch16_224", "efficientvit_b0", "halonet26t", "resnet50_clip"):
        assert measure.judged(models[name]).skipped, name
    for name in ("seresnet18", "gernet_m"):
        assert not measure.judged(models[name]).skipped, name


def test_naive_networks_are_judged() -> None:
    if not libraries.installed("torchvision"):
        pytest.skip("not installed")
    models = list(population.models(population.NAIVE))
    assert len(models) == 12
    assert measure.judged(models[0]).is_counted


@pytest.mark.parametrize("name", MILLIONS)
def test_as_many_weights_as_in_the_paper(name: str) -> None:
    weights = sum(p.numel() for p in CIFAR[name].make().parameters()) / 1e6
    digits = len(str(MILLIONS[name]).partition(".")[2])
    assert round(weights, digits) == MILLIONS[name]


def test_there_are_about_forty() -> None:
    assert len(CIFAR) >= 40
