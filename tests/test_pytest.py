"""The plugin for pytest: targets are tests, and nobody who has none notices it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[1]

NETS = """
from torch import nn

class Good(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, x):
        return self.conv(x)

class Wrong(Good):
    def forward(self, x):
        return self.conv(self.conv(x))
"""


def targets(*names: str) -> str:
    """The configuration of these classes of `nets.py`."""
    return "".join(
        f'[[tool.convlint.targets]]\nname = "{name.lower()}"\nmodel = "nets.py:{name}"\n'
        'inputs = ["1,3,32,32"]\n'
        for name in names
    )


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Three targets and a test; the plugin of this checkout, installed or not."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p convlint.pytest")
    pytester.makefile(".toml", pyproject=targets("Good", "Wrong", "Absent"))
    pytester.makepyfile(nets=NETS, test_own="def test_own(): pass")
    return pytester


def test_every_target_is_a_test(project: pytest.Pytester) -> None:
    done = project.runpytest("--convlint", "-v", "--junitxml=junit.xml")
    done.assert_outcomes(passed=2, failed=1, errors=1)
    done.stdout.fnmatch_lines(
        [
            "pyproject.toml::convlint::good PASSED*",
            "pyproject.toml::convlint::wrong FAILED*",
            "pyproject.toml::convlint::absent ERROR*",
            "test_own.py::test_own PASSED*",
            "*ERROR at setup of convlint absent*",
            "error?CL001 *: nets.py has no `Absent`*",
            "*convlint wrong*",
            "error?CL101 channel-mismatch?: `conv` takes 3 channels, but 8 arrive",
            "*1 target.",
        ]
    )
    done.stdout.no_fnmatch_line("*Traceback*")
    done.stdout.no_fnmatch_line("*convlint/pytest.py*")
    cases = ElementTree.parse(project.path / "junit.xml").iter("testcase")
    told = {case.get("name"): [child.tag for child in case] for case in cases}
    assert told == {"good": [], "wrong": ["failure"], "absent": ["error"], "test_own": []}


def test_targets_are_chosen_as_tests_are(project: pytest.Pytester) -> None:
    def names(*words: str) -> list[str]:
        done = project.runpytest("--collect-only", "-q", *words)
        return [line.rpartition("::")[2] for line in done.outlines if "::" in line]

    every = ["good", "wrong", "absent", "test_own"]
    assert names("--convlint") == every
    assert names("--convlint", "-k", "good") == ["good"]
    assert names("--convlint", "-m", "convlint", "--strict-markers") == every[:3]
    assert names("--convlint", "pyproject.toml::convlint::wrong") == ["wrong"]
    assert names("--convlint", "pyproject.toml") == every[:3]
    assert names("--convlint", "test_own.py") == ["test_own", *every[:3]]
    assert names("-o", "convlint=true") == every
    assert names("-o", "convlint=true", "test_own.py") == ["test_own"]
    assert names("-o", "convlint=true", "-o", "testpaths=test_own.py") == ["test_own", *every[:3]]
    assert names() == ["test_own"]
    assert names("pyproject.toml") == []


def test_with_xdist(project: pytest.Pytester) -> None:
    project.makefile(".toml", pyproject=targets("Good"))
    words = ("-p", "xdist", "-n", "2", "--convlint")
    project.runpytest_subprocess(*words).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("configuration", "line"),
    [
        (None, "convlint: no targets are configured: add [[][[]tool.convlint.targets]]*"),
        ("selekt = []", "convlint: *convlint.toml:1: unknown key `selekt`*"),
        ("[", "convlint: *convlint.toml: Invalid *"),
    ],
)
def test_what_is_wrong_with_the_configuration_is_one_line(
    project: pytest.Pytester, configuration: str | None, line: str
) -> None:
    (project.path / "pyproject.toml").unlink()
    if configuration is not None:
        (project.path / "convlint.toml").write_text(configuration)
    done = project.runpytest("--convlint")
    assert done.ret is pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([f"ERROR: {line}"])
    assert len([one for one in done.errlines if one.strip()]) == 1


def test_nobody_pays_who_does_not_ask(project: pytest.Pytester) -> None:
    (project.path / "convlint.toml").write_text("[")  # not even read
    project.runpytest().assert_outcomes(passed=1)
    code = (
        "import sys, convlint.pytest\n"
        "loaded = {'torch', 'networkx', 'click', 'rich', 'convlint.config', 'convlint.lint'}\n"
        "assert not loaded & set(sys.modules), loaded & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_the_installed_package_offers_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"convlint": "convlint.pytest"}
