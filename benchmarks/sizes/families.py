"""The families of networks in the zoos: variants of one kind, that take one image."""

from __future__ import annotations

import importlib
import inspect
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from benchmarks.zoo import libraries, shims
from benchmarks.zoo.model import Call, Model, image
from convlint.dims import guess
from convlint.tensor import TensorSpec
from convlint.trace import ConstructionError, build

LARGEST = 320
"""Networks that are made for larger images are left out, where a family has others."""

_FREE: dict[str, Any] = {"dynamic_img_size": True, "strict_img_size": False}
"""What timm's constructors take for images of any size."""


@dataclass(frozen=True)
class Family:
    """Networks of one kind."""

    library: str
    name: str
    variants: tuple[Model, ...]
    place: int = 0
    """Which of its variants is meant: the smallest, or the next one."""

    @property
    def key(self) -> str:
        """Its name among all libraries."""
        return f"{self.library}/{self.name}"

    @property
    def second(self) -> Family:
        """The same with its second smallest network."""
        return replace(self, name=f"{self.name}, second", place=1)

    def meant(self) -> tuple[Model, TensorSpec] | None:
        """The variant at its place by the number of modules, and its image.

        None if there are not so many that take one image.
        """
        found = []
        for model in self.variants:
            try:
                module = build(model.make)
            except ConstructionError:
                continue
            given = taken(model.call(module))
            if given is not None:
                assert given.shape is not None
                is_large = max(map(guess, given.shape[2:])) > LARGEST
                found.append((is_large, sum(1 for _ in module.modules()), model, given))
        if len(found) <= self.place:
            return None
        *_, model, given = sorted(found, key=lambda one: one[:2])[self.place]
        return model, given


def taken(call: Call) -> TensorSpec | None:
    """The image of a call that has nothing else."""
    if len(call.args) != 1 or call.kwargs or not isinstance(call.args[0], TensorSpec):
        return None
    return call.args[0] if call.args[0].rank == 4 else None


def families(wanted: Sequence[str] = ()) -> Iterator[Family]:
    """All of them, from the libraries in turn.

    Args:
        wanted: the names of libraries; all that are installed, where there is none.
    """
    of = [
        find() for name, find in _LIBRARIES.items()
        if (not wanted or name in wanted) and libraries.installed(name)
    ]  # fmt: skip
    for turn in itertools.zip_longest(*of):
        yield from (family for family in turn if family is not None)


def names() -> tuple[str, ...]:
    """The libraries that have families."""
    return tuple(_LIBRARIES)


def _timm() -> Iterator[Family]:
    """A family is a file; where its networks can be made for images of any size, it is two."""
    shims.torchvision()
    import timm

    models = {model.name: model for model in libraries.models("timm")}
    for module in timm.list_modules():
        known = [n for n in timm.list_models(module=module) if not n.startswith("test_")]
        if not known:
            continue
        yield Family("timm", module, tuple(models[name] for name in known))
        option = _free(f"timm.models.{module}")
        if option is not None:
            variants = (Model("timm", f"{n} ({option})", _freely(n, option), _image) for n in known)
            yield Family("timm", f"{module}, any size", tuple(variants))


def _free(module: str) -> str | None:
    """The option of the networks of a file that makes them take images of any size."""
    for made in vars(importlib.import_module(module)).values():
        if inspect.isclass(made) and made.__module__ == module:
            takes = inspect.signature(made).parameters
            for option in _FREE:
                if option in takes and "num_classes" in takes:
                    return option
    return None


def _freely(name: str, option: str) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        import timm

        return timm.create_model(name, **{option: _FREE[option]})

    return make


def _image(model: nn.Module) -> Call:
    config = getattr(model, "pretrained_cfg", None) or {}
    return image(*(config.get("input_size") or (3, 224, 224)))


def _torchvision() -> Iterator[Family]:
    """A family is a file of classifiers or of networks for segmentation."""
    shims.torchvision()
    from torchvision import models as zoo

    def file(model: Model) -> str:
        module: str = zoo.get_model_builder(model.name).__module__
        return module.removeprefix("torchvision.models.")

    for family in _grouped("torchvision", file):
        if family.name.partition(".")[0] in (family.name, "segmentation"):
            yield family


def _segmentation_models() -> Iterator[Family]:
    """A family is a decoder, or a U-Net's encoders of one name."""

    def kind(model: Model) -> str:
        decoder, _, encoder = model.name.partition(" on ")
        beginning = re.match(r"(tu-|timm-)?[a-z_]+", encoder)
        assert beginning is not None
        of = beginning.group().replace("tu-", "").replace("timm-", "").strip("_")
        return f"unet on {of}" if decoder == "unet" else decoder

    yield from _grouped("segmentation_models_pytorch", kind)


def _monai() -> Iterator[Family]:
    """A family is a network over images, of one name."""

    def kind(model: Model) -> str:
        beginning = re.match(r"[A-Za-z]+", model.name)
        assert beginning is not None
        return "" if model.name.endswith("in 3D") else beginning.group()

    yield from (family for family in _grouped("monai", kind) if family.name)


def _cifar() -> Iterator[Family]:
    """A family is a file."""
    yield from _grouped("cifar", lambda model: model.make.__module__.rpartition(".")[-1])


def _grouped(library: str, of: Callable[[Model], str]) -> Iterator[Family]:
    found: dict[str, list[Model]] = {}
    for model in libraries.models(library):
        found.setdefault(of(model), []).append(model)
    for name, models in found.items():
        yield Family(library, name, tuple(models))


_LIBRARIES: dict[str, Callable[[], Iterator[Family]]] = {
    "timm": _timm,
    "torchvision": _torchvision,
    "segmentation_models_pytorch": _segmentation_models,
    "monai": _monai,
    "cifar": _cifar,
}
