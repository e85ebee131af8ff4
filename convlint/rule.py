"""Rules: what must hold of a layer or a network.  One fault, one rule, one file in `rules/`."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from convlint.diagnostic import Label, Location, Severity

if TYPE_CHECKING:
    from convlint.network import Layer


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says of one layer (or of the network, with `layer=None`).

    `at` is where the change belongs: by default the layer's definition, else its call.  The
    definition and the call are added to `related` by themselves where they are not `at`.
    """

    message: str
    layer: Layer | None = None
    at: Location | None = None
    label: str = ""
    related: tuple[Label, ...] = ()
    formula: str | None = None
    help: tuple[str, ...] = ()
    note: tuple[str, ...] = ()
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: `code` and `name` select it, `doc` is its page in Markdown.

    `operators` are the layers it is shown; an empty set means the whole network at once, "*"
    every layer.  A `silent` rule is about what torch runs without a word: all others of severity
    error report what raises.
    """

    code: str
    name: str
    severity: Severity
    default: bool
    doc: str
    operators: frozenset[str]
    check: Callable[..., Iterator[Finding]]
    silent: bool = False


_RULES: Final[dict[str, Rule]] = {}


def rule(
    code: str,
    *operators: str,
    severity: Severity | str = Severity.ERROR,
    default: bool = True,
    silent: bool = False,
) -> Callable[[Callable[..., Iterator[Finding]]], Callable[..., Iterator[Finding]]]:
    """Register a rule.  Its name is the function's, its page the module's docstring.

    Args:
        code: such as `CL101`.
        operators: names of the operators whose layers the function is called with, as
            `check(layer, network)`; none: it is called once, as `check(network)`.
        silent: torch runs what the rule complains of.

    Raises:
        ValueError: the code or the name is taken.
    """

    def register(check: Callable[..., Iterator[Finding]]) -> Callable[..., Iterator[Finding]]:
        name = check.__name__.replace("_", "-")
        for known in _RULES.values():
            if known.code == code or known.name == name:
                raise ValueError(f"rule {code} {name} is registered twice")
        doc = (sys.modules[check.__module__].__doc__ or "").strip()
        _RULES[code] = Rule(
            code, name, Severity(severity), default, doc, frozenset(operators), check, silent
        )
        return check

    return register


@functools.cache
def rules() -> tuple[Rule, ...]:
    """All rules, by code.  Imports neither torch nor networkx."""
    package = _package()
    for found in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{found.name}")
    return tuple(_RULES[code] for code in sorted(_RULES))


def silent() -> frozenset[str]:
    """The codes of the rules about what torch runs: their errors are not torch's."""
    return frozenset(rule.code for rule in rules() if rule.silent)


def _package() -> Any:
    """The rules that belong to this very copy of convlint.

    In a wheel they lie inside the package, in a checkout beside it.  Looked up by path: an
    editable install of another checkout would answer for the name.
    """
    name = "convlint.rules"
    if name in sys.modules:
        return sys.modules[name]
    here = Path(__file__).resolve().parent
    inside = here / "rules" / "__init__.py"
    path = inside if inside.exists() else here.parent / "rules" / "__init__.py"
    spec = importlib.util.spec_from_file_location(
        name, path, submodule_search_locations=[str(path.parent)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
