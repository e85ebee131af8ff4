"""`${a.b}` in YAML: by OmegaConf where it is installed, else what refers to the same file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from convlint.quote import quote, shorten
from convlint.recipe.document import Path, at, items

_REFERENCE: Final = re.compile(r"\$\{([^${}]*)\}")
_PLAIN: Final = re.compile(r"[^\s.:\[\]]+(?:\.[^\s.:\[\]]+)*")
_MOST: Final = 100_000


class InterpolationError(Exception):
    """A reference that cannot be followed: one line, and where it stands."""

    def __init__(self, message: str, path: Path) -> None:
        super().__init__(message)
        self.path = path


def resolved(data: Any, path: Path) -> Any:
    """What is at `path`, with what it refers to.

    Raises:
        InterpolationError: that cannot be told.
    """
    value = at(data, path)
    if not any("${" in text for text in _texts(value)):
        return value
    try:
        from omegaconf import OmegaConf
    except ImportError:
        return _Follower(data).value(value, path)
    try:
        node = OmegaConf.create(data)
        for part in path:
            node = node[part]
        return OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
    except Exception as error:  # a resolver may be anybody's
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise InterpolationError(shorten(reason), _keys(getattr(error, "full_key", ""))) from None


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for _, held in items(value):
        yield from _texts(held)


def _keys(full: object) -> Path:
    """`model.layers[0].width` as a path."""
    words = re.findall(r"[^.\[\]]+", full if isinstance(full, str) else "")
    return tuple(int(word) if word.isdecimal() else word for word in words)


class _Follower:
    """Follows references within a file."""

    def __init__(self, data: Any) -> None:
        self.data = data
        self.left = _MOST
        self.followed: list[str] = []

    def value(self, value: Any, path: Path) -> Any:
        self.left -= 1
        if self.left < 0:
            raise InterpolationError("its references stand for too much", path)
        if isinstance(value, Mapping):
            return {key: self.value(held, (*path, key)) for key, held in value.items()}
        if isinstance(value, list):
            return [self.value(held, (*path, place)) for place, held in enumerate(value)]
        return self.text(value, path) if isinstance(value, str) and "${" in value else value

    def text(self, text: str, path: Path) -> Any:
        whole = _REFERENCE.fullmatch(text)
        if whole:
            return self.referred(whole[1], path)
        told = _REFERENCE.sub(lambda found: str(self.referred(found[1], path)), text)
        if "${" in _REFERENCE.sub("", text):
            raise self.beyond(text, path)
        return told

    def referred(self, name: str, path: Path) -> Any:
        """What `${name}` stands for."""
        if not _PLAIN.fullmatch(name):
            raise self.beyond(f"${{{name}}}", path)
        if name in self.followed:
            raise InterpolationError(f"{quote(f'${{{name}}}')} refers to itself", path)
        value = self.data
        for word in name.split("."):
            held = {str(key): one for key, one in items(value)}
            if word not in held:
                raise InterpolationError(f"there is no {quote(name)} to refer to", path)
            value = held[word]
        self.followed.append(name)
        found = self.value(value, path)
        self.followed.pop()
        return found

    def beyond(self, text: str, path: Path) -> InterpolationError:
        return InterpolationError(f"{quote(text)} needs OmegaConf: pip install omegaconf", path)
