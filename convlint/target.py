"""What to check: `model.py:Net`, `pkg.module:make_net`, `'model.py:Net(width=64)'`,
`conf/model.yaml#model`.

`parse` reads the words of the command line and touches no file; `load` imports the user's code.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from convlint.diagnostic import Location
from convlint.quote import quote

_NAME: Final = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_TARGET: Final = re.compile(rf"(.+?):\s*({_NAME})\s*(\(.*\))?\s*", re.DOTALL)
_RECIPE: Final = re.compile(r"(.+\.ya?ml)(?:#([^#()]*))?\s*", re.DOTALL)
_FILE: Final = re.compile(r"(.+?\.(?:py|ya?ml))(?:[:#(]|$)", re.DOTALL)
_ACCEPTED: Final = "write model.py:Net or pkg.module:Net"


class TargetError(Exception):
    """A target that cannot be read or imported; the message is one line."""

    def __init__(self, message: str, location: Location | None = None) -> None:
        super().__init__(message)
        self.location = location


class AbsentError(TargetError):
    """A module that is not there at all."""


@dataclass(frozen=True, slots=True)
class Target:
    """An object in a file or module, and the arguments it is called with.

    `source` is a file where `is_file`, else the dotted name of a module; in a YAML file, `name` is
    the dotted path of an entry, or empty.  `called` tells
    `Net()` from `Net`: a ready instance must not be called, a class without arguments may.
    """

    text: str
    source: str
    is_file: bool
    name: str
    called: bool = False
    args: tuple[object, ...] = ()
    kwargs: tuple[tuple[str, object], ...] = ()
    root: str = ""
    """The folder that `source` is relative to, and that modules are looked for in; else the
    current one."""

    @property
    def path(self) -> Path:
        """The file that is named, where one is."""
        return Path(self.root) / Path(self.source).expanduser()

    @property
    def is_recipe(self) -> bool:
        """Whether it is an entry of a YAML file, and not an object of Python's."""
        return self.is_file and self.source.endswith((".yaml", ".yml"))

    @property
    def display(self) -> str:
        """The target with all its arguments, in one line."""
        words = [repr(value) for value in self.args]
        words += [f"{name}={value!r}" for name, value in self.kwargs]
        mark = ":" if not self.is_recipe else "#" if self.name else ""
        return f"{self.source}{mark}{self.name}" + (f"({', '.join(words)})" if words else "")

    def called_with(
        self, arguments: Iterable[tuple[str, object]], *, instead: bool = False
    ) -> Target:
        """The same with more arguments.

        Args:
            instead: whether they may take the place of its own.

        Raises:
            TargetError: one is there already.
        """
        kwargs = dict(self.kwargs)
        taken = set() if instead else set(kwargs)
        for name, value in arguments:
            if name in taken:
                raise TargetError(
                    f"the argument {quote(name)} of {quote(self.text)} is given twice"
                )
            taken.add(name)
            kwargs[name] = value
        return replace(self, kwargs=tuple(kwargs.items()))


def parse(text: str, arguments: Iterable[str] = ()) -> Target:
    """The target that `text` names, with `--arg` values such as `width=64` added."""
    if match := _RECIPE.fullmatch(text):
        source, name, call = match[1], (match[2] or "").strip(), ""
    elif match := _TARGET.fullmatch(text):
        source, name, call = match[1], match[2], match[3]
    else:
        raise TargetError(_misread(text))
    is_file = _is_file(source)
    if not is_file and not re.fullmatch(_NAME, source):
        raise TargetError(f"{quote(source)} is neither a .py file nor a module; {_ACCEPTED}")
    args, kwargs = _call(name, call, text) if call else ((), {})
    found = Target(text, source, is_file, name, bool(call), args, tuple(kwargs.items()))
    return found.called_with(map(parse_argument, arguments))


def file(display: str) -> str:
    """The file that `Target.display` names; of a module, the one it would usually be."""
    if named := _FILE.match(display):
        return named[1]
    match = _TARGET.fullmatch(display)
    source = match[1] if match else display
    return source if _is_file(source) else source.replace(".", "/") + ".py"


def parse_argument(text: str) -> tuple[str, object]:
    """Name and value of one `--arg`: JSON or a Python literal, else the text itself."""
    name, equals, value = text.partition("=")
    name = name.strip()
    if not equals or not name.isidentifier():
        raise TargetError(f"--arg takes name=value, as in width=64; it was given {quote(text)}")
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        pass
    try:
        return name, _literal(_expression(value.strip()))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return name, value


def _is_file(source: str) -> bool:
    return source.endswith((".py", ".yaml", ".yml")) or "/" in source or "\\" in source


def _misread(text: str) -> str:
    if not text.strip():
        return f"the target is empty; {_ACCEPTED}"
    if text.strip().isdigit():
        return (
            f"{quote(text)} is not a target; if your shell splits words at commas, "
            "write the sizes as 1x3x224x224"
        )
    if ":" not in text:
        missing = text if text.endswith(".py") or "/" in text else f"{text.strip()}.py"
        return f"{quote(text)} names no network; {_ACCEPTED}, here {quote(missing + ':Net')}"
    return f"cannot read the target {quote(text)}; {_ACCEPTED}, or 'model.py:Net(width=64)'"


def _call(name: str, call: str, text: str) -> tuple[tuple[object, ...], dict[str, object]]:
    try:
        node = _expression(f"{name}{call}")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        node = None
    # `Net()(3)` and `Net().half` are expressions too, but not a call of `Net` itself.
    if not isinstance(node, ast.Call) or isinstance(node.func, ast.Call):
        raise TargetError(f"the arguments in {quote(text)} are not valid Python")
    kwargs: dict[str, object] = {}
    args = tuple(_value(argument, text) for argument in node.args)
    for keyword in node.keywords:
        if keyword.arg is None:
            raise TargetError(f"{quote(text)}: ** is not understood; write the arguments out")
        if keyword.arg in kwargs:
            raise TargetError(f"the argument {quote(keyword.arg)} of {quote(text)} is given twice")
        kwargs[keyword.arg] = _value(keyword.value, text)
    return args, kwargs


def _value(node: ast.expr, text: str) -> object:
    try:
        return _literal(node)
    except (ValueError, TypeError, RecursionError, MemoryError):
        raise TargetError(
            f"{quote(_source(node))} in {quote(text)} is not a literal; for other arguments "
            "write a small function that builds the network, and name that"
        ) from None


def _literal(node: ast.expr) -> object:
    value: object = ast.literal_eval(node)
    return value


def _expression(text: str) -> ast.expr:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "invalid escape sequence" is not worth a line
        return ast.parse(text, mode="eval").body


def _source(node: ast.expr) -> str:
    try:
        return ast.unparse(node)
    except RecursionError:
        return "..."
