"""Rules about the batch: what runs, and what it does to the samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from convlint import check
from convlint.arithmetic.refinement import has_refinement
from tests.sampling import sampled
from tests.silent.examples import networks

Case = tuple[nn.Module, list[torch.Tensor]]


def run(case: Case, inputs: list[torch.Tensor] | None = None) -> torch.Tensor:
    net, own = case
    with torch.no_grad():
        result: torch.Tensor = net(*(inputs or own))
    return result


def with_batch(case: Case, n: int) -> list[torch.Tensor]:
    return [x.repeat_interleave(3, 0)[:n] for x in case[1]]


def mixes(case: Case) -> bool:
    """Whether another first sample changes what comes out for the last one."""
    net, inputs = case
    other = [x.clone() for x in inputs]
    for x in other:
        x[0] = torch.randn_like(x[0]) if x.is_floating_point() else (x[0] + 1) % 8
    return not torch.allclose(run((net, inputs))[-1], run((net, other))[-1])


def keeps_rows(case: Case) -> bool:
    return all(len(run(case, with_batch(case, n))) == n for n in (1, 2, 5))


def raises_elsewhere(case: Case) -> bool:
    try:
        return not keeps_rows(case)
    except RuntimeError:
        return True


def drops(case: Case) -> bool:
    several = run(case, with_batch(case, 4))
    try:
        return run(case, with_batch(case, 1)).dim() < several.dim()
    except ValueError:  # a norm that gets a single axis
        return True


def loss_mixes(case: Case) -> bool:
    """Whether it is all the same to the loss which target belongs to which sample."""
    net, (image, target) = case
    return bool(torch.isclose(run(case), run((net, [image, target.flip(0)]))))


def is_constant(case: Case) -> bool:
    first, second = run(case), run(case, [torch.randn_like(x) for x in case[1]])
    return torch.equal(first.nan_to_num(), second.nan_to_num())


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("CL114", is_constant),
        ("CL320", loss_mixes),
        ("CL411", lambda case: not keeps_rows(case)),
        ("CL412", raises_elsewhere),
        ("CL413", drops),
        ("CL414", lambda case: not keeps_rows(case)),
        ("CL416", lambda case: mixes(case) or not keeps_rows(case)),
        ("CL417", mixes),
        ("CL418", is_constant),
    ],
)
def test_the_faults_are_real(code: str, fault: Callable[[Case], bool]) -> None:
    bad, good = networks(code, faulty=True), networks(code, faulty=False)
    assert bad
    assert good
    assert all(fault(case) for case in bad)
    assert not any(fault(case) for case in good)


def test_a_pool_over_a_flat_batch_reads_neighbouring_features() -> None:
    ((net, (x,)),) = networks("CL415", faulty=True)
    flat = run((nn.Sequential(net.conv), [x])).amax(2)  # type: ignore[list-item]
    windows = torch.cat([flat, -flat], 1).unflatten(1, (-1, 5)).mean(2)
    assert torch.allclose(run((net, [x])), windows)


def test_steps_as_channels_work_for_one_length() -> None:
    for faulty in (True, False):
        ((net, (tokens,)),) = networks("CL419", faulty=faulty)
        longer = torch.cat([tokens, tokens[:, :1]], 1)
        if faulty:
            with pytest.raises(RuntimeError, match="channels"):
                net(longer)
        else:
            net(longer)


# -- scrambling


def test_a_scrambled_row_holds_several_frames() -> None:
    """The rows behind the reshape, traced back to the frames that their values come from."""
    frames = torch.arange(30.0).view(1, 1, 30, 1).expand(2, 8, 30, 17)
    assert not torch.equal(frames.reshape(2, 30, -1).amin(2), frames.reshape(2, 30, -1).amax(2))
    moved = frames.permute(0, 2, 1, 3).reshape(2, 30, -1)
    assert torch.equal(moved.amin(2), moved.amax(2))
    for faulty in (True, False):
        (net, (x,)), *_ = networks("CL410", faulty=faulty)
        net.conv = nn.Conv2d(2, 8, (1, 3), padding=(0, 1))  # no frame sees another
        later = x.clone()
        later[:, :, 5:] = 0.0
        first = [net(given)[:, 0] for given in (x, later)]
        assert torch.allclose(*first) is not faulty


def test_frames_that_come_apart_in_another_order_change_clips() -> None:
    """What the first clip gives depends on the second."""
    _, (net, (x,)) = networks("CL410", faulty=True)
    other = x.clone()
    other[1] = 0.0
    assert not torch.allclose(net(x)[0], net(other)[0])


class Classes(nn.Module):
    """Whether the rows are samples or the nodes of one graph, no layer tells."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(x).softmax(0)


@pytest.mark.parametrize(("inputs", "codes"), [("4,8", []), ("T,8", []), ("N,8", ["CL416"])])
def test_the_user_may_say_what_the_batch_is(inputs: str, codes: list[str]) -> None:
    assert [one.code for one in check(Classes, inputs).diagnostics] == codes


def refinements(count: int) -> list[tuple[int, ...]]:
    """All the ways of writing a number as a product of numbers above 1, in order."""
    if count == 1:
        return [()]
    found = []
    for n in range(2, count + 1):
        if count % n == 0:
            found += [(n, *rest) for rest in refinements(count // n)]
    return found


def merges(fine: tuple[int, ...], coarse: list[int]) -> bool:
    """Whether merging neighbours of `fine` gives `coarse`."""
    left = list(fine)
    for size in coarse:
        total = 1
        while total < size and left:
            total *= left.pop(0)
        if total != size:
            return False
    return not left


@st.composite
def two_shapes(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    count = draw(st.sampled_from([12, 24, 30, 36, 48, 60]))
    shapes = st.sampled_from(refinements(count)).map(list)
    return draw(shapes), draw(shapes)


@given(two_shapes())
@sampled(100)
def test_refinements_are_those_that_exist(shapes: tuple[list[int], list[int]]) -> None:
    old, new = shapes
    count = 1
    for n in old:
        count *= n
    exists = any(merges(fine, old) and merges(fine, new) for fine in refinements(count))
    assert has_refinement(old, new) == exists
    assert has_refinement([1, *old], [*new, 1]) == exists


# -- what is meant, and must not be told


class Windows(nn.Module):
    """Windows are folded into the batch and out again."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 1)
        self.head = nn.Linear(8, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, _, h, w = x.shape
        x = self.conv(x).view(n, 8, h // 4, 4, w // 4, 4).permute(0, 2, 4, 3, 5, 1)
        x = torch.softmax(x.reshape(-1, 16, 8), 1)
        return self.head(x.reshape(n, -1, 8).mean(1))


class Positions(nn.Module):
    """One row for every position of every sample, as a loss over words takes them."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(10, 8)
        self.lstm = nn.LSTM(8, 16, batch_first=True)
        self.words = nn.Linear(16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        steps, _ = self.lstm(self.embed(x))
        return self.words(steps.reshape(-1, 16))


class Siamese(nn.Module):
    """Two batches go through one network together."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        one, other = self.conv(torch.cat([x, y])).mean((2, 3)).chunk(2)
        return (one - other).square().sum(1)


class Pairs(nn.Module):
    """Every sample is compared with every other, on purpose."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 1, 3)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> Any:
        score = self.conv(x).mean((1, 2, 3))
        return score.unsqueeze(1) - score, labels[:, None] == labels


class Shifted(nn.Module):
    """Relative attention shifts rows by padding and reshaping."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores = self.conv(x)
        n, heads, t, _ = scores.shape
        padded = nn.functional.pad(scores, (1, 0)).view(n, heads, t + 1, t)
        return padded[:, :, 1:].view(n, heads, t, t)


class StepsFirst(nn.Module):
    """The steps come first, and the network reads them so."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 16)
        self.words = nn.Linear(16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.words(self.lstm(x)[0][-1])


class FixedWindows(nn.Module):
    """As MaxViT of torchvision: 8×8 windows of 7×7, put together again for this size alone."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 64, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv(x)
        n, c, h, w = x.shape
        x = x.reshape(n, c, h // 7, 7, w // 7, 7).permute(0, 2, 4, 3, 5, 1)
        x = x.reshape(n, (h // 7) * (w // 7), 49, c)
        n, _, _, c = x.shape
        x = x.reshape(n, 8, 8, 7, 7, c).permute(0, 5, 1, 3, 2, 4)
        return x.reshape(n, c, 56, 56)


@pytest.mark.parametrize(
    ("net", "inputs"),
    [
        (Windows, "2,3,8,8"),
        (Positions, "3,7:int64"),
        (Siamese, ["2,3,8,8", "2,3,8,8"]),
        (Pairs, ["4,3,8,8", "4:int64"]),
        (Shifted, "2,3,8,8"),
        (FixedWindows, "2,3,56,56"),
        (StepsFirst, "5,2,8"),
    ],
)
def test_what_is_meant_is_not_told(net: type[nn.Module], inputs: Any) -> None:
    report = check(net, inputs)
    assert not [d for d in report.diagnostics if d.severity != "info"], str(report)


# -- one sample


class Captioner(nn.Module):
    """A state that has no batch axis where there is a single image."""

    def __init__(self, axes: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.axes = axes
        self.encoder = nn.Sequential(nn.Conv2d(3, 16, 3), nn.AdaptiveAvgPool2d(1))
        self.gru = nn.GRU(24, 16, batch_first=True)

    def forward(self, image: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        seen = self.encoder(image)
        state = seen.squeeze(self.axes) if self.axes else seen.squeeze()
        return self.gru(words, state[None])[0]  # type: ignore[no-any-return]


def test_a_layer_behind_a_squeeze_that_one_sample_breaks() -> None:
    with pytest.raises(RuntimeError):
        Captioner()(torch.randn(1, 3, 8, 8), torch.randn(1, 5, 24))
    (found,) = check(Captioner, ["2,3,8,8", "2,5,24"], select=["CL41"]).diagnostics
    assert (found.code, found.severity) == ("CL413", "warning")
    assert "with batch 1 it fails" in found.note[1]
    Captioner((2, 3))(torch.randn(1, 3, 8, 8), torch.randn(1, 5, 24))
    good = check(Captioner, ["2,3,8,8", "2,5,24"], args=((2, 3),), select=["CL41"])
    assert not good.diagnostics


class Differences(nn.Module):
    """Needs a second sample."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x).flatten(1)
        return y - y[1]


def test_a_sample_that_a_single_one_has_not() -> None:
    with pytest.raises(IndexError):
        Differences()(torch.randn(1, 3, 8, 8))
    (found,) = check(Differences, "8,3,8,8").diagnostics
    assert (found.code, found.severity) == ("CL412", "warning")
    assert "not with one of 1" in found.message


@pytest.mark.parametrize(
    "lengths",
    [
        lambda x: x.sum((1, 2, 3)).tolist(),
        lambda x: torch.arange(x.shape[0]).tolist(),
        lambda x: torch.arange(x.shape[0]).numpy(),
        lambda x: torch.arange(x.shape[0]),
    ],
)
def test_a_loop_over_what_the_batch_holds_is_for_any_batch(lengths: Any) -> None:
    class Means(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            maps = self.conv(x)
            means = torch.zeros(x.shape[0], 4)
            for i, _ in enumerate(lengths(x)):
                means[i] = maps[i].mean((1, 2))
            return means

    told = check(Means, "2,3,8,8", select=["CL1", "CL4"]).diagnostics
    assert {found.code for found in told} <= {"CL005"}
    assert keeps_rows((Means(), [torch.randn(2, 3, 8, 8)]))


def test_a_norm_that_needs_several_values_is_no_hard_coded_batch() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 8), nn.BatchNorm2d(4))
    with pytest.raises(ValueError, match="more than 1 value"):
        net(torch.randn(1, 3, 8, 8))
    assert not check(net, "2,3,8,8", training=True, select=["CL412"]).diagnostics


@pytest.mark.parametrize("batch", [2, 4, 8, 16, 32, 64])
@pytest.mark.parametrize("channels", [8, 16, 64])
def test_rows_of_a_written_size_are_no_scrambling(batch: int, channels: int) -> None:
    """`view(-1, C * H * W)`: also where the batch is as large as something else."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, channels, 3, stride=4, padding=1)
            self.head = nn.Linear(channels * 8 * 8, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            answer: torch.Tensor = self.head(self.conv(x).view(-1, channels * 8 * 8))
            return answer

    report = check(Net, (batch, 3, 32, 32))
    assert not [one for one in report.diagnostics if one.severity != "info"], str(report)


@pytest.mark.parametrize(
    ("before", "reshape", "write"),
    [
        (
            (2, 64, 12, 16),
            lambda x: x.view(x.shape[0], x.shape[2] * x.shape[3], x.shape[1]),
            ".permute(0, 2, 3, 1).reshape(2, 192, 64)",
        ),
        (
            (4, 24, 8, 8),
            lambda x: x.view(x.shape[0], x.shape[2], x.shape[1], -1),
            ".permute(0, 2, 1, 3).reshape(4, 8, 24, 8)",
        ),
        (
            (8, 10, 16),
            lambda x: x.view(2 * x.shape[0], -1, 8),
            ".unflatten(2, (2, 8)).permute(0, 2, 1, 3).reshape(16, 10, 8)",
        ),
    ],
)
def test_what_to_write_moves_whole_axes(
    before: tuple[int, ...], reshape: Callable[[torch.Tensor], torch.Tensor], write: str
) -> None:
    class Net(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return reshape(x).relu()

    (found,) = (d for d in check(Net, before).diagnostics if d.code == "CL410")
    assert found.help == (f"move the axes first: write {write}",)
