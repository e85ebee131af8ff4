"""Tracing leaves everything as it was: modules, torch's settings, the process."""

from __future__ import annotations

import copy
import os
import random
import socket
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import convlint
from convlint.trace import ConstructionError, build, mode
from tests.oracle import Call
from tests.trace.helper import ops, traced

IMAGE = torch.randn(2, 3, 8, 8)


class Rude(nn.Module):
    """Changes whatever can be changed, and may raise at the end."""

    def __init__(self, end: BaseException | None = None) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.norm = nn.BatchNorm2d(4)
        self.register_buffer("count", torch.zeros(3))
        self.end = end
        self.notes: dict[str, Any] = {"kept": 1}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        torch.set_default_dtype(torch.float64)
        torch.set_default_device("meta")
        torch.set_grad_enabled(False)
        warnings.simplefilter("error")
        torch.manual_seed(3)
        random.seed(3)
        np.random.seed(3)
        self.count[0] = 5
        self.count = self.count + 1
        self.notes["new"] = x
        self.extra = nn.Linear(1, 1)
        self.conv.stride = (2, 2)
        self.conv.register_forward_hook(lambda *a: None)
        with torch.no_grad():
            self.conv.weight.add_(1)
            self.conv.weight.data = self.conv.weight.data * 2
        x = self.norm(self.conv(x))
        if self.end is not None:
            raise self.end
        return x


def settings() -> tuple[Any, ...]:
    return (
        torch.get_default_dtype(),
        torch.get_default_device(),
        torch.is_grad_enabled(),
        tuple(warnings.filters),
        torch.get_rng_state().tolist(),
        random.getstate(),
        np.random.get_state()[1].tolist(),
        nn.Module.__call__,
        nn.Module.__init__,
        torch.autograd.Function.__dict__.get("apply"),
        vars(torch.autograd.function.Function)["apply"],
        torch.compile,
        torch.jit.script,
        torch.jit.ScriptFunction.__call__,
        torch.backends.mha.get_fastpath_enabled(),
        socket.getaddrinfo,
        torch.hub.load_state_dict_from_url,
        os.environ.get("HF_HUB_OFFLINE"),
        torch._C._len_torch_function_stack(),
    )


@pytest.mark.parametrize("end", [None, ValueError("x"), KeyboardInterrupt(), SystemExit(3)])
@pytest.mark.parametrize("training", [False, True])
def test_everything_is_put_back(end: BaseException | None, training: bool) -> None:
    model = Rude(end)
    model.norm.eval()
    before = settings()
    weights = {k: v.clone() for k, v in model.state_dict().items()}
    held = {name: dict(part.__dict__) for name, part in model.named_modules()}
    if end is None or isinstance(end, ValueError):
        assert traced(model, IMAGE, training=training).outputs.shape in ((2, 4, 4, 4), None)
    else:
        with pytest.raises(type(end)):
            traced(model, IMAGE, training=training)
    assert settings() == before
    for name, value in model.state_dict().items():
        assert torch.equal(value, weights[name]), name
    for name, part in model.named_modules():
        now = part.__dict__
        assert now.keys() == held[name].keys()
        for key, value in held[name].items():
            assert now[key] is value, (name, key)
    assert model.notes == {"kept": 1}
    assert not model.conv._forward_hooks
    model.norm.eval()
    assert nn.Sequential(model.conv, model.norm)(IMAGE).shape == (2, 4, 8, 8)


@pytest.mark.parametrize("end", [None, ValueError("x"), KeyboardInterrupt(), SystemExit(3)])
def test_everything_is_put_back_after_construction(end: BaseException | None) -> None:
    class Raising(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.set_default_dtype(torch.float16)
            torch.manual_seed(5)
            if end is not None:
                raise end

    before = settings()
    if end is None:
        build(Raising)
    else:
        wanted = ConstructionError if isinstance(end, Exception) else type(end)
        with pytest.raises(wanted):
            build(Raising)
    assert settings() == before


def test_a_ready_instance_is_checked_and_stays_usable() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 2))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    expected = model.eval()(IMAGE)
    model.train()
    report = convlint.check(model, "2,3,8,8")
    assert report.ok, str(report)
    assert report.network is not None
    assert report.network.outputs.shape == (2, 2)
    assert model.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])
    torch.testing.assert_close(model.eval()(IMAGE), expected)
    model.train()(IMAGE).sum().backward()
    assert model[0].weight.grad is not None


def test_a_wrong_instance_is_reported() -> None:
    report = convlint.check(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(5, 6, 3)), "2,3,8,8")
    assert [d.code for d in report.diagnostics if d.severity == "error"] == ["CL101"]


def test_weights_take_no_memory() -> None:
    class Large(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(100_000, 100_000)
            self.register_buffer("mask", torch.ones(50_000, 50_000).tril())
            self.rates = torch.linspace(0, 0.5, 7).tolist()
            table = torch.arange(10)
            self.order = [int(i) for i in table.flip(0)]

    model = build(Large)
    assert model.linear.weight.is_meta
    assert model.mask.is_meta
    assert model.rates[-1] == 0.5
    assert model.order[0] == 9


def test_deep_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies of layers and tensors are what they were, and torch is not asked for them."""
    monkeypatch.setattr(mode, "ask", lambda *a, **k: pytest.fail("torch was asked"))

    class Copied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            block = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3))
            self.blocks = nn.ModuleList(copy.deepcopy(block) for _ in range(3))
            self.scale = copy.deepcopy(nn.Parameter(torch.ones(3, 1, 1)))
            steps = torch.arange(4)
            self.last = copy.deepcopy(steps)[-1].item()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for block in self.blocks:
                x = block(x)
            y = copy.deepcopy(x.detach())
            return x * self.scale + y

    model = build(Copied)
    assert isinstance(model.scale, nn.Parameter)
    assert isinstance(model.blocks[2][0].weight, nn.Parameter)
    assert model.blocks[2][0].weight.is_meta
    assert len(set(map(id, model.parameters()))) == 13
    assert model.last == 3
    network = traced(model, IMAGE)
    assert network.outputs.shape == (2, 3, 8, 8)
    assert network.raised == ()


FILL = {name: getattr(nn.init, name) for name in ("normal_", "zeros_", "trunc_normal_")}


def test_weights_are_filled_by_whatever_name() -> None:
    """Some libraries keep torch's own functions, and call them by keyword."""

    class Filled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(30_000, 30_000)
            FILL["normal_"](tensor=self.linear.weight, mean=0.0, std=0.02, generator=None)
            FILL["trunc_normal_"](self.linear.weight, std=0.02)
            FILL["zeros_"](tensor=self.linear.bias)

    model = build(Filled)
    assert model.linear.weight.is_meta
    assert model.linear.bias.is_meta


def test_a_constructor_that_runs_the_network() -> None:
    class Sized(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2))
            with torch.no_grad():
                out = self.body(torch.zeros(1, 3, 32, 32))
            self.head = nn.Linear(out.flatten(1).shape[1], 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.body(x).flatten(1))

    model = build(Sized)
    assert model.head.in_features == 8 * 15 * 15
    assert type(model.head.in_features) is not bool
    assert traced(model, torch.zeros(2, 3, 32, 32)).outputs.shape == (2, 10)


def test_a_constructor_that_looks_at_data_is_run_for_real() -> None:
    class Looking(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            weight = torch.ones(300, 300)
            self.linear = nn.Linear(3, int(weight.sum()) // 10_000)
            if weight.mean() > 0.5:
                self.extra = nn.ReLU()

    model = build(Looking)
    assert model.linear.out_features == 9
    assert hasattr(model, "extra")


def test_initialisation_costs_nothing_and_raises_nothing() -> None:
    class Initialised(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(300, 300)
            self.small = nn.Linear(3, 3)
            for layer in (self.linear, self.small):
                nn.init.kaiming_normal_(layer.weight)
                nn.init.zeros_(layer.bias)
                layer.weight.data.normal_(0, 0.01).clamp_(-1, 1)
                layer.weight.data[0].fill_(0)
                with torch.no_grad():
                    layer.weight.copy_(torch.eye(layer.in_features))
                    layer.weight.uniform_().mul_(2).sub_(1).erfinv_()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.linear(x)

    assert traced(build(Initialised), torch.zeros(2, 300)).outputs.shape == (2, 300)


def test_downloads_are_refused() -> None:
    def make() -> nn.Module:
        torch.hub.load_state_dict_from_url("https://example.com/weights.pth")
        return nn.ReLU()

    def fetch() -> nn.Module:
        import urllib.request

        urllib.request.urlopen("https://example.com", timeout=1)
        return nn.ReLU()

    for factory in (make, fetch):
        with pytest.raises(ConstructionError, match="downloads nothing"):
            build(factory)


def test_a_failing_constructor_says_where() -> None:
    class Bad(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3, groups=2)

    with pytest.raises(ConstructionError, match="divisible by groups") as caught:
        build(Bad)
    assert caught.value.frames[0].function == "__init__"
    assert caught.value.frames[0].code.co_filename == __file__


def test_exceptions_of_python_pass() -> None:
    def leave(x: torch.Tensor) -> torch.Tensor:
        raise GeneratorExit

    with pytest.raises(GeneratorExit):
        traced(Call(leave), IMAGE)


def test_tracing_within_construction_and_twice() -> None:
    model = build(lambda: nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU()))
    one, two = traced(model, IMAGE), traced(model, torch.zeros(7, 3, 4, 4))
    assert ops(one) == ops(two) == ["conv2d", "relu"]
    assert two.outputs.shape == (7, 4, 4, 4)


def test_a_buffer_that_forward_has_resized_is_put_back() -> None:
    class Observer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("low", torch.empty(0))
            self.register_buffer("scale", torch.ones(1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.low.resize_(3).copy_(torch.arange(3.0))
            self.scale.resize_(x.shape[1]).fill_(2.0)
            return x * self.scale.view(-1, 1, 1) + self.low.sum()

    observer = Observer()
    network = traced(observer, IMAGE)
    assert not network.raised
    assert network.outputs.shape == IMAGE.shape
    assert torch.equal(observer.scale, torch.ones(1))
    assert observer.low.shape == (0,)
