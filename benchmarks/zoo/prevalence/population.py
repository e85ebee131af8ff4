"""Which networks are counted: convolutional ones, each architecture once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from torch import nn

from benchmarks.zoo import libraries, shims
from benchmarks.zoo.model import Model, image
from benchmarks.zoo.sizes import is_convolutional
from convlint.network import Network

LIBRARIES = ("cifar", "pytorchcv", "segmentation_models_pytorch", "timm", "torchvision")
NAIVE = "naive 32"
"""Not a library of good networks, but the commonest mistake."""
NAMES = (*LIBRARIES, NAIVE)

_IMAGENET = (
    "densenet121", "efficientnet_b0", "mnasnet1_0", "mobilenet_v2", "mobilenet_v3_large",
    "regnet_y_400mf", "resnet18", "resnet50", "resnext50_32x4d", "shufflenet_v2_x1_0", "vgg16",
    "wide_resnet50_2",
)  # fmt: skip
_SIDE = 32
_PRODUCTS = frozenset({"bmm", "einsum", "matmul"})
_QUANTIZED = "quantized_"
_TWINS = ("_cifar100", "_cub", "_svhn")
"""Ends of the names of networks that differ from another one in the number of classes only."""


def models(name: str, every: int = 1) -> Iterator[Model]:
    """Those of a library that may be counted (or the twelve of `NAIVE`), in a fixed order.

    Raises:
        ImportError: the library is not installed.
    """
    if name == NAIVE:
        yield from _naive()
        return
    found = list(libraries.models(name))
    names = {model.name for model in found}
    once = (model for model in found if not _is_twin(model.name, names))
    yield from itertools.islice(once, 0, None, every)


def reason_against(library: str, module: nn.Module) -> str:
    """Why a network of a library is not counted; empty where it is."""
    if library in ("cifar", NAIVE) or is_convolutional(module):
        return ""
    return "not convolutional"


def reason_against_layers(network: Network) -> str:
    """Why a traced network is not counted after all; empty where it is."""
    used = {layer.op for layer in network.layers}
    is_weighed = "softmax" in used and used & _PRODUCTS
    return "attention" if is_weighed or any("attention" in name for name in used) else ""


def _is_twin(name: str, names: set[str]) -> bool:
    if name.removeprefix(_QUANTIZED) != name:
        return name.removeprefix(_QUANTIZED) in names
    for end in _TWINS:
        if name.endswith(end):
            stem = name.removesuffix(end)
            return stem in names or f"{stem}_cifar10" in names
    return False


def _naive() -> Iterator[Model]:
    """Networks for ImageNet, run unchanged on the images of CIFAR."""
    shims.torchvision()
    for name in _IMAGENET:
        yield Model(NAIVE, name, _making(name), lambda module: image(3, _SIDE))


def _making(name: str) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        from torchvision import models as zoo

        module: nn.Module = zoo.get_model(name, weights=None)
        return module

    return make
