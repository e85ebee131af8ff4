"""No rule claims anything about what torch runs that torch was not asked about here."""

import re
from pathlib import Path

import pytest

from convlint.rule import Rule, rules

NAMED = {
    code
    for file in Path(__file__).parent.glob("test_*.py")
    for code in re.findall(r"\bCL\d{3}\b", file.read_text())
}


@pytest.mark.parametrize("rule", [r for r in rules() if r.silent], ids=lambda r: r.name)
def test_the_claim_is_shown_with_torch(rule: Rule) -> None:
    assert rule.code in NAMED
