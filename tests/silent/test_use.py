"""Weights and results that go nowhere: torch's own gradients say so."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import convlint
from convlint.diagnostic import Diagnostic
from tests.silent.page import networks, without_gradient


def found(network: nn.Module, x: torch.Tensor, code: str, training: bool = False) -> list[str]:
    """What the rule says of a network that was made outside."""
    report = convlint.check(network, tuple(x.shape), training=training, extend_select=[code])
    return [d.message for d in report.diagnostics if d.code == code]


def check(tmp_path: Path, source: str, inputs: str, training: bool = False) -> list[Diagnostic]:
    """What convlint says of the source of a `Net`."""
    from convlint.job import Job
    from convlint.lint import run
    from convlint.selection import Selection
    from convlint.spec import parse
    from convlint.target import parse as parse_target

    path = tmp_path / "model.py"
    path.write_text(
        "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n" + source
    )
    mode = "train" if training else "eval"
    job = Job(
        parse_target(f"{path}:Net"), (parse(inputs),), mode, Selection(extend_select=("CL5",))
    )
    return list(run(job).diagnostics)


def codes(diagnostics: list[Diagnostic], severity: str = "warning") -> list[tuple[str, int]]:
    return [(d.code, d.location.row - 3 if d.location else 0) for d in diagnostics
            if d.severity == severity]  # fmt: skip


@pytest.mark.parametrize("code", ["CL550", "CL553", "CL554"])
def test_unused_weights_get_no_gradient(code: str) -> None:
    for network, x in networks(code, wrong=True):
        assert without_gradient(network, x)


@pytest.mark.parametrize("code", ["CL550", "CL552", "CL553", "CL554"])
def test_used_weights_get_a_gradient(code: str) -> None:
    for network, x in networks(code, wrong=False):
        assert without_gradient(network, x) == set()


def test_exactly_what_gets_no_gradient_is_unused() -> None:
    for network, x in networks("CL550", wrong=True):
        told = found(network, x, "CL550")
        for name in without_gradient(network, x):
            assert any(name.startswith(message.split("`")[1]) for message in told)


@pytest.mark.parametrize("training", [False, True])
def test_what_one_mode_uses_is_used(training: bool) -> None:
    (_, right), *_ = [networks("CL550", wrong=True)[0], *networks("CL550", wrong=False)]
    assert right is not None
    for network, x in networks("CL550", wrong=False):
        assert found(network, x, "CL550", training) == []


def test_loose_layers_are_no_parameters() -> None:
    (network, x), *_ = networks("CL551", wrong=True)
    assert {name for name, _ in network.named_parameters()} == {"stem.weight", "stem.bias"}
    network.eval()
    assert not torch.equal(network(x), network(x))  # made in forward, with new weights
    assert len(network.state_dict()) == 2
    (network, x), *_ = networks("CL551", wrong=False)
    network.eval()
    assert torch.equal(network(x), network(x))
    assert without_gradient(network, x) == set()


def test_the_first_of_two_assignments_is_lost() -> None:
    (wrong, _), *_ = networks("CL552", wrong=True)
    (right, _), *_ = networks("CL552", wrong=False)
    assert len(list(wrong.parameters())) == len(list(right.parameters())) - 2


LISTS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 1)
        self.hidden = [nn.Conv2d(8, 8, 1)]
        self.drops = (nn.Dropout(0.5), nn.ReLU())
        self.named = {"a": nn.Conv2d(8, 8, 1), "b": nn.Conv2d(8, 8, 1)}
        self.frozen = [nn.Conv2d(8, 8, 1) for _ in range(2)]
        self.both = [nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1)]
        self.registered = nn.ModuleList(self.both)
        for layer in self.frozen:
            layer.requires_grad_(False)

    def forward(self, x):
        x = self.stem(x)
        for layer in (*self.hidden, *self.drops, *self.named.values(), *self.frozen, *self.both):
            x = layer(x)
        with torch.no_grad():
            nn.Conv2d(8, 8, 1)(x)
        return nn.ReLU()(x)
"""


def test_lists(tmp_path: Path) -> None:
    told = check(tmp_path, LISTS, "1,3,8,8")
    assert [c for c in codes(told) if c[0] == "CL551"] == [("CL551", 7), ("CL551", 8)]
    # In training mode nothing shows of a dropout that never stops.
    told = check(tmp_path, LISTS, "1,3,8,8", training=True)
    assert [c for c in codes(told) if c[0] == "CL551"] == [("CL551", 8)]


def test_a_dropout_in_a_tuple_never_stops() -> None:
    names: dict[str, type[nn.Module]] = {}
    exec(LISTS, {"torch": torch, "nn": nn}, names)
    network = names["Net"]().eval()
    network.named = {}  # type: ignore[assignment]
    x = torch.randn(1, 3, 8, 8)
    assert not torch.equal(network(x), network(x))


DEFAULTS = """
class Block(nn.Module):
    def __init__(self, wide):
        super().__init__()
        self.norm = nn.BatchNorm2d(8)
        if wide:
            self.norm = nn.GroupNorm(2, 8)
        self.act = nn.ReLU()
        self.act = nn.GELU()
        self.conv = nn.Conv2d(8, 8, 1)
        first = self.conv
        self.conv = nn.Sequential(first, nn.Conv2d(8, 8, 1))
        layer = nn.TransformerEncoderLayer(8, 2, 8)
        self.encoder = nn.TransformerEncoder(layer, 1)
        for _ in range(2):
            self.last = nn.Conv2d(8, 8, 1)

    def forward(self, x):
        return self.last(self.conv(self.act(self.norm(x))))

class Special(Block):
    def __init__(self):
        super().__init__(True)
        self.last = nn.Conv2d(8, 4, 1)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = Block(True)
        self.block.norm = nn.InstanceNorm2d(8)
        self.special = Special()

    def forward(self, x):
        return self.special(self.block(x))
"""


def test_defaults_may_be_replaced(tmp_path: Path) -> None:
    assert [c for c in codes(check(tmp_path, DEFAULTS, "1,8,8,8")) if c[0] == "CL552"] == []


KEPT = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = (nn.Conv2d(3, 3, 3, padding=1) for _ in range(3))
        self.d, self.e, self.f = (nn.Conv2d(3, 3, 3, padding=1) for _ in range(3))
        self.seen = []

    def helper(self, x):
        return self.d(x)

    def forward(self, x):
        self.kept = self.a(x)
        self.seen.append(self.b(x))
        auxiliary = self.c(x)
        if self.training:
            return auxiliary
        _ = self.e(x)
        size = self.f(x)
        x = x + 1
        y = x.clone()
        y[:, :1] = self.helper(x)[:, :1]
        rows = x.view(-1)
        rows.mul_(2)
        return F.interpolate(x, size=size.shape[2:]) + y
"""


def test_what_is_kept_is_used(tmp_path: Path) -> None:
    told = check(tmp_path, KEPT, "1,3,8,8")
    assert [c for c in codes(told) if c[0] == "CL554"] == []
    assert [c for c in codes(told, "info") if c[0] == "CL553"] == [("CL553", 18)]  # `_ = ...`


def test_what_a_library_throws_away_is_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "site-packages"
    installed.mkdir()
    (installed / "two_levels.py").write_text(
        "import torch.nn.functional as F\n\n\ndef level(x):\n"
        "    levels = [F.max_pool2d(x, 1), F.max_pool2d(x, 2)]\n    return levels[0]\n"
    )
    monkeypatch.syspath_prepend(str(installed))
    body = "class Net(nn.Module):\n    def forward(self, x):\n        return {}\n"
    own = "[F.max_pool2d(x, 1), F.max_pool2d(x, 2)][0]"
    for call, count in (("two_levels.level(x)", 0), (own, 1)):
        told = check(tmp_path, "import two_levels\n" + body.format(call), "1,3,8,8")
        assert [c for c, _ in codes(told, "info")].count("CL553") == count, call


LOST = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = (nn.Conv2d(3, 3, 3, padding=1) for _ in range(2))
        self.drop = nn.Dropout(0.5)
        self.block = nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU())

    def forward(self, x):
        y = self.a(x)
        y = self.b(x)
        self.drop(y)
        y.flatten(1)
        y.relu_()
        z = self.block(y)
        for _ in range(3):
            x = y * 2
            y = y + 1
        return y
"""


def test_what_is_lost(tmp_path: Path) -> None:
    told = check(tmp_path, LOST, "1,3,8,8", training=True)
    assert [c for c in codes(told) if c[0] == "CL554"] == [
        ("CL554", 10), ("CL554", 12), ("CL554", 13), ("CL554", 15),
    ]  # fmt: skip
