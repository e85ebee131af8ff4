"""pytorchcv: every model that its provider lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import nn

from benchmarks.zoo import shims
from benchmarks.zoo.model import Call, Model, image, tensor

_SPEECH = Call([tensor(2, 64, 256), tensor(2, dtype=torch.int64)])
_INDEX = torch.int64
_CALLS = {
    "jasper": _SPEECH,
    "nvpattexp": Call([tensor(2, 8, 16, 29), tensor(2, dtype=_INDEX)]),
    "pfpcnet": Call([tensor(2, 1, 320, 240)]),
    "propainter": Call(
        [tensor(1, 5, 3, 240, 432), tensor(1, 5, 1, 240, 432), tensor(1, 5, 1, 240, 432),
         tensor(1, 4, 4, 240, 432), 5]
    ),
    "propainter_ip": Call([tensor(5, 3, 240, 432), tensor(5, 1, 240, 432), tensor(4, 4, 240, 432)]),
    "propainter_rfc": Call([tensor(1, 5, 2, 240, 432), tensor(1, 5, 1, 240, 432)]),
    "quartznet": _SPEECH,
    "raft": Call([tensor(2, 3, 240, 432)] * 2),
    "superpointnet": Call([tensor(2, 1, 224, 224)]),
    "visemenet": Call([tensor(34, 8, 195), tensor(34, 76, dtype=_INDEX)]),
    "voca": Call([tensor(2, 1, 16, 29), tensor(2, dtype=_INDEX)]),
}  # fmt: skip
"""What those that do not take one image take, by the beginning of their names (longest wins)."""


def models() -> Iterator[Model]:
    """All names of `pytorchcv.model_provider`."""
    shims.torchvision()
    from pytorchcv.model_provider import _models

    for name in sorted(_models):
        yield Model("pytorchcv", name, _making(name), _calling(name))


def _making(name: str) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        from pytorchcv.model_provider import get_model

        # Its own spectrogram calls torch.stft in a way that torch no longer takes.
        spectrogram = {"from_audio": False} if name.startswith(("jasper", "quartznet")) else {}
        return get_model(name, pretrained=False, **spectrogram)

    return make


def _calling(name: str) -> Callable[[nn.Module], Call]:
    special = max((begin for begin in _CALLS if name.startswith(begin)), key=len, default=None)
    if special is not None:
        return lambda model: _CALLS[special]

    def call(model: nn.Module) -> Call:
        height, width = getattr(model, "in_size", None) or (224, 224)
        return image(getattr(model, "in_channels", None) or 3, height, width)

    return call
