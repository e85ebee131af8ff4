"""Networks for small images, written from their papers: one file for each family.

A family's file has `NETWORKS`, constructors by name, and, where they do not take one colour image
of 32×32 pixels, `INPUT`, the sizes of one sample.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from benchmarks.zoo.model import Call, Model, tensor

_BATCH = 2
_INPUT = (3, 32, 32)


def models() -> Iterator[Model]:
    """Every network of every family, found by being here."""
    for found in pkgutil.iter_modules(__path__):
        family = importlib.import_module(f"{__name__}.{found.name}")
        call = Call([tensor(_BATCH, *getattr(family, "INPUT", _INPUT))])
        for name, make in family.NETWORKS.items():
            yield Model("cifar", name, make, lambda module, call=call: call)
