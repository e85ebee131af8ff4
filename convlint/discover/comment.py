"""The comment `# convlint: target UNet(3) x=2,3,224,224 --expect N,10 --mode train`.

It stands on the line of a class or above it, and names what is defined in its file; of a class
there may be several.  The examples on the pages of rules begin with one.
"""

from __future__ import annotations

import ast
import difflib
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, cast, get_args

from convlint import contract, spec, target
from convlint.job import Mode
from convlint.project.source import NoPythonError, Source, SourceError, flat
from convlint.quote import quote
from convlint.task import Task

RANK: Final = 1

_HEAD: Final = re.compile(r"(?<!\S)#[ \t]*convlint:[ \t]*target(?![\w-])(.*)")
_LIKELY: Final = re.compile(rb"convlint:[ \t]*target")
_ACCEPTED: Final = "write # convlint: target Net 2,3,224,224"
_OPENING: Final = {"(": ")", "[": "]", "{": "}"}
_MODES: Final = get_args(Mode)


class CommentError(ValueError):
    """A comment that cannot be read; the message is one line."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one comment says."""

    target: str
    """A name, perhaps with arguments: `UNet(3)`."""
    inputs: tuple[spec.InputSpec, ...] = ()
    expected: tuple[contract.Contract, ...] = ()
    modes: tuple[Mode, ...] = ("eval",)


def read(comment: str) -> Line | None:
    """What a comment says, from its `#` on; None where it is no such comment.

    Raises:
        CommentError: it cannot be read.
    """
    head = _HEAD.search(comment)
    if head is None:
        return None
    words = list(_words(head[1]))
    if not words:
        raise CommentError(f"the comment names no target; {_ACCEPTED}")
    inputs: list[str] = []
    expected: list[str] = []
    modes: list[str] = []
    rest = iter(words[1:])
    for word in rest:
        option, equals, value = word.partition("=")
        if not word.startswith("--"):
            inputs.append(word)
        elif option in ("--expect", "--mode"):
            value = value if equals else next(rest, "")
            (expected if option == "--expect" else modes).append(value)
        else:
            raise CommentError(f"{quote(option)} cannot stand here; --expect and --mode can")
    try:
        specs = spec.united([spec.parse(one) for one in inputs])
        contracts = contract.parse_all(expected, spec.letters(specs))
    except spec.SpecError as error:
        raise CommentError(str(error)) from None
    return Line(words[0], specs, contracts, _checked(modes))


def declared(source: Source) -> Iterator[Task]:
    """The targets that the comments of a file declare.

    Raises:
        SourceError: a comment that cannot be read, or names what is not in the file.
    """
    if not _LIKELY.search(source.data):  # as most
        return
    lines = list(_lines(source))
    known = _defined(source) if lines else ()
    for row, line in lines:
        place = f"{source.name}:{row}"
        try:
            found = _target(source, line, known)
        except (CommentError, target.TargetError) as error:
            raise SourceError(f"{place}: {error}") from None
        by, origin = f"the comment at {place}", f"{place} (comment)"
        yield Task(found, line.inputs, line.modes, line.expected, origin=origin, by=by)


def _target(source: Source, line: Line, known: tuple[str, ...]) -> target.Target:
    found = target.parse(f"{source.name}:{line.target}")
    found = replace(found, root=str(source.root.absolute()))
    first = found.name.partition(".")[0]
    if found.path.absolute() != source.path.absolute():  # `x.py:Net`: more than a name
        raise CommentError(f"{quote(line.target)} is no name of a class; {_ACCEPTED}")
    if first not in known:
        near = difflib.get_close_matches(first, known, n=1)
        hint = f"; did you mean {quote(near[0])}?" if near else ""
        raise CommentError(f"this file defines no {quote(first)}{hint}")
    return found


def _defined(source: Source) -> tuple[str, ...]:
    """The names of the classes and functions of a file, and what it assigns to names."""
    names: list[str] = []
    for node in flat(source.tree.body):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            names.append(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names += [one.id for one in targets if isinstance(one, ast.Name)]
    return tuple(names)


def _lines(source: Source) -> Iterator[tuple[int, Line]]:
    """What the comments of a file say, with their rows: what stands in a string is none."""
    try:
        for token in tokenize.tokenize(io.BytesIO(source.data).readline):
            line = read(token.string) if token.type == tokenize.COMMENT else None
            if line is not None:
                yield token.start[0], line
    except CommentError as error:
        raise SourceError(f"{source.name}:{token.start[0]}: {error}") from None
    except (tokenize.TokenError, SyntaxError, ValueError) as error:
        raise NoPythonError(f"{source.name} is not valid Python: {error.args[0]}") from None


def _words(text: str) -> Iterator[str]:
    """The words, which may have spaces within brackets and quotes, up to another comment."""
    word, waiting, closing = "", "", [""]
    for character in f"{text} ":
        if waiting:
            waiting = "" if character == waiting else waiting
        elif character in "\"'":
            waiting = character
        elif character in _OPENING:
            closing.append(_OPENING[character])
        elif character == closing[-1]:
            closing.pop()
        elif character.isspace() and len(closing) == 1:
            if word.startswith("#"):
                return
            if word:
                yield word
            word = ""
            continue
        word += character
    if word.strip():  # something was not closed
        yield word.strip()


def _checked(words: list[str]) -> tuple[Mode, ...]:
    for word in words:
        if word not in _MODES:
            raise CommentError(f"the mode is {quote(word)}; it may be {', '.join(_MODES)}")
    return cast("tuple[Mode, ...]", tuple(dict.fromkeys(words)) or ("eval",))
