"""Networks with one input that is known: what should be found of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from torch import nn

from benchmarks.zoo import libraries
from benchmarks.zoo.model import Call, Model, tensor
from convlint.load import load
from convlint.spec import parse
from convlint.target import parse as parse_target

BOUNDS: Final = {"timm": 0.95, "torchvision": 1.0, "cases": 0.95}
"""By source, of how many networks the inputs must be found."""

SAMPLE: Final = 150

CASES: Final = Path(
    os.environ.get("CONVLINT_CASES", Path(__file__).resolve().parents[3] / "shared" / "cases")
)

_ROUND: Final = 0.6180339887498949
_NO_CLASSIFIERS: Final = ("detection", "segmentation", "video", "optical_flow")


def models(source: str) -> Iterator[Model]:
    """The networks of a source; of timm all, in an order of which every beginning is spread."""
    if source == "timm":
        found = list(libraries.models("timm"))
        yield from sorted(found, key=lambda one: found.index(one) * _ROUND % 1)
    elif source == "torchvision":
        yield from (one for one in libraries.models("torchvision") if _classifies(one.name))
    else:
        for file in sorted(CASES.glob("*/fixed.py")):
            yield from _case(file)


def _classifies(name: str) -> bool:
    from torchvision import models as zoo

    return zoo.get_model_builder(name).__module__.split(".")[2] not in _NO_CLASSIFIERS


def _case(file: Path) -> Iterator[Model]:
    """The repaired network of a real bug, if it takes one image."""
    case = json.loads((file.parent / "case.json").read_text(encoding="utf-8"))
    texts = case.get("fixed_input", case["input"])
    spec = parse(texts) if isinstance(texts, str) else None
    if spec is None or spec.shape is None or len(spec.shape) != 4 or spec.shape[-2] == 1:
        return
    import torch

    image = tensor(*spec.shape, dtype=getattr(torch, spec.dtype))
    yield Model("cases", file.parent.name, _making(file), lambda _: Call([image]))


def _making(file: Path) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        found = load(parse_target(f"{file}:Net"))
        assert callable(found)
        made = found()
        assert isinstance(made, nn.Module)
        return made

    return make
