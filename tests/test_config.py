"""Configuration: what is read, what is refused and where, and which of two files wins."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convlint import cli
from convlint.config import Config, ConfigError, Entry, find, load

NET = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, width=4, hidden=4):
        super().__init__()
        self.first = nn.Linear(3, hidden)
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        return self.head(torch.relu(self.first(x)))

class Wrong(Net):
    def __init__(self):
        super().__init__(width=5)
"""

GOOD = """
[project]
name = "shop"

[tool.convlint]
select = ["default"]
fail-on = "warning"
per-target-ignores = { "wr*" = ["feature-mismatch"] }

[[tool.convlint.targets]]
name = "net"
model = "src/net.py:Net"
args = { width = 8, hidden = 8 }
inputs = ["2,3"]
modes = ["train", "eval"]
expect = ["N,10"]

[[tool.convlint.targets]]
name = "wrong"
model = "src/net.py:Wrong"
inputs = { x = "2,3" }
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "net.py").write_text(NET)
    (tmp_path / "pyproject.toml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_is_read(project: Path) -> None:
    config = load(project / "pyproject.toml")
    net, wrong = config.targets
    assert (config.select, config.fail_on, config.root) == (("default",), "warning", project)
    assert (net.display, net.modes, net.target.kwargs) == (
        "net", ("train", "eval"), (("width", 8), ("hidden", 8))
    )  # fmt: skip
    assert [str(one) for one in (*net.inputs, *wrong.inputs)] == ["2,3", "x=2,3"]
    assert [str(one) for one in net.expected] == ["N,10"]
    assert (wrong.ignore, wrong.origin) == (("feature-mismatch",), "pyproject.toml:18")


@pytest.mark.parametrize("folder", [".", "src"])
def test_all_targets_are_linted_from_anywhere_below(
    project: Path, folder: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project / folder)
    assert cli.run([]) == 0
    assert capsys.readouterr().out == "All checks passed: 2 targets, 6 layers.\n"


def test_one_target_by_its_name_or_its_model(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["net"], ["src/net.py:Net"], [str(project / "src" / "net.py") + ":Net"]):
        assert cli.run(words) == 0
        assert "passed: net, " in capsys.readouterr().out


def test_the_command_line_wins(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def found(*words: str) -> list[tuple[str, str]]:
        cli.run([*words, "--output-format", "json"])
        return [(d["target"], d["code"]) for d in json.loads(capsys.readouterr().out)]

    assert found() == []
    assert found("net", "--input", "2,4", "--mode", "eval") == [("net", "CL102")]
    assert found("net", "--expect", "N,9") == [("net", "CL561")]
    assert found("wrong", "--select", "CL102") == []  # ignored for this target
    assert found("src/net.py:Wrong", "--input", "2,3", "--isolated") == [
        ("src/net.py:Wrong", "CL102")
    ]
    assert cli.run(["src/net.py:Wrong", "--input", "2,3", "--isolated", "--fail-on", "never"]) == 0


def test_letters(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = GOOD.replace('inputs = ["2,3"]', 'inputs = ["N,T,3"]\ndims = { N = 4, T = "9..30%10" }')
    text = text.replace('expect = ["N,10"]', 'expect = ["N,T,10"]')
    (project / "pyproject.toml").write_text(text)
    (net, _) = load(project / "pyproject.toml").targets
    assert net.dims.words == ("N=4", "T=9..30%10")
    assert cli.run(["net"]) == 0
    assert "net was called with N,T,3 at N=4, T=10." in capsys.readouterr().out
    assert cli.run(["net", "--dim", "N=2/8"]) == 0
    assert "at N=2, T=10." in capsys.readouterr().out
    # The letters of other inputs are others.
    assert cli.run(["net", "--input", "N,T,3", "--dim", "T=N"]) == 0
    assert "at N=2, T=2." in capsys.readouterr().out
    assert cli.run(["net", "--expect", "N,2*T,10"]) == 1
    assert "axis 1 is 10, not 20" in capsys.readouterr().out
    assert cli.run(["net", "--dim", "K=2"]) == 2
    assert capsys.readouterr().err == (
        "convlint: --dim: there is no letter `K` in the inputs; they have N, T\n"
    )
    assert cli.run(["targets"]) == 0
    assert "N,T,3 --dim N=4 --dim T=9..30%10 --expect N,T,10" in capsys.readouterr().out


def test_convlint_toml_wins_and_a_file_can_be_named(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = '[[targets]]\nname = "own"\nmodel = "src/net.py:Net"\ninputs = "1,3"\n'
    (project / "convlint.toml").write_text(text)
    assert find(project / "src") == project / "convlint.toml"
    assert cli.run([]) == 0
    assert "passed: own, " in capsys.readouterr().out
    assert cli.run(["--config", "pyproject.toml"]) == 0
    assert "2 targets" in capsys.readouterr().out


def test_a_pyproject_without_a_table_is_passed_by(project: Path) -> None:
    (project / "src" / "pyproject.toml").write_text("[project]\nname = 'inner'\n")
    assert find(project / "src") == project / "pyproject.toml"
    assert load(project / "src" / "pyproject.toml").targets == ()


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("fail-on", "fail-onn", ":7: unknown key `fail-onn` in [tool.convlint]; did"),
        ('"warning"', '"wrong"', ":7: `fail-on` is `wrong`; it may be error, warning, info, never"),
        ('"warning"', "3", ":7: `fail-on` is a int; it may be"),
        ('["default"]', '"default"', ":6: `select` must be a list of texts"),
        ('["default"]', '["defualt"]', ":6: no rule is called `defualt`"),
        ('"wr*"', '"wrog"', ":8: no target is called `wrog`; did you mean `wrong`?"),
        ('["feature-mismatch"]', '["feature-mismatc"]', ":8: no rule is called `feature-mismatc`"),
        ('["feature-mismatch"]', "1", ":8: `wr*` must be a list of texts"),
        ('name = "wrong"', 'name = "net"', ":19: two targets are called `net`"),
        ('name = "wrong"', "name = 7", ":19: `name` must be a text"),
        ('model = "src/net.py:Net"', "", ":10: a target needs a `model`"),
        ('model = "src/net.py:Net"', 'modl = ""', ":12: unknown key `modl` in [[tool.convlint."),
        ("src/net.py:Net", "src/net.py", ":12: `src/net.py` names no network"),
        ("{ width = 8, hidden = 8 }", "8", ":13: `args` must be a table"),
        ("{ width = 8, hidden = 8 }", '{ "a b" = 8 }', ":13: `a b` is not the name of an argument"),
        ('inputs = ["2,3"]', 'inputs = ["2,"]', ":14: size 2 of `2,` is empty"),
        ('inputs = ["2,3"]', 'inputs = ["2,3"]\ndims = 3', ":15: `dims` must be a table"),
        ('inputs = ["2,3"]', 'inputs = ["2,3"]\ndims.H = 3', ":15: there is no letter `H` in"),
        (
            'inputs = ["2,3"]', 'inputs = ["N,K"]\ndims = { N = 1, K = "4..3" }',
            ":15: `K` is `4..3`, and there is no size in `4..3`",
        ),
        (
            'inputs = ["2,3"]', 'inputs = ["N,K"]\ndims.N = 1\ndims.K = 0',
            ":16: `K` is `0`; a size must be at least 1",
        ),
        (
            'inputs = ["2,3"]', 'inputs = ["N,K"]\ndims.K = "N"\ndims.N = "K"',
            ":15: `K` is made of itself: `K=N`, `N=K`",
        ),
        ('inputs = ["2,3"]', 'inputs = ["N,2/3"]\ndims.C = 2', ":15: it is said twice what `C` is"),
        ('inputs = ["2,3"]', 'inputs = ["N,3"]\ndims.N = [1]', ":15: `N` is `[1]`, which is"),
        ('inputs = ["2,3"]', 'inputs = ["N,3"]\ndims.7 = 1', ":15: `7` is no letter of an input"),
        (
            'inputs = ["2,3"]', 'inputs = ["N,3-N"]\ndims = { N = "3.." }',
            ":10: no sizes were found for which all is a whole size of at least 1: `3-N`, `N=3..`",
        ),
        ('inputs = ["2,3"]', 'inputs = ["x=1", "x=2"]', ":14: `x` is given twice"),
        ('inputs = ["2,3"]', "inputs = 2", ":14: `inputs` must be texts"),
        ('{ x = "2,3" }', '{ x = "2,?" }', ":21: size 2 of `x=2,?`"),
        ('{ x = "2,3" }', "{ x = 1979-05-27 }", ":21: the input `x` is no text"),
        ('["train", "eval"]', '["trian"]', ":15: `modes` is `trian`; it may be eval, train"),
        ('["train", "eval"]', "[]", ":15: `modes` is empty"),
        ('["N,10"]', '["N,Q/2"]', ":16: `Q/2` in `N,Q/2`: nothing says what `Q` is"),
        ('["N,10"]', "10", ":16: `expect` must be texts"),
        ("[tool.convlint]", "[tool.convlint", ":5: Expected ']'"),
        ("[tool.convlint]\n", "[tool.convlint]\ntimeout = 0\n", ":6: `timeout` must be seconds"),
        ("[tool.convlint]\n", "[tool.convlint]\nmemory-limit = '8X'\n", ":6: `memory-limit` must"),
        ("[tool.convlint]\n", "[tool.convlint]\noutput-format = 'xml'\n", ":6: `output-format`"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_with_its_place(
    project: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, line: str
) -> None:
    assert old in GOOD
    (project / "pyproject.toml").write_text(GOOD.replace(old, new, 1))
    assert cli.run([]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("convlint: pyproject.toml")
    assert line in err


@pytest.mark.parametrize(
    ("content", "line"),
    [(b"\xff\xfe[", "cannot read pyproject.toml: it is no UTF"), (None, "cannot read absent.toml")],
)  # fmt: skip
def test_a_file_that_cannot_be_read(
    project: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, line: str
) -> None:
    if content is not None:
        (project / "pyproject.toml").write_bytes(content)
    assert cli.run([] if content is not None else ["--config", "absent.toml"]) == 2
    assert line in capsys.readouterr().err


_KEYS = st.sampled_from(
    [
        "select", "ignore", "extend-select", "fail-on", "output-format", "timeout", "memory-limit",
        "exclude", "baseline", "cache-dir", "per-target-ignores", "targets", "name", "model",
        "args", "inputs", "dims", "modes", "expect", "H", "N",
    ]
) | st.text(max_size=5)  # fmt: skip
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
    | st.sampled_from(["2,3,8,8", "src/net.py:Net", "eval", "CL101", "N,10", "x"])
    | st.sampled_from(["N,3,H,4..9", "H", "4..9%2"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def _toml(value: Any) -> str:
    """A value as TOML writes it; None as an empty list."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, float):
        return repr(value) if "." in repr(value) else f"{value:.1f}"
    return "[]" if value is None else json.dumps(value)


def _outcome(file: Path) -> str:
    """The name of a file that can be read, or what is wrong with it, in one line."""
    try:
        return file.name if isinstance(load(file), Config) else ""
    except ConfigError as error:
        return str(error).removeprefix("cannot read ")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(_KEYS, _VALUES, max_size=5))
def test_any_table_is_read_or_refused(project: Path, table: dict[str, Any]) -> None:
    file = project / "convlint.toml"
    text = "".join(f"{json.dumps(key)} = {_toml(value)}\n" for key, value in table.items())
    file.write_text(text, encoding="utf-8", errors="replace")
    assert _outcome(file).startswith("convlint.toml")
    assert "\n" not in _outcome(file)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode()))
def test_any_bytes_are_read_or_refused(project: Path, content: bytes) -> None:
    (project / "convlint.toml").write_bytes(content)
    assert "\n" not in _outcome(project / "convlint.toml")


def test_every_key_is_documented_and_every_documented_key_is_there() -> None:
    page = (Path(__file__).parents[1] / "docs" / "configuration.md").read_text()
    _, top, entry = page.split("## Keys of ")
    for text, kind, but in ((top, Config, {"file"}), (entry, Entry, set[str]())):
        keys = {field.name.replace("_", "-") for field in fields(kind)} - but
        assert set(re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE)) == keys


def test_the_documented_configuration_is_read(project: Path) -> None:
    page = (Path(__file__).parents[1] / "docs" / "configuration.md").read_text()
    (text,) = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (project / "pyproject.toml").write_text(text)
    assert [one.display for one in load(project / "pyproject.toml").targets] == [
        "unet",
        "shop.nets:make_encoder",
    ]
