"""What a network holds, and what of it is used: facts about its modules, noted while tracing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from convlint.frame import Frame


@dataclass(frozen=True, slots=True)
class Loose:
    """A module that `forward` calls and that is none of the network's submodules."""

    path: str
    kind: str
    """Its class."""
    holder: str
    """What keeps it: `list`, `tuple`, `dict`, or `forward`, which makes it anew."""
    attribute: str
    """The attribute that keeps it (`branches`); nothing for one that is made in forward."""
    items: int
    """How many things its holder keeps."""
    weights: int
    """Elements of its trainable parameters that are none of the network's."""
    stuck: bool
    """Whether something random in it acts, though the network is in evaluation mode."""
    frames: tuple[Frame, ...]
    """Where it was made, innermost first."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A module that was made by the `__init__` of a module, and was dropped before it was used."""

    owner: str
    """Path of the module whose `__init__` made it."""
    kind: str
    """Its class."""
    frames: tuple[Frame, ...]
    """Where it was made, innermost first."""


@dataclass(frozen=True, slots=True)
class Structure:
    """What is known of a network's modules and of the use of their results."""

    unused: frozenset[str] = frozenset()
    """Paths of trainable parameters that no operator takes."""
    dead: frozenset[str] = frozenset()
    """Names of layers whose result reaches neither the output nor anything the code keeps."""
    loose: tuple[Loose, ...] = ()
    lost: tuple[Lost, ...] = ()
    made: Mapping[str, tuple[Frame, ...]] = field(default_factory=dict)
    """By the path of a module that the network registers, where it was made, innermost first.

    Empty where nothing is unused."""
