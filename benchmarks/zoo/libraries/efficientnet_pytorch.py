"""efficientnet_pytorch: B0 to B8 and L2, each at its own resolution."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch import nn

from benchmarks.zoo.model import Call, Model, image


def models() -> Iterator[Model]:
    """All names that its factory takes."""
    from efficientnet_pytorch.model import VALID_MODELS

    for name in VALID_MODELS:
        yield Model("efficientnet_pytorch", name, _making(name), _call)


def _making(name: str) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        from efficientnet_pytorch import EfficientNet

        return EfficientNet.from_name(name)

    return make


def _call(model: nn.Module) -> Call:
    return image(3, model._global_params.image_size)  # type: ignore[union-attr, arg-type]
