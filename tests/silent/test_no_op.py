"""Layers that change nothing, and slices of minus zero: compared with what torch gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import convlint
from convlint.job import Job
from convlint.lint import run
from convlint.selection import Selection
from convlint.spec import parse
from convlint.target import parse as parse_target
from tests.sampling import sampled
from tests.silent.page import networks


class Pool(nn.Module):
    """One call."""

    def __init__(self, op: str, arguments: dict[str, Any]) -> None:
        super().__init__()
        self.op = getattr(F, op)
        self.arguments = arguments

    def forward(self, x: torch.Tensor) -> Any:
        return self.op(x, **self.arguments)


def told(network: nn.Module, x: torch.Tensor, code: str) -> bool:
    report = convlint.check(network, tuple(x.shape), select=[code])
    return any(d.code == code for d in report.diagnostics)


@sampled(40)
@given(
    st.sampled_from(["max_pool2d", "avg_pool2d"]),
    st.integers(1, 3),
    st.sampled_from([None, 1, 2]),
    st.integers(0, 1),
    st.booleans(),
)
def test_a_pool_is_told_if_and_only_if_it_changes_nothing(
    op: str, kernel: int, stride: int | None, padding: int, ceil_mode: bool
) -> None:
    if 2 * padding > kernel:
        return
    x = torch.randn(2, 3, 7, 6)
    arguments = {
        "kernel_size": kernel, "stride": stride, "padding": padding, "ceil_mode": ceil_mode,
    }  # fmt: skip
    same = torch.equal(getattr(F, op)(x, **arguments), x)
    assert told(Pool(op, arguments), x, "CL540") == same


@sampled(40)
@given(
    st.sampled_from(["nearest", "bilinear", "bicubic", "area", "nearest-exact"]),
    st.sampled_from([{"scale_factor": f} for f in (1, 1.0, 2, (1, 2))] + [
        {"size": s} for s in (6, (6, 5), (12, 5))
    ]),
    st.booleans(),
)  # fmt: skip
def test_a_resize_is_told_if_and_only_if_it_changes_nothing(
    mode: str, size: dict[str, Any], align: bool
) -> None:
    x = torch.randn(2, 3, 6, 5)
    arguments = {**size, "mode": mode}
    if mode in ("bilinear", "bicubic"):
        arguments["align_corners"] = align
    result = F.interpolate(x, **arguments)
    same = result.shape == x.shape and torch.allclose(result, x, atol=1e-6)
    assert told(Pool("interpolate", arguments), x, "CL540") == same


def test_the_gate_of_a_pool_that_pools_nothing_is_one_per_pixel() -> None:
    (wrong, x), *_ = networks("CL540", wrong=True)
    (right, _), *_ = networks("CL540", wrong=False)
    for network, uniform in ((wrong, False), (right, True)):
        gate = network(x) / x
        assert torch.allclose(gate, gate[:, :, :1, :1].expand_as(gate), atol=1e-5) == uniform


class Squeeze(nn.Module):
    def __init__(self, dim: Any) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.squeeze(self.dim)


@sampled(40)
@given(st.lists(st.integers(1, 2), min_size=3, max_size=4), st.integers(-3, 2))
def test_a_squeeze_is_told_if_and_only_if_it_drops_nothing(sizes: list[int], dim: int) -> None:
    x = torch.randn(2, *sizes)
    dim %= x.dim()
    same = x.squeeze(dim).shape == x.shape
    assert told(Squeeze(dim), x, "CL541") == (same and dim != 0)


SLICES = """
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.none, self.one = 0, 1

    def forward(self, x):
        return {}
"""


@pytest.mark.parametrize(
    ("expression", "wrong"),
    [
        ("x[:, :-self.none]", True),
        ("x[:, :-0]", True),
        ("x[..., -self.none:]", True),
        ("x[0:-self.none]", True),
        ("x[:, :, None, :-self.none].sum(0)", True),
        ("x[:, :-self.one]", False),
        ("x[:, -self.one:]", False),
        ("x[:, :self.none]", False),
        ("x[:, 0:]", False),
        ("x[:, self.none:]", False),
        ("x[:, :0]", False),
        ("x[:, :x.size(1) - self.none]", False),
        ("x[:, 1:-self.none]", False),
    ],
)
def test_minus_zero(expression: str, wrong: bool, tmp_path: Path) -> None:
    source = SLICES.format(expression)
    names: dict[str, Any] = {}
    exec(source, names)
    x = torch.randn(3, 4, 5)
    result = names["Net"]()(x)
    if wrong:  # all is left, or nothing
        assert result.numel() in (0, x.numel(), x.sum(0).numel())
    (tmp_path / "model.py").write_text(source)
    target = parse_target(f"{tmp_path / 'model.py'}:Net")
    found = run(Job(target, (parse("3,4,5"),), "eval", Selection(("CL542",)))).diagnostics
    assert [d.code for d in found] == ["CL542"] * wrong
