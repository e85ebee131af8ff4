"""Which positions a window reads, and which taps meet the map: against brute force."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from convlint.arithmetic import coverage
from convlint.arithmetic.drift import drift, exchanged, keeping
from convlint.arithmetic.window import Window
from tests.sampling import sampled


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """Windows that fit at least once, also of poolings that round up."""
    size = draw(st.integers(1, 40))
    kernel, dilation = draw(st.integers(1, 9)), draw(st.integers(1, 5))
    least = max(0, dilation * (kernel - 1) + 1 - size)
    before = draw(st.integers(-(-least // 2), least + 8))
    after = draw(st.integers(max(0, least - before), least + 8))
    stride, ceil = draw(st.integers(1, 9)), draw(st.booleans())
    if ceil:  # as poolings have it: alike at both ends
        after = before = max(before, after)
    return Window("H", size, kernel, stride, (before, after), dilation, ceil)


def met(window: Window) -> list[list[int]]:
    """For every output the positions that its taps meet, also in the padding."""
    w = window
    return [
        [j * w.stride + t * w.dilation - w.padding[0] for t in range(w.kernel)]
        for j in range(w.output)
    ]


@sampled(100)
@given(windows())
def test_what_is_read(window: Window) -> None:
    inside = {i for row in met(window) for i in row if 0 <= i < window.size}
    mask = coverage.read(window)
    assert {i for i in range(mask.bit_length()) if mask >> i & 1} == inside
    assert coverage.count(mask) == len(inside)
    assert coverage.is_complete(window) == (len(inside) == window.size)
    assert coverage.last(window) == max(i for row in met(window) for i in row)
    assert coverage.dropped(window) == max(0, window.size - 1 - coverage.last(window))
    if inside:
        assert coverage.trailing(mask, window.size) == window.size - 1 - max(inside)
        assert coverage.has_holes(mask) == (len(inside) <= max(inside))


@sampled(100)
@given(windows())
def test_which_taps_meet_the_map(window: Window) -> None:
    rows = met(window)
    alive = tuple(t for t in range(window.kernel) if any(0 <= r[t] < window.size for r in rows))
    assert coverage.live_taps(window) == alive
    assert coverage.all_taps_meet(window) == (len(alive) == window.kernel)


@sampled(100)
@given(windows())
def test_which_outputs_lie_in_the_padding(window: Window) -> None:
    rows = met(window)
    head, tail = coverage.padding_only(window)
    assert head == sum(max(row) < 0 for row in rows)
    assert tail == sum(min(row) >= window.size for row in rows)


@sampled(50)
@given(windows())
def test_the_window_is_torchs(window: Window) -> None:
    """The gradient of a convolution's sum is not zero exactly where it is read."""
    before, after = window.padding
    if window.ceil or before != after:
        return
    x = torch.zeros(1, 1, window.size, requires_grad=True)
    weight = torch.ones(1, 1, window.kernel, requires_grad=True)
    y = F.conv1d(x + 1, weight, None, window.stride, before, window.dilation)
    y.sum().backward()
    assert x.grad is not None
    assert weight.grad is not None
    mask = coverage.read(window)
    assert [bool(g) for g in x.grad[0, 0]] == [bool(mask >> i & 1) for i in range(window.size)]
    alive = coverage.live_taps(window)
    assert [bool(g) for g in weight.grad[0, 0]] == [t in alive for t in range(window.kernel)]


@sampled(50)
@given(st.integers(1, 30), st.integers(1, 40))
def test_adaptive_bins(size: int, output: int) -> None:
    x = torch.eye(size)[None]
    pooled = F.adaptive_avg_pool1d(x, output)[0]
    for (begin, end), column in zip(coverage.adaptive_bins(size, output), pooled.T, strict=True):
        assert [i for i in range(size) if column[i] > 0] == list(range(begin, end))


@sampled(50)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(20, 30))
def test_the_padding_that_keeps_the_size(half: int, dilation: int, size: int) -> None:
    window = Window("H", size, 2 * half + 1, 1, (0, 0), dilation)
    pad = keeping(window)
    made = F.conv1d(torch.zeros(1, 1, size), torch.ones(1, 1, 2 * half + 1), None, 1, pad, dilation)
    assert made.shape[-1] == size
    assert drift(Window("H", size, 2 * half + 1, 1, (pad, pad), dilation)) == 0


@sampled(100)
@given(st.lists(st.integers(1, 7), min_size=2, max_size=3), st.data())
def test_exchanged_paddings_keep_every_size(kernels: list[int], data: st.DataObject) -> None:
    pads = [data.draw(st.integers(0, 3)) for _ in kernels]
    found = [
        Window(axis, 20, k, 1, (p, p)) for axis, k, p in zip("DHW", kernels, pads, strict=False)
    ]
    order = exchanged(found)
    if order is not None:
        assert sorted(map(str, order)) == sorted(map(str, pads))
        assert all(2 * p == k - 1 for p, k in zip(order, kernels, strict=True))
        assert list(order) != pads
