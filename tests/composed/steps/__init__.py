"""The kinds of steps.  Each file of this folder holds a family, found by being there.

A kind is a function that takes the draft and answers with a call as Python text, or with a call
and the module it calls, which the call names `LAYER`.  It raises `Unfit` where no value fits.
"""

from __future__ import annotations

import importlib
import pkgutil

from tests.composed.steps.registry import ENDS, KINDS, Kind

for _found in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_found.name}")

__all__ = ["ENDS", "KINDS", "Kind"]
