"""Every example on every rule's page does what the page says."""

from pathlib import Path

import pytest

from convlint.rule import Rule, rules
from convlint.testing import Example, examples, findings, found

ALL = [(rule, example) for rule in rules() for example in examples(rule)]


@pytest.mark.parametrize(
    ("rule", "example"), ALL, ids=[f"{rule.code}-{i}" for i, (rule, _) in enumerate(ALL)]
)
def test_example(rule: Rule, example: Example, tmp_path: Path) -> None:
    diagnostics = findings(example, tmp_path, rule)
    assert found(diagnostics) == example.expected, [d.message for d in diagnostics]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.code)
def test_page(rule: Rule) -> None:
    assert rule.doc.startswith(f"# {rule.name}\n")
    for heading in ("## What it does", "## Why is this bad?"):
        assert heading in rule.doc
    if not any(name.startswith("<") for name in rule.operators):
        marked = [e for e in examples(rule) if any(code == rule.code for _, _, code in e.expected)]
        assert marked, "a rule needs an example where it speaks"
        assert any(not e.expected for e in examples(rule)), "and one where nothing is wrong"
