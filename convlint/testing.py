"""What tests are written with: shapes of a network in a line, and a rule's examples.

    from convlint.testing import assert_shapes
    assert_shapes(UNet, "N,3,H,W", expect="N,2,H,W")

Rule packs test their pages: every fenced `python` block of a rule's page is a model file.  Its
first line says what is checked (`# convlint: target Net 1,3,32,32`, with `--mode train` or
`--expect N,10` where that is meant); a comment `# error: CL101` (or `# warning:`, `# info:`) marks
each line where the rule must speak, and a block without a mark must be clean.  A `toml` block in
front of it is the `convlint.lock` beside the file, which is called `model.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from convlint import lock
from convlint.contract import parse_all as parse_expected
from convlint.diagnostic import Diagnostic, Severity
from convlint.discover.comment import Line, read
from convlint.job import Job
from convlint.lint import check, run
from convlint.report import Style, render
from convlint.rule import Rule
from convlint.selection import Selection
from convlint.spec import letters, parse_all
from convlint.suppress import suppressed
from convlint.target import Target
from convlint.target import parse as parse_target
from convlint.trial import sizes

_FENCE: Final = re.compile(r"^```(python|toml)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_MARK: Final = re.compile(r"#\s*(error|warning|info):\s*(CL\d+)")


def assert_shapes(
    model: Any,
    inputs: object,
    expect: object = None,
    *,
    at: Mapping[str, int | str | Iterable[int]] | None = None,
    args: tuple[Any, ...] = (),
    kwargs: Mapping[str, Any] | None = None,
    training: bool = False,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    fail_on: str = "warning",
) -> None:
    """Assert that a network takes these inputs and gives these outputs, at several sizes.

    Letters are sizes: `assert_shapes(Net, "N,3,H,W", "N,21,H/4,W/4")` is checked for batches of
    2, 3 and 1, and sides that are not square.  Sides are multiples of 32, which most networks want.

    Args:
        model: a class or factory (called with `args` and `kwargs`), or a ready module.
        inputs: as `convlint.check` takes them: `"N,3,H,W"`, several of these, or a mapping from the
            parameters of `forward` to them.
        expect: what must come out, with the same letters.
        at: the sizes of a letter, where they matter: `{"H": 224}`, `{"T": [16, 17]}`, or
            as `--dim` has them: `{"H": "64..256%32", "W": "2*H"}`.
        fail_on: the least severity that is not accepted.

    Raises:
        AssertionError: something is found, or cannot be checked; the message is the report.
        SpecError: an input, an expectation or a size that cannot be read.
    """
    specs = parse_all(inputs)
    expected = parse_expected(expect, letters(specs))
    least = Severity(fail_on).rank
    for known in sizes(specs, at or {}, least=2 if training else 1):
        report = check(
            model,
            [one.at(known) for one in specs],
            args=args,
            kwargs=kwargs,
            training=training,
            expect=[one.at(known) for one in expected],
            select=select,
            ignore=ignore,
        )
        told = ", ".join(f"{letter}={size}" for letter, size in known.items())
        name = getattr(model, "__name__", type(model).__name__)
        result = report.result(f"{name} at {told}" if told else name)
        if result.unchecked or any(d.severity.rank >= least for d in result.diagnostics):
            raise AssertionError(f"{result.target}\n{render('text', [result], Style())}".rstrip())


@dataclass(frozen=True, slots=True)
class Example:
    """A block of a rule's page: source, what to check, and where what must be found."""

    source: str
    line: Line
    expected: frozenset[tuple[int, str, str]]
    """Row, severity and code of every finding."""
    locked: str = ""
    """What is locked of it."""


def examples(rule: Rule) -> Iterator[Example]:
    """The examples of a rule's page.

    Raises:
        ValueError: a block does not say what is checked.
    """
    locked = ""
    for block in _FENCE.finditer(rule.doc):
        if block[1] == "toml":
            locked = block[2]
            continue
        source = block[2]
        said = next(filter(None, map(read, source.splitlines())), None)
        if said is None:
            raise ValueError(f"{rule.code}: an example lacks `# convlint: target ...`")
        expected = {
            (row, mark.group(1), mark.group(2))
            for row, line in enumerate(source.splitlines(), 1)
            for mark in _MARK.finditer(line)
        }
        yield Example(source, said, frozenset(expected), locked)
        locked = ""


def findings(example: Example, folder: Path, rule: Rule | None = None) -> list[Diagnostic]:
    """What convlint says of an example, written to a file in `folder`.

    What is only good to know (`info`) by the word of another rule than the example's own, or one
    that it names, is left out: small networks are full of it.
    """
    path = folder / "model.py"
    path.write_text(example.source)
    target: Target = parse_target(f"{path}:{example.line.target}")
    extend = (rule.code,) if rule is not None else ()
    file = folder / lock.FILE
    file.write_text(example.locked)
    mode = example.line.modes[0]
    locks = lock.read(file) if example.locked else {}
    job = Job(
        target,
        example.line.inputs,
        mode,
        Selection(extend_select=extend),
        expected=example.line.expected,
        locked=locks.get(lock.key(target.display, mode, file)),
    )
    told = {code for _, _, code in example.expected} | set(extend)
    # This process has imported other examples before: their comments are not this one's.
    result = replace(run(job), files=(str(path.absolute()),))
    (result,) = suppressed([result], job.selection)
    return [d for d in result.diagnostics if rule is None or d.severity != "info" or d.code in told]


def found(diagnostics: list[Diagnostic]) -> frozenset[tuple[int, str, str]]:
    """Row, severity and code of findings, to compare with `Example.expected`."""
    return frozenset(
        (d.location.row if d.location else 0, d.severity.value, d.code) for d in diagnostics
    )
