"""`[tool.convlint]` of the nearest `pyproject.toml`, or `convlint.toml`: what a project asks for.

A key is a field of `Config` or `Entry`, with `-` for `_`.  Anything else is an error with the line
it stands in, for a key that is misspelt switches off what it was meant to switch on.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, cast

from convlint import contract, memory, spec, symbol, target
from convlint.diagnostic import FAIL_ON
from convlint.job import Mode
from convlint.quote import quote, shorten
from convlint.target import Target
from convlint.task import Task
from convlint.toml_rows import Rows

FILES: Final = ("convlint.toml", "pyproject.toml")
"""Where configuration stands, the first before the second in one folder."""

_MODES: Final = ("eval", "train")


class ConfigError(Exception):
    """Configuration that cannot be read; the message is one line, and begins with the place."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One `[[tool.convlint.targets]]` as it is written."""

    model: str
    name: str = ""
    args: tuple[tuple[str, object], ...] = ()
    inputs: tuple[spec.InputSpec, ...] = ()
    dims: symbol.Dims = field(default_factory=symbol.Dims)
    modes: tuple[Mode, ...] = ("eval",)
    expect: tuple[contract.Contract, ...] = ()
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """What is configured; None, or nothing, where it is not."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    fail_on: str | None = None
    output_format: str | None = None
    timeout: float | None = None
    memory_limit: int | None = None
    exclude: tuple[str, ...] = ()
    baseline: str | None = None
    cache_dir: str | None = None
    per_target_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    targets: tuple[Task, ...] = ()
    file: Path | None = None
    """Where it stands."""

    @property
    def root(self) -> Path:
        """The folder that its paths are relative to."""
        return self.file.parent if self.file is not None else Path()

    def path(self, name: str) -> Path:
        """A file or folder that it names."""
        return self.root / name

    def place(self, word: str) -> str:
        """Where it says `word`, as `pyproject.toml:12`; the file alone where that is not found."""
        if self.file is None:
            return ""
        quoted = {f'"{word}"', f"'{word}'"}
        for row, line in enumerate(_text(self.file).splitlines(), 1):
            if any(one in line for one in quoted):
                return f"{_shown(self.file)}:{row}"
        return _shown(self.file)


def find(start: Path) -> Path | None:
    """The nearest file with configuration, upwards from the folder `start`.

    Raises:
        ConfigError: a file on the way cannot be read.
    """
    for folder in (start, *start.parents):
        for name in FILES:
            file = folder / name
            if file.is_file() and (name == FILES[0] or _table(file, _document(file))):
                return file
    return None


def load(file: Path) -> Config:
    """The configuration in a file; a `pyproject.toml` without any is an empty one.

    Raises:
        ConfigError: it cannot be read, or asks for what there is not.
    """
    document = _document(file)
    table = _table(file, document)
    if table is None:
        return Config(file=file)
    path = () if file.name != FILES[1] else ("tool", "convlint")
    return _Reader(file, _text(file), path).config(table)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise ConfigError(f"cannot read {_shown(file)}: {reason}") from None


def _document(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(file))
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"\(at line (\d+), column \d+\)", str(error))
        row = f":{where[1]}" if where else ""
        reason = str(error).partition(" (at ")[0]
        raise ConfigError(f"{_shown(file)}{row}: {shorten(reason)}") from None
    except RecursionError:
        raise ConfigError(f"{_shown(file)}: it is nested too deeply") from None


def _table(file: Path, document: dict[str, Any]) -> dict[str, Any] | None:
    if file.name != FILES[1]:
        return document
    tool = document.get("tool")
    table = tool.get("convlint") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise ConfigError(f"{_shown(file)}: [tool.convlint] must be a table")
    return table


def _shown(file: Path) -> str:
    try:
        return file.absolute().relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError):
        return file.as_posix()


class _Reader:
    """Reads the tables of one file; knows the line of every key."""

    def __init__(self, file: Path, text: str, path: tuple[str, ...]) -> None:
        self.file = file
        self.rows = Rows(text)
        self.prefix = path

    def config(self, table: dict[str, Any]) -> Config:
        self.known(table, Config, ("file",), ())
        read: dict[str, Any] = {
            "select": self.words,
            "ignore": self.words,
            "extend_select": self.words,
            "fail_on": lambda v, *k: self.choice(v, FAIL_ON, *k),
            "output_format": self.format,
            "timeout": self.seconds,
            "memory_limit": self.memory,
            "exclude": self.words,
            "baseline": self.string,
            "cache_dir": self.string,
            "per_target_ignores": self.ignores,
            "targets": self.targets,
        }
        values = {key.replace("-", "_"): value for key, value in table.items()}
        made = {key: read[key](value, key.replace("_", "-")) for key, value in values.items()}
        config = Config(**made, file=self.file)
        return Config(**{**made, "targets": self.named(config)}, file=self.file)

    def named(self, config: Config) -> tuple[Task, ...]:
        """The tasks with what is ignored for each; a pattern that fits none is an error."""
        for pattern, _ in config.per_target_ignores:
            if not any(fnmatchcase(one.display, pattern) for one in config.targets):
                names = [one.display for one in config.targets]
                near = difflib.get_close_matches(pattern, names, n=1)
                hint = f"; did you mean {quote(near[0])}?" if near else ""
                raise self.error(
                    f"no target is called {quote(pattern)}{hint}", "per-target-ignores", pattern
                )
        return tuple(
            replace(
                one,
                ignore=(
                    *one.ignore,
                    *(
                        word
                        for pattern, words in config.per_target_ignores
                        if fnmatchcase(one.display, pattern)
                        for word in words
                    ),
                ),
            )
            for one in config.targets
        )

    def targets(self, value: Any, key: str) -> tuple[Task, ...]:
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.error(f"{quote(key)} must be tables: [[{self.title(key)}]]", key)
        tasks: list[Task] = []
        for place, table in enumerate(value):
            task = self.task(table, place)
            if any(task.display == other.display for other in tasks):
                raise self.error(
                    f"two targets are called {quote(task.display)}; give each a name of its own",
                    "targets",
                    place,
                    "name" if task.name else "model",
                )
            tasks.append(task)
        return tuple(tasks)

    def task(self, table: dict[str, Any], place: int) -> Task:
        self.known(table, Entry, (), ("targets", place))
        at = ("targets", place)
        if "model" not in table:
            raise self.error('a target needs a `model`, as model = "net.py:Net"', *at)
        model = self.string(table["model"], *at, "model")
        args = self.arguments(table.get("args", {}), *at, "args")
        inputs = self.inputs(table.get("inputs", []), *at, "inputs")
        entry = Entry(
            model,
            self.string(table.get("name", ""), *at, "name"),
            args if isinstance(table.get("args", {}), dict) else (),
            inputs,
            self.dims(table.get("dims", {}), inputs, *at, "dims"),
            self.modes(table.get("modes", ["eval"]), *at, "modes"),
            self.contracts(table.get("expect"), inputs, *at, "expect"),
            self.words(table.get("ignore", []), *at, "ignore"),
        )
        where = f"{_shown(self.file)}:{self.row(*at)}"
        return Task(
            self.target(entry, *at, "model"),
            entry.inputs,
            entry.modes,
            entry.expect,
            entry.name,
            entry.ignore,
            where,
            dims=entry.dims,
        )

    def target(self, entry: Entry, *key: str | int) -> Target:
        try:
            parsed = target.parse(entry.model)
        except target.TargetError as error:
            raise self.error(str(error), *key) from None
        try:
            found = parsed.called_with(entry.args)
        except target.TargetError as error:
            raise self.error(str(error), *key[:-1], "args") from None
        return replace(found, root=str(self.file.absolute().parent))

    def arguments(self, value: Any, *key: str | int) -> tuple[tuple[str, object], ...]:
        if not isinstance(value, dict):
            raise self.error("`args` must be a table: args = { width = 64 }", *key)
        for name in value:
            if not name.isidentifier():
                raise self.error(f"{quote(name)} is not the name of an argument", *key)
        return tuple(value.items())

    def inputs(self, value: Any, *key: str | int) -> tuple[spec.InputSpec, ...]:
        if isinstance(value, str):
            value = [value]
        try:
            if isinstance(value, dict):
                return spec.united([self.input(name, one, *key) for name, one in value.items()])
            if isinstance(value, list) and all(isinstance(one, str) for one in value):
                return spec.united([spec.parse(one) for one in value])
        except spec.SpecError as error:
            raise self.error(str(error), *key) from None
        raise self.error(
            '`inputs` must be texts, as ["2,3,224,224"], or a table from names to them', *key
        )

    def input(self, name: str, value: object, *key: str | int) -> spec.InputSpec:
        if not name.isidentifier():
            raise self.error(f"{quote(name)} is not the name of an argument of forward", *key)
        if isinstance(value, str):
            return spec.parse(f"{name}={value}")
        if isinstance(value, (bool, int, float, list, dict)):
            return spec.InputSpec(name, None, value=value)
        raise self.error(f"the input {quote(name)} is no text, number or list", *key)

    def dims(self, value: Any, inputs: tuple[spec.InputSpec, ...], *key: str | int) -> symbol.Dims:
        if not isinstance(value, dict):
            raise self.error('`dims` must be a table: dims = { H = "224..512%32" }', *key)
        try:
            dims = symbol.parse_all(value)
            if inputs:  # else they are known later, and held to it then
                dims.check(inputs)
            return dims
        except symbol.LetterError as error:
            raise self.error(str(error), *key, error.letter) from None
        except spec.SpecError as error:
            raise self.error(str(error), *key) from None

    def contracts(
        self, value: Any, inputs: tuple[spec.InputSpec, ...], *key: str | int
    ) -> tuple[contract.Contract, ...]:
        texts = value.values() if isinstance(value, dict) else value
        plain = isinstance(value, (str, type(None)))
        if not plain and not (
            isinstance(value, (list, dict)) and all(isinstance(one, str) for one in texts)
        ):
            raise self.error('`expect` must be texts, as ["2,10"], or a table of them', *key)
        try:
            return contract.parse_all(value, spec.letters(inputs))
        except spec.SpecError as error:
            raise self.error(str(error), *key) from None

    def modes(self, value: Any, *key: str | int) -> tuple[Mode, ...]:
        words = self.words(value, *key)
        for word in words:
            self.choice(word, _MODES, *key)
        if not words:
            raise self.error("`modes` is empty; leave it out for eval", *key)
        return cast("tuple[Mode, ...]", tuple(dict.fromkeys(words)))

    def ignores(self, value: Any, key: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
        if not isinstance(value, dict):
            raise self.error(f"{quote(key)} must be a table from targets to rules", key)
        return tuple((name, self.words(words, key, name)) for name, words in value.items())

    def words(self, value: Any, *key: str | int) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.error(f"{quote(str(key[-1]))} must be a list of texts", *key)
        return tuple(value)

    def string(self, value: Any, *key: str | int) -> str:
        if not isinstance(value, str):
            raise self.error(f"{quote(str(key[-1]))} must be a text", *key)
        return value

    def choice(self, value: Any, choices: Sequence[str], *key: str | int) -> str:
        if value not in choices:
            shown = quote(value) if isinstance(value, str) else f"a {type(value).__name__}"
            raise self.error(f"{quote(str(key[-1]))} is {shown}; it may be "
                             + ", ".join(choices), *key)  # fmt: skip
        return cast(str, value)

    def format(self, value: Any, *key: str | int) -> str:
        from convlint.report import formats

        return self.choice(value, formats(), *key)

    def seconds(self, value: Any, *key: str | int) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e9:
            raise self.error(f"{quote(str(key[-1]))} must be seconds, more than 0", *key)
        return float(value)

    def memory(self, value: Any, *key: str | int) -> int:
        try:
            size = memory.parse(str(value) if type(value) in (int, str) else "")
        except (ValueError, OverflowError):
            raise self.error(
                f'{quote(str(key[-1]))} must be a size, as "8G", or 0 for no limit', *key
            ) from None
        if size and not memory.is_limitable():
            raise self.error("this system cannot limit the memory of a process", *key)
        return size

    def known(
        self, table: Mapping[str, Any], kind: Any, but: Sequence[str], at: tuple[str | int, ...]
    ) -> None:
        names = [f.name.replace("_", "-") for f in fields(kind) if f.name not in but]
        for key in table:
            if key not in names:
                near = difflib.get_close_matches(key, names, n=1)
                hint = f"; did you mean {quote(near[0])}?" if near else (
                    "; there are " + ", ".join(names)
                )  # fmt: skip
                raise self.error(f"unknown key {quote(key)} in {self.header(*at)}{hint}", *at, key)

    def header(self, *at: str | int) -> str:
        words = [word for word in at if isinstance(word, str)]
        title = self.title(*words)
        if words:
            return f"[[{title}]]"
        return f"[{title}]" if title else "the file"

    def title(self, *words: str) -> str:
        return ".".join((*self.prefix, *words))

    def error(self, message: str, *key: str | int) -> ConfigError:
        return ConfigError(f"{_shown(self.file)}:{self.row(*key)}: {message}")

    def row(self, *key: str | int) -> int:
        return self.rows.of((*self.prefix, *key))
