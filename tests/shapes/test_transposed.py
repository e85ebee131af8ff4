"""Transposed convolution against torch."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from convlint.trace import mode
from tests.oracle import Spec, agree, convlint_says, torch_says
from tests.sampling import sampled
from tests.shapes.images import FLOAT, images, no_torch, per_axis

CONVS = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
CALLS: dict[int, Any] = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def agree_or_empty(make: Callable[[], Any], specs: Sequence[Spec]) -> None:
    """A map of no elements is an error, though some of torch's kernels let it through."""
    try:
        answer = torch_says(make, specs, training=False)
    except Exception:
        return  # the constructor refuses
    if isinstance(answer, torch.Tensor) and answer.numel() == 0:
        assert convlint_says(make, specs)[1]
    else:
        agree(make, specs)


@st.composite
def hyper_parameters(draw: st.DrawFn, axes: int) -> dict[str, Any]:
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    return {
        "in_channels": groups * draw(st.integers(1, 2)),
        "out_channels": groups * draw(st.integers(1, 3)),
        "kernel_size": draw(per_axis(axes, 1, 4)),
        "stride": draw(per_axis(axes, 1, 3)),
        "padding": draw(per_axis(axes, 0, 2)),
        "output_padding": draw(st.one_of(st.just(0), per_axis(axes, 0, 2))),
        "dilation": draw(per_axis(axes, 1, 3)),
        "groups": groups,
        "bias": draw(st.booleans()),
    }


@given(st.sampled_from([(2, 3), (3,)]), st.data(), st.integers(0, 2))
@sampled(50)
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_empty_images(axes: int, lead: Any, data: st.DataObject, padding: int) -> None:
    shape = (*lead, *(data.draw(st.sampled_from([0, 1, 2])) for _ in range(axes)))
    agree_or_empty(lambda: CONVS[axes](lead[-1] or 1, 2, 2, padding=padding), [(shape, FLOAT)])


@given(st.data())
@sampled(75)
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_module(axes: int, data: st.DataObject) -> None:
    arguments = data.draw(hyper_parameters(axes))
    shape = data.draw(images(axes, arguments["in_channels"], 5))
    agree_or_empty(lambda: CONVS[axes](**arguments), [(shape, FLOAT)])


@given(st.data())
@sampled(75)
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_output_size(axes: int, data: st.DataObject) -> None:
    arguments = data.draw(hyper_parameters(axes)) | {"output_padding": 0}
    shape = data.draw(images(axes, arguments["in_channels"], 4))
    size = st.integers(1, 12)
    wanted = data.draw(st.lists(size, min_size=axes, max_size=axes + data.draw(st.integers(0, 3))))
    if data.draw(st.booleans()):  # one that fits, or nearly
        plain = CONVS[axes](**arguments)
        columns: list[Any] = [plain.kernel_size, plain.stride, plain.padding, plain.dilation]
        wanted = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1 + data.draw(st.integers(-1, s))
            for n, k, s, p, d in zip(shape[-axes:], *columns, strict=False)
        ]

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.up = CONVS[axes](**arguments)

        def forward(self, x: Any) -> Any:
            return self.up(x, output_size=wanted)

    agree_or_empty(Net, [(shape, FLOAT)])


@given(st.data())
@sampled(75)
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_function(axes: int, data: st.DataObject) -> None:
    """Also what the module's constructor refuses."""
    groups: int = data.draw(st.integers(1, 3))
    weight = (
        data.draw(st.integers(1, 6)),
        data.draw(st.integers(1, 2)),
        *data.draw(st.tuples(*[st.integers(1, 4)] * data.draw(st.sampled_from([axes, axes, 1])))),
    )
    shape = data.draw(images(axes, weight[0], 5))
    padding = data.draw(st.sampled_from([0, 1, (1,), (1, 2), -1]))
    stride = data.draw(st.sampled_from([1, 1, 2, 3, (2,), (1, 2), 0]))
    output_padding = data.draw(st.sampled_from([0, 0, 1, (1,), (1, 2), -1]))
    dilation = data.draw(st.sampled_from([1, 1, 2, (2,)]))
    bias = data.draw(st.sampled_from([weight[1] * groups, weight[1] * groups, 2]))

    def call(image: Any, weights: Any, offset: Any) -> Any:
        return CALLS[axes](
            image, weights, offset, stride, padding, output_padding, groups, dilation
        )

    agree_or_empty(lambda: call, [(shape, FLOAT), (weight, FLOAT), ((bias,), FLOAT)])


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_answers_without_torch(axes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mode, "ask", no_torch)
    image, weight = (2, 3, *[8] * axes), (3, 4, *[3] * axes)
    agree(lambda: CONVS[axes](3, 4, 3), [(image, FLOAT)])
    agree(lambda: CALLS[axes], [(image, FLOAT), (weight, FLOAT)])
