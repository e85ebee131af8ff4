"""What is inferred of one network, against what it is known to take and what torch says."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.zoo.model import Call, Model, tensor
from benchmarks.zoo.sizes import is_convolutional
from benchmarks.zoo.truth import truth
from convlint.discover import Untold
from convlint.discover.inference import inferred
from convlint.judge import refused
from convlint.rule import rules
from convlint.trace import build


@dataclass(frozen=True)
class Outcome:
    """One network; `known` and `found` are [shape, dtype]."""

    source: str
    name: str
    known: list[Any] = field(default_factory=list)
    found: list[Any] = field(default_factory=list)
    raised: str = ""
    """What torch raises with the inferred input."""
    skipped: str = ""
    """Why it is not counted: it is no convolutional network, or cannot be built here."""
    failure: str = ""
    """Why nothing was found."""
    seconds: float = 0.0

    @property
    def wrong(self) -> str:
        """What of the input is not as it should be; empty where all is."""
        if self.failure:
            return self.failure
        (shape, dtype), (wanted, type_) = self.found, self.known
        if len(shape) != len(wanted):
            return f"{len(shape)} axes, not {len(wanted)}"
        if _channels(shape) != _channels(wanted):
            return f"{_channels(shape)} channels, not {_channels(wanted)}"
        if dtype != type_:
            both = "" if self.raised else "; torch runs with either"
            return f"{dtype}, not {type_}{both}"
        return f"torch: {self.raised}" if self.raised else ""


def _channels(shape: list[int]) -> int:
    """The channels of images of either layout."""
    return shape[-1] if shape[-1] <= 4 < shape[1] else shape[1]


@dataclass(frozen=True)
class Inference:
    """Infer the input of one network."""

    model: Model
    everything: bool = False
    """Whether networks are counted that are not convolutional."""

    def run(self) -> Outcome:
        """Ask convlint for the input, and torch whether it works."""
        found = self._lost()
        try:
            module = build(self.model.make, refused)
        except Exception as exc:
            return replace(found, skipped=f"cannot be built: {exc}"[:200])
        if not self.everything and not is_convolutional(module):
            return replace(found, skipped="not convolutional")
        (image,) = self.model.call(module).args
        found = replace(found, known=[list(image.shape), str(image.dtype)[6:]])
        rules()
        began = time.process_time()
        try:
            given = inferred(module)
        except Untold as error:
            return replace(found, failure=str(error))
        seconds = round(time.process_time() - began, 3)
        if given is None or len(given.inputs) != 1 or given.inputs[0].shape is None:
            return replace(found, failure=f"not one tensor: {given}", seconds=seconds)
        (spec,) = given.inputs
        assert spec.shape is not None
        call = Call([tensor(*spec.shape, dtype=_dtype(spec.dtype))])
        own = truth(self.model, module, call)
        return replace(
            found, found=[list(spec.shape), spec.dtype], raised=own.error, seconds=seconds
        )

    def lost(self, reason: str) -> Outcome:
        """The process of this network has ended."""
        return replace(self._lost(), failure=reason)

    def _lost(self) -> Outcome:
        return Outcome(self.model.library, self.model.name)


def _dtype(name: str) -> Any:
    import torch

    return getattr(torch, name)
