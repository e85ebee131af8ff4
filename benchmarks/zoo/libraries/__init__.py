"""One file for each library, with a function `models()`: found by being here.

A folder is a library of our own, which needs no installation.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import pkgutil
from collections.abc import Iterator

from benchmarks.zoo.model import Model


def names() -> list[str]:
    """The libraries that can be swept, whether they are installed or not."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def models(library: str) -> Iterator[Model]:
    """All architectures of a library.

    Raises:
        ImportError: the library is not installed.
    """
    yield from importlib.import_module(f"{__name__}.{library}").models()


def installed(library: str) -> bool:
    """Whether a library can be imported here."""
    return _is_own(library) or importlib.util.find_spec(library) is not None


def version(library: str) -> str:
    """The installed version of a library; empty for one of our own, and where there is none."""
    is_foreign = not _is_own(library) and installed(library)
    return importlib.metadata.version(library) if is_foreign else ""


def _is_own(library: str) -> bool:
    return any(m.ispkg for m in pkgutil.iter_modules(__path__) if m.name == library)
