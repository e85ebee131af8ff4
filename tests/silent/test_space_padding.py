"""What the rules on padding claim, shown by real runs of their pages' examples."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from convlint.diagnostic import Diagnostic, Severity
from convlint.judge import judge
from convlint.tensor import TensorSpec
from convlint.trace import build, trace
from tests.silent.run import Run, runs


class Seen:
    """Every leaf module of a real run with what went in and what came out."""

    def __init__(self, run: Run) -> None:
        self.maps: dict[str, tuple[Any, torch.Tensor, torch.Tensor]] = {}
        for name, module in run.net.named_modules():
            module.register_forward_hook(self._hook(name))
        with torch.no_grad():
            run.net(*run.inputs)

    def _hook(self, name: str) -> Any:
        def hook(module: nn.Module, args: Any, output: Any) -> None:
            if isinstance(output, torch.Tensor):
                self.maps[name] = (module, args[0], output)

        return hook


def told(run: Run, code: str) -> dict[str, Diagnostic]:
    """What a rule says of a run, by the layer."""
    found = {d.layer: d for d in judge(run.traced(), {code})}
    assert bool(found) == run.is_bad
    return found


def number(found: Diagnostic) -> Any:
    """The padding that the first help names."""
    return eval(found.help[0].split("padding=")[1].split(", which")[0])


@pytest.mark.parametrize("code", ["CL210", "CL213"])
def test_the_help_keeps_the_size_that_changed(code: str) -> None:
    for run in runs(code):
        maps = Seen(run).maps
        for name, found in told(run, code).items():
            module, before, after = maps[name]
            assert before.shape[2:] != after.shape[2:]
            module.padding = number(found)
            if isinstance(module.padding, int):
                module.padding = (module.padding,) * 2
            assert module(before).shape[2:] == before.shape[2:]


@pytest.mark.parametrize("code", ["CL211", "CL212"])
def test_a_border_of_the_bias_alone(code: str) -> None:
    for run in runs(code):
        maps = Seen(run).maps
        found = told(run, code)
        for name, (module, _, after) in maps.items():
            if isinstance(module, nn.Conv2d):
                constant = after == module.bias[None, :, None, None]
                rows = constant.all(3).all(1)[0].sum() + constant.all(2).all(1)[0].sum()
                assert bool(rows) == (name in found), name
                if code == "CL212" and name in found:
                    assert f": {int(constant.all(3).all(1).sum())} of the" in found[name].message


def test_an_even_window_drifts_by_one() -> None:
    for run in runs("CL214"):
        maps = Seen(run).maps
        for name in told(run, "CL214"):
            _, before, after = maps[name]
            assert abs(before.shape[2] - after.shape[2]) == 1


def test_means_that_count_zeros_are_too_small_at_the_border() -> None:
    for run in runs("CL215"):
        pool = run.net.pool(torch.ones(1, 1, 6, 6))
        found = told(run, "CL215")
        assert bool((pool < 1).any()) == bool(found)
        for one in found.values():
            assert "4 values by 9" in one.message
            assert pool[0, 0, 0, 0].item() == pytest.approx(4 / 9)


def test_uneven_padding_is_off_the_centre() -> None:
    for run in runs("CL216"):
        net, size = run.net, run.inputs[0].shape
        x = torch.zeros(size, requires_grad=True)
        nn.init.ones_(net.conv.weight)
        net(x).sum().backward()
        assert x.grad is not None
        assert torch.equal(x.grad, x.grad.flip(2, 3)) != bool(told(run, "CL216"))


def test_every_window_sees_padding_where_the_kernel_exceeds_the_map() -> None:
    for run in runs("CL217"):
        nn.init.ones_(run.net.conv.weight)
        nn.init.zeros_(run.net.conv.bias)
        with torch.no_grad():
            made = run.net.conv(torch.ones_like(run.inputs[0]))
        assert bool((made < run.net.conv.weight[0].numel()).all()) == bool(told(run, "CL217"))


@pytest.mark.parametrize("code", ["CL505", "CL506"])
def test_a_single_layer_leaves_input_out(code: str) -> None:
    for run in runs(code):
        found = told(run, code)
        for name, (module, before, _) in Seen(run).maps.items():
            if isinstance(module, nn.Conv2d):
                x = before.clone().requires_grad_()
                module(x).sum().backward()
                assert x.grad is not None
                unread = (x.grad == 0).all(1).all(2)[0]
                assert bool(unread.any()) == (name in found), name


def test_adaptive_pooling_that_only_repeats() -> None:
    for run in runs("CL507"):
        found = told(run, "CL507")
        _, before, after = Seen(run).maps["pool"]
        repeats = after.flatten(2).unique(dim=2).shape[2] < after.flatten(2).shape[2]
        assert repeats == bool(found)
        assert (before.flatten(2).shape[2] < after.flatten(2).shape[2]) == bool(found)


def test_adaptive_pooling_whose_windows_overlap() -> None:
    for run in runs("CL508"):
        x = torch.zeros_like(run.inputs[0]).requires_grad_()
        (run.net.pool(x)).sum().backward()
        assert x.grad is not None
        assert bool((x.grad != x.grad[0, 0, 0, 0]).any()) == bool(told(run, "CL508"))


class Dilated(nn.Module):
    """A forgotten dilation, and what is done with the smaller map."""

    def __init__(self, then: str) -> None:
        super().__init__()
        self.wide = nn.Conv2d(4, 4, 3, padding=1, dilation=2)
        self.same = nn.Conv2d(4, 4, 3)
        self.head = nn.Linear(4 * 36, 2)
        self.then = then

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.wide(F.pad(x, (1, 1, 1, 1)) if self.then == "padded before" else x).relu()
        if self.then == "another valid branch":
            return y + self.same(x)
        if self.then == "cropped":
            return y[:, :, 1:-1, 1:-1]
        if self.then == "head":
            return self.head(y.flatten(1))
        if self.then == "clash":
            return x + y
        if self.then == "gate":
            return x * y.mean((2, 3), keepdim=True).sigmoid()
        if self.then == "same mistake":
            return y + self.wide(x * 2)
        return y


@pytest.mark.parametrize(
    ("then", "severity"),
    [
        ("nothing", Severity.ERROR),
        ("gate", Severity.ERROR),
        ("same mistake", Severity.ERROR),
        ("another valid branch", Severity.WARNING),
        ("cropped", Severity.WARNING),
        ("head", Severity.WARNING),
        ("padded before", None),
        ("clash", None),
    ],
)
def test_a_forgotten_dilation_is_an_error_only_where_nothing_counts_on_it(
    then: str, severity: Severity | None
) -> None:
    network = trace(build(lambda: Dilated(then)), [TensorSpec((2, 4, 8, 8), torch.float32)])
    found = list(judge(network, {"CL210"}))
    assert [d.severity for d in found] == ([severity] if severity else [])
    rest = [d for d in judge(network) if d.severity is Severity.ERROR and d.code != "CL210"]
    assert bool(rest) == (then == "clash"), "a clash is told by the rule on joins"


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Conv2d(4, 4, 3),  # valid: a U-Net without padding
        lambda: nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(4, 4, 7)),
        lambda: nn.Sequential(nn.ZeroPad2d((1, 0, 1, 0)), nn.Conv2d(4, 4, 4, padding=1)),
        lambda: nn.Conv2d(4, 4, 3, padding="same", dilation=2),
        lambda: nn.Conv2d(4, 4, 4, padding="same"),
        lambda: nn.Conv2d(4, 4, 4, 2, 1),
        lambda: nn.MaxPool2d((2, 2), (2, 1), (0, 1)),  # CRNN
        lambda: nn.Conv2d(4, 4, (1, 7), padding=(0, 3)),
        lambda: nn.Conv2d(4, 4, 3, padding=1, padding_mode="circular"),
        lambda: nn.Conv2d(4, 4, 1, 2),
    ],
)
def test_sound_layers(make: Any) -> None:
    network = trace(build(make), [TensorSpec((2, 4, 16, 16), torch.float32)])
    assert not list(judge(network, {"CL210", "CL211", "CL212", "CL213", "CL214"}))


@pytest.mark.parametrize("kernel", [2, 3])
def test_a_causal_convolution_crops_what_it_pads(kernel: int) -> None:
    class Causal(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv1d(4, 4, kernel, padding=2 * (kernel - 1), dilation=2)
            self.short = nn.Conv1d(4, 4, kernel, padding=kernel - 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.conv(x).relu()[:, :, : x.shape[-1]]
            return self.short(x)[:, :, : 1 - kernel]

    network = trace(build(Causal), [TensorSpec((2, 4, 16), torch.float32)])
    assert not list(judge(network, {"CL210", "CL212", "CL214"}))
