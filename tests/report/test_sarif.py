"""The SARIF report, by its JSON schema and, where it is installed, by Microsoft's validator."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from convlint import report
from convlint.diagnostic import Diagnostic, Label, Location
from convlint.job import Result
from convlint.report import Style
from tests.report.drawn import results, styles
from tests.report.examples import FULL, HERE, INFO, PLACELESS, ROOT, WARNING, real
from tests.report.schema import validated
from tests.sampling import sampled

MULTITOOL = shutil.which("sarif-multitool")


def _run(*found: Result, directory: Path = HERE) -> Any:
    text = report.render("sarif", found, Style(directory=directory, root=directory))
    (run,) = validated(text, "sarif-2.1.0")["runs"]
    return run


def _place(result: Any) -> tuple[str, str | None, int]:
    where = result["locations"][0]["physicalLocation"]
    artifact = where["artifactLocation"]
    return artifact["uri"], artifact.get("uriBaseId"), where["region"]["startLine"]


def test_a_result_with_all_its_parts() -> None:
    (result,) = _run(Result("nets/model.py:Net", (FULL,)))["results"]
    assert (result["ruleId"], result["ruleIndex"], result["level"]) == ("CL102", 0, "error")
    assert result["message"]["text"] == (
        "`fc1` takes 400 features, but 576 arrive.\n"
        "Formula: 16 · 6 · 6 = 576.\n"
        "Note: a note.\n"
        "Help: write nn.Linear(576, 120).\n"
        "Help: or pad."
    )
    assert _place(result) == ("nets/model.py", "%SRCROOT%", 13)
    region = {"startLine": 13, "startColumn": 20, "endLine": 13, "endColumn": 46}
    assert result["locations"][0]["physicalLocation"]["region"] == region
    (related,) = result["relatedLocations"]
    assert related["message"]["text"] == "called here."
    assert related["physicalLocation"]["artifactLocation"] == {"uri": "file:///else/model.py"}
    steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
    told = [step["location"]["message"]["text"] for step in steps]
    assert told == ["called here.", "in_features is 400."]
    (fix,) = result["fixes"]
    (change,) = fix["artifactChanges"]
    assert change["replacements"][0]["insertedContent"] == {"text": "576"}
    assert result["locations"][0]["logicalLocations"][0]["name"] == "fc1"


def test_the_rules_that_spoke_have_their_pages() -> None:
    run = _run(Result("t", (FULL, INFO, FULL, WARNING)))
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["CL102", "CL005", "CL560"]
    assert [result["ruleIndex"] for result in run["results"]] == [0, 1, 0, 2]
    assert [result["level"] for result in run["results"]] == ["error", "note", "error", "warning"]
    page = rules[0]["help"]["markdown"]
    assert page.startswith("# feature-mismatch (CL102)")
    assert "## Use instead" in page
    assert rules[0]["help"]["text"]
    assert rules[0]["fullDescription"]["text"].startswith("Finds ")
    assert rules[0]["defaultConfiguration"] == {"level": "error"}
    assert rules[0]["properties"]["precision"] == "very-high"
    assert rules[1]["properties"]["problem.severity"] == "recommendation"


def test_fingerprints_tell_layers_apart_and_not_lines() -> None:
    def marks(*found: Diagnostic) -> list[str]:
        results = _run(Result("t", found))["results"]
        return [one["partialFingerprints"]["primaryLocationLineHash"] for one in results]

    moved = replace(FULL, location=Location("/project/nets/model.py", 80, 1))
    assert marks(FULL) == marks(moved)
    assert len(set(marks(FULL, replace(FULL, layer="blocks.1.fc1"), FULL))) == 3


def test_what_was_not_checked_is_an_execution_that_failed() -> None:
    assert _run(Result("t", (FULL,)))["invocations"][0]["executionSuccessful"]
    (invocation,) = _run(Result("t"), Result("u", incomplete=True))["invocations"]
    assert not invocation["executionSuccessful"]
    (told,) = invocation["toolExecutionNotifications"]
    assert told["message"]["text"] == "`u` was not checked to the end."


def test_every_result_has_a_place() -> None:
    run = _run(Result("t", (PLACELESS, INFO)))
    assert [_place(one) for one in run["results"]] == [
        ("nets/x.py", "%SRCROOT%", 1),
        ("a/b.py", "%SRCROOT%", 1),
    ]


@pytest.mark.parametrize(
    ("filename", "uri"),
    [
        ("/project/a b/größe.py", "a%20b/gr%C3%B6%C3%9Fe.py"),
        ("/project/a:b#c?d%20.py", "a%3Ab%23c%3Fd%2520.py"),
        ("/else/a b.py", "file:///else/a%20b.py"),
    ],
)
def test_paths_are_uris(filename: str, uri: str) -> None:
    found = replace(FULL, location=Location(filename, 1))
    assert _place(_run(Result("t", (found,)))["results"][0])[0] == uri


def test_a_shape_is_no_link() -> None:
    found = replace(FULL, related=(Label("[1, 3](2)", Location("x.py", 1)),))
    (related,) = _run(Result("t", (found,)))["results"][0]["relatedLocations"]
    assert related["message"]["text"] == "[1, 3] (2)."


def test_real_networks() -> None:
    run = _run(*real(), directory=ROOT)
    assert [_place(one)[:2] for one in run["results"]] == [
        *[("examples/lenet.py", "%SRCROOT%")] * 2,
        *[("examples/article.py", "%SRCROOT%")] * 2,
        ("examples/gone.py", "%SRCROOT%"),
    ]
    assert not run["invocations"][0]["executionSuccessful"]


@sampled(50)
@given(results, styles)
def test_any_result(found: Sequence[Result], style: Style) -> None:
    log = validated(report.render("sarif", found, style), "sarif-2.1.0")
    text = json.dumps(log)
    for uri in re.findall(r'"uri": "([^"]*)"', text):
        assert re.fullmatch(r"(?:[A-Za-z0-9._~/:-]|%[0-9A-F]{2})*", uri), uri
    marks = [
        one["partialFingerprints"]["primaryLocationLineHash"] for one in log["runs"][0]["results"]
    ]
    assert len(set(marks)) == len(marks)


@pytest.mark.skipif(MULTITOOL is None, reason="npm install -g @microsoft/sarif-multitool")
def test_microsofts_validator_for_sarif_and_github(tmp_path: Path) -> None:
    """It exits with 0 whatever it finds, so its log is read.

    What it asks for beside errors: an address of the tool (SARIF2005), which there is none of yet.
    """
    assert MULTITOOL is not None
    drawn: list[Result] = []

    @sampled(30)
    @given(results)
    def draw(found: list[Result]) -> None:
        drawn.extend(found)

    draw()
    for name, found in [("real", real()), ("drawn", drawn), ("none", [])]:
        log = tmp_path / f"{name}.sarif"
        log.write_text(report.render("sarif", found, Style(directory=ROOT)), encoding="utf-8")
    kinds = "'Sarif;Ghas'" if os.name == "posix" else "Sarif;Ghas"  # it asks a shell
    for log in sorted(tmp_path.glob("*.sarif")):
        out = tmp_path / f"{log.stem}.json"
        command = [MULTITOOL, "validate", "--rule-kind", kinds, str(log), "-o", str(out)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (run,) = json.loads(out.read_text(encoding="utf-8-sig"))["runs"]
        told = {(one["ruleId"], one.get("level", "warning")) for one in run.get("results", ())}
        assert {one for one in told if one[1] != "note"} <= {("SARIF2005", "warning")}, log.name
        assert all(not one.get("toolExecutionNotifications") for one in run["invocations"])
