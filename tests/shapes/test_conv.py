"""Convolution against torch."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrizations, spectral_norm, weight_norm

from convlint import check
from convlint.trace import mode
from tests.oracle import agree, convlint_says
from tests.sampling import sampled
from tests.shapes.images import FLOAT, images, no_torch, per_axis

CONVS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
CALLS: dict[int, Any] = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


@st.composite
def hyper_parameters(draw: st.DrawFn, axes: int) -> dict[str, Any]:
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    padding = draw(st.one_of(st.sampled_from(["same", "valid"]), per_axis(axes, -1, 3)))
    return {
        "in_channels": groups * draw(st.integers(1, 2)),
        "out_channels": groups * draw(st.integers(1, 3)),
        "kernel_size": draw(per_axis(axes, 1, 4)),
        "stride": 1 if padding == "same" else draw(per_axis(axes, 1, 3)),
        "padding": padding,
        "dilation": draw(per_axis(axes, 1, 3)),
        "groups": groups,
        "bias": draw(st.booleans()),
        "padding_mode": draw(
            st.sampled_from(["zeros", "zeros", "reflect", "circular", "replicate"])
        ),
    }


@given(st.sampled_from([(2, 3), (0, 3), (2, 0), (3,), (0,)]), st.data(), st.integers(0, 2))
@sampled(50)
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_empty_images(axes: int, lead: Any, data: st.DataObject, padding: int) -> None:
    shape = (*lead, *(data.draw(st.sampled_from([0, 1, 2])) for _ in range(axes)))
    channels = lead[-1] or data.draw(st.integers(0, 1))
    agree(lambda: CONVS[axes](channels, 2, 2, padding=padding), [(shape, FLOAT)])


def test_what_a_layer_made_is_no_channels_last_image() -> None:
    """48 columns are no channels, though the next layer wants as many."""
    net = nn.Sequential(
        nn.Conv2d(3, 64, 1), nn.ReLU(), nn.Conv2d(48, 4, 1), nn.ReLU(), nn.Conv2d(4, 2, 1)
    )
    (found,) = check(net, "2,3,56,48").diagnostics
    assert found.message == "`2` takes 48 channels, but 64 arrive"
    (found,) = check(nn.Conv2d(48, 4, 1), "2,64,56,48").diagnostics
    assert "they are the last axis" in found.message


@given(st.data())
@sampled(75)
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_module(axes: int, data: st.DataObject) -> None:
    arguments = data.draw(hyper_parameters(axes))
    shape = data.draw(images(axes, arguments["in_channels"]))
    agree(lambda: CONVS[axes](**arguments), [(shape, FLOAT)])


@given(st.data(), st.permutations(range(3)), st.booleans())
@sampled(50)
@pytest.mark.parametrize("kind", [nn.Conv1d, nn.ConvTranspose1d])
def test_sequences_in_other_orders(kind: Any, data: Any, order: Any, batched: bool) -> None:
    """An axis of size one may have any stride."""
    shape = tuple(data.draw(st.integers(1, 3)) for _ in order)
    channels = shape[order[1]]

    def call(conv: Any, x: Any) -> Any:
        x = x.permute(order)
        return conv(x if batched else x[0])

    agree(lambda: lambda x: call(kind(channels, 2, 1), x), [(shape, FLOAT)])


@given(st.data())
@sampled(75)
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_function(axes: int, data: st.DataObject) -> None:
    """Also what the module's constructor refuses."""
    groups = data.draw(st.integers(1, 3))
    weight = (
        data.draw(st.integers(1, 6)),
        data.draw(st.integers(1, 2)),
        *data.draw(st.tuples(*[st.integers(1, 4)] * data.draw(st.sampled_from([axes, axes, 1])))),
    )
    shape = data.draw(images(axes, weight[1] * groups))
    padding = data.draw(st.sampled_from(["same", "valid", 0, 1, (1,), (1, 2), -1, "other"]))
    stride = data.draw(st.sampled_from([1, 1, 2, 3, (2,), (1, 2), 0]))
    dilation = data.draw(st.sampled_from([1, 1, 2, (2,), 0]))
    bias = data.draw(st.sampled_from([weight[0], weight[0], 2]))

    def call(image: Any, weights: Any, offset: Any) -> Any:
        return CALLS[axes](image, weights, offset, stride, padding, dilation, groups)

    agree(lambda: call, [(shape, FLOAT), (weight, FLOAT), ((bias,), FLOAT)])


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_answers_without_torch(axes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mode, "ask", no_torch)
    image, weight = (2, 3, *[8] * axes), (4, 3, *[3] * axes)
    agree(lambda: CONVS[axes](3, 4, 3), [(image, FLOAT)])
    agree(lambda: CALLS[axes], [(image, FLOAT), (weight, FLOAT)])
    by_torch = getattr(torch, f"conv{axes}d")
    agree(
        lambda: lambda x, w: by_torch(input=x, weight=w, stride=2),
        [(image, FLOAT), (weight, FLOAT)],
    )


@pytest.mark.parametrize(
    "wrap", [spectral_norm, weight_norm, parametrizations.spectral_norm,
             parametrizations.weight_norm]
)  # fmt: skip
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.filterwarnings("ignore")
def test_weights_that_are_computed(wrap: Any, channels: int) -> None:
    agree(lambda: wrap(nn.Conv2d(3, 8, 3)), [((2, channels, 8, 8), FLOAT)], rule="CL101")


@pytest.mark.parametrize(
    "wrap",
    [parametrizations.spectral_norm, parametrizations.weight_norm, parametrizations.orthogonal],
)
@pytest.mark.parametrize("dtype", [FLOAT, torch.float64])
def test_the_dtype_of_weights_that_are_computed(wrap: Any, dtype: torch.dtype) -> None:
    make = lambda: wrap(nn.Conv2d(3, 8, 3)).to(dtype)  # noqa: E731
    agree(make, [((2, 3, 8, 8), FLOAT)])
    network, _ = convlint_says(make, [((2, 3, 8, 8), dtype)])
    assert network.outputs.dtype is dtype


@pytest.mark.parametrize("lazy", [nn.LazyConv1d, nn.LazyConv2d, nn.LazyConv3d])
@pytest.mark.parametrize("side", [2, 8])
@pytest.mark.filterwarnings("ignore")
def test_lazy_modules_take_what_arrives(lazy: Any, side: int) -> None:
    axes = int(lazy.__name__[-2])
    agree(
        lambda: nn.Sequential(lazy(8, 3), nn.Conv2d(8, 4, 1) if axes == 2 else nn.Identity()),
        [((2, 3, *[side] * axes), FLOAT)],
    )
