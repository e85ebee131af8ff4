"""torchvision: classification, segmentation, detection, video and optical flow."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from torch import nn

from benchmarks.zoo import shims
from benchmarks.zoo.model import Call, Model, image, tensor

_WANTED = {"weights": None, "weights_backbone": None, "init_weights": False}


def models() -> Iterator[Model]:
    """All that `torchvision.models.list_models()` lists."""
    shims.torchvision()
    from torchvision import models as zoo

    for name in zoo.list_models():
        space = zoo.get_model_builder(name).__module__.split(".")[2]
        yield Model("torchvision", name, _making(name), _calling(name, space))


def _making(name: str) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        from torchvision import models as zoo

        builder = zoo.get_model_builder(name)
        taken = inspect.signature(builder).parameters
        wanted: dict[str, Any] = {k: v for k, v in _WANTED.items() if k in taken}
        if "inception" in name or "googlenet" in name:
            wanted["init_weights"] = False  # by **kwargs; otherwise they warn
        return builder(**wanted)

    return make


def _calling(name: str, space: str) -> Callable[[nn.Module], Call]:
    if space == "detection":
        return lambda model: Call([[tensor(3, 300, 400), tensor(3, 320, 320)]])
    if space == "optical_flow":
        return lambda model: Call([tensor(2, 3, 128, 128)] * 2)
    if space == "video":
        size = 112 if name in ("r3d_18", "mc3_18", "r2plus1d_18") else 224
        return lambda model: Call([tensor(2, 3, 16, size, size)])
    if space == "segmentation":
        return lambda model: image(3, 520)  # as in its recipe: the rates of DeepLab are for it
    return lambda model: image(3, 299 if "inception" in name else 224)
