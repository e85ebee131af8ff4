"""Unpooling against torch."""

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
from tests.shapes.images import FLOAT, images, no_torch, per_axis


@given(st.data())
@sampled(100)
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("functional", [False, True])
def test_unpool(axes: int, functional: bool, data: st.DataObject) -> None:
    arguments = {
        "kernel_size": data.draw(per_axis(axes, 1, 3)),
        "stride": data.draw(st.one_of(st.none(), per_axis(axes, 1, 3))),
        "padding": data.draw(st.one_of(st.just(0), per_axis(axes, 0, 1))),
    }
    shape = data.draw(images(axes, largest=4))
    other = data.draw(st.one_of(st.just(shape), st.just(shape), images(axes, largest=4)))
    wanted = None
    if data.draw(st.booleans()):
        count = data.draw(st.sampled_from([axes, axes, axes + 2, axes + 1]))
        wanted = data.draw(st.lists(st.integers(1, 9), min_size=count, max_size=count))
    module, call = getattr(nn, f"MaxUnpool{axes}d"), getattr(F, f"max_unpool{axes}d")

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.unpool = module(**arguments)

        def forward(self, x: Any, indices: Any) -> Any:
            if functional:
                return call(x, indices, **arguments, output_size=wanted)
            return self.unpool(x, indices, wanted)

    dtype = data.draw(st.sampled_from([torch.int64] * 6 + [torch.int32, FLOAT]))
    agree(Net, [(shape, FLOAT), (other, dtype)])


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_undoes_a_pool(axes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mode, "ask", no_torch)
    pool, unpool = getattr(F, f"max_pool{axes}d"), getattr(F, f"max_unpool{axes}d")

    def exact(x: Any) -> Any:
        small, indices = pool(x, 2, return_indices=True)
        return unpool(small, indices, 2, output_size=x.size())

    def rounded(x: Any) -> Any:
        small, first = pool(x, 2, return_indices=True)
        smaller, second = pool(small, 2, return_indices=True)
        return unpool(unpool(smaller, second, 2), first, 2)

    agree(lambda: exact, [((2, 3, *[7] * axes), FLOAT)])
    agree(lambda: rounded, [((2, 3, *[8] * axes), FLOAT)])
    agree(lambda: rounded, [((2, 3, *[6] * axes), FLOAT)], rule="CL206")


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_a_pool_without_indices_is_no_pair(axes: int) -> None:
    """Unpacked, its rows are taken for the tensor, the indices and the window."""
    pool, unpool = getattr(F, f"max_pool{axes}d"), getattr(F, f"max_unpool{axes}d")
    for rows in (2, 3):
        agree(lambda: lambda x: unpool(*pool(x, 2), 2), [((rows, 4, *[4] * axes), FLOAT)])
