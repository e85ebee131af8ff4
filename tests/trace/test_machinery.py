"""What hides calls from a function mode: checkpoints, TorchScript, autograd functions, vmap..."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torch.utils.checkpoint
from torch import nn

from tests.oracle import Call
from tests.trace.helper import follow, ops, traced

IMAGE = torch.randn(2, 3, 8, 8)
OTHER = torch.randn(5, 3, 8, 8)


@torch.jit.script
def scripted(x: torch.Tensor, scale: float = 2.0) -> torch.Tensor:
    return x * scale + x.shape[0]


class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, scale: float) -> torch.Tensor:
        ctx.save_for_backward(x)
        ctx.scale = scale
        if ctx.needs_input_grad[0]:
            ctx.kept = x.shape
        return x * torch.sigmoid(scale * x)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise AssertionError("only forward is checked")


class TwoPart(torch.autograd.Function):
    @staticmethod
    def forward(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:  # type: ignore[override]
        return x.exp(), x.sum(1)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)


class Part(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)

    def forward(self, x: torch.Tensor, scale: float = 1.0) -> torch.Tensor:
        return self.conv(x).relu() * scale


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpoint(reentrant: bool) -> None:
    class Net(Part):
        def __init__(self) -> None:
            super().__init__()
            self.part = Part()
            self.chain = nn.Sequential(Part(), Part())

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            checkpoint = torch.utils.checkpoint.checkpoint
            x = checkpoint(self.part, x, use_reentrant=reentrant)
            x = checkpoint(super().forward, x, 2.0, use_reentrant=reentrant)
            sequence = torch.utils.checkpoint.checkpoint_sequential
            return sequence(self.chain, 2, x, use_reentrant=reentrant)

    network = follow(Net, IMAGE, other=(OTHER,))
    assert ops(network).count("conv2d") == 4


def test_scripted_functions() -> None:
    network = follow(lambda: Call(lambda x: scripted(x) + scripted(x, 3.0)), IMAGE, other=(OTHER,))
    assert "mul" in ops(network)


def test_scripted_modules() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.part = torch.jit.script(Part())
            self.last = nn.Conv2d(3, 4, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(self.part(x))

    follow(Net, IMAGE, other=(OTHER,))


def test_autograd_functions() -> None:
    def forward(x: torch.Tensor) -> torch.Tensor:
        y, z = TwoPart.apply(Swish.apply(x, 2.0))
        return y + z.unsqueeze(1)

    network = follow(lambda: Call(forward), IMAGE, other=(OTHER,))
    assert "sigmoid" in ops(network)


def test_gradients_taken_in_forward() -> None:
    def forward(x: torch.Tensor) -> torch.Tensor:
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            energy = (x**2).sum()
            (grad,) = torch.autograd.grad(energy, x, create_graph=True)
        return x - grad

    follow(lambda: Call(forward), IMAGE, graph=False)


def test_transforms_of_functions() -> None:
    def forward(x: torch.Tensor) -> Any:
        flat = x.flatten(1)
        slopes = torch.func.vmap(torch.func.grad(lambda row: row.tanh().sum()))(flat)
        moved, change = torch.func.jvp(torch.sin, (flat,), (torch.ones_like(flat),))
        lifted, back = torch.func.vjp(lambda y: y.mean(1), flat)
        (pulled,) = back(torch.ones_like(lifted))
        (slope, value) = torch.func.grad_and_value(lambda y: y.sum())(x)
        return slopes, moved, change, lifted, pulled, slope, value

    network = follow(lambda: Call(forward), IMAGE, graph=False)
    assert not network.structure.dead


def test_vmap() -> None:
    def forward(x: torch.Tensor) -> Any:
        one = torch.vmap(lambda row: row.mean(0) * 2)(x)
        two = torch.vmap(lambda a, b: a @ b, in_dims=(0, None))(x[:, 0], x[0, 0])
        both = torch.vmap(lambda a: (a + 1, a.sum()), in_dims=1, out_dims=(2, 0))(x)
        return one, two, both

    follow(lambda: Call(forward), IMAGE, graph=False)


def test_compiled_parts() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.part = torch.compile(Part())

        @torch.compile(fullgraph=True)
        def more(self, x: torch.Tensor) -> torch.Tensor:
            return x * 2

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.part(x)

    from convlint.trace import build

    network = traced(build(Net), IMAGE)
    assert not network.raised, network.raised
    assert ops(network) == ["conv2d", "relu", "mul"]


def test_a_network_compiled_beforehand() -> None:
    model = torch.compile(Part(), backend="eager")
    network = traced(model, IMAGE)
    assert not network.raised, network.raised
    assert network.outputs.shape == (2, 3, 8, 8)
    assert ops(network) == ["conv2d", "relu", "mul"]


def test_wrappers() -> None:
    follow(lambda: nn.DataParallel(Part()), IMAGE, graph=False)


def test_einops() -> None:
    einops = pytest.importorskip("einops")
    from einops.layers.torch import EinMix, Rearrange, Reduce

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.patches = Rearrange("b c (h p) (w q) -> b (h w) (p q c)", p=2, q=2)
            self.mix = EinMix("b n c -> b n d", weight_shape="c d", bias_shape="d", c=12, d=6)
            self.mean = Reduce("b n d -> b d", "mean")

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.mix(self.patches(x))
            x = einops.rearrange(x, "b n (k d) -> (b k) n d", k=2)
            x = einops.repeat(x, "b n d -> b n d r", r=3)
            x = einops.reduce(x, "(b k) n d r -> b n (k d)", "max", k=2)
            one, two = einops.rearrange(x, "b n (two d) -> two b n d", two=2)
            x = torch.cat([one, two], -1) + einops.einsum(x, x, "b n d, b m d -> b n m").mean()
            x, shapes = einops.pack([x, x[:, 0]], "b * d")
            x, _ = einops.unpack(x, shapes, "b * d")
            return self.mean(x)

    follow(Net, IMAGE, other=(OTHER,))
    follow(Net, OTHER)


def test_a_wrong_einops_pattern_is_the_users_fault() -> None:
    einops = pytest.importorskip("einops")
    network = traced(Call(lambda x: einops.rearrange(x, "b c (h p) w -> b h p c w", p=3)), IMAGE)
    (raised,) = network.raised
    assert raised.certain
    assert raised.exception == "EinopsError"
    assert raised.frames[0].code.co_filename == __file__


def test_sparse_and_unusual_functions() -> None:
    def forward(x: torch.Tensor) -> Any:
        y = torch.einsum("bchw,bdhw->bcd", x, x)
        z = torch.tensordot(x, torch.randn(8, 2), dims=1)
        q, r = torch.linalg.qr(y)
        d = torch.cdist(x[:, 0], x[:, 1])
        return y, z, q @ r, d, torch.cumsum(x, 1), F.unfold(x, 3), torch.roll(x, 1, 2).flip(1)

    network = traced(Call(forward), IMAGE)
    assert not network.raised, network.raised
    expected = forward(IMAGE)
    for mine, theirs in zip(network.outputs, expected, strict=True):
        assert mine.shape in (None, tuple(theirs.shape))


def test_numbers_and_functions_that_return_no_tensors() -> None:
    def forward(x: torch.Tensor) -> torch.Tensor:
        assert torch.is_tensor(x)
        assert x.numel() == torch.numel(x) == 384
        assert not x.is_sparse
        assert x.element_size() == 4
        assert x.is_contiguous()
        assert x.stride() == (192, 64, 8, 1)
        assert not torch.jit.is_scripting()
        assert torch.promote_types(x.dtype, torch.float16) is torch.float32
        assert torch.broadcast_shapes(x.shape, (1,)) == x.shape
        return x.view(x.numel())

    follow(lambda: Call(forward), IMAGE)


def test_threads_run_their_own_modules_meanwhile() -> None:
    other = nn.Linear(4, 2)
    found: list[torch.Tensor] = []

    def forward(x: torch.Tensor) -> torch.Tensor:
        thread = threading.Thread(target=lambda: found.append(other(torch.ones(1, 4))))
        thread.start()
        thread.join()
        return x + 1

    network = traced(Call(forward), IMAGE)
    assert ops(network) == ["add"]
    torch.testing.assert_close(found[0], other(torch.ones(1, 4)))
