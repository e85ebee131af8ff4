"""The parameters of a network's `forward`."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, Final

_PLAIN: Final = {"int": 1, "float": 1.0, "bool": False, "str": ""}
"""Annotations of what is no tensor, and what is handed over for it."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One of them; `value` is what is handed over where no tensor is meant."""

    name: str
    by_name: bool = False
    """Whether it can only be given by its name."""
    value: object = None

    @property
    def is_tensor(self) -> bool:
        """Whether a tensor is to be found for it."""
        return self.value is None


def parameters(module: Any) -> tuple[tuple[Parameter, ...], tuple[Parameter, ...]]:
    """Those that a network cannot be called without, and those that are None if left out.

    `*inputs` alone stands for one tensor.
    """
    try:
        found = inspect.signature(module.forward).parameters.values()
    except (TypeError, ValueError):
        return (), ()
    plain = [one for one in found if one.kind is not one.VAR_KEYWORD]
    fixed = [one for one in plain if one.kind is not one.VAR_POSITIONAL]
    required = tuple(_made(one) for one in fixed if one.default is one.empty)
    if not fixed and plain:
        required = (_made(plain[0]),)
    return required, tuple(_made(one) for one in fixed if one.default is None)


def _made(found: inspect.Parameter) -> Parameter:
    written = found.annotation
    name = written if isinstance(written, str) else getattr(written, "__name__", "")
    return Parameter(found.name, found.kind is found.KEYWORD_ONLY, _PLAIN.get(name))
