"""In which order results lie in memory, for inputs in any order, against torch."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from convlint.tensor import TensorSpec
from convlint.trace import build, trace
from tests.oracle import same_output
from tests.sampling import sampled
from tests.shapes.images import FLOAT

WINDOWS: dict[str, Callable[[int], nn.Module]] = {
    "conv": lambda axes: getattr(nn, f"Conv{axes}d")(4, 3, 2),
    "one": lambda axes: getattr(nn, f"Conv{axes}d")(4, 3, 1),
    "depthwise": lambda axes: getattr(nn, f"Conv{axes}d")(4, 4, 2, groups=4),
    "mirrored": lambda axes: getattr(nn, f"Conv{axes}d")(
        4, 3, 3, padding=1, padding_mode="replicate"
    ),
    "wrapped": lambda axes: getattr(nn, f"Conv{axes}d")(
        4, 3, 3, padding=1, padding_mode="circular"
    ),
    "transposed": lambda axes: getattr(nn, f"ConvTranspose{axes}d")(4, 3, 2, 2),
    "max": lambda axes: getattr(nn, f"MaxPool{axes}d")(2),
    "indices": lambda axes: getattr(nn, f"MaxPool{axes}d")(2, return_indices=True),
    "mean": lambda axes: getattr(nn, f"AvgPool{axes}d")(2),
    "norm": lambda axes: getattr(nn, f"LPPool{axes}d")(2, 2),
    "adaptive mean": lambda axes: getattr(nn, f"AdaptiveAvgPool{axes}d")(2),
    "global mean": lambda axes: getattr(nn, f"AdaptiveAvgPool{axes}d")(1),
    "adaptive max": lambda axes: getattr(nn, f"AdaptiveMaxPool{axes}d")(2),
    "zeros": lambda axes: getattr(nn, f"ZeroPad{axes}d")(1),
    "crop": lambda axes: getattr(nn, f"ZeroPad{axes}d")(-1),
    "reflect": lambda axes: getattr(nn, f"ReflectionPad{axes}d")(1),
    "circular": lambda axes: getattr(nn, f"CircularPad{axes}d")(1),
    "nearest": lambda axes: nn.Upsample(scale_factor=2),
    "linear": lambda axes: nn.Upsample(
        scale_factor=2, mode=["linear", "bilinear", "trilinear"][axes - 1]
    ),
    "area": lambda axes: Function(lambda x: F.interpolate(x, size=2, mode="area")),
    "unpool": lambda axes: Function(
        lambda x: getattr(F, f"max_unpool{axes}d")(x, torch.zeros_like(x).long(), [2] * axes)
    ),
    "shuffle": lambda axes: nn.PixelShuffle(2) if axes == 2 else nn.ChannelShuffle(2),
    "unshuffle": lambda axes: nn.PixelUnshuffle(2) if axes == 2 else nn.ChannelShuffle(4),
}


class Function(nn.Module):
    """A call that is no module."""

    def __init__(self, call: Callable[[Any], Any]) -> None:
        super().__init__()
        self.call = call

    def forward(self, x: torch.Tensor) -> Any:
        return self.call(x)


@given(data=st.data())
@sampled(40)
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("name", WINDOWS)
def test_order_in_memory(name: str, axes: int, data: st.DataObject) -> None:
    batch = data.draw(st.sampled_from([(1,), (2,), (3,), ()]))
    shape = (*batch, 4, *data.draw(st.tuples(*[st.sampled_from([4, 6])] * axes)))
    order = data.draw(st.permutations(range(len(shape))))
    if data.draw(st.booleans()):  # channels-last
        first = len(batch)
        order = [*range(first), *range(first + 1, len(shape)), first]
    held = tuple(shape[d] for d in order)
    back = [order.index(d) for d in range(len(shape))]
    tensor = torch.rand(held).permute(back)
    strides: Any = "contiguous" if tensor.is_contiguous() else tensor.stride()
    make = WINDOWS[name]
    with torch.no_grad():
        try:
            answer = make(axes)(tensor)
        except Exception:
            return  # legal calls are compared
    network = trace(build(lambda: make(axes)), [TensorSpec(shape, FLOAT, strides)], training=False)
    same_output(network.outputs, answer)
