"""Which tensors are sparse: their stand-ins are not, so torch cannot be asked about them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import torch

_MADE: Final = re.compile(r"(?:to_sparse|sparse)(?:_(coo|csr|csc|bsr|bsc))?(?:_tensor)?")
_TO_DENSE: Final = ("to_dense", "indices", "values")
_PRODUCTS: Final = ("mm", "mv", "matmul", "matmul__")

Layout = torch.layout | None
"""None where it is not known."""


def layout_of(name: str, given: Sequence[Layout], kwargs: dict[str, Any]) -> Layout:
    """The layout of what a function of this name makes of tensors with these layouts."""
    wanted = kwargs.get("layout")
    if isinstance(wanted, torch.layout):
        return wanted
    made = _MADE.fullmatch(name) if "sparse" in name else None
    if made is not None:
        found: torch.layout = getattr(torch, f"sparse_{made[1] or 'coo'}")
        return found
    if all(one is torch.strided for one in given) or name.endswith(_TO_DENSE):
        return torch.strided
    if name.endswith(_PRODUCTS) and torch.strided in given:
        return torch.strided
    return given[0] if name == "coalesce" else None
