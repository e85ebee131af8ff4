"""Normalization against torch."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from convlint.trace import mode
from tests.oracle import agree, convlint_says
from tests.shapes.images import no_torch
from tests.shapes.layers import DTYPES, FLOAT, SEARCH, calls, shapes, sizes, turned

BATCH = [nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm]
INSTANCE = [nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d]
LAZY = [nn.LazyBatchNorm1d, nn.LazyBatchNorm2d, nn.LazyInstanceNorm1d, nn.LazyInstanceNorm2d]


@SEARCH
@given(
    st.sampled_from(BATCH),
    shapes(most=6, high=3),
    sizes(2, 3),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from(DTYPES),
)
def test_batch(kind: Any, shape: Any, n: int, affine: bool, track: bool, train: bool,
               dtype: Any) -> None:  # fmt: skip
    if kind is nn.SyncBatchNorm and len(shape) > 5:
        return
    make = lambda: kind(n, affine=affine, track_running_stats=track)  # noqa: E731
    agree(make, [(shape, dtype)], training=train)


@SEARCH
@given(
    st.sampled_from(INSTANCE),
    shapes(most=6, high=3),
    sizes(2, 3),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from(DTYPES),
)
def test_instance(kind: Any, shape: Any, n: int, affine: bool, track: bool, train: bool,
                  dtype: Any) -> None:  # fmt: skip
    make = lambda: kind(n, affine=affine, track_running_stats=track)  # noqa: E731
    agree(make, [(shape, dtype)], training=train)


@SEARCH
@given(
    shapes(1, 4, high=3),
    shapes(most=3, high=3),
    st.booleans(),
    st.sampled_from(DTYPES),
    st.sampled_from([nn.LayerNorm, nn.RMSNorm]),
    st.data(),
)
def test_last_axes(shape: Any, normalized: Any, affine: bool, dtype: Any, kind: Any,
                   data: Any) -> None:  # fmt: skip
    if data.draw(st.booleans()):
        normalized = shape[-data.draw(st.integers(1, len(shape))) :]
    make = lambda: kind(normalized, elementwise_affine=affine)  # noqa: E731
    agree(make, [(shape, dtype)])


@SEARCH
@given(
    shapes(most=5, high=4),
    st.integers(1, 3),
    st.integers(1, 2),
    st.booleans(),
    st.sampled_from(DTYPES),
    st.data(),
)
def test_group(shape: Any, groups: int, each: int, affine: bool, dtype: Any, data: Any) -> None:
    if len(shape) > 1 and data.draw(st.booleans()):
        shape = (shape[0], groups * each, *shape[2:])
    agree(lambda: nn.GroupNorm(groups, groups * each, affine=affine), [(shape, dtype)])


@SEARCH
@given(shapes(most=5, high=3), st.integers(0, 4), st.sampled_from([*DTYPES[:3], *DTYPES[5:]]))
def test_local_response(shape: Any, size: int, dtype: Any) -> None:
    agree(lambda: nn.LocalResponseNorm(size), [(shape, dtype)])


@SEARCH
@given(shapes(most=4, high=3), sizes(2, 3), sizes(2, 3), st.booleans(), st.data())
def test_functions(shape: Any, n: int, m: int, flag: bool, data: Any) -> None:
    """What no module can be: parameters of different sizes, statistics missing."""
    dtypes = [data.draw(st.sampled_from(DTYPES[:6])) for _ in range(2)]
    if data.draw(st.booleans()):
        dtypes[1] = dtypes[0]
    specs = [(shape, dtypes[0]), ((n,), dtypes[1]), ((n,), dtypes[1]), ((m,), dtypes[1])]
    one = lambda x, a, b, c: F.batch_norm(x, a, b, c, None, flag)  # noqa: E731
    two = lambda x, a, b, c: F.instance_norm(x, a, b, c, None, flag)  # noqa: E731
    three = lambda x, a, b, c: F.group_norm(x, 2, c, a)  # noqa: E731
    four = lambda x, a, b, c: F.layer_norm(x, (n,), a, c)  # noqa: E731
    five = lambda x, a, b, c: F.rms_norm(x, (n,), c)  # noqa: E731
    agree(lambda: data.draw(st.just(one)), specs)
    agree(lambda: two, specs)
    agree(lambda: three, specs)
    agree(lambda: four, specs)
    agree(lambda: five, specs)


@SEARCH
@given(shapes(most=4, high=3), st.integers(-4, 4), st.sampled_from(DTYPES))
def test_normalize(shape: Any, dim: int, dtype: Any) -> None:
    agree(calls(F.normalize, dim=dim), [(shape, dtype)])


@SEARCH
@given(
    st.integers(3, 5).flatmap(lambda r: st.tuples(st.permutations(range(r)), shapes(r, r))),
    st.sampled_from(["batch", "layer", "group", "instance", "rms", "response", "normalize"]),
)
def test_layout(drawn: Any, which: str) -> None:
    order, shape = tuple(drawn[0]), drawn[1]
    last = shape[order[-1]]
    make = {
        "batch": turned(F.batch_norm, order, None, None, training=True),
        "layer": turned(F.layer_norm, order, (last,)),
        "group": turned(F.group_norm, order, 1),
        "instance": turned(F.instance_norm, order),
        "rms": turned(F.rms_norm, order, (last,)),
        "response": turned(F.local_response_norm, order, 2),
        "normalize": turned(F.normalize, order),
    }[which]
    agree(make, [(shape, FLOAT)])


@SEARCH
@given(st.sampled_from(LAZY), shapes(2, 4, high=3), st.booleans())
def test_lazy(kind: Any, shape: Any, train: bool) -> None:
    agree(lambda: kind(), [(shape, FLOAT)], training=train)


def test_answers_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mode, "ask", no_torch)
    image = [((2, 4, 5, 5), FLOAT)]
    for layer in (nn.BatchNorm2d(4), nn.InstanceNorm2d(4), nn.GroupNorm(2, 4), nn.LayerNorm(5),
                  nn.RMSNorm(5), nn.LocalResponseNorm(2), nn.SyncBatchNorm(4),
                  nn.CrossMapLRN2d(2)):  # fmt: skip
        agree(lambda layer=layer: layer, image)
    half = ((4,), FLOAT)
    agree(calls(F.batch_norm), [*image, half, half])
    agree(calls(torch.batch_norm, None, None, None, None, True, 0.1, 1e-5, False), image)
    agree(calls(F.normalize), image)


@pytest.mark.parametrize(
    ("layer", "shape", "code"),
    [
        (nn.BatchNorm2d(5), (2, 4, 6, 6), "CL103"),
        (nn.BatchNorm1d(6), (2, 4, 6), "CL103"),
        (nn.LayerNorm(4), (2, 4, 6, 6), "CL103"),
        (nn.GroupNorm(2, 6), (2, 4, 6, 6), "CL103"),
        (nn.BatchNorm2d(4), (2, 4), "CL112"),
        (nn.BatchNorm1d(4), (4,), "CL112"),
        (nn.InstanceNorm2d(4), (2, 4, 1, 1), "CL111"),
        (nn.GroupNorm(4, 4), (1, 4, 1, 1), "CL111"),
    ],
)
def test_explained(layer: Any, shape: Any, code: str) -> None:
    network, errors = convlint_says(lambda: layer, [(shape, FLOAT)])
    assert [e.code for e in errors] == [code]
    assert network.outputs.shape == shape


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("shape", [(4, 0, 6, 4), (4, 0, 0, 4), (0, 2, 6, 4), (4, 2, 0, 4)])
@pytest.mark.parametrize("features", [1, 2, 3])
def test_nothing_to_normalize(shape: Any, features: int, training: bool) -> None:
    """Batch norm compares no channels there; the other norms do."""
    for kind in (nn.BatchNorm2d, nn.InstanceNorm2d):
        for options in ({}, {"affine": False}, {"track_running_stats": False}):
            agree(lambda k=kind, o=options: k(features, **o), [(shape, FLOAT)], training)
    agree(lambda: nn.GroupNorm(1, features), [(shape, FLOAT)], training)
    mean = torch.zeros(features)
    agree(lambda: lambda x: F.batch_norm(x, mean, mean + 1), [(shape, FLOAT)])
