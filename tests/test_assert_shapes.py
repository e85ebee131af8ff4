"""`assert_shapes`: which sizes are tried, what is accepted, and what it says."""

from __future__ import annotations

import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from convlint.spec import SpecError, parse_all
from convlint.testing import assert_shapes
from convlint.trial import sizes

ROOT = Path(__file__).resolve().parents[1]


class Halving(nn.Module):
    """Halves the image, and says how wide it is."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.head = nn.Linear(8, classes)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        maps = self.conv(x)
        return {"maps": maps, "logits": self.head(maps.mean((2, 3)))}


class OnlySquare(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3 * 64 * 64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(x.flatten(1))


class OnlyPairs(nn.Module):
    """Forgets that batches are of any size."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.reshape(2, -1)


class Masked(nn.Module):
    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return ids.unsqueeze(-1) * mask.unsqueeze(1)


class Normed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(x)


OUTPUTS = {"maps": "N,8,H/2,W/2", "logits": "N,10"}


@pytest.mark.parametrize(
    ("model", "inputs", "expect", "options"),
    [
        (Halving, "N,3,H,W", OUTPUTS, {}),
        (Halving(), "x=N,3,H,W", OUTPUTS, {}),
        (Halving, {"x": "N,3,H,W"}, ["logits=N,10"], {}),
        (Halving, "N,3,2*H,2W", {"maps": "N,8,H,W"}, {}),
        (Halving, "N,3,S,S", {"maps": "N,8,S/2,S/2"}, {}),
        (Halving, "N,3,H,W", {"maps": "N,8,(H+1)/2,C"}, {"at": {"H": [33, 64], "W": 8}}),
        (Halving, "N,3,H,W", {"logits": "N,4"}, {"args": (4,)}),
        (Halving, "N,3,H,W", {"logits": "N,4"}, {"kwargs": {"classes": 4}}),
        (Halving, torch.zeros(5, 3, 8, 8), {"logits": "5,10"}, {}),
        (Halving, (5, 3, 8, 8), {"logits": "N,10"}, {}),
        (Masked, ["N,T:int64", "N,S:float32"], "N,T,S", {}),
        (Masked, {"mask": "N,S", "ids": "NxT"}, "N,T,S", {}),
        (OnlySquare, "N,3,S,S", "N,10", {"at": {"S": 64}}),
        (Normed, "N,8", "N,8", {"training": True}),
        (nn.Identity, "N,H,W,3", "N,H,W,3", {}),
        (Halving, "N,3,33..64%2,W", {"maps": "N,8,H/2,W/2"}, {}),
        (OnlySquare, "N,3,H,W", "N,10", {"at": {"H": "64", "W": "H"}}),
    ],
)
def test_what_is_accepted(model: Any, inputs: Any, expect: Any, options: dict[str, Any]) -> None:
    assert_shapes(model, inputs, expect, **options)


@pytest.mark.parametrize(
    ("model", "inputs", "expect", "options", "words"),
    [
        (Halving, "N,4,H,W", None, {}, ["Halving at N=2, H=64, W=96", "CL101", "Found 1 error"]),
        (Halving, "N,3,H,W", {"logits": "N,9"}, {}, ["CL561", "10, not 9"]),
        (Halving, "N,3,H,W", {"maps": "N,8,W/2,H/2"}, {}, ["axis 2 is 32, not 48"]),
        (OnlySquare, "N,3,H,W", "N,10", {}, ["H=64, W=96", "CL102"]),
        (OnlyPairs, "N,8", "N,8", {"ignore": ["CL4"]}, ["OnlyPairs at N=3", "CL561"]),
        (Masked, "N,T", None, {}, ["missing a required argument: 'mask'", "not checked"]),
        (Normed, "N,8", "N,8", {"training": True, "at": {"N": 1}}, ["Normed at N=1"]),
        (nn.Identity, "N,H,W,3", "N,W,H,3", {}, ["axis 1 is 64, not 96"]),
        (lambda: 3, "N,3", None, {}, ["<lambda>", "no torch.nn.Module"]),
    ],
)
def test_what_is_wrong_is_told_with_the_report(
    model: Any, inputs: Any, expect: Any, options: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_shapes(model, inputs, expect, **options)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("inputs", "expect", "options", "line"),
    [
        ("N,3,H,", None, {}, "size 4 of"),
        ("N,3,H W", None, {}, "size 3 of"),
        ("N,3,H/5", None, {}, "`H/5` in `N,3,H/5` is no whole number where H = 64"),
        ("N,3-N", None, {"at": {"N": 3}}, "a size must be at least 1"),
        ("N,3,T", "N,Q/2", {}, "nothing says what `Q` is"),
        ("N,3", None, {"at": {"H": 3}}, "there is no letter `H` in the inputs; they have N"),
        ("4,3", None, {"at": {"H": 3}}, "they have none"),
        ("N,3", None, {"at": {"N": 0}}, "`N` is `0`; a size is a whole number"),
        ("N,3", None, {"at": {"N": "1.2"}}, "`N` is `1.2`, which is no range"),
        ("N,3", None, {"at": {"N": ["1"]}}, "`N` is `'1'`"),
        (
            "N,T",
            None,
            {"at": {"T": "N/7"}},
            "`T=N/7` gives no whole size of at least 1 where N = 2",
        ),
        ("N,3", None, {"at": {"T": "N"}}, "there is no letter `T` in the inputs; they have N"),
        ("N,3", None, {"at": {"N": []}}, "no size is given for `N`"),
        ("N,3:flot", None, {}, "unknown dtype `flot`"),
    ],
)
def test_what_cannot_be_read(inputs: str, expect: Any, options: dict[str, Any], line: str) -> None:
    with pytest.raises(SpecError) as caught:
        assert_shapes(nn.Identity, inputs, expect, **options)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_sizes() -> None:
    tried = list(sizes(parse_all("N,3,H,W"), {}))
    assert [one["N"] for one in tried] == [2, 3, 1]
    assert all(one["H"] != one["W"] and one["H"] % 32 == 0 for one in tried)
    assert len({one["H"] for one in tried}) == 3
    batch = parse_all("N,3")
    assert [one["N"] for one in sizes(batch, {}, least=2)] == [2, 3]
    assert list(sizes(parse_all("N,H"), {"H": [7], "N": range(1, 3)})) == [
        {"N": 1, "H": 7},
        {"N": 2, "H": 7},
    ]
    assert list(sizes(parse_all("2,3"), {})) == [{}]
    assert [one["N"] for one in sizes(batch, {"N": "1/4"})] == [1, 4]


def test_sizes_of_domains_and_equations() -> None:
    inputs = parse_all(["N,3,65..97,W", "n=2"][:1])
    tried = list(sizes(inputs, {"W": "2*H"}))
    assert [one["H"] for one in tried] == [96, 66, 65]
    assert all(one["W"] == 2 * one["H"] for one in tried)
    (only,) = sizes(parse_all("3,H"), {"H": "7"})
    assert only == {"H": 7}


def test_in_unittest() -> None:
    class Case(unittest.TestCase):
        def runTest(self) -> None:
            assert_shapes(Halving, "N,4,H,W")

    result = unittest.TestResult()
    Case().run(result)
    assert len(result.failures) == 1
    assert not result.errors


def test_it_needs_no_pytest() -> None:
    code = "import sys, convlint.testing\nassert not {'pytest', 'torch'} & set(sys.modules)\n"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
