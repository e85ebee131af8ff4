"""Attention and transformers against torch."""

from collections.abc import Iterator
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
from tests.shapes.layers import FLOAT, SEARCH, calls, shapes, sizes

MASKS = [FLOAT, torch.bool, torch.bool, torch.int64, torch.float64]


@pytest.fixture(autouse=True, scope="module")
def slow_path() -> Iterator[None]:
    """As it is with gradients: the fast path of evaluation takes some masks that do not fit."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    yield
    torch.backends.mha.set_fastpath_enabled(before)


class Attends(nn.Module):
    def __init__(self, layer: Any, names: tuple[str, ...], **keywords: Any) -> None:
        super().__init__()
        self.layer, self.names, self.keywords = layer, names, keywords

    def forward(self, *tensors: Any) -> Any:
        return self.layer(**dict(zip(self.names, tensors, strict=True)), **self.keywords)


@st.composite
def near(draw: st.DrawFn, *right: tuple[int, ...]) -> tuple[int, ...]:
    """Mostly one of the right shapes, else one with a change."""
    shape = draw(st.sampled_from(right))
    how = draw(st.integers(0, 9))
    if how == 0:
        return draw(shapes(most=4))
    if how == 1 and shape:
        at = draw(st.integers(0, len(shape) - 1))
        return (*shape[:at], draw(st.integers(1, 6)), *shape[at + 1 :])
    return shape


@SEARCH
@given(st.data(), st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_multihead(data: Any, first: bool, weights: bool, average: bool, batched: bool,
                   train: bool) -> None:  # fmt: skip
    heads, each = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 2))
    width, batch, long, keys = heads * each, *(data.draw(st.integers(1, 4)) for _ in range(3))
    kdim, vdim = data.draw(st.sampled_from([(None, None), (None, None), (3, 5), (width, 4)]))
    options = {
        "add_bias_kv": data.draw(st.booleans()) and data.draw(st.booleans()),
        "add_zero_attn": data.draw(st.booleans()) and data.draw(st.booleans()),
        "bias": data.draw(st.booleans()),
    }
    lead = lambda n: ((batch, n) if first else (n, batch)) if batched else (n,)  # noqa: E731
    specs = [
        (data.draw(near((*lead(long), width))), FLOAT),
        (data.draw(near((*lead(keys), kdim or width))), FLOAT),
        (data.draw(near((*lead(keys), vdim or width))), FLOAT),
    ]
    names = ["query", "key", "value"]
    if data.draw(st.booleans()):
        names.append("attn_mask")
        right = ((long, keys), ((batch if batched else 1) * heads, long, keys))
        specs.append((data.draw(near(*right)), data.draw(st.sampled_from(MASKS))))
    if data.draw(st.booleans()):
        names.append("key_padding_mask")
        right = ((batch, keys),) if batched else ((keys,),)
        specs.append((data.draw(near(*right)), data.draw(st.sampled_from(MASKS))))

    def make() -> Any:
        layer = nn.MultiheadAttention(
            width, heads, batch_first=first, kdim=kdim, vdim=vdim, **options
        )
        return Attends(layer, tuple(names), need_weights=weights, average_attn_weights=average)

    agree(make, specs, training=train)


@SEARCH
@given(sizes(4), sizes(3), sizes(3), st.sampled_from(["self", "cross", "train", "zero"]))
def test_the_fused_kernel_gives_another_layout(heads: int, batch: int, long: int, how: str) -> None:
    """`view` behind attention works where torch fuses; where it may, nothing is said."""

    class Views(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attend = nn.MultiheadAttention(
                2 * heads, heads, batch_first=True, add_zero_attn=how == "zero"
            )

        def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            memory = y if how == "cross" else x
            found: torch.Tensor = self.attend(x, memory, memory)[0]
            return found.view(-1, 2 * heads)

    torch.backends.mha.set_fastpath_enabled(True)
    try:
        agree(Views, [((batch, long, 2 * heads), FLOAT)] * 2, training=how == "train")
    finally:
        torch.backends.mha.set_fastpath_enabled(False)


@SEARCH
@given(st.data(), sizes(2), sizes(3), sizes(6), st.booleans(), st.booleans())
def test_a_projection_to_other_features(
    data: Any, heads: int, each: int, out: int, batched: bool, weights: bool
) -> None:
    width = heads * each
    lead = data.draw(st.tuples(*[st.integers(1, 4)] * (1 + batched)))

    def make() -> Any:
        rows = torch.rand(3 * width, width)
        project = (torch.rand(out, width), torch.rand(out))

        def attend(x: torch.Tensor) -> Any:
            return F.multi_head_attention_forward(
                x, x, x, width, heads, rows, None, None, None, False, 0.0, *project,
                need_weights=weights,
            )  # fmt: skip

        return attend

    agree(make, [(data.draw(near((*lead, width))), FLOAT)])


@SEARCH
@given(st.data())
def test_scaled_dot_product(data: Any) -> None:
    lead = data.draw(shapes(most=2, high=3))
    long, keys, width, wide = (data.draw(st.integers(1, 3)) for _ in range(4))
    specs = [
        (data.draw(near((*lead, long, width))), FLOAT),
        (data.draw(near((*lead, keys, width))), FLOAT),
        (data.draw(near((*lead, keys, wide))), FLOAT),
    ]
    if data.draw(st.booleans()):
        mask = data.draw(near((long, keys), (*lead, long, keys), (1, keys)))
        if len(mask) > 1:  # with fewer axes it depends on which kernel runs
            specs.append((mask, data.draw(st.sampled_from(MASKS))))
    _, (key, _), (value, _), *_ = specs
    if len(key) == len(value) == 4 and key[:-1] != value[:-1]:
        return  # see below
    agree(calls(F.scaled_dot_product_attention), specs)


@SEARCH
@given(st.data(), st.booleans())
def test_queries_and_keys_broadcast(data: Any, grouped: bool) -> None:
    """Learned queries of one batch; heads that share keys; a mask for what they have together."""
    heads, shared = data.draw(st.sampled_from([(4, 2), (4, 1), (3, 3), (2, 4), (3, 2)]))
    batch, long, keys = (data.draw(st.integers(1, 3)) for _ in range(3))
    few = shared if grouped else data.draw(st.sampled_from([heads, 1]))
    batches = data.draw(st.sampled_from([(), (1,), (batch,), (2, batch)]))
    others = data.draw(st.sampled_from([batches, (), (1,), (batch,)]))
    mask = data.draw(near((long, keys), (batch, heads, long, keys), (1, heads, long, keys)))
    specs = [
        ((*batches, heads, long, 2), FLOAT),
        ((*others, few, keys, 2), FLOAT),
        ((*others, few, keys, 2), FLOAT),
    ]
    if data.draw(st.booleans()) and len(mask) > 1:
        specs.append((mask, FLOAT))
    agree(calls(F.scaled_dot_product_attention, enable_gqa=grouped), specs)


@pytest.mark.parametrize("lead", [(2,), (2, 3)])
@pytest.mark.parametrize(("keys", "values"), [(1, 6), (6, 1), (4, 3)])
def test_keys_and_values_are_as_long_as_each_other(
    lead: tuple[int, ...], keys: int, values: int
) -> None:
    """The CPU's kernel for batches of heads reads past the end instead of refusing."""
    shapes = [(*lead, 6, 4), (*lead, keys, 4), (*lead, values, 4)]
    make = calls(F.scaled_dot_product_attention)
    _, (fault,) = convlint_says(make, [(shape, FLOAT) for shape in shapes])
    assert fault.code == "CL108"
    for device in ["meta"] if len(lead) > 1 else ["meta", "cpu"]:
        with pytest.raises(RuntimeError):
            make()(*[torch.ones(shape, device=device) for shape in shapes])


@SEARCH
@given(st.data(), st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.integers(0, 2))
def test_encoder(data: Any, first: bool, norm_first: bool, batched: bool, train: bool,
                 layers: int) -> None:  # fmt: skip
    heads, batch, long = (data.draw(st.integers(1, 3)) for _ in range(3))
    width = heads * 2
    lead = ((batch, long) if first else (long, batch)) if batched else (long,)
    specs = [(data.draw(near((*lead, width))), FLOAT)]
    names = ["src"]
    if data.draw(st.booleans()):
        names.append("mask" if layers else "src_mask")
        right = ((long, long), ((batch if batched else 1) * heads, long, long))
        specs.append((data.draw(near(*right)), data.draw(st.sampled_from(MASKS[:3]))))
    if data.draw(st.booleans()):
        names.append("src_key_padding_mask")
        specs.append((data.draw(near((batch, long) if batched else (long,))), FLOAT))

    def make() -> Any:
        layer = nn.TransformerEncoderLayer(
            width, heads, 8, batch_first=first, norm_first=norm_first
        )
        full = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        return Attends(full if layers else layer, tuple(names))

    agree(make, specs, training=train)


@SEARCH
@given(st.data(), st.booleans(), st.booleans(), st.booleans(), st.integers(0, 2))
def test_decoder(data: Any, first: bool, norm_first: bool, batched: bool, layers: int) -> None:
    heads, batch, long, keys = (data.draw(st.integers(1, 3)) for _ in range(4))
    width = heads * 2
    lead = lambda n: ((batch, n) if first else (n, batch)) if batched else (n,)  # noqa: E731
    specs = [
        (data.draw(near((*lead(long), width))), FLOAT),
        (data.draw(near((*lead(keys), width))), FLOAT),
    ]
    names = ["tgt", "memory"]
    for name, right in (
        ("tgt_mask", (long, long)),
        ("memory_mask", (long, keys)),
        ("tgt_key_padding_mask", (batch, long) if batched else (long,)),
        ("memory_key_padding_mask", (batch, keys) if batched else (keys,)),
    ):
        if data.draw(st.integers(0, 2)) == 0:
            names.append(name)
            specs.append((data.draw(near(right)), FLOAT))

    def make() -> Any:
        layer = nn.TransformerDecoderLayer(
            width, heads, 8, batch_first=first, norm_first=norm_first
        )
        return Attends(nn.TransformerDecoder(layer, layers) if layers else layer, tuple(names))

    agree(make, specs)


@SEARCH
@given(st.data(), st.booleans(), st.booleans())
def test_transformer(data: Any, first: bool, batched: bool) -> None:
    batch, long, keys = (data.draw(st.integers(1, 3)) for _ in range(3))
    lead = lambda n: ((batch, n) if first else (n, batch)) if batched else (n,)  # noqa: E731
    specs = [
        (data.draw(near((*lead(keys), 4))), FLOAT),
        (data.draw(near((*lead(long), 4))), FLOAT),
    ]
    names = ["src", "tgt"]
    if data.draw(st.booleans()):
        names.append("tgt_mask")
        specs.append((data.draw(near((long, long))), FLOAT))
    make = lambda: Attends(  # noqa: E731
        nn.Transformer(4, 2, 1, 1, 8, batch_first=first), tuple(names)
    )
    agree(make, specs)


@SEARCH
@given(sizes(4), sizes(2), st.sampled_from([torch.float16, torch.float64, FLOAT, torch.int64]))
def test_dtypes(long: int, batch: int, dtype: Any) -> None:
    spec = ((long, batch, 4), dtype)
    agree(lambda: Attends(nn.MultiheadAttention(4, 2), ("query", "key", "value")), [spec] * 3)
    agree(lambda: nn.TransformerEncoderLayer(4, 2, 8), [spec])
    agree(calls(F.scaled_dot_product_attention), [spec] * 3)


def test_answers_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mode, "ask", no_torch)
    spec = ((5, 2, 4), FLOAT)
    agree(lambda: nn.MultiheadAttention(4, 2), [spec] * 3)
    agree(lambda: nn.TransformerEncoderLayer(4, 2, 8), [spec])
    agree(lambda: nn.TransformerDecoderLayer(4, 2, 8), [spec] * 2)
    agree(lambda: nn.Transformer(4, 2, 1, 1, 8), [spec] * 2)
    agree(calls(F.scaled_dot_product_attention), [spec] * 3)


@pytest.mark.parametrize("layers", [1, 0, -1])
def test_a_stack_needs_layers(layers: int) -> None:
    spec = ((2, 3, 4), FLOAT)
    encoder, decoder = nn.TransformerEncoderLayer(4, 2, 8), nn.TransformerDecoderLayer(4, 2, 8)
    agree(lambda: nn.TransformerEncoder(encoder, layers), [spec])
    agree(lambda: nn.TransformerDecoder(decoder, layers), [spec, spec])
    agree(lambda: nn.Transformer(4, 2, layers, 1, 8), [spec, spec])
    agree(lambda: nn.Transformer(4, 2, 1, layers, 8), [spec, spec])
