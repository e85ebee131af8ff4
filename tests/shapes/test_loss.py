"""Losses against torch."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn

from convlint.trace import mode
from tests.oracle import agree
from tests.shapes.images import no_torch
from tests.shapes.layers import DTYPES, FLOAT, LONG, SEARCH, calls, shapes
from tests.shapes.test_attention import near

HOW = st.sampled_from(["none", "mean", "sum"])
DISTANCES = ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "poisson_nll_loss", "kl_div",
             "hinge_embedding_loss", "soft_margin_loss"]  # fmt: skip
MODULES = [nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss, nn.PoissonNLLLoss, nn.KLDivLoss,
           nn.HingeEmbeddingLoss, nn.SoftMarginLoss, nn.MultiLabelSoftMarginLoss]  # fmt: skip
FLOATS = [torch.float64, torch.float32, torch.float16, torch.bfloat16]


@SEARCH
@given(st.sampled_from(DISTANCES), shapes(most=3, high=3), HOW, st.data())
def test_distances(name: str, shape: Any, how: str, data: Any) -> None:
    other = data.draw(near(shape, shape[1:]))
    agree(calls(getattr(F, name), reduction=how), [(shape, FLOAT), (other, FLOAT)])


@SEARCH
@given(
    st.sampled_from(["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div"]),
    st.sampled_from(DTYPES),
    st.sampled_from(DTYPES),
)
def test_dtypes_of_distances(name: str, one: Any, other: Any) -> None:
    if name == "huber_loss" and not one.is_floating_point:
        return
    agree(calls(getattr(F, name)), [((2, 3), one), ((2, 3), other)])


@pytest.mark.parametrize("one", FLOATS)
@pytest.mark.parametrize("other", FLOATS)
@pytest.mark.parametrize(
    "name",
    [*DISTANCES, "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy",
     "multilabel_soft_margin_loss"],
)  # fmt: skip
def test_dtypes_of_floats(name: str, one: Any, other: Any) -> None:
    agree(calls(getattr(F, name), reduction="none"), [((2, 3), one), ((2, 3), other)])


@SEARCH
@given(st.sampled_from(MODULES), shapes(most=3, high=3), HOW, st.data())
def test_modules(kind: Any, shape: Any, how: str, data: Any) -> None:
    other = data.draw(near(shape))
    agree(lambda: kind(reduction=how), [(shape, FLOAT), (other, FLOAT)])


@SEARCH
@given(
    st.sampled_from([nn.BCELoss, nn.BCEWithLogitsLoss]),
    shapes(most=3, high=3),
    HOW,
    st.none() | shapes(most=2, high=3),
    st.sampled_from([FLOAT, FLOAT, torch.float64, LONG, torch.bool]),
    st.data(),
)
def test_binary(kind: Any, shape: Any, how: str, weight: Any, dtype: Any, data: Any) -> None:
    other = data.draw(near(shape, shape, (*shape, 1)))
    held = None if weight is None else torch.ones(weight)
    make = lambda: kind(weight=held, reduction=how)  # noqa: E731
    agree(make, [(shape, FLOAT), (other, dtype)])


@SEARCH
@given(
    st.sampled_from([nn.CrossEntropyLoss, nn.NLLLoss]),
    shapes(most=4, high=3),
    HOW,
    st.sampled_from([LONG, LONG, LONG, *DTYPES]),
    st.none() | st.integers(1, 3),
    st.data(),
)
def test_classes(kind: Any, shape: Any, how: str, dtype: Any, weight: Any, data: Any) -> None:
    right = (shape[0], *shape[2:]) if len(shape) > 1 else ()
    target = data.draw(near(right, right, shape))
    held = None if weight is None else torch.ones(weight)
    if len(shape) > 1 and kind is nn.CrossEntropyLoss and target == shape and held is not None:
        held = None if not dtype.is_floating_point else held
    agree(lambda: kind(weight=held, reduction=how), [(shape, FLOAT), (target, dtype)])


@SEARCH
@given(shapes(1, 3, high=3), HOW, st.data())
def test_three_tensors(shape: Any, how: str, data: Any) -> None:
    one, two, three = (data.draw(near(shape)) for _ in range(3))
    specs = [(one, FLOAT), (two, FLOAT), (three, FLOAT)]
    agree(lambda: nn.MarginRankingLoss(reduction=how), specs)
    agree(lambda: nn.TripletMarginLoss(reduction=how), specs)
    labels = data.draw(near(shape[:-1]))
    agree(lambda: nn.CosineEmbeddingLoss(reduction=how), [*specs[:2], (labels, FLOAT)])


@SEARCH
@given(shapes(most=3, high=3), HOW, st.data())
def test_margins(shape: Any, how: str, data: Any) -> None:
    target = data.draw(near(shape))
    labels = data.draw(near(shape[:1] if len(shape) > 1 else ()))
    dtype = data.draw(st.sampled_from([LONG, LONG, FLOAT, torch.int32]))
    agree(lambda: nn.MultiLabelMarginLoss(reduction=how), [(shape, FLOAT), (target, dtype)])
    agree(lambda: nn.MultiMarginLoss(reduction=how), [(shape, FLOAT), (labels, dtype)])


@SEARCH
@given(
    st.sampled_from(["gaussian_nll_loss", "triplet_margin_loss"]),
    st.lists(st.sampled_from([FLOAT, FLOAT, LONG, torch.bool]), min_size=3, max_size=3),
)
def test_dtypes_of_differences(name: str, dtypes: Any) -> None:
    agree(calls(getattr(F, name)), [((2, 3), d) for d in dtypes])


@SEARCH
@given(
    st.sampled_from(
        [
            nn.PoissonNLLLoss,
            nn.MultiLabelSoftMarginLoss,
            nn.MultiMarginLoss,
            nn.MultiLabelMarginLoss,
        ]
    ),
    st.sampled_from([FLOAT, FLOAT, LONG, torch.bool]),
    st.sampled_from([FLOAT, LONG, torch.bool]),
)
def test_dtypes_of_labels(kind: Any, one: Any, other: Any) -> None:
    target = (2,) if kind is nn.MultiMarginLoss else (2, 3)
    agree(kind, [((2, 3), one), (target, other)])


@SEARCH
@given(st.permutations([FLOAT, FLOAT, torch.bool, LONG, torch.float64]))
def test_dtypes_of_rankings(dtypes: Any) -> None:
    agree(lambda: nn.MarginRankingLoss(reduction="sum"), [((2, 3), d) for d in dtypes[:3]])


@SEARCH
@given(shapes(1, 3, high=3), HOW, st.data())
def test_variances(shape: Any, how: str, data: Any) -> None:
    var = data.draw(near(shape, shape[:-1], (*shape[:-1], 1)))
    agree(lambda: nn.GaussianNLLLoss(reduction=how), [(shape, FLOAT), (shape, FLOAT), (var, FLOAT)])


@SEARCH
@given(st.sampled_from([(3, 2), (3,), ()]), st.lists(st.integers(1, 3), max_size=3))
def test_texts(batch: Any, targets: Any) -> None:
    """All texts are empty: how long they are is no matter of shapes."""
    assume(len(targets) != 1)  # one behind the other, as many as the texts have letters
    lengths = torch.ones(batch[1:], dtype=LONG)
    call = lambda x, t: F.ctc_loss(x, t, lengths, 0 * lengths)  # noqa: E731
    agree(lambda: call, [((*batch, 4), FLOAT), (tuple(targets), LONG)])


@pytest.mark.parametrize("kind", [nn.SmoothL1Loss, nn.MSELoss, nn.CrossEntropyLoss])
def test_a_tuple_is_no_tensor(kind: Any) -> None:
    agree(lambda: lambda x: kind()(x.chunk(2), x.chunk(2)), [((4, 3), FLOAT)])
    agree(lambda: lambda x: kind()(x, x.chunk(2)), [((4, 3), FLOAT)])


def test_answers_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mode, "ask", no_torch)
    both = [((2, 3), FLOAT), ((2, 3), FLOAT)]
    for kind in (*MODULES, nn.BCEWithLogitsLoss):
        agree(lambda kind=kind: kind(), both)
    for name in (*DISTANCES, "binary_cross_entropy_with_logits"):
        agree(calls(getattr(F, name)), both)
    agree(lambda: nn.CrossEntropyLoss(), [((2, 3), FLOAT), ((2,), LONG)])
    agree(lambda: nn.CTCLoss(), [((5, 2, 4), FLOAT), ((2, 3), LONG), ((2,), LONG), ((2,), LONG)])
    agree(lambda: nn.GaussianNLLLoss(), [((2, 3), FLOAT)] * 3)


LENGTHS = [
    torch.ones(2, dtype=LONG), (1, 1), [1, 1], 1, torch.tensor(1), torch.ones(0, dtype=LONG),
    torch.ones(1, 2, dtype=LONG), (1,), torch.ones(1, dtype=LONG),
]  # fmt: skip


@pytest.mark.parametrize("given", LENGTHS, ids=str)
@pytest.mark.parametrize("shape", [(5, 2, 4), (5, 4)], ids=str)
def test_lengths(shape: Any, given: Any) -> None:
    targets = torch.ones((*shape[1:-1], 1), dtype=LONG)
    for other in LENGTHS:
        call = lambda x, b=other: F.ctc_loss(x.log_softmax(-1), targets, given, b)  # noqa: E731
        agree(lambda call=call: call, [(shape, FLOAT)])
