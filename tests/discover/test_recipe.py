"""Networks that YAML files describe, as Hydra and Lightning write them."""

from __future__ import annotations

import builtins
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convlint.load import load
from convlint.recipe.document import DocumentError, parse
from convlint.recipe.entry import read
from convlint.recipe.interpolation import InterpolationError, resolved
from convlint.target import Target, TargetError
from convlint.target import parse as target
from tests.discover.conftest import Run, Write

NET = """
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, channels, width=4, act=nn.ReLU):
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 3)
        self.act = act()

    def forward(self, x):
        return self.act(self.conv(x))


class Net(nn.Module):
    def __init__(self, first, second=None, cfg=None, blocks=()):
        super().__init__()
        self.first = first
        self.second = second or nn.Identity()
        self.blocks = nn.Sequential(*blocks)
        self.cfg = cfg

    @classmethod
    def small(cls):
        return cls(Block(3))

    def forward(self, x):
        return self.blocks(self.second(self.first(x)))
"""

HYDRA = """
channels: 3
model:
  _target_: net.Net
  first:
    _target_: net.Block
    channels: ${channels}
    act: {_target_: torch.nn.GELU, _partial_: true}
  second: {_target_: net.Block, _args_: [4], width: 5, _convert_: all}
  blocks:
    - {_target_: net.Block, channels: 6}
others:
  - {_target_: net.Net.small}
"""

LIGHTNING = """
trainer: {max_epochs: 1e1}
model:
  class_path: net.Net
  init_args:
    first: {class_path: net.Block, init_args: {channels: 3}}
    second: {class_path: torch.nn.Flatten}
"""


@pytest.fixture
def project(write: Write, monkeypatch: pytest.MonkeyPatch) -> Write:
    write("net.py", NET)
    monkeypatch.delitem(sys.modules, "net", raising=False)
    return write


def test_hydra(project: Write, run: Run) -> None:
    project("conf/model.yaml", HYDRA)
    status, out, _ = run("conf/model.yaml#model", "--input", "1,3,8,8")
    assert status == 1
    assert "`blocks.0.conv` takes 6 channels, but 5 arrive" in out
    assert "--> net.py:9:" in out  # where Python says it
    assert "conf/model.yaml" not in out
    assert run("conf/model.yaml#others.0", "--input", "1,3,8,8")[0] == 0


def test_lightning(project: Write, run: Run) -> None:
    project("config.yml", LIGHTNING)
    status, out, _ = run("shapes", "config.yml#model", "--input", "1,3,8,8", "-q")
    assert status == 0
    assert "[1, 144]" in out


def test_it_can_be_configured(project: Write, run: Run) -> None:
    project("conf/block.yaml", "_target_: net.Block\nchannels: 3\n")
    project("convlint.toml", '[[targets]]\nmodel = "conf/block.yaml"\nargs = {channels = 4}\n'
            'inputs = ["1,4,8,8"]\n')  # fmt: skip
    assert run()[1].startswith("All checks passed: conf/block.yaml(channels=4), ")
    assert run("conf/block.yaml", "--isolated", "--input", "1,3,8,8")[0] == 0
    assert run("conf/block.yaml", "--isolated", "--arg", "widht=1")[0] == 2


def test_tables_have_attributes_as_hydra_s(project: Write) -> None:
    project("m.yaml", "_target_: net.Net\nfirst: 1\ncfg: {a: {b: 2}}\n_recursive_: false\n"
            "second: {_target_: net.Block}\n")  # fmt: skip
    made = read(target("m.yaml"), load)
    assert made.kwargs["cfg"].a.b == 2
    assert made.kwargs["second"]["_target_"] == "net.Block"  # not to be built


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("net.Net\n", "net.Nte\n", "model.yaml:4: `_target_` is `net.Nte`: net has no `Nte`; did"),
        ("net.Net\n", "nets.Net\n", "4: `_target_` is `nets.Net`: there is no module `nets`"),
        ("net.Net\n", "Net\n", "4: `_target_` is `Net`; write a dotted path, as net.UNet"),
        ("net.Net\n", "[1]\n", "4: `_target_` is `[1]`; write a dotted path"),
        ("net.Net\n", "torch.pi\n", "4: `_target_` is `torch.pi`, which cannot be called"),
        ("_target_: net.Net\n", "_tagret_: net.Net\n", "3: `model` has no `_target_` or `class_"),
        ("  first:\n", "  frist:\n", "5: `net.Net` takes no `frist`; did you mean `first`?"),
        ("    channels: $", "    chanels: $", "7: `net.Block` takes no `chanels`; did you mean"),
        ("    channels: $", "    width: $", "5: `net.Block`: missing a required argument: 'chan"),
        ("${channels}", "${chanels}", "7: Interpolation key 'chanels' not found"),
        ("${channels}", "${oc.env:ABSENT_}", "7: KeyError raised while resolving interpolation"),
        ("${channels}", "${nope:1}", "7: Unsupported interpolation type nope"),
        ("${channels}", "???", "7: `channels` is `???`, but must be given"),
        ("_args_: [4]", "_args_: 4", "9: `_args_` must be a list"),
        ("    channels: $", "    1: 2\n    channels: $", "7: `1` is not the name of an argument"),
        ("model:", "modell:", "model.yaml:2: the file has no `model`; did you mean `modell`?"),
        ("model:\n", "model: [\n", "model.yaml:5: "),
        ("model:\n", "model: &a [*a]\nother:\n", "model.yaml:3: an entry holds itself"),
        ("channels: 3", "channels: 2024-99-99", "it is no plain data: ValueError: month must be"),
        ("channels: 3", "? {a: b}\n: 3", "found unhashable key"),
        ("channels: 3", "a: 1\n---", "expected a single document in the stream"),
    ],
)  # fmt: skip
def test_a_bad_entry_is_told_with_its_place(project: Write, old: str, new: str, line: str) -> None:
    assert old in HYDRA
    project("conf/model.yaml", HYDRA.replace(old, new, 1))
    told = _outcome(Path("conf/model.yaml"), "model")
    assert told.startswith("conf/model.yaml:")
    assert line in told


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("net.Net\n", "lightning_app.Net\n", "4: `class_path` is `lightning_app.Net`: there is no"),
        ("init_args:\n", "init_arg:\n", "5: `init_arg` beside `class_path`; did you mean `init_ar"),
        ("net.Net\n", "net.Net\n  first: 1\n", "5: `first` beside `class_path`; arguments"),
        ("init_args: {channels: 3}", "init_args: 3", "6: `init_args` must be a mapping"),
        ("class_path: net.Net", "class_pth: net.Net", "3: `model` has no `_target_` or `class_pat"),
    ],
)  # fmt: skip
def test_a_bad_lightning_entry(project: Write, old: str, new: str, line: str) -> None:
    assert old in LIGHTNING
    project("config.yaml", LIGHTNING.replace(old, new, 1))
    assert f"config.yaml:{line}" in _outcome(Path("config.yaml"), "model")


def test_what_was_meant_is_told(project: Write, run: Run) -> None:
    file = project("config.yaml", LIGHTNING)
    meant = "the file has no `_target_` or `class_path`; did you mean `config.yaml#model`?"
    assert meant in _outcome(Path("config.yaml"))
    status, out, _ = run("confg.yaml")
    assert (status, "`confg.yaml`; did you mean `config.yaml`?" in out) == (2, True)
    project("broken.py", "import absent_library\nclass Lit: ...\n")
    project("config.yaml", "class_path: broken.Lit\n")
    status, out, _ = run("config.yaml")
    assert (status, "importing `broken` failed at broken.py:1" in out) == (2, True)
    assert "1 | class_path: broken.Lit\n" in out
    file.write_bytes(b"\xff")
    assert _outcome(Path("config.yaml")) == "cannot read `config.yaml`: it is no UTF-8"
    file.write_bytes(b"")
    assert _outcome(Path("config.yaml")).endswith("has no `_target_` or `class_path`")


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Take a library away."""
    true = builtins.__import__

    def take(library: str) -> None:
        def importing(name: str, *args: Any, **kwargs: Any) -> Any:
            if name == library:
                raise ImportError(name)
            return true(name, *args, **kwargs)

        monkeypatch.setattr(builtins, "__import__", importing)

    return take


def test_without_pyyaml(project: Write, without: Callable[[str], None]) -> None:
    project("m.yaml", HYDRA)
    without("yaml")
    told = "m.yaml: reading YAML needs PyYAML: pip install 'convlint[yaml]'"
    assert _outcome(Path("m.yaml")) == told


DATA = {
    "a": {"b": 3, "text": "${a.b}x${c.0}", "same": "${a.b}", "whole": "${c}"}, "c": [1, "${a.b}"],
    "loop": "${loop}", "other": "${oc.env:HOME}", "relative": "${.a}", "inner": "${a.${c}}",
    "absent": "${a.x}", "name": "a.b", "cut": "${a",
}  # fmt: skip


def test_references_within_a_file_need_no_omegaconf(without: Callable[[str], None]) -> None:
    with_it = resolved({"a": DATA["a"], "c": DATA["c"]}, ("a",))
    without("omegaconf")
    assert resolved(DATA, ("a",)) == with_it == {
        "b": 3, "text": "3x1", "same": 3, "whole": [1, 3]
    }  # fmt: skip
    for name, said in {
        "loop": "`${loop}` refers to itself",
        "other": "`${oc.env:HOME}` needs OmegaConf: pip install omegaconf",
        "relative": "`${.a}` needs OmegaConf",
        "inner": "needs OmegaConf",
        "absent": "there is no `a.x` to refer to",
        "cut": "`${a` needs OmegaConf",
    }.items():
        with pytest.raises(InterpolationError) as caught:
            resolved(DATA, (name,))
        assert said in str(caught.value)
    many = {str(n): [f"${{{n + 1}}}"] * 9 for n in range(30)} | {"30": 1}
    with pytest.raises(InterpolationError, match="stand for too much"):
        resolved(many, ("0",))


def test_numbers_and_rows() -> None:
    document = parse("a: &x {b: 1e-3, c: 1_0e2}\nd:\n  - *x\n  - <<: *x\n    b: 2\n")
    assert document.data["a"] == {"b": 0.001, "c": 1000.0}
    assert [document.row(p) for p in [("a", "b"), ("d", 0, "b"), ("d", 1, "b"), ("d", 1, "z")]] == [
        1, 1, 5, 4
    ]  # fmt: skip
    bomb = "a0: &a0 [1]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )
    with pytest.raises(DocumentError, match="holds more than"):
        parse(bomb)


_KEYS = st.sampled_from(
    ["_target_", "class_path", "init_args", "_args_", "_partial_", "_recursive_", "_convert_", "a",
     "model", "dict_kwargs"]
)  # fmt: skip
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 9) | st.text(max_size=6)
    | st.sampled_from(["torch.nn.ReLU", "torch.nn.Nope", "json.dumps", "${a}", "${model.a}", "???",
                       "${oc.env:X}", "os.path.join", "a..b", "1e3"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


def _outcome(file: Path, name: str = "") -> str:
    """What is wrong with an entry, in one line; nothing where it can be called."""
    try:
        made = read(Target("", str(file), True, name), load)
    except TargetError as error:
        return str(error)
    assert callable(made)
    return ""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(_KEYS, _VALUES, max_size=4), st.sampled_from(["", "model", "a.0", "model.a"])
)
def test_any_entry_is_read_or_refused(tmp_path: Path, table: dict[str, Any], name: str) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(json.dumps(table))
    assert "\n" not in _outcome(file, name)


_TOKENS = st.sampled_from(
    ["a", ":", " ", "\n", "- ", "&x", "*x", "<<: ", "!!int ", "!x ", "?", "{", "}", "[", "]", "|",
     ">", "'", "_target_", "${", "}", "0x", "~", "!!python/name:os.system ", "2024-13-01", "1:99",
     "\t", "%", "..."]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=40)
    | st.lists(_TOKENS, max_size=16).map(lambda parts: "".join(parts).encode())
)
def test_any_document_is_read_or_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "m.yaml"
    file.write_bytes(content)
    assert "\n" not in _outcome(file)
