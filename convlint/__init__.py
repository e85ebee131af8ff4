"""convlint: the linter for the shapes of whole PyTorch networks.

    import convlint
    assert convlint.check(Net, "1,3,224,224").ok

Rules import what they need from here; torch is imported only when a network is checked, and the
rest when it is asked for: a run that finds everything in the cache needs little of it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from convlint.diagnostic import Diagnostic, Edit, Fix, Label, Location, Severity
from convlint.extent import Narrowing
from convlint.pragma import Pragma, Selector
from convlint.rule import Finding, Rule, rule

if TYPE_CHECKING:
    from convlint.advice.origin import factors, origin
    from convlint.dims import Dim, Shape, Unknown, guess, known, product, show
    from convlint.lint import Report, check
    from convlint.network import Layer, Network
    from convlint.tensor import TensorSpec

__version__ = "0.1.0"

__all__ = [
    "Diagnostic",
    "Dim",
    "Edit",
    "Finding",
    "Fix",
    "Label",
    "Layer",
    "Location",
    "Narrowing",
    "Network",
    "Pragma",
    "Report",
    "Rule",
    "Selector",
    "Severity",
    "Shape",
    "TensorSpec",
    "Unknown",
    "check",
    "factors",
    "guess",
    "known",
    "origin",
    "product",
    "rule",
    "show",
]


_LATER: Final = {
    "advice.origin": ("factors", "origin"),
    "dims": ("Dim", "Shape", "Unknown", "guess", "known", "product", "show"),
    "lint": ("Report", "check"),
    "network": ("Layer", "Network"),
    "tensor": ("TensorSpec",),
}


def __getattr__(name: str) -> Any:
    for module, names in _LATER.items():
        if name in names:
            return getattr(importlib.import_module(f"convlint.{module}"), name)
    raise AttributeError(f"module 'convlint' has no attribute {name!r}")
