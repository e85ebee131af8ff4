"""An entry of a YAML file as something to call: every name in it imported, nothing built yet."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from convlint.diagnostic import Location
from convlint.quote import quote, shorten
from convlint.recipe.document import Document, DocumentError, Path, at, items, parse
from convlint.recipe.interpolation import InterpolationError, resolved
from convlint.target import AbsentError, Target, TargetError

_HYDRA: Final = "_target_"
_LIGHTNING: Final = "class_path"
_OPTIONS: Final = frozenset({_HYDRA, "_args_", "_partial_", "_recursive_", "_convert_"})
_ARGUMENTS: Final = ("init_args", "dict_kwargs")
_MISSING: Final = "???"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A call that an entry describes; what is among its arguments is built first."""

    function: Callable[..., Any]
    args: list[Any]
    kwargs: dict[str, Any]
    is_partial: bool = False

    def __call__(self, **given: Any) -> Any:
        """Build it, with arguments that win over its own."""
        args = [_built(one) for one in self.args]
        kwargs = {name: _built(one) for name, one in {**self.kwargs, **given}.items()}
        return self.function(*args, **kwargs)


def read(target: Target, load: Callable[[Target], object]) -> Recipe:
    """The entry that a target names.

    Args:
        load: imports the object that a target names.

    Raises:
        TargetError: the file cannot be read, or the entry is none, or not that of a network.
    """
    try:
        text = target.path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise TargetError(f"cannot read {quote(target.source)}: {reason}") from None
    try:
        reader = _Reader(target, parse(text), load)
    except DocumentError as error:
        raise _error(target, str(error), error.row) from None
    try:
        return reader.recipe()
    except RecursionError:
        raise _error(target, "it is nested too deeply", 0) from None


class _Reader:
    """Reads the entries of one file."""

    def __init__(
        self, target: Target, document: Document, load: Callable[[Target], object]
    ) -> None:
        self.target = target
        self.document = document
        self.load = load
        self.path = self.entry()

    def error(self, message: str, path: Path) -> TargetError:
        return _error(self.target, message, self.document.row(path))

    def entry(self) -> Path:
        """Where the entry is that the target names."""
        path: Path = ()
        value = self.document.data
        for word in self.target.name.split(".") if self.target.name else ():
            keys = {str(key): key for key, _ in items(value)}
            if word not in keys:
                near = difflib.get_close_matches(word, keys, n=1)
                has = "; it has " + ", ".join(map(quote, list(keys)[:8])) if keys else ""
                hint = f"; did you mean {quote(near[0])}?" if near else has
                raise self.error(f"{_named(path)} has no {quote(word)}{hint}", path)
            path, value = (*path, keys[word]), value[keys[word]]
        return path

    def recipe(self) -> Recipe:
        value = at(self.document.data, self.path)
        if isinstance(value, Mapping) and not _is_recipe(value):
            raise self.error(self.no_recipe(value), self.path)
        try:
            value = resolved(self.document.data, self.path)
        except InterpolationError as error:
            raise self.error(str(error), error.path or self.path) from None
        if not _is_recipe(value):
            raise self.error(self.no_recipe(value), self.path)
        return self.made(value, self.path)

    def no_recipe(self, value: object) -> str:
        """Why the entry describes nothing to build, and what in it does."""
        message = f"{_named(self.path)} has no `_target_` or `class_path`"
        inner = next(_recipes(value, self.path), None)
        if inner:
            meant = f"{self.target.source}#{'.'.join(map(str, inner))}"
            return f"{message}; did you mean {quote(meant)}?"
        keys = [str(key) for key, _ in items(value)]
        for word in (_HYDRA, _LIGHTNING):
            near = difflib.get_close_matches(word, keys, n=1)
            if near:
                return f"{message}; is {quote(near[0])} meant for it?"
        return message

    def made(self, value: Mapping[Any, Any], path: Path) -> Recipe:
        """The call that an entry describes."""
        key = _HYDRA if _HYDRA in value else _LIGHTNING
        function = self.function(value[key], key, (*path, key))
        is_recursive = value.get("_recursive_", True) is not False
        is_plain = key == _LIGHTNING or value.get("_convert_", "none") != "none"

        def read(held: Any, place: Path) -> Any:
            return self.value(held, place, is_recursive, is_plain)

        given = dict(self.target.kwargs) if path == self.path else {}
        kwargs: dict[str, Any] = {}
        places = dict.fromkeys(given, path)
        for name, held, place in self.arguments(value, path, key):
            if not isinstance(name, str) or not name.isidentifier():
                raise self.error(f"{quote(str(name))} is not the name of an argument", place)
            places.setdefault(name, place)
            if name not in given:
                kwargs[name] = read(held, place)
        listed = value.get("_args_", []) if key == _HYDRA else []
        if not isinstance(listed, list):
            raise self.error("`_args_` must be a list", (*path, "_args_"))
        args = read(listed, (*path, "_args_"))
        is_partial = value.get("_partial_", False) is True and path != self.path
        self.check(function, quote(str(value[key])), args, {**kwargs, **given}, places, path,
                   is_partial)  # fmt: skip
        return Recipe(function, args, kwargs, is_partial)

    def arguments(
        self, value: Mapping[Any, Any], path: Path, key: str
    ) -> Iterator[tuple[Any, Any, Path]]:
        """Names and values of the arguments, and where each stands."""
        if key == _HYDRA:
            for name, held in value.items():
                if name not in _OPTIONS:
                    yield name, held, (*path, name)
            return
        for word, table in value.items():
            if word == _LIGHTNING:
                continue
            if word not in _ARGUMENTS:
                near = difflib.get_close_matches(str(word), _ARGUMENTS, n=1)
                hint = f"did you mean {quote(near[0])}?" if near else "arguments go in `init_args`"
                raise self.error(f"{quote(str(word))} beside `class_path`; {hint}", (*path, word))
            if table is not None and not isinstance(table, Mapping):
                raise self.error(f"{quote(word)} must be a mapping", (*path, word))
            for name, held in (table or {}).items():
                yield name, held, (*path, word, name)

    def value(self, value: Any, path: Path, is_recursive: bool, is_plain: bool) -> Any:
        """What an argument stands for; recipes in it are built when the call is made."""
        if isinstance(value, str) and value == _MISSING:
            raise self.error(f"{quote(str(path[-1]))} is `???`, but must be given", path)
        if is_recursive and _is_recipe(value):
            return self.made(value, path)
        read = functools.partial(self.value, is_recursive=is_recursive, is_plain=is_plain)
        if isinstance(value, list):
            return [read(held, (*path, place)) for place, held in enumerate(value)]
        if isinstance(value, Mapping):
            table = {key: read(held, (*path, key)) for key, held in value.items()}
            return table if is_plain or _holds_recipe(table) else _attributes(table)
        return value

    def function(self, name: Any, key: str, path: Path) -> Callable[..., Any]:
        """The class or function of a dotted path: of the longest module that there is."""
        parts = name.split(".") if isinstance(name, str) else []
        if len(parts) < 2 or not all(part.isidentifier() for part in parts):
            shown = quote(name if isinstance(name, str) else repr(name))
            raise self.error(f"`{key}` is {shown}; write a dotted path, as net.UNet", path)
        said: TargetError | None = None
        for cut in range(len(parts) - 1, 0, -1):
            module, rest = ".".join(parts[:cut]), ".".join(parts[cut:])
            try:
                found = self.load(Target(name, module, False, rest, root=self.target.root))
            except AbsentError as error:
                said = error
                continue
            except TargetError as error:
                said = error
                break
            if callable(found):
                return found
            raise self.error(f"`{key}` is {quote(name)}, which cannot be called", path)
        raise self.error(f"`{key}` is {quote(name)}: {said}", path)

    def check(
        self,
        function: Callable[..., Any],
        name: str,
        args: list[Any],
        kwargs: Mapping[str, Any],
        places: Mapping[str, Path],
        path: Path,
        is_partial: bool,
    ) -> None:
        """Refuse arguments that the function does not take, and tell of those that it misses."""
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):
            return
        taken = signature.parameters
        if not any(one.kind is one.VAR_KEYWORD for one in taken.values()):
            for word in kwargs:
                if word not in taken:
                    near = difflib.get_close_matches(word, taken, n=1)
                    takes = "; it takes " + ", ".join(map(quote, list(taken)[:8])) if taken else ""
                    hint = f"; did you mean {quote(near[0])}?" if near else takes
                    raise self.error(f"{name} takes no {quote(word)}{hint}", places[word])
        try:
            (signature.bind_partial if is_partial else signature.bind)(*args, **kwargs)
        except TypeError as error:
            raise self.error(f"{name}: {shorten(str(error))}", path) from None


def _error(target: Target, message: str, row: int) -> TargetError:
    if not row:
        return TargetError(f"{target.source}: {message}")
    where = Location(str(target.path.absolute()), row)
    return TargetError(f"{target.source}:{row}: {message}", where)


def _named(path: Path) -> str:
    return quote(".".join(map(str, path))) if path else "the file"


def _is_recipe(value: object) -> bool:
    return isinstance(value, Mapping) and (_HYDRA in value or _LIGHTNING in value)


def _recipes(value: object, path: Path) -> Iterator[Path]:
    for key, held in items(value):
        if _is_recipe(held):
            yield (*path, key)
        yield from _recipes(held, (*path, key))


def _holds_recipe(value: object) -> bool:
    return any(isinstance(held, Recipe) or _holds_recipe(held) for _, held in items(value))


def _attributes(table: dict[Any, Any]) -> Any:
    """A table as Hydra hands it over: its keys are attributes, where OmegaConf is installed."""
    try:
        from omegaconf import OmegaConf

        return OmegaConf.create(table)
    except Exception:  # not installed, or not what it takes
        return table


def _built(value: Any) -> Any:
    if isinstance(value, Recipe):
        return functools.partial(value) if value.is_partial else value()
    if type(value) is list:
        return [_built(held) for held in value]
    return {key: _built(held) for key, held in value.items()} if type(value) is dict else value
