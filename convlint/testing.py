"""A rule's examples as tests; rule packs use it too.

Every fenced `python` block of a rule's page is a model file.  Its first line says what is
checked (`# convlint: target Net 1,3,32,32`, with `--mode train` or `--expect N,10` where that is
meant); a comment `# error: CL101` (or `# warning:`, `# info:`) marks each line where the rule must
speak, and a block without a mark must be clean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from convlint.diagnostic import Diagnostic
from convlint.discover.comment import Line, read
from convlint.job import Job
from convlint.lint import run
from convlint.rule import Rule
from convlint.selection import Selection
from convlint.suppress import suppressed
from convlint.target import Target
from convlint.target import parse as parse_target

_FENCE: Final = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
_MARK: Final = re.compile(r"#\s*(error|warning|info):\s*(CL\d+)")


@dataclass(frozen=True, slots=True)
class Example:
    """A block of a rule's page: source, what to check, and where what must be found."""

    source: str
    line: Line
    expected: frozenset[tuple[int, str, str]]
    """Row, severity and code of every finding."""


def examples(rule: Rule) -> Iterator[Example]:
    """The examples of a rule's page.

    Raises:
        ValueError: a block does not say what is checked.
    """
    for block in _FENCE.finditer(rule.doc):
        source = block.group(1)
        said = next(filter(None, map(read, source.splitlines())), None)
        if said is None:
            raise ValueError(f"{rule.code}: an example lacks `# convlint: target ...`")
        expected = {
            (row, mark.group(1), mark.group(2))
            for row, line in enumerate(source.splitlines(), 1)
            for mark in _MARK.finditer(line)
        }
        yield Example(source, said, frozenset(expected))


def findings(example: Example, folder: Path, rule: Rule | None = None) -> list[Diagnostic]:
    """What convlint says of an example, written to a file in `folder`.

    What is only good to know (`info`) by the word of another rule than the example's own, or one
    that it names, is left out: small networks are full of it.
    """
    path = folder / "model.py"
    path.write_text(example.source)
    target: Target = parse_target(f"{path}:{example.line.target}")
    extend = (rule.code,) if rule is not None else ()
    job = Job(
        target,
        example.line.inputs,
        example.line.modes[0],
        Selection(extend_select=extend),
        expected=example.line.expected,
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
