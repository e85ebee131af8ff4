"""What of Python itself the user's code may take away, and convlint stands on."""

from __future__ import annotations

import builtins
import contextlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Give back built-in names that were replaced, and modules that were removed, meanwhile.

    What was added stays: `gettext` installs its `_` among the built-ins.
    """
    names, modules = dict(vars(builtins)), dict(sys.modules)
    try:
        yield
    finally:
        vars(builtins).update(names)
        for name in modules.keys() - sys.modules.keys():
            sys.modules[name] = modules[name]
