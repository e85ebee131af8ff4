"""A YAML file as plain data, with the line of everything in it.  PyYAML is used here only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from convlint.quote import described, shorten

Path: TypeAlias = tuple[Any, ...]
"""Keys and places in lists, from the outermost on."""

_MOST: Final = 20_000
"""How many entries are read: aliases of aliases can stand for more than there is memory."""

# YAML 1.1 takes 1e-3 for a text; OmegaConf, and whoever writes it, for a number.
_EXPONENT: Final = re.compile(r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?[eE][-+]?[0-9]+$")


class DocumentError(Exception):
    """A document that cannot be read: one line, and the row where it is known (else 0)."""

    def __init__(self, message: str, row: int = 0) -> None:
        super().__init__(message)
        self.row = row


@dataclass(frozen=True, slots=True)
class Document:
    """What a file holds, and in which row each entry stands."""

    data: Any
    rows: Mapping[Path, int]

    def row(self, path: Path) -> int:
        """The row of an entry, or of what it stands in; 0 where not even that is known."""
        while path and path not in self.rows:
            path = path[:-1]
        return self.rows.get(path, 0)


def items(value: object) -> Iterator[tuple[Any, Any]]:
    """Keys, or places, with what is there; nothing of a scalar."""
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def at(value: Any, path: Path) -> Any:
    """What is at a path that leads somewhere."""
    for part in path:
        value = value[part]
    return value


def parse(text: str) -> Document:
    """The one document of a file.

    Raises:
        DocumentError: it is no YAML, or none that is plain data.
    """
    try:
        import yaml
    except ImportError:
        raise DocumentError("reading YAML needs PyYAML: pip install 'convlint[yaml]'") from None

    class Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no annotations
        pass

    Loader.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+0123456789"))
    try:
        loader = Loader(text)
        node = loader.get_single_node()
        if node is None:
            return Document(None, {})
        data = loader.construct_document(node)
        return Document(data, dict(_rows(loader, node)))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or str(error)
        if reason.startswith("but "):
            reason = f"{getattr(error, 'context', '')}, {reason}"
        raise DocumentError(shorten(reason), mark.line + 1 if mark is not None else 0) from None
    except RecursionError:
        raise DocumentError("it is nested too deeply") from None
    except (ValueError, TypeError, ArithmeticError, AttributeError) as error:
        raise DocumentError(f"it is no plain data: {described(error)}") from None


def _rows(loader: Any, root: Any) -> Iterator[tuple[Path, int]]:
    """The row of every entry, of what an alias stands for once for each alias."""
    waiting: list[tuple[Path, Any, frozenset[int]]] = [((), root, frozenset())]
    for count, (path, node, outer) in enumerate(waiting):
        row = node.start_mark.line + 1
        if id(node) in outer:
            raise DocumentError("an entry holds itself", row)
        if count > _MOST:
            raise DocumentError(f"it holds more than {_MOST} entries")
        if not path:
            yield path, row
        inner = {*outer, id(node)}
        for place, one in enumerate(node.value if node.id != "scalar" else ()):
            key, held = one if node.id == "mapping" else (None, one)
            word = place if key is None else loader.construct_object(key, deep=True)
            yield (*path, word), (held if key is None else key).start_mark.line + 1
            waiting.append(((*path, word), held, frozenset(inner)))
