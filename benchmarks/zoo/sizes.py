"""Convolutional models at sizes they were not made for: convlint and torch must agree.

Where torch raises, convlint must report an error, and first at the operator where torch raises;
where torch runs, it must report none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from torch import nn

from benchmarks.zoo import libraries
from benchmarks.zoo.model import Call, Model
from benchmarks.zoo.truth import truth
from convlint.diagnostic import Severity
from convlint.judge import judge
from convlint.rule import silent
from convlint.tensor import TensorSpec
from convlint.trace import ConstructionError, build, trace

COUNT = 150
LIBRARIES = ("timm", "torchvision", "pytorchcv", "segmentation_models_pytorch")
_NO_CONVOLUTION = (
    "attention", "attn", "hsmssd", "litemla", "mixer", "shsa", "transformer", "window",
)  # fmt: skip


@dataclass(frozen=True)
class Size:
    """The images of a call; None for the model's own."""

    batch: int
    height: int | None = None
    width: int | None = None

    def __str__(self) -> str:
        size = f"{self.height}×{self.width}" if self.height else "its own size"
        return f"batch {self.batch}, {size}"

    def of(self, call: Call) -> Call:
        """The call with one image batch of this size."""
        (given,) = call.args
        shape = (self.batch, given.shape[1], self.height or given.shape[2])
        return Call([TensorSpec((*shape, self.width or given.shape[3]), given.dtype)])


SIZES = (Size(2, 32, 32), Size(2, 97, 131), Size(1), Size(3))


@dataclass(frozen=True)
class Comparison:
    """What torch and convlint say of one model at one size.

    `path` is the module in whose forward torch raised; `told` are convlint's errors as
    [code, module path, message].
    """

    library: str
    name: str
    size: str
    raised: str = ""
    path: str = ""
    told: list[list[str]] | None = None
    skipped: str = ""

    @property
    def disagreement(self) -> str:
        """Empty where they agree."""
        if self.skipped:
            return ""
        if self.raised and not self.told:
            return f"torch raises in `{self.path}` ({self.raised}), convlint is silent"
        if self.told and not self.raised:
            return f"torch runs, convlint reports {self.told[0]}"
        if self.told and self.told[0][1] != self.path:
            return f"torch raises in `{self.path}` ({self.raised}), convlint reports {self.told[0]}"
        return ""


@dataclass(frozen=True)
class Resized:
    """One model at one size."""

    model: Model
    size: Size

    def run(self) -> Comparison:
        """Ask both."""
        module = build(self.model.make)
        call = self.size.of(self.model.call(module))
        network = trace(module, call.args, call.kwargs)
        found = [
            d for d in judge(network) if d.severity is Severity.ERROR and d.code not in silent()
        ]
        told = [[d.code, d.layer, d.message[:200]] for d in found]
        own = truth(self.model, module, call)
        return replace(self.lost(""), raised=own.error, path=own.failed_in, told=told)

    def lost(self, reason: str) -> Comparison:
        """The model cannot be compared."""
        return Comparison(self.model.library, self.model.name, str(self.size), skipped=reason)


def is_convolutional(module: nn.Module) -> bool:
    """Whether it is made of convolutions, without attention.

    A module that is named after attention but holds no weights is a place for it that was left
    empty, as in every decoder of segmentation_models_pytorch.
    """
    for part in module.modules():
        name = type(part).__name__.lower()
        if any(word in name for word in _NO_CONVOLUTION) and any(True for _ in part.parameters()):
            return False
    return sum(isinstance(m, nn.Conv2d) for m in module.modules()) >= 5


def sample(chosen: Iterable[str], count: int) -> Iterator[Model]:
    """Convolutional models, evenly from the libraries: `count` in all, or all there are.

    They are built here to see what they are; nothing of them is kept.
    """
    found = [_convolutional(library) for library in chosen if libraries.installed(library)]
    while found and count:
        for models in list(found):
            model = next(models, None)
            if model is None:
                found.remove(models)
            elif count:
                count -= 1
                yield model


def _convolutional(library: str) -> Iterator[Model]:
    """One model of each group of neighbours in a library's list of names."""
    models = list(libraries.models(library))
    for model in models[:: max(1, len(models) // COUNT)]:
        try:
            module = build(model.make)
        except ConstructionError:
            continue
        if is_convolutional(module) and _takes_images(model.call(module)):
            yield model


def _takes_images(call: Call) -> bool:
    return len(call.args) == 1 and isinstance(call.args[0], TensorSpec)


def tasks(models: Iterable[Model]) -> Iterator[Resized]:
    """Every model at every size."""
    for model in models:
        yield from (Resized(model, size) for size in SIZES)
