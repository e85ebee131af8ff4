"""Modules: containers, twice called, unregistered, lazy, hooked, parametrized, copied."""

from __future__ import annotations

import copy
import sys
from collections import OrderedDict
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, parametrize, spectral_norm, weight_norm

from convlint.trace import build
from tests.trace.helper import follow, ops, run, traced

IMAGE = torch.randn(2, 3, 16, 16)


def conv(i: int = 3, o: int = 8) -> nn.Conv2d:
    return nn.Conv2d(i, o, 3, padding=1)


class Block(nn.Module):
    def __init__(self, channels: int = 8) -> None:
        super().__init__()
        self.conv = conv(channels, channels)
        self.norm = nn.BatchNorm2d(channels)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.act(self.norm(self.conv(x)) + x)


def test_nested_modules() -> None:
    class Stage(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.Sequential(Block(), Block())

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.blocks(x)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.stage = conv(), Stage()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.stage(self.stem(x))

    network = follow(Net, IMAGE, other=(torch.randn(1, 3, 8, 24),))
    paths = [layer.path for layer in network.layers if layer.op == "conv2d"]
    assert paths == ["stem", "stage.blocks.0.conv", "stage.blocks.1.conv"]


def test_containers() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.items = nn.ModuleList([conv(), conv(8, 8)])
            self.named = nn.ModuleDict({"a": conv(8, 4), "b": nn.Identity()})
            self.body = nn.Sequential(
                OrderedDict(one=nn.Conv2d(4, 4, 1), two=nn.Sequential(nn.ReLU(), nn.Flatten()))
            )
            self.scale = nn.ParameterList([nn.Parameter(torch.ones(1))])
            self.table = nn.ParameterDict({"x": nn.Parameter(torch.ones(1))})

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for layer in self.items:
                x = layer(x)
            for name, layer in self.named.items():
                x = layer(x) if name in self.named else x
            x = self.body[1](self.body[:1](x))
            return x * self.scale[0] + self.table["x"]

    follow(Net, IMAGE, other=(torch.randn(5, 3, 16, 16),))


def test_a_module_called_twice() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.shared = conv(), conv(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.shared(self.shared(self.stem(x)))

    network = follow(Twice, IMAGE)
    first, second = (layer for layer in network.layers if layer.path == "shared")
    assert first.module is second.module
    assert first.definition == second.definition
    assert first.call != second.call
    assert first.name != second.name


def test_a_module_registered_under_two_names() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(4, 4)
            self.b = self.a
            self.c = nn.Linear(4, 4)
            self.c.weight = self.a.weight

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.c(self.b(self.a(x)))

    follow(Shared, torch.randn(2, 4))


def test_a_leaf_as_the_network() -> None:
    follow(conv, IMAGE)
    follow(lambda: nn.Sequential(conv(), nn.ReLU()), IMAGE)


def test_forward_called_directly() -> None:
    class Direct(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = conv()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv.forward(x)

    assert "conv2d" in ops(follow(Direct, IMAGE))


def test_layers_in_plain_lists_and_dicts() -> None:
    class Loose(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = [conv(), Block()]
            self.heads = {"a": nn.Sequential(conv(8, 2))}
            self.lone = (conv(2, 2),)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for layer in self.layers:
                layer.eval()
                x = layer(x)
            return self.lone[0](self.heads["a"](x))

    network = follow(Loose, IMAGE)
    paths = [layer.path for layer in network.layers if layer.op == "conv2d"]
    assert paths == ["layers.0", "layers.1.conv", "heads.a.0", "lone.0"]


def test_layers_made_in_forward() -> None:
    class Fresh(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for _ in range(3):
                layer = nn.Conv2d(x.shape[1], 2 * x.shape[1], 3)
                x = nn.Sequential(layer, nn.ReLU())(x)
            return nn.Flatten()(x)

    network = follow(Fresh, IMAGE, graph=False)
    paths = [layer.path for layer in network.layers if layer.op == "conv2d"]
    assert len(set(paths)) == 3, "each is a layer of its own"
    outputs = [layer.output.shape[1] for layer in network.layers if layer.op == "conv2d"]
    assert outputs == [6, 12, 24]


def test_a_layer_registered_in_forward() -> None:
    class Late(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if not hasattr(self, "conv"):
                self.conv = nn.Conv2d(x.shape[1], 4, 1)
            return self.conv(x)

    model = Late()
    network = traced(model, IMAGE)
    assert network.outputs.shape == (2, 4, 16, 16)
    assert not hasattr(model, "conv"), "left as it was"


@pytest.mark.parametrize("nested", [False, True])
def test_lazy_modules(nested: bool) -> None:
    def make() -> nn.Module:
        layers = [nn.LazyConv2d(8, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(5)]
        return nn.Sequential(*layers) if nested else nn.LazyConv2d(8, 3)

    torch.manual_seed(0)
    model = make().eval()
    network = traced(model, IMAGE)
    assert not network.raised, network.raised
    expected = run(make().eval(), IMAGE)
    assert network.outputs.shape == tuple(expected.shape)
    assert any(isinstance(p, nn.UninitializedParameter) for p in model.parameters())
    again = traced(build(make), IMAGE)
    assert again.outputs.shape == tuple(expected.shape)


def test_forward_hooks() -> None:
    def doubled(module: nn.Module, args: Any, output: torch.Tensor) -> torch.Tensor:
        return output * 2

    def halved(module: nn.Module, args: Any) -> Any:
        return (args[0] / 4,)

    def cropped(module: nn.Module, args: Any, kwargs: Any, output: torch.Tensor) -> torch.Tensor:
        return output[..., 1:]

    class Hooked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.block, self.act = conv(), Block(), nn.ReLU(inplace=True)
            self.conv.register_forward_hook(doubled)
            self.conv.register_forward_pre_hook(halved)
            self.block.register_forward_hook(cropped, with_kwargs=True)
            self.block.register_forward_pre_hook(halved)
            self.act.register_forward_hook(doubled)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.act(self.block(self.conv(x)))

    network = follow(Hooked, IMAGE)
    assert network.outputs.shape == (2, 8, 16, 15)
    assert ops(network).count("mul") == 2, "what hooks do is seen"


def test_hooks_that_keep_features() -> None:
    class Features(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(conv(), nn.ReLU(), conv(8, 4))
            self.kept: dict[str, torch.Tensor] = {}
            for name, layer in self.body.named_children():
                layer.register_forward_hook(self.keep(name))

        def keep(self, name: str) -> Any:
            def hook(module: nn.Module, args: Any, output: torch.Tensor) -> None:
                self.kept[name] = output.clone()

            return hook

        def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
            self.body(x)
            return [self.kept[k].mean(1) for k in sorted(self.kept)]

    torch.manual_seed(0)
    model = Features().eval()
    network = traced(model, IMAGE)
    assert not model.kept, "left as it was"
    follow(Features, IMAGE)
    assert [o.shape for o in network.outputs] == [(2, 16, 16)] * 3


def test_global_hooks() -> None:
    seen: list[str] = []

    def pre(module: nn.Module, args: Any) -> None:
        seen.append(type(module).__name__)

    def post(module: nn.Module, args: Any, output: Any) -> Any:
        return output + 1 if isinstance(module, nn.Conv2d) else None

    handles = [
        nn.modules.module.register_module_forward_pre_hook(pre),
        nn.modules.module.register_module_forward_hook(post),
    ]
    try:
        network = follow(lambda: nn.Sequential(conv(), nn.ReLU()), IMAGE)
    finally:
        for handle in handles:
            handle.remove()
    assert "Conv2d" in seen
    assert "add" in ops(network)


def test_parametrizations() -> None:
    class Symmetric(nn.Module):
        def forward(self, weight: torch.Tensor) -> torch.Tensor:
            return weight.triu() + weight.triu(1).transpose(-1, -2)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 4)
            parametrize.register_parametrization(self.linear, "weight", Symmetric())
            self.conv = parametrizations.weight_norm(nn.Conv1d(4, 6, 1))
            self.last = parametrizations.spectral_norm(nn.Linear(6, 6))
            self.turn = parametrizations.orthogonal(nn.Linear(6, 6))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.linear(x) + F.linear(x, self.linear.weight)
            x = self.conv(x.unsqueeze(-1)).squeeze(-1)
            return self.turn(self.last(x))

    follow(Net, torch.randn(2, 4), other=(torch.randn(7, 4),))


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("normed", [weight_norm, spectral_norm])
def test_norms_of_the_old_style(normed: Any) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = normed(conv())
            self.up = normed(nn.ConvTranspose2d(8, 4, 2, stride=2))
            self.head = normed(nn.Linear(4, 2))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.up(self.conv(x)).mean((2, 3)))

    follow(Net, IMAGE, other=(torch.randn(3, 3, 8, 8),))


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_spectral_norm_in_training_leaves_its_buffers() -> None:
    model = nn.Sequential(spectral_norm(conv()), parametrizations.spectral_norm(nn.Linear(16, 4)))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    network = traced(model, IMAGE, training=True)
    assert not network.raised, network.raised
    assert network.outputs.shape == (2, 8, 16, 4)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_copied_layers_keep_their_definition() -> None:
    class Copies(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            layer = Block()
            self.layers = nn.ModuleList(copy.deepcopy(layer) for _ in range(3))
            self.stem = conv()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.stem(x)
            for layer in self.layers:
                x = layer(x)
            return x

    follow(Copies, IMAGE)
    network = traced(build(Copies), IMAGE)
    places = {layer.definition for layer in network.layers if layer.op == "conv2d"}
    assert len(places) == 1, "all are made by conv() above"
    assert {layer.definition_frames[0].function for layer in network.layers if layer.module} == {
        "conv",
        "__init__",
    }


def test_a_definition_is_the_expression_that_made_the_layer() -> None:
    class Own(nn.Conv2d):
        def __init__(self, width: int) -> None:
            super().__init__(3, width, 3)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.own = Own(
                8,
            )
            self.loop = nn.Sequential(*[nn.Linear(14, 14) for _ in range(2)])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.loop(self.own(x))

    network = traced(build(Net), IMAGE)
    own, *loop = (layer for layer in network.layers if layer.module is not None)
    assert own.definition is not None
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    place = own.definition
    assert lines[place.row - 1][place.column - 1 :] == "Own("
    assert place.end_row == place.row + 2
    assert {layer.definition.row for layer in loop if layer.definition} == {place.row + 3}


def test_modules_can_be_pickled_after_construction() -> None:
    import pickle

    class _Net(nn.Module):
        pass

    module = build(lambda: nn.Sequential(nn.ReLU()))
    assert isinstance(pickle.loads(pickle.dumps(module)), nn.Sequential)


def test_training_mode_is_restored() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.drop = Block(3), Block(3), nn.Dropout(0.5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if not self.training:
                return self.a(x)
            return self.drop(self.b(self.a(x)))

    model = Net()
    model.b.eval()
    before = {name: m.training for name, m in model.named_modules()}
    assert len(ops(traced(model, IMAGE, training=False))) == 4
    assert len(ops(traced(model, IMAGE, training=True))) == 9
    assert {name: m.training for name, m in model.named_modules()} == before


def test_unbatched() -> None:
    follow(lambda: nn.Sequential(conv(), nn.MaxPool2d(2), nn.Flatten(0)), torch.randn(3, 8, 8))


def test_subclasses_with_a_forward_of_their_own_are_entered() -> None:
    class Same(nn.Conv2d):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h = x.shape[-2]
            pad = max((-(-h // self.stride[0]) - 1) * self.stride[0] + 3 - h, 0)
            x = F.pad(x, (pad // 2, pad - pad // 2, pad // 2, pad - pad // 2))
            return F.conv2d(x, self.weight, self.bias, self.stride)

    class Standardized(nn.Conv2d):
        def _conv_forward(self, x: torch.Tensor, weight: Any, bias: Any) -> torch.Tensor:
            return super()._conv_forward(x, weight - weight.mean(), bias)

    network = follow(lambda: nn.Sequential(Same(3, 4, 3, 2), Standardized(4, 4, 3)), IMAGE)
    assert ops(network).count("conv2d") == 2
    assert "pad" in ops(network)


def test_a_deep_network_stays_linear() -> None:
    """In calls, for time hangs on what else the machine does."""

    def calls(depth: int) -> int:
        model = nn.Sequential(*[nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU()) for _ in range(depth)])
        count = 0

        def counted(frame: FrameType, event: str, argument: Any) -> None:
            nonlocal count
            count += event in ("call", "c_call")

        before = sys.getprofile()
        sys.setprofile(counted)
        try:
            network = traced(model, IMAGE)
        finally:
            sys.setprofile(before)
        assert len(ops(network)) == 2 * depth
        return count

    calls(10)
    assert calls(1000) < 10.5 * calls(100)
