"""convlint: the linter for the shapes of whole PyTorch networks.

    import convlint
    assert convlint.check(Net, "1,3,224,224").ok

Rules import what they need from here; torch is imported only when a network is checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convlint.advice.origin import factors, origin
from convlint.diagnostic import Diagnostic, Edit, Fix, Label, Location, Severity
from convlint.dims import Dim, Shape, Unknown, guess, known, product, show
from convlint.network import Layer, Network
from convlint.pragma import Pragma, Selector
from convlint.rule import Finding, Rule, rule
from convlint.tensor import TensorSpec

if TYPE_CHECKING:
    from convlint.lint import Report, check

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


def __getattr__(name: str) -> Any:
    if name in ("check", "Report"):
        from convlint import lint as module

        return getattr(module, name)
    raise AttributeError(f"module 'convlint' has no attribute {name!r}")
