"""SARIF 2.1.0, as GitHub's code scanning and editors read it.

The related places of a finding are told twice: as `relatedLocations`, and as a `codeFlow` that ends
at the finding, so that a reader can walk from where a size came from to where it does not fit.
`--statistics` and `--quiet` change nothing: who reads this counts for himself.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from convlint import __version__
from convlint.diagnostic import Diagnostic, Edit, Fix, Label, Location, Severity
from convlint.fingerprint import fingerprints
from convlint.job import Result
from convlint.page import page
from convlint.report import Style, place
from convlint.report.json import dumped
from convlint.rule import Rule, rules

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_PROBLEMS: Final = {**_LEVELS, Severity.INFO: "recommendation"}
_PRECISIONS: Final = {
    Severity.ERROR: "very-high",
    Severity.WARNING: "high",
    Severity.INFO: "medium",
}


def render(results: Sequence[Result], style: Style) -> str:
    """One log with one run."""
    found = [diagnostic for result in results for diagnostic in result.diagnostics]
    codes = list(dict.fromkeys(one.code for one in found))
    names = {one.code: one for one in found}
    known = {rule.code: rule for rule in rules()}
    run = {
        "tool": {
            "driver": {
                "name": "convlint",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(names[code], known.get(code)) for code in codes],
            }
        },
        "invocations": [_invocation(results)],
        "originalUriBaseIds": {
            "%SRCROOT%": {"description": {"text": "The root of the repository."}}
        },
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(one, codes.index(one.code), mark, style)
            for one, mark in zip(found, fingerprints(found), strict=True)
        ],
    }
    return dumped({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _invocation(results: Sequence[Result]) -> dict[str, Any]:
    unchecked = [result.target for result in results if result.unchecked]
    told = [
        {"level": "error", "message": _message([f"`{target}` was not checked to the end"])}
        for target in unchecked
    ]
    return {"executionSuccessful": not unchecked, "toolExecutionNotifications": told}


def _rule(found: Diagnostic, rule: Rule | None) -> dict[str, Any]:
    """A rule that has spoken, with its page; one that is not known has only its name."""
    title = found.name.replace("-", " ") or found.code
    severity = rule.severity if rule else found.severity
    text = page(rule) if rule else title
    return {
        "id": found.code,
        "name": found.name,
        "shortDescription": _message([title.capitalize()]),
        "fullDescription": _message([_purpose(rule) if rule else title]),
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": {
            "tags": ["correctness", "pytorch", "tensor-shapes"],
            "precision": _PRECISIONS[severity],
            "problem.severity": _PROBLEMS[severity],
        },
    }


def _purpose(rule: Rule) -> str:
    """The first paragraph of a rule's page."""
    match = re.search(r"^## What it does\n(.+?)(?:\n\n|\Z)", rule.doc, re.MULTILINE | re.DOTALL)
    return " ".join((match[1] if match else rule.name).split())


def _result(found: Diagnostic, rule: int, mark: str, style: Style) -> dict[str, Any]:
    where = style.span(place(found))
    sentences = [found.message]
    sentences += [f"Formula: {found.formula}"] if found.formula else []
    sentences += [f"Note: {one}" for one in found.note] + [f"Help: {one}" for one in found.help]
    result: dict[str, Any] = {
        "ruleId": found.code,
        "ruleIndex": rule,
        "level": _LEVELS[found.severity],
        "message": _message(sentences),
        "locations": [{**_physical(where), "logicalLocations": list(_logical(found))}],
        "partialFingerprints": {"primaryLocationLineHash": mark},
        "properties": {
            "target": found.target,
            "layer": found.layer,
            "inputShapes": list(found.input_shapes),
            "outputShape": found.output_shape or "",
        },
    }
    if found.related:
        steps = [_labelled(label, style) for label in found.related]
        last = {**_physical(where), "message": _message([found.label or found.message])}
        result["relatedLocations"] = [{"id": at, **step} for at, step in enumerate(steps, 1)]
        flow = [{"location": step} for step in (*steps, last)]
        result["codeFlows"] = [{"threadFlows": [{"locations": flow}]}]
    if found.fix and found.fix.edits:
        result["fixes"] = [_fix(found.fix, style)]
    return result


def _logical(found: Diagnostic) -> Iterator[dict[str, Any]]:
    """The layer, by its path in the network."""
    if found.layer:
        name = f"{found.target}.{found.layer}"
        yield {"name": found.layer, "fullyQualifiedName": name, "kind": "member"}


def _labelled(label: Label, style: Style) -> dict[str, Any]:
    return {**_physical(style.span(label.location)), "message": _message([label.message])}


def _physical(where: Location) -> dict[str, Any]:
    spot = {"artifactLocation": _artifact(where.filename), "region": _region(where)}
    return {"physicalLocation": spot}


def _artifact(path: str) -> dict[str, Any]:
    encoded = path.encode("utf-8", "replace")
    if Path(path).is_absolute():  # an installed library
        return {"uri": "file:///" + quote(encoded, safe=b"/:").lstrip("/")}
    return {"uri": quote(encoded), "uriBaseId": "%SRCROOT%"}


def _region(where: Location) -> dict[str, Any]:
    return {
        "startLine": where.row,
        "startColumn": where.column,
        "endLine": where.end_row,
        "endColumn": where.end_column,
    }


def _fix(fix: Fix, style: Style) -> dict[str, Any]:
    edits: dict[str, list[Edit]] = {}
    for edit in fix.edits:
        edits.setdefault(style.span(edit.location).filename, []).append(edit)
    changes = [
        {
            "artifactLocation": _artifact(filename),
            "replacements": [
                {
                    "deletedRegion": _region(style.span(edit.location)),
                    "insertedContent": {"text": edit.content},
                }
                for edit in inside
            ],
        }
        for filename, inside in edits.items()
    ]
    return {
        "description": _message([fix.message]),
        "artifactChanges": changes,
        "properties": {"applicability": fix.applicability},
    }


def _message(sentences: Sequence[str]) -> dict[str, str]:
    """Sentences with the full stop that SARIF wants, one a line.

    `[text](1)` would be a link in a message, so a shape before a bracket keeps its distance.
    """
    text = "\n".join(f"{sentence.rstrip().rstrip('.')}." for sentence in sentences)
    return {"text": text.replace("](", "] (")}
