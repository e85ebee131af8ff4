"""The positions that a run of dilated convolutions skips are those that torch does not read."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from convlint.advice.lattice import ends
from convlint.tensor import TensorSpec
from convlint.trace import trace
from tests.sampling import sampled
from tests.silent.networks import Step, bad_and_good, ones, read, said

LENGTH = 141
MIDDLE = LENGTH // 2


@st.composite
def convolutions(draw: Any) -> nn.Module:
    k, d = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    reach = d * (k - 1)
    before = draw(st.integers(0, reach))
    conv = ones(nn.Conv1d(1, 1, k, dilation=d, bias=False))
    pad = ones(nn.Conv1d(1, 1, k, dilation=d, padding=before, bias=False))
    if draw(st.booleans()) or reach % 2:
        return Step(lambda x: torch.relu(conv(x)), f"{k} {d}")
    same = ones(nn.Conv1d(1, 1, k, dilation=d, padding=reach // 2, bias=False))
    return draw(  # type: ignore[no-any-return]
        st.sampled_from([same, pad, Step(lambda x: x + same(x), f"x + {k} {d}")])
    )


@sampled(25)
@given(st.lists(convolutions(), min_size=1, max_size=4).map(lambda steps: nn.Sequential(*steps)))
def test_offsets_are_those_that_torch_reads(net: nn.Module) -> None:
    network = trace(net, [TensorSpec((1, 1, LENGTH), torch.float32)])
    (run,) = ends(network)
    (comb,) = run.combs
    offsets = {comb.low + bit for bit in range(comb.span) if comb.bits >> bit & 1}
    assert len(offsets) == comb.read
    assert offsets == {j - MIDDLE for j in read(net, LENGTH)[MIDDLE]}


def chain(*dilations: int, kernel: int = 3) -> nn.Module:
    return nn.Sequential(
        *(ones(nn.Conv1d(1, 1, kernel, padding=d, dilation=d, bias=False)) for d in dilations)
    )


@pytest.mark.parametrize(
    ("dilations", "gaps"),
    [
        ((1, 2, 5), False),  # the two of Wang et al.
        ((1, 2, 9), True),
        ((2, 2, 2), True),
        ((2, 4, 8), True),
        ((1, 2, 4, 8), False),
        ((2, 1), False),  # filled afterwards
        ((1, 1, 2, 2, 2), False),  # and before
    ],
)
def test_known_runs(dilations: tuple[int, ...], gaps: bool) -> None:
    net = chain(*dilations)
    found = read(net, LENGTH)[MIDDLE]
    assert (len(found) < found[-1] - found[0] + 1) is gaps
    diagnostics = said(net, ["CL524"], 1, 1, LENGTH)
    assert bool(diagnostics) is gaps
    if gaps:
        assert f"reads {len(found)} of the {found[-1] - found[0] + 1}" in diagnostics[0].message


def test_a_gate_reads_the_whole_map() -> None:
    body = chain(2, 2)
    gated = Step(lambda x: body(x) * torch.sigmoid(x.mean(2, keepdim=True)))
    gated.body = body
    assert not said(gated, ["CL524"], 1, 1, LENGTH)
    assert said(body, ["CL524"], 1, 1, LENGTH)


def test_the_examples_on_the_page() -> None:
    for net, gaps in zip(bad_and_good("CL524"), (True, False), strict=True):
        body: Any = net.body  # type: ignore[attr-defined]
        image = torch.zeros(1, 8, 32, 32, dtype=torch.float64, requires_grad=True)
        out = image
        for layer in body[1:]:
            out = layer(out)
        out[0, 0, 16, 16].backward()
        assert image.grad is not None
        rows = torch.nonzero(image.grad.abs().sum((0, 1, 3))).flatten().tolist()
        assert (len(rows) < rows[-1] - rows[0] + 1) is gaps
