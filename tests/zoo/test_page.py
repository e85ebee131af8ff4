"""docs/zoo.md says of a model what was found, and calls no error false that is true."""

from __future__ import annotations

from benchmarks.zoo.examine import Outcome
from benchmarks.zoo.page import page
from benchmarks.zoo.prevalence.tally import Known, true_findings
from convlint.rule import rules

ERROR = ["CL410", "error", "decoder", "scrambled", "net.py:1"]
FINE = Outcome("timm", "resnet18", calls=10, compared=9, truth="meta")
WRONG = Outcome("timm", "manet", calls=10, compared=9, truth="meta", found=[ERROR])
TRUE = {"CL410": Known(["timm/man*"], "it lacks a transpose")}


def row(text: str) -> list[str]:
    """The numbers of all libraries: models, torch runs, whole, noted, false errors."""
    (line,) = (line for line in text.splitlines() if line.startswith("| **all** "))
    return [cell.strip() for cell in line.split("|")[2:7]]


def test_an_error_on_a_network_that_torch_runs_is_false() -> None:
    text = page([FINE, WRONG])
    assert row(text) == ["2", "2", "1 (50.0 %)", "0", "1"]
    assert "| timm/manet | CL410 scrambled" in text
    assert "True errors" not in text


def test_but_for_those_that_are_true() -> None:
    text = page([FINE, WRONG], true=TRUE)
    assert row(text) == ["2", "2", "2 (100.0 %)", "0", "0"]
    assert "| CL410 | timm/manet | it lacks a transpose |" in text
    assert "| CL410 | error | 1 | timm/manet |" in text


def test_another_error_on_the_same_network_is_false() -> None:
    other = Outcome("timm", "manet", truth="meta", found=[ERROR, ["CL101", *ERROR[1:]]])
    assert row(page([other], true=TRUE))[-1] == "1"


def test_what_is_known_is_said_of_rules_that_there_are() -> None:
    known = true_findings()
    assert {"CL114", "CL410"} <= set(known)
    assert set(known) <= {rule.code for rule in rules()}
