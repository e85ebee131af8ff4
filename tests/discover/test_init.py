"""`convlint init`: what is proposed, and that nothing else of a file is touched."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import click
import pytest

from convlint.config import load
from tests.discover.conftest import NET, Run, Write

MAIN = (
    NET
    + """
class Needy(nn.Module):
    def __init__(self, depth, *, width):
        super().__init__()

    def forward(self, x): ...


class Unknown(Net): ...


if __name__ == "__main__":
    Net(3, width=8)(torch.randn(2, 3, 32, 32))
"""
)

PROPOSED = """\
[tool.convlint]

[[tool.convlint.targets]]
model = "net.py:Net(3, width=8)"
inputs = ["2,3,32,32"]  # net.py:25 (call)

# [[tool.convlint.targets]]
# model = "net.py:Needy"  # and its arguments: depth, width
# inputs = []  # no call with sizes was found; without this line they are inferred

# [[tool.convlint.targets]]
# model = "net.py:Unknown"
# inputs = []  # no call with sizes was found; without this line they are inferred
"""


@pytest.fixture
def project(write: Write, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    return write("net.py", MAIN).parent


@pytest.mark.parametrize(
    ("before", "gap"),
    [
        ('[project]\nname = "shop"\n', "\n"),
        ('[project]\nname = "shop"', "\n\n"),
        ('\ufeff[project]\r\nname = "shop"\r\n', "\r\n"),
        ("", ""),
    ],
)
def test_it_is_appended_to_pyproject(project: Path, run: Run, before: str, gap: str) -> None:
    file = project / "pyproject.toml"
    file.write_bytes(before.encode())
    status, out, err = run("init")
    assert (status, out) == (0, PROPOSED)
    assert err == (
        "convlint: nothing is written; convlint init --yes writes this into pyproject.toml\n"
    )
    assert file.read_bytes() == before.encode()
    status, out, err = run("init", "--yes")
    assert (status, out, err) == (
        0, PROPOSED,
        "convlint: written into pyproject.toml; convlint targets lists what is linted\n",
    )  # fmt: skip
    end = "\r\n" if "\r" in before else "\n"
    assert file.read_bytes().decode() == before + gap + PROPOSED.replace("\n", end)
    assert [one.display for one in load(file).targets] == ["net.py:Net(3, width=8)"]
    assert list(project.glob(".*")) == []  # nothing is left behind
    assert run()[1] == "All checks passed: net.py:Net(3, width=8), 1 layer.\n"


def test_without_pyproject_it_is_convlint_toml(project: Path, run: Run) -> None:
    assert run("init", "-y")[0] == 0
    text = (project / "convlint.toml").read_text()
    assert text == PROPOSED.removeprefix("[tool.convlint]\n\n").replace("tool.convlint.", "")
    assert run()[0] == 0


@pytest.mark.parametrize("answer", [True, False])
def test_on_a_terminal_it_asks(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch, answer: bool
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(click, "confirm", lambda text, **_: asked.append(text) or answer)
    assert run("init")[0] == 0
    assert asked == ["Write this into convlint.toml?"]
    assert (project / "convlint.toml").exists() == answer


@pytest.mark.parametrize("table", ["[tool.convlint]", '[tool.convlint]\nselect = ["CL1"]'])
def test_what_is_configured_is_never_changed(project: Path, run: Run, table: str) -> None:
    file = project / "pyproject.toml"
    file.write_text(f"{table}\n")
    status, out, err = run("init")
    assert (status, out) == (0, PROPOSED.removeprefix("[tool.convlint]\n\n"))
    assert err.startswith("convlint: pyproject.toml configures convlint already; add to it")
    assert run("init", "--yes")[::2] == (2, err)
    assert file.read_text() == f"{table}\n"


def test_what_is_linted_is_not_proposed(project: Path, run: Run) -> None:
    (project / "net.py").write_text(f"{NET}# convlint: target Net 1,3,5,5\n")
    status, out, err = run("init")
    assert (status, out) == (0, "")
    assert "nothing to propose" in err


def test_files_that_nothing_can_be_added_to(project: Path, run: Run) -> None:
    file = project / "pyproject.toml"
    for content, reason in (
        (b"tool = { black = {} }\n", "nothing can be added to it: "),
        (b"[tool\n", ":1: Expected ']'"),
        (b"\xff\n", "it is no UTF-8"),
    ):
        file.write_bytes(content)
        status, _, err = run("init", "--yes")
        assert (status, err.count("\n")) == (2, 1)
        assert reason in err
        assert file.read_bytes() == content


def test_what_others_say_is_proposed(write: Write, run: Run) -> None:
    write("a.py", 'from torch import nn\nclass A(nn.Module):\n'
          '    def forward(self, x: Float[Tensor, "b 3"]): ...\n')  # fmt: skip
    write("b.py", "from torch import nn\nclass B(nn.Module):\n"
          "    example_input_array = made()\n    def forward(self, x): ...\n")  # fmt: skip
    write("c.py", 'import torch\nclass C(torch.nn.Module):\n    def forward(self, x): ...\n'
          'if __name__ == "__main__":\n    C(open("x"))(torch.rand(2))\n')  # fmt: skip
    out = run("init")[1]
    tomllib.loads(out)
    assert 'model = "a.py:A"\ninputs = ["x=2,3"]  # a.py:3 (jaxtyping)\n' in out
    assert 'model = "b.py:B"\n# inputs: from b.py:3 (example_input_array)\n' in out
    assert '# model = "c.py:C"  # and its arguments\n# inputs = ["2"]  # c.py:5 (call)\n' in out
