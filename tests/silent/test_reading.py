"""What convlint says nobody reads does not change the output; what it says is read, does."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from convlint.advice.reading import Unread, unread
from convlint.judge import judge
from convlint.tensor import TensorSpec
from convlint.trace import build, trace
from tests.sampling import sampled
from tests.silent.networks import said
from tests.silent.run import Run, runs

SLIDES = ("conv", "conv", "max", "avg")
PLAIN = ("relu", "gelu", "norm", "pad", "clone", "none")
BETWEEN = (*PLAIN, *PLAIN, "twice", "reflect", "crop", "softmax")


class Branches(nn.Module):
    """A map that several branches read, each through what is drawn for it."""

    def __init__(self, branches: list[list[dict[str, Any]]]) -> None:
        super().__init__()
        self.first = nn.Conv2d(2, 4, 1)
        self.norm = nn.BatchNorm2d(4)
        self.branches = branches
        self.convs = nn.ModuleList(
            nn.Conv2d(
                8 if sum(s["kind"] == "twice" for s in branch) else 4, 2, branch[-1]["kernel"],
                branch[-1]["stride"], branch[-1]["padding"], branch[-1]["dilation"],
            )
            for branch in branches
        )  # fmt: skip

    def map(self, x: torch.Tensor) -> torch.Tensor:
        """The map that is read."""
        return self.first(x)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        return self.read(self.map(x))

    def read(self, y: torch.Tensor) -> list[torch.Tensor]:
        """What comes of the map."""
        outputs = []
        for conv, branch in zip(self.convs, self.branches, strict=True):
            z = y
            for step in branch[:-1]:
                z = self.between(z, step["kind"])
            outputs.append(slide(z, conv, branch[-1]).exp())
        return outputs

    def between(self, z: torch.Tensor, kind: str) -> torch.Tensor:
        """One step in front of a window."""
        if kind == "relu":
            return F.leaky_relu(z)
        if kind == "gelu":
            return F.softplus(z)
        if kind == "norm":
            return self.norm(z) if z.shape[1] == 4 else z
        if kind == "twice":
            return torch.cat([z, z * 2], 1) if z.shape[1] == 4 else z
        if kind == "pad":
            return F.pad(z, (1, 2, 0, 1))
        if kind == "reflect":
            return F.pad(z, (1, 1, 1, 1), mode="reflect") if min(z.shape[2:]) > 1 else z
        if kind == "crop":
            return F.pad(z, (0, -1, 0, 0)) if z.shape[3] > 1 else z
        if kind == "softmax":
            return z.softmax(2)
        return z.clone() if kind == "clone" else z


def slide(z: torch.Tensor, conv: nn.Module, how: dict[str, Any]) -> torch.Tensor:
    """The window at the end of a branch."""
    if how["kind"] == "conv":
        return conv(z)
    pads = min(how["padding"], how["kernel"] // 2)
    pool = F.avg_pool2d if how["kind"] == "avg" else F.max_pool2d
    return pool(z, how["kernel"], how["stride"], pads, ceil_mode=how["ceil"])


@st.composite
def branches(draw: st.DrawFn) -> list[list[dict[str, Any]]]:
    """One or two branches."""
    made = []
    for _ in range(draw(st.sampled_from([1, 1, 2]))):
        kinds = draw(st.lists(st.sampled_from(BETWEEN), max_size=2))
        if kinds.count("twice") > 1:
            kinds.remove("twice")
        window = {
            "kind": draw(st.sampled_from(SLIDES)),
            "kernel": draw(st.sampled_from([1, 1, 2, 3])),
            "stride": draw(st.sampled_from([1, 2, 3, 4])),
            "padding": draw(st.sampled_from([0, 0, 1, 2])),
            "dilation": draw(st.integers(1, 3)),
            "ceil": draw(st.booleans()),
        }
        made.append([*({"kind": kind} for kind in kinds), window])
    return made


def touched(net: Any, image: torch.Tensor) -> torch.Tensor:
    """Which positions of the map have an effect on what comes out: a gradient that is not zero."""
    torch.manual_seed(0)
    seen = torch.zeros(image.shape[2:], dtype=torch.bool)
    for _ in range(3):  # a maximum is read at one place only: look at several maps
        y = net.map(torch.randn(image.shape)).detach().requires_grad_()
        sum(out.sum() for out in net.read(y)).backward()
        seen |= (y.grad != 0).any(1)[0]
    return seen


def claimed(one: Unread) -> torch.Tensor:
    """The positions that lie in rows and in columns which somebody reads."""
    rows, columns = (
        torch.tensor([bool(mask >> i & 1) for i in range(n)])
        for mask, n in zip(one.masks, one.sizes, strict=True)
    )
    return rows[:, None] & columns[None, :]


@sampled(40)
@given(branches(), st.integers(5, 9), st.integers(5, 9))
def test_random_branches(drawn: list[list[dict[str, Any]]], height: int, width: int) -> None:
    torch.manual_seed(0)
    image = torch.randn(1, 2, height, width)
    net = Branches(drawn).eval()
    try:
        net(image)
    except RuntimeError:
        return  # a window that does not fit
    network = trace(build(lambda: Branches(drawn)), [TensorSpec(tuple(image.shape), image.dtype)])
    about = [
        one
        for one in network.analysis(unread)
        if one.sizes == (height, width) and "first" in ancestors(one, network)
    ]
    effect = touched(net, image)
    for one in about:
        assert not (effect & ~claimed(one)).any(), (one, effect)
    if all(s["kind"] in PLAIN for branch in drawn for s in branch[:-1]):
        whole = effect.any(1).all() and effect.any(0).all()
        only = all(branch[-1]["kind"] != "max" for branch in drawn)
        assert not about or not whole
        assert not only or bool(about) == (not whole), (drawn, effect)


def ancestors(one: Unread, network: Any) -> set[str]:
    """The names of the layers that what is read was made of, behind pointwise ones."""
    names, open_ = set(), [t.source for r in one.readers for t in [r.args["input"]]]
    while open_:
        layer = open_.pop()
        if layer is None or layer.name in names:
            continue
        names.add(layer.name)
        if layer.op != "conv2d":
            open_ += [t.source for t in layer.tensors]
    return names


@pytest.mark.parametrize("code", ["CL503", "CL504"])
def test_the_pages_examples(code: str) -> None:
    for run in runs(code):
        found = [one for one in run.traced().analysis(unread) if one.has_holes == (code == "CL503")]
        assert bool(found) == run.is_bad
        for one in found:
            shift_unread(run, one)


def shift_unread(run: Run, one: Unread) -> None:
    """Change what nobody reads just in front of its reader: nothing else may change."""
    keep = claimed(one)
    reader = dict(run.net.named_modules())[one.readers[0].path]

    def change(module: nn.Module, args: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
        return (torch.where(keep, args[0], args[0] + 100),)

    before = run.net(*run.inputs)
    hook = reader.register_forward_pre_hook(change)
    assert torch.equal(run.net(*run.inputs), before)
    hook.remove()
    assert not keep.all()


class Shown(nn.Module):
    """The map that a stride leaves out is read by somebody after all."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.first, self.skip = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, 1, stride=2)
        self.conv = nn.Conv2d(4, 4, 3, stride=2, padding=1)
        self.norm = nn.GroupNorm(2, 4)
        self.how = how

    def forward(self, x: torch.Tensor) -> Any:
        y = self.first(x)
        z = self.skip(y.relu())
        if self.how == "given out":
            return {"maps": [y, z]}
        if self.how == "another branch":
            return z + self.conv(y)
        if self.how == "mean":
            return z * y.mean((2, 3), keepdim=True)
        if self.how == "norm":
            return z + self.conv(self.norm(y))
        if self.how == "slice":
            return z + y[:, :, 1::2, 1::2]
        return z


@pytest.mark.parametrize(
    ("how", "silent"),
    [("given out", True), ("another branch", True), ("mean", True), ("norm", True),
     ("slice", True), ("nobody", False)],
)  # fmt: skip
def test_a_map_that_somebody_reads(how: str, silent: bool) -> None:
    network = trace(build(lambda: Shown(how)), [TensorSpec((1, 2, 8, 8), torch.float32)])
    assert (not list(judge(network, {"CL503"}))) == silent


def test_what_may_not_have_been_seen_is_no_finding() -> None:
    class Asks(Shown):
        def forward(self, x: torch.Tensor) -> Any:
            y = self.first(x)
            z = self.skip(y)
            return y if x.mean() > 0 else z

    network = trace(build(lambda: Asks("nobody")), [TensorSpec((1, 2, 8, 8), torch.float32)])
    assert network.assumptions
    assert not list(judge(network, {"CL503", "CL504"}))


@pytest.mark.parametrize(("kernel", "stride"), [(1, 2), (1, 3), (2, 3), (2, 5)])
def test_a_stride_that_always_leaves_gaps_has_no_better_size(kernel: int, stride: int) -> None:
    for size in range(stride + 1, 3 * stride + 2):
        for found in said(nn.AvgPool1d(kernel, stride=stride), ["CL504"], 2, 3, size):
            assert not any("would be read to its end" in text for text in found.help)
