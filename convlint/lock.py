"""`convlint.lock`: for which sizes each target works, to be reviewed, and compared by each lint.

It is TOML: one table for each target and mode, sorted, with the condition in words, and exactly.
"""

from __future__ import annotations

import base64
import difflib
import json
import re
import tomllib
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn, TypeAlias

from convlint import atomic, spec, symbol
from convlint.baseline import named
from convlint.extent import Block, Extent, Range, Side, sizes_in
from convlint.quote import quote, shorten
from convlint.target import TargetError, parse
from convlint.target import file as file_of
from convlint.toml_rows import Rows

FILE: Final = "convlint.lock"
_VERSION: Final = 1
_MODES: Final = ("eval", "train")
_KEYS: Final = ("inputs", "dims", "proven", "works", "followed", "exact")
_MOST: Final = 1 << 25
"""Combinations that a packed block may stand for."""

_HEAD: Final = (
    "# For which sizes each network works, by `convlint sizes --lock`.  `convlint` is an error\n"
    "# where one fails today for sizes that work by this file.\n"
)


class LockError(ValueError):
    """A lock that cannot be read, or speaks of what there is not; the message is one line."""


class Key(NamedTuple):
    """What is locked; a target's file is told from the folder of the lock."""

    target: str
    mode: str


Lock: TypeAlias = Mapping[Key, Extent]


def key(target: str, mode: str, file: Path) -> Key:
    """How `file` calls a target."""
    return Key(named(target, file.parent), mode)


def check(lock: Lock, file: Path, names: Collection[str]) -> None:
    """Refuse entries of targets that are gone: nobody would miss what they guard.

    Args:
        names: what the configuration and comments call their targets.

    Raises:
        LockError: one is neither called so nor a target whose file is there.
    """
    known = {named(name, file.parent) for name in names}
    for one in lock:
        if one.target in known or _is_there(one.target, file):
            continue
        near = difflib.get_close_matches(one.target, known, n=1)
        hint = f"did you mean {quote(near[0])}? " if near else ""
        rows = Rows(_text(file))
        raise LockError(
            f"{shown(file)}:{rows.of(('targets', *one))}: there is no target "
            f"{quote(one.target)}; {hint}convlint sizes --lock leaves it out"
        )


def without_absent(lock: Lock, file: Path, names: Collection[str]) -> dict[Key, Extent]:
    """The entries whose targets are there."""
    known = {named(name, file.parent) for name in names}
    return {
        one: extent
        for one, extent in lock.items()
        if one.target in known or _is_there(one.target, file)
    }


def _is_there(target: str, file: Path) -> bool:
    try:
        found = parse(target)
    except TargetError:  # a name, or a target with its inputs behind it
        return (file.parent / file_of(target)).exists()
    # Whether a module can be imported is not to be known without importing its parents.
    return not found.is_file or (file.parent / Path(found.source).expanduser()).exists()


# -- reading


def read(file: Path) -> dict[Key, Extent]:
    """What a file locks; nothing where there is none.

    Raises:
        LockError: it cannot be read, or is no lock.
    """
    try:
        text = _text(file)
    except FileNotFoundError:
        return {}
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"\(at line (\d+), column \d+\)", str(error))
        row = f":{where[1]}" if where else ""
        reason = shorten(str(error).partition(" (at ")[0])
        raise LockError(f"{shown(file)}{row}: {reason}") from None
    except RecursionError:
        raise LockError(f"{shown(file)}: it is nested too deeply") from None
    return dict(_Reader(file, text).entries(document))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise LockError(f"cannot read {shown(file)}: {reason}") from None


def shown(file: Path) -> str:
    """The file as it is told of."""
    try:
        return file.absolute().relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError):
        return file.as_posix()


class _Reader:
    """Reads the tables of one file; knows the line of every key."""

    def __init__(self, file: Path, text: str) -> None:
        self.file = file
        self.rows = Rows(text)

    def entries(self, document: dict[str, Any]) -> Iterator[tuple[Key, Extent]]:
        self.known(document, ("version", "targets"))
        if document.get("version") != _VERSION:
            version = quote(str(document.get("version", "none")))
            self.refuse(f"it has the version {version}, and this convlint reads {_VERSION}",
                        "version")  # fmt: skip
        for target, modes in self.table(document.get("targets", {}), "targets").items():
            at = ("targets", target)
            for mode, entry in self.table(modes, *at).items():
                self.known({mode: entry}, _MODES, *at)
                yield Key(target, mode), self.extent(self.table(entry, *at, mode), *at, mode)

    def extent(self, entry: dict[str, Any], *at: str) -> Extent:
        self.known(entry, _KEYS, *at)
        for word in _KEYS:
            if word not in entry and word != "dims":
                self.refuse(f"there is no {quote(word)}", *at)
        inputs = self.words(entry["inputs"], *at, "inputs")
        dims = self.words(entry.get("dims", []), *at, "dims")
        try:
            said = symbol.parse(dims)
            said.check(spec.united([spec.parse(text) for text in inputs]))
        except spec.SpecError as error:
            self.refuse(str(error), *at, "inputs")
        if not isinstance(entry["proven"], bool):
            self.refuse("`proven` must be true or false", *at, "proven")
        sides = tuple(self.sides(entry["followed"], *at, "followed"))
        counts = [len(sizes_in(side.sizes)) for side in sides]
        if prod(counts) > _MOST:
            self.refuse("`followed` has too many combinations", *at, "followed")
        if not isinstance(entry["exact"], list):
            self.refuse("`exact` must be a list", *at, "exact")
        return Extent(
            inputs,
            dims,
            entry["proven"],
            self.words(entry["works"], *at, "works"),
            sides,
            tuple(self.block(one, sides, *at, "exact") for one in entry["exact"]),
        )

    def sides(self, value: Any, *at: str) -> Iterator[Side]:
        for letter, side in self.table(value, *at).items():
            here = (*at, letter)
            self.known(self.table(side, *here), ("sizes", "open", "period"), *here)
            is_open, period = side.get("open", False), side.get("period", 0)
            if not isinstance(is_open, bool) or type(period) is not int or period < 0:
                self.refuse("`open` must be true or false, `period` a number", *here)
            ranges = self.ranges(side.get("sizes"), *here)
            every, firsts = sizes_in(ranges), [first for first, _, _ in ranges]
            if not every or firsts != sorted(firsts) or len(set(every)) < len(every):
                self.refuse("there must be sizes in `followed`, and they must ascend", *here)
            yield Side(letter, ranges, is_open, period)

    def block(self, value: Any, sides: tuple[Side, ...], *at: str) -> Block:
        counts = {side.letter: len(sizes_in(side.sizes)) for side in sides}
        if isinstance(value, dict):
            self.known(value, ("letters", "packed"), *at)
            letters = self.letters(value.get("letters"), counts, *at)
            packed = value.get("packed")
            count = prod(counts[letter] for letter in letters)
            if not isinstance(packed, str) or count > _MOST or not _is_packed(packed, count):
                self.refuse("`packed` is damaged", *at)
            return Block(letters, packed=packed)
        if not isinstance(value, list) or not all(isinstance(box, dict) for box in value):
            self.refuse("`exact` must be a list of lists of tables", *at)
        letters = self.letters(list(value[0]) if value else [], counts, *at)
        boxes = []
        for box in value:
            if tuple(box) != letters:
                self.refuse("the tables of a list in `exact` must have the same letters", *at)
            boxes.append(tuple(self.ranges(box[letter], *at) for letter in letters))
        return Block(letters, tuple(boxes))

    def letters(self, value: Any, known: Collection[str], *at: str) -> tuple[str, ...]:
        letters = self.words(value, *at)
        if not letters or len(set(letters)) < len(letters) or not set(letters) <= set(known):
            self.refuse("`exact` must be about the letters of `followed`", *at)
        return letters

    def ranges(self, value: Any, *at: str) -> tuple[Range, ...]:
        found = []
        for one in value if isinstance(value, list) else [None]:
            if (
                not isinstance(one, list)
                or len(one) != 3
                or not all(type(n) is int for n in one)
                or not (1 <= one[0] <= one[1] and one[2] >= 1)
                or (one[1] - one[0]) // one[2] >= _MOST
            ):
                self.refuse("sizes must be a list of [first, last, step]", *at)
            found.append((one[0], one[1], one[2]))
        return tuple(found)

    def words(self, value: Any, *at: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self.refuse(f"{quote(at[-1])} must be a list of texts", *at)
        return tuple(value)

    def table(self, value: Any, *at: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.refuse(f"{quote(at[-1])} must be a table", *at)
        found: dict[str, Any] = value
        return found

    def known(self, table: Iterable[str], keys: Collection[str], *at: str) -> None:
        for word in table:
            if word not in keys:
                near = difflib.get_close_matches(word, keys, n=1)
                hint = f"; did you mean {quote(near[0])}?" if near else (
                    "; there are " + ", ".join(keys)
                )  # fmt: skip
                self.refuse(f"unknown key {quote(word)}{hint}", *at, word)

    def refuse(self, message: str, *at: str) -> NoReturn:
        raise LockError(f"{shown(self.file)}:{self.rows.of(at)}: {message}")


def _is_packed(text: str, count: int) -> bool:
    """Whether a text holds so many bits."""
    try:
        packed = base64.b64decode(text, validate=True)
        reader = zlib.decompressobj()
        return len(reader.decompress(packed, count // 8 + 2)) == -(-count // 8) and reader.eof
    except (ValueError, zlib.error):
        return False


# -- writing


def write(file: Path, lock: Lock) -> None:
    """Replace a file at once.

    Raises:
        LockError: it cannot be written.
    """
    try:
        atomic.write(file, text(lock))
    except OSError as error:
        raise LockError(f"cannot write {shown(file)}: {error.strerror or error}") from None


def text(lock: Lock) -> str:
    """The content of a file: sorted, a condition a line."""
    tables = ("\n".join(_table(*one)) for one in sorted(lock.items(), key=lambda pair: pair[0]))
    return "\n\n".join([f"{_HEAD}version = {_VERSION}", *tables]) + "\n"


def _table(of: Key, extent: Extent) -> Iterator[str]:
    yield f"[targets.{_string(of.target)}.{of.mode}]"
    yield f"inputs = {_strings(extent.inputs)}"
    if extent.dims:
        yield f"dims = {_strings(extent.dims)}"
    yield f"proven = {_bool(extent.proven)}"
    yield f"works = {_lines(map(_string, extent.works))}"
    for side in extent.sides:
        yield (
            f"followed.{_key(side.letter)} = {{ sizes = {_ranges(side.sizes)}, "
            f"open = {_bool(side.is_open)}, period = {side.period} }}"
        )
    yield f"exact = {_lines(map(_block, extent.blocks))}"


def _block(block: Block) -> str:
    if block.packed:
        return f"{{ letters = {_strings(block.letters)}, packed = {_string(block.packed)} }}"
    boxes = [
        "{ "
        + ", ".join(
            f"{_key(letter)} = {_ranges(own)}"
            for letter, own in zip(block.letters, box, strict=True)
        )
        + " }"
        for box in block.boxes
    ]
    if len(boxes) == 1:
        return f"[{boxes[0]}]"
    return "[\n" + "".join(f"        {box},\n" for box in boxes) + "    ]"


def _lines(items: Iterable[str]) -> str:
    return "[\n" + "".join(f"    {item},\n" for item in items) + "]"


def _ranges(ranges: Iterable[Range]) -> str:
    return f"[{', '.join(f'[{first}, {last}, {step}]' for first, last, step in ranges)}]"


def _strings(words: Iterable[str]) -> str:
    return f"[{', '.join(map(_string, words))}]"


def _string(word: str) -> str:
    """A basic string of TOML, which is one of JSON but for one character."""
    return json.dumps(word, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(word: str) -> str:
    return word if re.fullmatch(r"[A-Za-z0-9_-]+", word) else _string(word)


def _bool(value: bool) -> str:
    return "true" if value else "false"
