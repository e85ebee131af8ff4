"""timm: every architecture, at the size it was made for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch import nn

from benchmarks.zoo import shims
from benchmarks.zoo.model import Call, Model, image


def models() -> Iterator[Model]:
    """All that `timm.list_models()` lists."""
    shims.torchvision()
    import timm

    for name in timm.list_models():
        yield Model("timm", name, _making(name), _call)


def _making(name: str) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        import timm

        return timm.create_model(name)

    return make


def _call(model: nn.Module) -> Call:
    config = getattr(model, "pretrained_cfg", None) or {}
    channels, height, width = config.get("input_size") or (3, 224, 224)
    return image(channels, height, width)
