"""Holes, constant borders and checkerboards of transposed convolutions, seen in torch's output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn

from convlint import Diagnostic
from convlint.arithmetic.overlap import Overlap
from convlint.judge import judge
from convlint.rule import rules
from convlint.tensor import TensorSpec
from convlint.testing import examples
from convlint.trace import trace
from tests.sampling import sampled

HOLES, BORDER, BOARD = "CL527", "CL528", "CL526"


def said(net: nn.Module, *shape: int) -> list[Diagnostic]:
    network = trace(net, [TensorSpec(shape, torch.float32)])
    return list(judge(network, [HOLES, BORDER, BOARD]))


def constant(up: Any, *shape: int) -> torch.Tensor:
    """Which outputs do not depend on the input: weights of one, inputs of one, no bias."""
    up = type(up)(
        up.in_channels, up.out_channels, up.kernel_size, up.stride, up.padding, up.output_padding,
        bias=False, dilation=up.dilation,
    )  # fmt: skip
    nn.init.ones_(up.weight)
    with torch.no_grad():
        made: torch.Tensor = up(torch.ones(shape))[0, 0]
    return made == 0


@st.composite
def transposed(draw: Any) -> tuple[nn.ConvTranspose1d, int]:
    stride, dilation = draw(st.integers(1, 4)), draw(st.sampled_from([1, 1, 1, 2, 3]))
    extra = draw(st.integers(0, max(stride, dilation) - 1))
    up = nn.ConvTranspose1d(
        1, 1, draw(st.integers(1, 5)), stride, draw(st.integers(0, 3)), extra, dilation=dilation
    )
    size = draw(st.integers(1, 7))
    extent = dilation * (up.kernel_size[0] - 1) + 1
    assume((size - 1) * stride - 2 * up.padding[0] + extent + extra > 0)
    return up, size


@sampled(40)
@given(transposed())
def test_holes_and_borders_are_where_torch_has_them(drawn: tuple[nn.ConvTranspose1d, int]) -> None:
    up, size = drawn
    dead = constant(up, 1, 1, size).tolist()
    one = Overlap(
        size, len(dead), up.kernel_size[0], up.stride[0], int(up.padding[0]), up.dilation[0]
    )
    inside = max(0, one.end)
    assert one.border == sum(dead[inside:]) == len(dead) - inside
    assert one.holes == sum(dead[:inside])
    codes = {d.code for d in said(up, 1, 1, size)}
    assert (HOLES in codes) == (one.holes > 0)
    assert (BORDER in codes) <= (one.border > 0)
    if any(dead):
        assert codes & {HOLES, BORDER}
    else:
        assert not codes & {HOLES, BORDER}


@sampled(40)
@given(transposed())
def test_taps_are_counted_as_torch_adds_them(drawn: tuple[nn.ConvTranspose1d, int]) -> None:
    up, size = drawn
    kernel, stride = up.kernel_size[0], up.stride[0]
    one = Overlap(size, 1, kernel, stride, 0, up.dilation[0])
    weight = torch.ones(1, 1, kernel)
    many = F.conv_transpose1d(torch.ones(1, 1, 40), weight, stride=stride, dilation=up.dilation)
    middle = many[0, 0, 20 * stride : 21 * stride].int().tolist()
    assert tuple(middle) == one.taps


@sampled(40)
@given(transposed())
def test_the_even_arguments_give_the_same_size(drawn: tuple[nn.ConvTranspose1d, int]) -> None:
    up, size = drawn
    output = up(torch.zeros(1, 1, size)).shape[-1]
    one = Overlap(size, output, up.kernel_size[0], up.stride[0], int(up.padding[0]), up.dilation[0])
    assume(up.dilation == (1,))
    kernel, padding, extra = one.even()
    assume(extra < up.stride[0])
    better = nn.ConvTranspose1d(1, 1, kernel, up.stride[0], padding, extra)
    assert better(torch.zeros(1, 1, size)).shape[-1] == output
    assert not constant(better, 1, 1, size).any()
    assert not said(better, 1, 1, size)


def test_a_checkerboard_out_of_constant_input_and_weights() -> None:
    board = nn.ConvTranspose2d(1, 1, 3, 2, 1, 1, bias=False)
    even = nn.ConvTranspose2d(1, 1, 4, 2, 1, bias=False)
    with torch.no_grad():
        for up in (board, even):
            up.weight.fill_(1.0)
        image = torch.ones(1, 1, 8, 8)
        uneven = board(image)[0, 0, 2:-2, 2:-2]
        assert uneven[:2, :2].tolist() == [[1, 2], [2, 4]]
        assert (even(image)[0, 0, 2:-2, 2:-2] == 4).all()
    assert [d.code for d in said(board, 1, 1, 8, 8)] == [BOARD]
    assert "sums of 1 and 2 taps" in said(board, 1, 1, 8, 8)[0].message
    assert "kernel_size=4, padding=1, output_padding=0" in said(board, 1, 1, 8, 8)[0].help[0]
    assert not said(even, 1, 1, 8, 8)


def test_a_single_input_overlaps_with_nothing() -> None:
    assert not said(nn.ConvTranspose2d(8, 8, 5, 2), 1, 8, 1, 1)


def test_fixed_weights_that_insert_zeros_are_meant() -> None:
    class Insert(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("one", torch.ones(1, 1, 1, 1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return F.conv_transpose2d(x, self.one, stride=2)  # type: ignore[arg-type]

    assert not said(Insert(), 1, 1, 8, 8)


def test_holes_that_another_branch_fills_are_a_warning() -> None:
    class Up(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.main = nn.ConvTranspose2d(4, 4, 4, 2, 1)
            self.short = nn.ConvTranspose2d(4, 4, 1, 2, output_padding=1)
            self.norm = nn.BatchNorm2d(4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            made: torch.Tensor = self.main(x) + self.norm(self.short(x))
            return made

    assert [(d.code, d.severity.value) for d in said(Up(), 1, 4, 8, 8)] == [(HOLES, "warning")]
    assert [d.severity.value for d in said(Up().short, 1, 4, 8, 8)] == ["error"]


@pytest.mark.parametrize("code", [HOLES, BORDER])
def test_examples_on_the_pages(code: str, tmp_path: Path) -> None:
    (rule,) = (r for r in rules() if r.code == code)
    bad, good = examples(rule)
    for example, wrong in ((bad, True), (good, False)):
        space: dict[str, Any] = {}
        exec(example.source, space)
        assert bool(constant(space["Net"]().up, 1, 8, 16, 16).any()) is wrong
