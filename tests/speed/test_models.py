"""What is measured are the real networks: those of the model libraries, layer by layer."""

from __future__ import annotations

import importlib
import runpy
from collections import Counter
from typing import Any

import pytest
import torch
from torch import nn

from benchmarks.speed.model import Model, models
from benchmarks.zoo import libraries, shims

MODELS = {model.name: model for model in models()}
SAME = {
    "resnet50": ("torchvision.models", "resnet50"),
    "densenet201": ("torchvision.models", "densenet201"),
    "efficientnet_b7": ("torchvision.models", "efficientnet_b7"),
    "convnext": ("torchvision.models", "convnext_tiny"),
    "swin": ("torchvision.models", "swin_t"),
    "vit_giant": ("timm.models.vision_transformer", "vit_gigantic_patch14_224"),
}
_WEIGHED = (nn.Conv2d, nn.Linear, nn.BatchNorm2d, nn.LayerNorm)


def layers(make: Any, model: Model) -> tuple[int, Counter[Any], Any]:
    """The number of weights, the layers that have some with their output shapes, the output."""
    found: Counter[Any] = Counter()
    with torch.device("meta"):
        network = make().eval()
        for module in network.modules():
            if isinstance(module, _WEIGHED):
                module.register_forward_hook(
                    lambda m, _, out: found.update([(m.extra_repr(), tuple(out.shape))])
                )
        output = network(torch.empty([int(n) for n in model.input.split(",")]))
    return sum(p.numel() for p in network.parameters()), found, output.shape


@pytest.mark.zoo
@pytest.mark.parametrize("name", SAME)
def test_it_is_the_library_s_network(name: str) -> None:
    library, function = SAME[name]
    if not libraries.installed(library.partition(".")[0]):
        pytest.skip("not installed")
    shims.torchvision()
    theirs = getattr(importlib.import_module(library), function)
    ours = runpy.run_path(str(MODELS[name].path))["Net"]
    weights, made, output = layers(ours, MODELS[name])
    expected, theirs_made, shape = layers(theirs, MODELS[name])
    assert (weights, output) == (expected, shape)
    assert theirs_made.total() > 40
    assert not theirs_made - made  # torchvision's Swin calls some of its layers' functions itself


def test_the_others() -> None:
    made = {n: runpy.run_path(str(MODELS[n].path))["Net"] for n in set(MODELS) - set(SAME)}
    assert set(made) == {"chain", "unet"}
    weights, _, output = layers(made["unet"], MODELS["unet"])
    assert weights > 31_000_000
    assert output == (1, 2, 256, 256)
    with torch.device("meta"):
        assert len(made["chain"]()) == 2000
