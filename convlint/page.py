"""The pages of rules: what `convlint rule` shows, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from convlint.prevalence import SEVERITIES, Prevalence, prevalence
from convlint.rule import Rule


def page(rule: Rule) -> str:
    """The page of a rule; its title gets the code, which the rule's file says only once."""
    title, _, rest = rule.doc.strip().partition("\n")
    text = rest.strip() if title == f"# {rule.name}" else rule.doc.strip()
    about = f"*{rule.severity.value}, {_default(rule)} by default*"
    return f"# {rule.name} ({rule.code})\n\n{about}\n\n{text}\n{_measured(rule)}"


def listing(rules: Sequence[Rule]) -> str:
    """One line for each rule: severity, whether it is on, and of how many networks it speaks."""
    width = max((len(rule.name) for rule in rules), default=0)
    return "".join(
        f"{rule.code}  {rule.name:<{width}}  {rule.severity.value:<7}  {_default(rule):<3}  "
        f"{_share(rule):>7}".rstrip()
        + "\n"
        for rule in rules
    )


def as_json(rules: Sequence[Rule]) -> str:
    """The rules with their pages as one JSON array."""
    rows = [
        {
            "code": rule.code,
            "name": rule.name,
            "severity": rule.severity.value,
            "default": rule.default,
            "explanation": rule.doc,
            "prevalence": _row(prevalence(rule.code)),
        }
        for rule in rules
    ]
    return json.dumps(rows, indent=2) + "\n"


def _default(rule: Rule) -> str:
    return "on" if rule.default else "off"


def _share(rule: Rule) -> str:
    found = prevalence(rule.code)
    return found.share if found else ""


def _measured(rule: Rule) -> str:
    """The last lines of a page.

    A rule about files and arguments (`<import>`) has nothing to say of networks that work.
    """
    if any(name.startswith("<") for name in rule.operators):
        return ""
    found = prevalence(rule.code)
    if found is None:
        return "\n## Prevalence\nNot measured yet over published networks.\n"
    text = str(found)
    lines = f"\n## Prevalence\n{text[0].upper()}{text[1:]}.\n"
    if found.true:
        known = sum(found.true.values())
        lines += f"{known} of these {'is a true finding' if known == 1 else 'are true findings'}: "
        lines += f"{found.why}\n"
    return lines


def _row(found: Prevalence | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {
        "networks": found.networks,
        "measured": found.measured,
        "libraries": dict(found.libraries),
        **{name: found.severities.get(name, 0) for name in SEVERITIES},
        "true_findings": sum(found.true.values()),
        "naive": found.naive,
        "naive_measured": found.naive_measured,
    }
