"""What a target imports is told from the text, and which targets a changed file concerns."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from convlint import cli, target
from convlint.closure import Sources
from convlint.concern import concerned
from convlint.config import load

FILES = {
    "plain.py": "import torch\nNet = 1\n",
    "a.py": "import b\nfrom c import value\n",
    "b.py": "import a  # a circle\n",
    "c.py": "value = 1\n",
    "late.py": "def make():\n    import c\n    from pkg.deep import inner\n",
    "tried.py": "try:\n    import missing\nexcept ImportError:\n    import c as missing\n",
    "named.py": "import importlib\nimportlib.import_module('pkg.deep.inner')\n",
    "broken.py": "import c\ndef (:\n",
    "imports_broken.py": "import broken, os.path, json\n",
    "starred.py": "from pkg import *\n",
    "pkg/__init__.py": "from .side import x\n",
    "pkg/side.py": "x = 1\n",
    "pkg/net.py": "from . import other\nfrom .deep.inner import y\n",
    "pkg/other.py": "from ..nothing import z\n",
    "pkg/deep/__init__.py": "",
    "pkg/deep/inner.py": "from ..third import z\nimport pkg.fourth\ny = 1\n",
    "pkg/third.py": "z = 1\n",
    "pkg/fourth.py": "",
    "space/part.py": "import c\n",
    "uses_space.py": "from space import part\nimport space.part as again\n",
}
CONFIG = """
[[targets]]
name = "a"
model = "a.py:Net"
[[targets]]
name = "pkg"
model = "pkg.net:Net"
[[targets]]
name = "late"
model = "late.py:make"
args = { config = "net.yaml" }
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "convlint.toml").write_text(CONFIG)
    (tmp_path / "net.yaml").write_text("width: 3\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("plain.py:Net", "plain.py"),
        ("a.py:Net", "a.py b.py c.py"),
        ("late.py:make", "late.py c.py pkg pkg/side.py pkg/deep pkg/deep/inner.py pkg/third.py "
         "pkg/fourth.py"),
        ("tried.py:Net", "tried.py c.py"),
        ("named.py:Net", "named.py pkg pkg/side.py pkg/deep pkg/deep/inner.py pkg/third.py "
         "pkg/fourth.py"),
        ("broken.py:Net", "broken.py"),
        ("imports_broken.py:Net", "imports_broken.py broken.py"),
        ("starred.py:Net", "starred.py pkg pkg/side.py"),
        ("pkg.net:Net", "pkg pkg/side.py pkg/net.py pkg/other.py pkg/deep pkg/deep/inner.py "
         "pkg/third.py pkg/fourth.py"),
        ("pkg/third.py:Net", "pkg pkg/side.py pkg/third.py"),
        ("uses_space.py:Net", "uses_space.py space/part.py c.py"),
        ("json:loads", ""),
        ("torch.nn:Linear", ""),
    ],
)  # fmt: skip
def test_closure(project: Path, text: str, names: str) -> None:
    expected = {
        project / name / ("" if name.endswith(".py") else "__init__.py") for name in names.split()
    }
    assert Sources().closure(target.parse(text)) == expected


@pytest.mark.parametrize("text", ["missing.py:Net", "no.such.module:Net", "pkg:Net"])
def test_a_target_that_is_not_found_has_none(project: Path, text: str) -> None:
    found = Sources().closure(target.parse(text))
    assert (found is None) == (text != "pkg:Net")


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ("a.py", "a"),
        ("c.py", "a late"),
        ("pkg/fourth.py", "pkg late"),
        ("pkg", "pkg late"),
        ("pkg/deep", "pkg late"),
        ("space", ""),
        ("plain.py tried.py", ""),
        ("plain.py b.py", "a"),
        ("convlint.toml", "a pkg late"),
        (".", "a pkg late"),
        ("net.yaml", "late"),
    ],
)
def test_concerned(project: Path, changed: str, names: str) -> None:
    config = load(project / "convlint.toml")
    found = concerned(config.targets, changed.split(), config.file, lambda task: ())
    assert [one.display for one in found] == names.split()


def test_what_was_recorded_counts_too(project: Path) -> None:
    config = load(project / "convlint.toml")
    seen = {"a": [str(project / "plain.py")]}
    found = concerned(
        config.targets, ["plain.py"], config.file, lambda task: seen.get(task.display, ())
    )
    assert [one.display for one in found] == ["a"]


def test_a_target_that_cannot_be_found_is_always_concerned(project: Path) -> None:
    (project / "a.py").unlink()
    config = load(project / "convlint.toml")
    found = concerned(config.targets, ["plain.py"], config.file, lambda task: ())
    assert [one.display for one in found] == ["a"]


def test_a_link_is_the_file_behind_it(project: Path) -> None:
    (project / "link.py").symlink_to("c.py")
    config = load(project / "convlint.toml")
    found = concerned(config.targets, ["link.py"], config.file, lambda task: ())
    assert [one.display for one in found] == ["a", "late"]


def test_on_the_command_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["plain.py"]) == 0
    assert capsys.readouterr() == ("No target imports these files.\n", "")
    assert cli.run(["plain.py", "-q"]) == 0
    assert capsys.readouterr() == ("", "")
    assert cli.run(["plain.py", "--output-format", "json"]) == 0
    assert capsys.readouterr() == ("[]\n", "")
    assert cli.run(["shapes", "plain.py"]) == 0
    assert capsys.readouterr() == ("No target imports these files.\n", "")
    assert cli.run(["plain.py", "--isolated"]) == 2
    assert "names no network" in capsys.readouterr().err
    assert cli.run(["pkg", "--isolated"]) == 2
    assert "no network is configured in the folder `pkg`" in capsys.readouterr().err
    assert cli.run(["gone.py"]) == 2
    assert "there is no file or folder `gone.py`" in capsys.readouterr().err


def test_a_file_is_told_with_its_networks(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    classes = (
        f"class {name}(nn.Module):\n    def forward(self, x):\n        return {made}\n"
        for name, made in (("Block", "x"), ("Net", "Block()(x)"), ("Last", "x"))
    )
    (project / "nets.py").write_text("from torch import nn\n" + "".join(classes))
    assert cli.run(["nets.py", "--isolated"]) == 2
    assert capsys.readouterr().err == (
        "convlint: `nets.py` names no network; write `nets.py:Net`, or one of its others: "
        "`Last`, `Block`\n"
    )


def test_nothing_is_imported(project: Path) -> None:
    (project / "c.py").write_text("raise SystemExit(7)\n")
    code = (
        "import sys\nfrom convlint import cli\nassert cli.run(['plain.py']) == 0\n"
        "assert not {'torch', 'networkx', 'a', 'pkg'} & set(sys.modules)\n"
    )
    root = Path(__file__).parent.parent
    subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=project, env={"PYTHONPATH": str(root)}
    )


def test_a_network_in_yaml_depends_on_what_the_file_names(project: Path) -> None:
    text = "kind: pkg.net.Net\nmodel:\n  _target_: ${kind}\n  part: {class_path: c.Part}\n"
    (project / "net.yaml").write_text(text)
    found = Sources().closure(target.parse("net.yaml#model"))
    assert found is not None
    assert {"net.yaml", "c.py", "pkg/net.py", "pkg/third.py"} <= {
        path.relative_to(project).as_posix() for path in found
    }
