"""What forward does with tensors: methods, operators, in place, sizes, indexing, creation."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from convlint.tensor import TensorSpec
from tests.oracle import Call
from tests.trace.helper import follow, ops, traced

IMAGE = torch.randn(2, 3, 8, 8)
OTHER = torch.randn(5, 3, 8, 8)


def net(call: Callable[..., Any]) -> Callable[[], nn.Module]:
    """A network of one function."""
    return lambda: Call(call)


def test_functional_calls() -> None:
    weight = torch.randn(4, 3, 3, 3)

    def forward(x: torch.Tensor) -> torch.Tensor:
        x = F.conv2d(x, weight, padding=1)
        x = F.relu(F.batch_norm(x, torch.zeros(4), torch.ones(4)), inplace=True)
        x = F.max_pool2d(x, 2)
        x = F.dropout(x, 0.5, training=False)
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        return F.softmax(F.adaptive_avg_pool2d(x, 1).flatten(1), dim=-1)

    follow(net(forward), IMAGE, other=(OTHER,))


def test_methods_and_operators() -> None:
    def forward(x: torch.Tensor) -> torch.Tensor:
        y = x.relu().mean(dim=(2, 3), keepdim=True).sigmoid()
        z = (x * y + 1) / 2 - 3 ** (-x.abs()) + (x**2).sqrt()
        z = -z @ z.mT
        z = torch.where(z > 0.5, z, 1 - z).clamp(min=0)
        return ~(z < x.sum()) & (z != 0) | (x == x)

    follow(net(forward), IMAGE, other=(OTHER,))


def test_in_place_forms() -> None:
    def forward(x: torch.Tensor) -> torch.Tensor:
        y = x.clone()
        same = y
        y += 1
        y *= x
        y -= x.mean()
        y /= 2
        y.add_(1).mul_(2)
        torch.relu_(y)
        y.clamp_(0, 1)
        y[:, 0] = 0
        y[0] += 1
        y[:, 1:2].mul_(3)
        assert same is y
        return same.unsqueeze_(0)

    follow(net(forward), IMAGE, other=(OTHER,))


def test_slicing_and_indexing() -> None:
    index = torch.tensor([0, 2])

    def forward(x: torch.Tensor) -> list[torch.Tensor]:
        h = x.shape[2]
        first, *rest = x.unbind(1)
        return [
            x[0], x[:, 1:], x[..., ::2, None], x[:, index], x[:, [0, 1]], x[x.shape[0] - 1],
            x[:, :, h // 2 :, : h // 2], first, rest[-1], x[:, -1:, 0], x[:, :, index, index],
            x[None], x[..., -1], x[:1][0, 0],
        ]  # fmt: skip

    follow(net(forward), IMAGE, other=(OTHER,))


def test_iterating_a_tensor() -> None:
    def forward(x: torch.Tensor) -> torch.Tensor:
        a, b = x
        return torch.stack([a, b] + [image * 2 for image in x])

    follow(net(forward), IMAGE)


def test_sizes() -> None:
    def forward(x: torch.Tensor) -> list[torch.Tensor]:
        b, c, h, w = x.size()
        s = x.shape
        assert isinstance(s, torch.Size)
        assert s[2:] == (8, 8)
        assert x.size(-1) == w == s[-1] == len(x[0, 0, 0])
        assert (len(s), x.dim(), x.ndim) == (4, 4, 4)
        return [
            x.view(b, -1),
            x.view(x.size(0), c * h * w),
            x.reshape(*x.shape[:2], -1),
            x.flatten(2).view(b, c, h, w),
            x.view(*s),
            x.reshape(s[0], s[1], s[2] * s[3]),
            x.reshape(-1, x.numel() // s[0]),
            x.new_zeros(b, min(h, w), max(h // 2, 1)),
            x.view(torch.Size([b, c * h, w])),
            x.expand(b, c, h, w),
            x.repeat(1, 2, 1, 1),
        ]

    follow(net(forward), IMAGE, other=(OTHER,))


def test_sizes_through_python() -> None:
    def forward(x: torch.Tensor) -> list[torch.Tensor]:
        b, c, h, w = x.shape
        total = functools.reduce(lambda p, q: p * q, x.shape[1:], 1)
        half = int(h * 0.5)
        up = math.ceil(h / 3) * 3
        whole, left = divmod(w, 3)
        text = f"{b}x{c} {h:3d} {w}"
        assert text == f"{int(b)}x3   8 8"
        assert {h: 1}[8] == 1
        assert sum(x.shape[2:]) == 16
        assert math.prod(x.shape[1:]) == 192
        assert range(h)[-1] == 7
        assert [0] * w == [0] * 8
        x = F.pad(x, (0, up - w, 0, up - h))
        return [
            x.reshape(b, -1),
            x[..., :half],
            x[..., : whole + left],
            x[:, :, : h % 3],
            x * total,
        ]

    follow(net(forward), IMAGE, other=(OTHER,))


def test_sizes_of_another_image() -> None:
    """Everything is computed from the sizes: the graph is true for other images too."""

    def forward(x: torch.Tensor) -> torch.Tensor:
        b, c, h, w = x.shape
        x = x.view(b, c, h // 2, 2, w // 2, 2).permute(0, 2, 4, 1, 3, 5)
        x = x.reshape(b, (h // 2) * (w // 2), -1)
        position = torch.arange(x.shape[1]).float().view(1, -1, 1) / x.size(1)
        grid = torch.zeros(b, x.shape[1], x.shape[2] * 2)
        grid[:, :, : x.shape[2]] = 1
        return torch.cat([x + position, grid, torch.full((b, h * w // 4, 1), 2.0)], dim=-1)

    follow(net(forward), IMAGE, other=(torch.randn(3, 3, 4, 12),))


def test_tensors_created_in_forward() -> None:
    def forward(x: torch.Tensor) -> list[torch.Tensor]:
        b, n = x.shape[0], x.shape[-1]
        mask = torch.ones(n, n, device=x.device, dtype=torch.bool).tril()
        mask[0, 1] = True
        scores = (x @ x.transpose(-1, -2)).masked_fill(~mask, float("-inf"))
        return [
            scores,
            torch.zeros(x.size(0), 3),
            torch.zeros_like(x),
            torch.arange(n, device=x.device)[None].expand(b, -1),
            torch.linspace(0, 1, n),
            torch.eye(n).to(x),
            torch.full((b,), 1.5),
            torch.tensor(x.shape),
            torch.tensor([b, n]).prod(),
            torch.as_tensor(x.shape[-2:]).float() / 2,
            torch.stack(torch.meshgrid(torch.arange(n), torch.arange(b), indexing="ij")),
            torch.cat([torch.ones(b, 1), x[:, 0, 0]], dim=1),
        ]

    follow(net(forward), IMAGE, other=(OTHER,))


def test_constants_are_really_computed() -> None:
    def forward(x: torch.Tensor) -> torch.Tensor:
        rates = torch.linspace(0, 1, 4).tolist()
        assert rates[-1] == 1.0
        size = torch.tensor([2, 4]).max().item()
        if torch.arange(3).sum() == 3:
            x = x[:, :, :size]
        for i in torch.arange(2):
            x = x[..., int(i) :]
        return x

    follow(net(forward), IMAGE)


def test_random_tensors() -> None:
    def forward(x: torch.Tensor) -> list[torch.Tensor]:
        noise = torch.randn_like(x) + torch.rand(x.shape[0], 1, 1, 1) + torch.randn(x.shape)
        return [x + noise, torch.randperm(x.shape[-1]), torch.bernoulli(x.sigmoid())]

    state = torch.get_rng_state()
    follow(net(forward), IMAGE, other=(OTHER,))
    torch.set_rng_state(state)
    traced(Call(forward), IMAGE)
    assert torch.equal(torch.get_rng_state(), state)


class Holding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3, 1, 1))
        self.register_buffer("mean", torch.full((3, 1, 1), 0.5))
        self.register_buffer("order", torch.tensor([2, 0, 1]))
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))
        self.register_buffer("table", torch.randn(8, 8), persistent=False)
        self.plain = torch.tensor(2.0)
        self.token = nn.Parameter(torch.zeros(1, 1, 8, 8))
        self.history: list[Any] = []
        self.last: Any = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.steps += 1
        self.steps.add_(1)
        self.last = x
        self.history.append(x)
        x = (x - self.mean) * self.scale * self.plain
        x = x[:, self.order] + self.table[self.order[0]]
        token = self.token.expand(x.shape[0], -1, -1, -1)
        return torch.cat([x, token], dim=1) + self.steps


def test_buffers_and_parameters_in_forward() -> None:
    model = Holding()
    before = dict(model.__dict__)
    network = traced(model, IMAGE)
    assert network.outputs.shape == (2, 4, 8, 8)
    assert model.steps.item() == 0
    assert model.last is None
    assert model.history == []
    assert model.__dict__.keys() == before.keys()
    kinds = {layer.path: layer.op for layer in network.layers}
    assert kinds["scale"] == "parameter"
    assert kinds["order"] == "buffer"
    follow(Holding, IMAGE, graph=False)


def test_the_graph_of_buffers_and_parameters() -> None:
    class Quiet(Holding):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = (x - self.mean) * self.scale * self.plain
            x = x[:, self.order] + self.table[self.order[0]]
            return torch.cat([x, self.token.expand(x.shape[0], -1, -1, -1)], dim=1)

    follow(Quiet, IMAGE, other=(OTHER,))


def test_weights_used_in_forward() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(10, 4)
            self.linear = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.linear(self.embed(x)) @ self.linear.weight
            weight = F.normalize(self.linear.weight.data, dim=1)
            return F.linear(x + weight.sum(), self.embed.weight, self.linear.bias.new_zeros(10))

    follow(Tied, torch.tensor([[1, 2, 3]]), other=(torch.tensor([[1], [4]]),))


def test_devices_and_dtypes() -> None:
    def forward(x: torch.Tensor) -> list[torch.Tensor]:
        if x.is_cuda or x.device.type == "cuda" or x.is_meta:
            raise RuntimeError("not here")
        y = x.to(x.device).cpu().to("cpu", torch.float64).to(x)
        assert y.dtype is torch.float32
        assert y.is_floating_point()
        assert y.element_size() == y.itemsize == 4
        assert y.nbytes == 4 * y.numel()
        return [
            y, x.half().float(), x.to(torch.int64), x.double(), x.type(torch.float16), x.bool(),
            x.long().to(y.dtype), x.type_as(x.double()), x.detach(), x.data + 1, x.contiguous(),
        ]  # fmt: skip

    follow(net(forward), IMAGE, other=(OTHER,))


def test_autocast_and_no_grad_blocks() -> None:
    class Blocks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            with torch.no_grad():
                x = self.conv(x)
                assert not torch.is_grad_enabled()
            with torch.autocast("cpu", enabled=False), torch.set_grad_enabled(True):
                x = x * 2
            with torch.inference_mode():
                y = x + 1
            return self.more(x + y.mean())

        @torch.no_grad()
        def more(self, x: torch.Tensor) -> torch.Tensor:
            return x.sum(1)

    follow(Blocks, IMAGE, other=(OTHER,))


def test_autocast_claims_no_dtype() -> None:
    class Half(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(8, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                return self.linear(x)

    network = traced(Half(), IMAGE)
    (linear,) = (layer for layer in network.layers if layer.op == "linear")
    assert not linear.exact


def test_fft() -> None:
    def forward(x: torch.Tensor) -> torch.Tensor:
        spectrum = torch.fft.rfft2(x, norm="ortho")
        filtered = spectrum * torch.ones(spectrum.shape[-2:])
        y = torch.fft.irfft2(filtered, s=x.shape[-2:], norm="ortho")
        return y + torch.fft.fftshift(torch.fft.fft2(x).abs()) + spectrum.real.mean()

    follow(net(forward), IMAGE, other=(OTHER,))


def test_many_outputs_of_one_call() -> None:
    def forward(x: torch.Tensor) -> list[torch.Tensor]:
        values, indices = x.max(dim=1)
        top = x.topk(2, dim=1)
        a, b = x.chunk(2, dim=-1)
        parts = torch.split(x, [1, 2], dim=1)
        return [
            values, indices, top.values, top.indices, a + b, *parts, *torch.var_mean(x, 1),
        ]  # fmt: skip

    follow(net(forward), IMAGE, other=(OTHER,))


def test_tensors_are_kept_apart_after_their_death() -> None:
    """An identity is given again when a tensor dies: shapes must not be mixed up."""

    def forward(x: torch.Tensor) -> torch.Tensor:
        total = x.sum()
        for width in range(1, 60):
            total = total + x.new_ones(width, x.shape[0]).sum()
            torch.ones(width)
            x[:, :, 0].mean(0)
        return total + torch.ones(7).sum()

    network = follow(net(forward), IMAGE)
    for layer in network.layers:
        for tensor in layer.tensors:
            assert tensor.source is not None
    assert ops(network).count("add") == 60


class Tagged(torch.Tensor):
    """Another object over the same data, as libraries make them."""

    @staticmethod
    def __new__(cls, x: torch.Tensor, tag: str = "") -> Tagged:
        made = torch.Tensor._make_subclass(cls, x)
        made.tag = tag  # type: ignore[attr-defined]
        return made


def test_new_objects_over_the_same_data() -> None:
    def forward(x: torch.Tensor) -> Any:
        y = x.mean((2, 3))
        tagged = Tagged(y.detach(), "mean")
        plain = tagged.as_subclass(torch.Tensor)
        weight = nn.Parameter(y.detach().clone())
        start = nn.Parameter(torch.zeros_like(y), requires_grad=False)
        steps = torch.arange(x.shape[0] * 3).view(-1, 3).as_subclass(Tagged)
        old = torch.autograd.Variable(y)
        assert tagged.tag == "mean"  # type: ignore[attr-defined]
        assert weight.shape == (x.shape[0], 3)
        return y + plain, weight * 2 + y, start + y, old * y, y + steps.as_subclass(torch.Tensor)

    network = follow(net(forward), IMAGE, other=(OTHER,))
    assert network.again is not None
    other = network.again({"inputs": TensorSpec((5, 3, 8, 8), torch.float32)})
    assert [output.shape for output in other.outputs] == [(5, 3)] * 5


def test_a_part_made_in_forward_keeps_its_weights() -> None:
    def forward(x: torch.Tensor) -> torch.Tensor:
        made = nn.Linear(x.shape[-1], 4000)
        return made(x) + nn.functional.linear(x, made.weight)

    network = traced(Call(forward), IMAGE)
    assert not network.raised
    assert network.outputs.shape == (2, 3, 8, 4000)
