"""Broadcasting of shapes against torch, and the repairs that are offered where it fails."""

from __future__ import annotations

import re
from typing import Any

import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn

from convlint.arithmetic.broadcast import aligned, broadcast, clashes
from convlint.dims import Unknown, known
from tests.oracle import convlint_says
from tests.sampling import sampled

shapes = st.lists(st.sampled_from([1, 1, 2, 3, 4]), max_size=4).map(tuple)


def in_common(*given: Any) -> Any:
    try:
        return tuple(torch.broadcast_shapes(*given))
    except RuntimeError:
        return None


@sampled()
@given(st.lists(shapes, min_size=1, max_size=3))
def test_broadcast(given: Any) -> None:
    expected = in_common(*given)
    if expected is not None:
        assert broadcast(*given) == expected


@sampled()
@given(shapes, shapes)
def test_clashes(first: Any, second: Any) -> None:
    assert bool(clashes(first, second)) == (in_common(first, second) is None)


@sampled()
@given(shapes, shapes)
def test_aligned_shapes_fit(small: Any, big: Any) -> None:
    for shape in aligned(small, big):
        assert in_common(shape, big) == big
        assert [n for n in shape if n != 1] == [n for n in small if n != 1]


@sampled()
@given(shapes, shapes, st.data())
def test_what_is_not_known_makes_no_claim(first: Any, second: Any, data: Any) -> None:
    """A size in place of an unknown one gives a size that the answer allows."""
    expected = in_common(first, second)
    assume(expected is not None and first)
    hidden = data.draw(st.integers(0, len(first) - 1))
    veiled = tuple(Unknown() if i == hidden else n for i, n in enumerate(first))
    answer = broadcast(veiled, second)
    assert len(answer) == len(expected)
    assert all(a == b for a, b in zip(answer, expected, strict=True) if known(a))


class Branches(nn.Module):
    """Two branches that are added."""

    def __init__(self, left: Any, right: Any) -> None:
        super().__init__()
        self.left, self.right = make(left), make(right)

    def forward(self, x: Any) -> Any:
        return self.left(x) + self.right(x)


def make(layer: Any) -> nn.Module:
    kind, arguments = layer
    if kind == "conv":
        return nn.Conv2d(2, 2, **arguments)
    if kind == "up":
        return nn.ConvTranspose2d(2, 2, **arguments)
    return {"avg": nn.AvgPool2d, "max": nn.MaxPool2d}[kind](**arguments)


window = st.fixed_dictionaries(
    {
        "kernel_size": st.integers(1, 5),
        "stride": st.integers(1, 3),
        "padding": st.integers(0, 2),
    }
)
layers = st.tuples(st.sampled_from(["conv", "conv", "avg", "max"]), window)
WRITE = re.compile(r"write (\w+)=(\w+) in `(\w+)`")


@sampled(40)
@given(layers, layers, st.integers(5, 20), st.integers(5, 20))
def test_help_mends(left: Any, right: Any, height: int, width: int) -> None:
    """Whatever is offered as an argument to write makes the branches fit."""
    try:
        Branches(left, right)(torch.zeros(1, 2, height, width))
        return
    except Exception as error:
        assume("must match" in str(error))
    spec = ((1, 2, height, width), torch.float32)
    _, errors = convlint_says(lambda: Branches(left, right), [spec])
    told = [e for e in errors if e.code == "CL302"]
    assert told
    for text in told[0].help:
        found = WRITE.search(text)
        if found is None:
            continue
        name, value, branch = found.groups()
        both = {"left": left, "right": right}
        kind, arguments = both[branch]
        number = {"True": True, "False": False}.get(value)
        both[branch] = (kind, {**arguments, name: int(value) if number is None else number})
        Branches(both["left"], both["right"])(torch.zeros(1, 2, height, width))
