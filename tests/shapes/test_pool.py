"""Pooling against torch."""

from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from convlint.trace import mode
from tests.oracle import agree
from tests.sampling import sampled
from tests.shapes.images import FLOAT, identity, images, no_torch, per_axis


@st.composite
def window(draw: st.DrawFn, axes: int) -> dict[str, Any]:
    return {
        "kernel_size": draw(per_axis(axes, 1, 5)),
        "stride": draw(st.one_of(st.none(), per_axis(axes, 1, 4))),
        "padding": draw(st.one_of(st.just(0), per_axis(axes, 0, 3))),
        "ceil_mode": draw(st.booleans()),
    }


@given(st.data())
@sampled(100)
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("functional", [False, True])
def test_max_pool(axes: int, functional: bool, data: st.DataObject) -> None:
    arguments = data.draw(window(axes))
    arguments["dilation"] = data.draw(per_axis(axes, 1, 3))
    arguments["return_indices"] = data.draw(st.booleans())
    shape = data.draw(images(axes))
    kind, call = getattr(nn, f"MaxPool{axes}d"), getattr(F, f"max_pool{axes}d")
    agree(
        (lambda: lambda x: call(x, **arguments)) if functional else lambda: kind(**arguments),
        [(shape, FLOAT)],
    )


@given(st.data())
@sampled(100)
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("functional", [False, True])
def test_avg_pool(axes: int, functional: bool, data: st.DataObject) -> None:
    arguments = data.draw(window(axes))
    arguments["count_include_pad"] = data.draw(st.booleans())
    if axes > 1:
        arguments["divisor_override"] = data.draw(st.sampled_from([None, None, 3, 0]))
    shape = data.draw(images(axes))
    kind, call = getattr(nn, f"AvgPool{axes}d"), getattr(F, f"avg_pool{axes}d")
    agree(
        (lambda: lambda x: call(x, **arguments)) if functional else lambda: kind(**arguments),
        [(shape, FLOAT)],
    )


@given(st.data())
@sampled(75)
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("functional", [False, True])
def test_lp_pool(axes: int, functional: bool, data: st.DataObject) -> None:
    arguments = data.draw(window(axes)) | {"norm_type": 2}
    del arguments["padding"]
    shape = data.draw(images(axes))
    kind, call = getattr(nn, f"LPPool{axes}d"), getattr(F, f"lp_pool{axes}d")
    agree(
        (lambda: lambda x: call(x, **arguments)) if functional else lambda: kind(**arguments),
        [(shape, FLOAT)],
    )


@given(st.data())
@sampled(75)
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("functional", [False, True])
@pytest.mark.parametrize("maximum", [False, True])
def test_adaptive_pool(axes: int, functional: bool, maximum: bool, data: st.DataObject) -> None:
    side = st.one_of(st.none(), st.integers(0, 6)) if axes > 1 else st.integers(0, 6)
    wanted = data.draw(
        st.one_of(
            st.integers(-1, 6),
            st.tuples(*[side] * axes),
            st.tuples(*[side] * (axes + 1)),
            st.none(),
        )
    )
    arguments = {"return_indices": data.draw(st.booleans())} if maximum else {}
    shape = data.draw(images(axes))
    name = "max" if maximum else "avg"
    kind = getattr(nn, f"Adaptive{name.title()}Pool{axes}d")
    call = getattr(F, f"adaptive_{name}_pool{axes}d")
    agree(
        (lambda: lambda x: call(x, wanted, **arguments))
        if functional
        else lambda: kind(wanted, **arguments),
        [(shape, FLOAT)],
    )


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("dtype", [torch.bool, torch.int64])
def test_means_of_other_dtypes(axes: int, dtype: torch.dtype) -> None:
    image = [((2, 3, *[4] * axes), dtype)]
    agree(lambda: getattr(nn, f"LPPool{axes}d")(2, 1), image)
    if axes > 1:  # over one axis there is no kernel for them
        agree(lambda: getattr(nn, f"AdaptiveAvgPool{axes}d")(1), image)


@given(st.data())
@sampled(75)
@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("functional", [False, True])
def test_fractional_pool(axes: int, functional: bool, data: st.DataObject) -> None:
    arguments: dict[str, Any] = {
        "kernel_size": data.draw(per_axis(axes, 1, 3)),
        "return_indices": data.draw(st.booleans()),
    }
    if data.draw(st.booleans()):
        arguments["output_size"] = data.draw(per_axis(axes, -1, 6))
    else:
        one = st.sampled_from([0.1, 0.5, 0.7, 0.99])
        arguments["output_ratio"] = data.draw(st.one_of(one, st.tuples(*[one] * axes)))
    shape = data.draw(images(axes))
    kind = getattr(nn, f"FractionalMaxPool{axes}d")
    call = getattr(F, f"fractional_max_pool{axes}d")
    agree(
        (lambda: lambda x: call(x, **arguments)) if functional else lambda: kind(**arguments),
        [(shape, FLOAT)],
    )


@given(st.data())
@sampled(50)
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_refusals(axes: int, data: st.DataObject) -> None:
    """What is no legal window."""
    number = st.sampled_from([0, 1, 2, -1, (2,), (1, 2), (2, 2, 2), 1.5])
    arguments = {name: data.draw(number) for name in ("kernel_size", "stride", "padding")}
    maximum = data.draw(st.booleans())
    if maximum:
        arguments["dilation"] = data.draw(st.sampled_from([1, 0, 2]))
    call = getattr(F, f"max_pool{axes}d" if maximum else f"avg_pool{axes}d")
    agree(lambda: lambda x: call(x, **arguments), [((2, 3, *[6] * axes), FLOAT)])


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_answers_without_torch(axes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mode, "ask", no_torch)
    image = (2, 3, *[8] * axes)
    pool, by_torch = getattr(F, f"max_pool{axes}d"), getattr(torch, f"max_pool{axes}d")
    for call in (
        lambda x: pool(x, 2, 2, 0, 1, False, True)[0],
        lambda x: getattr(F, f"max_pool{axes}d_with_indices")(x, 2),
        lambda x: by_torch(x, kernel_size=2),
        lambda x: getattr(F, f"avg_pool{axes}d")(input=x, kernel_size=(2,)),
        lambda x: getattr(F, f"lp_pool{axes}d")(x, 2, 3),
        lambda x: getattr(F, f"adaptive_avg_pool{axes}d")(x, 2),
        lambda x: getattr(F, f"adaptive_max_pool{axes}d")(x, 2, return_indices=True),
        lambda x: getattr(F, f"adaptive_max_pool{axes}d_with_indices")(x, 2),
    ):
        agree(partial(identity, call), [(image, FLOAT)])


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("name", ["avg", "max"])
@pytest.mark.parametrize("size", [1, 2])
def test_adaptive_pools_have_no_integers(axes: int, name: str, size: int) -> None:
    call = getattr(F, f"adaptive_{name}_pool{axes}d")
    for dtype in (torch.int64, torch.uint8, torch.bool, torch.float64):
        agree(lambda: lambda x: call(x, size), [((2, 3, *(5,) * axes), dtype)])
