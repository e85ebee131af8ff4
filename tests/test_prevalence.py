"""What is said of the prevalence of rules: counted rightly, shown rightly, within its limits."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.zoo import results
from benchmarks.zoo.prevalence import measure, page, tally
from benchmarks.zoo.prevalence.measure import Judged
from benchmarks.zoo.prevalence.population import NAIVE
from convlint import cli, prevalence
from convlint.rule import Rule, rules
from tests.test_imports import graph

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 0.02
"""Of the published networks, those that a rule may warn of without being wrong of itself."""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Other data in place of the committed one."""
    path = tmp_path / "prevalence.json"
    monkeypatch.setattr(prevalence, "FILE", path)
    prevalence._data.cache_clear()
    yield path
    prevalence._data.cache_clear()


def judged(library: str, name: str, *found: tuple[str, str], asked: str = "CL101 CL502") -> Judged:
    rows = [[code, severity, 1, "", "message"] for code, severity in found]
    return Judged(library, name, asked.split(), rows)


OUTCOMES = [
    judged("timm", "a", ("CL502", "info"), ("CL502", "warning")),
    judged("timm", "b", ("CL502", "info")),
    judged("timm", "c"),
    judged("cifar", "d", ("CL101", "error")),
    Judged("timm", "vit", skipped="not convolutional"),
    Judged("timm", "lost", failure="construction: it does not work"),
    judged(NAIVE, "resnet18", ("CL502", "warning")),
    judged(NAIVE, "resnet50"),
]
TRUE = {"CL101": tally.Known(["cifar/d*", "timm/zzz"], "it was never run")}


# The committed data.


def test_the_data_is_of_rules_that_there_are() -> None:
    measured = set(prevalence.codes())
    assert len(measured) > 30
    assert measured <= {rule.code for rule in rules()}
    assert set(tally.true_findings()) <= {rule.code for rule in rules()}


def test_the_page_is_of_rules_that_there_are() -> None:
    text = (ROOT / "docs" / "prevalence.md").read_text(encoding="utf-8")
    known = {(rule.code, rule.name) for rule in rules()}
    listed = set(re.findall(r"^\| (CL\d+) \| ([a-z0-9-]+) \|", text, re.MULTILINE))
    assert set(prevalence.codes()) <= {code for code, _ in listed}
    assert listed <= known


ABOUT_NETWORKS = set(measure.measurable())


@pytest.mark.parametrize(
    "rule",
    [r for r in rules() if r.default and r.code in ABOUT_NETWORKS],
    ids=lambda r: r.code,
)
def test_a_rule_that_is_on_is_silent_on_good_networks(rule: Rule) -> None:
    found = prevalence.prevalence(rule.code)
    if found is None:
        pytest.skip("not measured yet")
    errors = found.severities.get("error", 0) - found.true.get("error", 0)
    warnings = found.severities.get("warning", 0) - found.true.get("warning", 0)
    assert errors == 0, "narrow it, or list what is at fault in true_findings.toml"
    assert warnings <= LIMIT * found.measured, "narrow it, make it info, or switch it off"


# How it is counted.


def test_all_rules_about_networks_are_measured() -> None:
    """Not what is told of files, arguments, comments, and locks."""
    others = {rule.code for rule in rules()} - set(measure.measurable())
    assert others == {"CL001", "CL002", "CL004", "CL007", "CL008", "CL562"}


def test_a_network_counts_once_at_its_highest_severity() -> None:
    found = tally.data(OUTCOMES, {"timm": "1.2", "cifar": ""}, TRUE)
    assert found["networks"] == 4
    assert found["naive"] == 2
    assert found["libraries"] == {
        "cifar": {"version": "", "networks": 1},
        "timm": {"version": "1.2", "networks": 3},
    }
    assert found["rules"] == {
        "CL101": {"error": {"cifar": 1}, "true": {"why": "it was never run", "error": 1}},
        "CL502": {"warning": {"timm": 1}, "info": {"timm": 1}, "naive": 1},
    }
    assert json.loads(tally.text(found)) == found


def test_a_rule_counts_once_all_networks_have_seen_it() -> None:
    newer = judged("timm", "e", asked="CL101 CL502 CL503")
    assert tally.measured([*OUTCOMES[:3], newer]) == ["CL101", "CL502"]
    assert tally.measured([newer]) == ["CL101", "CL502", "CL503"]
    assert tally.measured([]) == []


def test_the_page_names_what_was_found() -> None:
    found = tally.data(OUTCOMES, {"timm": "1.2", "cifar": ""}, TRUE)
    text = page.page(OUTCOMES, found, TRUE)
    assert "1 of cifar, 3 of timm 1.2" in " ".join(text.split())
    row = "| CL101 | channel-mismatch | error | on | 0 % | 25.0 % | 1 | 0 | cifar/d |"
    assert row in text
    assert "| CL101 | cifar/d | it was never run |" in text
    assert "| timm/lost | construction: it does not work |" in text
    assert "| CL102 | feature-mismatch | error | on |  |  | not measured |" in text


def test_a_sweep_goes_on_where_it_ended(tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    whole = " ".join(measure.measurable())
    older, newer = judged("timm", "a"), judged("timm", "a", ("CL101", "error"), asked=whole)
    others = [judged("timm", "b"), judged("timm", "c", asked=whole), *OUTCOMES[4:6]]
    others.append(Judged("cifar", "slow", failure="not done after 120 s", lost=True))
    lines = [results.line(outcome) for outcome in (older, *others, newer)]
    file.write_text("".join(lines) + lines[0][:20], encoding="utf-8")
    known = measure.read(file)
    assert known["timm/a"] == newer
    assert measure.done(known) == {"timm/a", "timm/c", "timm/vit", "timm/lost"}
    assert measure.forget(file, ["torchvision"]) == set()
    assert measure.forget(file, ["torchvision"], ["CL101"]) == set()
    assert measure.forget(file, ["timm"], ["CL101"]) == {"timm/a"}
    assert set(measure.read(file)) == {
        "cifar/slow",
        *(f"timm/{n}" for n in ("b", "c", "vit", "lost")),
    }
    assert measure.forget(file, ["timm"]) == {"timm/b", "timm/c", "timm/lost"}
    assert set(measure.read(file)) == {"timm/vit", "cifar/slow"}


# How it is shown.


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, ""),
        (0, 602, "0 %"),
        (2, 602, "0.3 %"),
        (1, 5000, "< 0.1 %"),
        (4999, 5000, "> 99.9 %"),
        (602, 602, "100.0 %"),
    ],
)
def test_percent(part: int, whole: int, text: str) -> None:
    assert prevalence.percent(part, whole) == text


def test_the_pages_of_rules_say_it(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = tally.data(OUTCOMES, {"timm": "1.2", "cifar": ""}, TRUE)
    found["rules"]["CL103"] = {}
    file.write_text(tally.text(found), encoding="utf-8")

    def shown(*words: str) -> str:
        assert cli.run(["rule", *words]) == 0
        return capsys.readouterr().out

    assert shown("CL101").endswith(
        "## Prevalence\nFires on 25.0 % of 4 published networks (cifar 1).\n"
        "1 of these is a true finding: it was never run\n"
    )
    assert shown("CL103").endswith("Fires on none of 4 published networks.\n")
    assert shown("CL102").endswith("Not measured yet over published networks.\n")
    assert "## Prevalence" not in shown("CL001"), "it is not about networks"
    listed = {line.split()[0]: line for line in shown().splitlines()}
    assert listed["CL101"].endswith("on    25.0 %")
    assert listed["CL103"].endswith("on       0 %")
    assert listed["CL102"].endswith("on")
    assert str(prevalence.prevalence("CL502")) == (
        "fires on 50.0 % of 4 published networks (timm 2), and on 1 of 2 ImageNet networks that "
        "are run on 32×32 images"
    )


def test_the_json_of_rules_has_it(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = tally.data(OUTCOMES, {"timm": "1.2", "cifar": ""}, TRUE)
    file.write_text(tally.text(found), encoding="utf-8")
    assert cli.run(["rule", "--output-format", "json"]) == 0
    rows = {row["code"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(rows) == [rule.code for rule in rules()]
    assert rows["CL102"]["prevalence"] is None
    assert rows["CL101"]["default"] is True
    assert rows["CL101"]["explanation"].startswith("# channel-mismatch\n")
    assert rows["CL101"]["prevalence"] == {
        "networks": 1,
        "measured": 4,
        "libraries": {"cifar": 1},
        "error": 1,
        "warning": 0,
        "info": 0,
        "true_findings": 1,
        "naive": 0,
        "naive_measured": 2,
    }
    assert cli.run(["rule", "CL101", "--output-format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == [rows["CL101"]]


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", "{}", '{"networks": 0, "rules": {"CL1": 1}}']
)
def test_without_data_nothing_is_said(
    text: str | None, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if text is not None:
        file.write_text(text, encoding="utf-8")
    assert prevalence.prevalence("CL101") is None
    assert cli.run(["rule", "CL101"]) == 0
    assert capsys.readouterr().out.endswith("Not measured yet over published networks.\n")


# It costs a check nothing.


def test_only_the_pages_of_rules_know_of_it() -> None:
    users = graph()
    assert {name for name, known in users.items() if "convlint.prevalence" in known} == {
        "convlint.page"
    }
    assert {name for name, known in users.items() if "convlint.page" in known} == {
        "convlint.cli.commands.rule",
        "convlint.report.sarif",
    }


def test_a_check_does_not_read_it() -> None:
    code = (
        "import sys\n"
        "read = []\n"
        "def hook(event, args):\n"
        "    if event == 'open' and str(args[0]).endswith('prevalence.json'):\n"
        "        read.append(args[0])\n"
        "sys.addaudithook(hook)\n"
        "import convlint\n"
        "from convlint import cli\n"
        "from torch import nn\n"
        "assert not convlint.check(nn.Conv2d(3, 4, 3), '1,4,8,8').ok\n"
        "assert cli.run(['tests/networks/vae.py:Net', '--input', '4,1,28,28', '-q']) == 0\n"
        "assert not read\n"
        "assert cli.run(['rule', 'CL101']) == 0\n"
        "assert read\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
