"""Where the inputs of a target come from, if neither command line nor configuration says.

Every module of this folder is a source, found by its presence.  It says its `RANK`, the lower
before the higher, and has one or more of three functions:

    declared(source) -> targets that a Python file itself asks to lint
    uses(networks, sources) -> how networks are called, as far as the text of the project tells
    given(module) -> what a network says of its own inputs, once it is built

The first two run nothing of the user's code, and none of them needs torch.  Where no source knows
anything, `convlint.discover.inference` finds the inputs by trial.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from convlint.spec import InputSpec

if TYPE_CHECKING:
    from convlint.project.network import Network
    from convlint.project.source import Source
    from convlint.task import Task


@dataclass(frozen=True, slots=True)
class Given:
    """What a network is called with, and who says so: "its example_input_array".

    `sizes` are those that were taken for the letters of the inputs.
    """

    inputs: tuple[InputSpec, ...] = ()
    by: str = ""
    sizes: tuple[tuple[str, int], ...] = ()
    inferred: bool = False
    """Whether it is a conclusion, of which `by` gives the reasons, and nobody's word."""
    form: tuple[InputSpec, ...] = ()
    """The same with letters for sizes that could be others, where it was inferred."""

    def __str__(self) -> str:
        """What has to be told; nothing where all was given explicitly."""
        if not self.by and not self.sizes:
            return ""
        taken = ", ".join(f"{letter}={size}" for letter, size in self.sizes)
        called = " ".join(map(str, self.inputs)) + (f" at {taken}" if taken else "")
        if self.inferred:
            return f"{called}: {self.by}"
        return f"{called}, from {self.by}" if self.by else called


class Untold(Exception):
    """Of a parameter of `forward` nothing tells what it is; the message is one line.

    `inputs` are an example of what could be given.
    """

    def __init__(self, message: str, inputs: tuple[InputSpec, ...]) -> None:
        super().__init__(message)
        self.inputs = inputs


@dataclass(frozen=True, slots=True)
class Use:
    """How a network is made and called, by the text of the project.

    `arguments` are those of the constructor as they are written, None where they are no literals;
    `inputs` are None where they are known only when the network is built.
    """

    network: Network
    inputs: tuple[InputSpec, ...] | None
    origin: str
    arguments: str | None = ""
    by_itself: bool = False
    """Whether the network says it, so that it need not be told where it is linted by name."""


def declared(source: Source) -> Iterator[Task]:
    """What a file asks to lint.

    Raises:
        SourceError: it says something that cannot be read.
    """
    for ask in _asked("declared"):
        yield from ask(source)


def uses(networks: Sequence[Network], sources: Iterable[Source]) -> Iterator[Use]:
    """How the networks are called; what comes first is to be preferred."""
    sources = tuple(sources)
    for ask in _asked("uses"):
        yield from ask(networks, sources)


def given(module: object) -> Given | None:
    """What a built network says of its inputs."""
    for ask in _asked("given"):
        found: Given | None = ask(module)
        if found is not None:
            return found
    return None


def _asked(name: str) -> Iterator[Callable[..., Any]]:
    return (getattr(module, name) for module in _modules() if hasattr(module, name))


@cache
def _modules() -> tuple[ModuleType, ...]:
    found = [
        importlib.import_module(f"{__name__}.{one.name}") for one in pkgutil.iter_modules(__path__)
    ]
    return tuple(sorted(found, key=lambda one: (one.RANK, one.__name__)))
