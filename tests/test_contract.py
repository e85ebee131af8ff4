"""The --expect language, and what CL561 makes of it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import convlint
from convlint.arithmetic.term import term
from convlint.contract import GIVEN, Contract, parse, parse_all
from convlint.spec import SpecError
from tests.sampling import sampled


@pytest.mark.parametrize(
    ("text", "name", "terms"),
    [
        ("N,10", None, "N 10"),
        ("Nx10", None, "N 10"),
        ("N×10", None, "N 10"),
        (" N , 10 ", None, "N 10"),
        ("(N, 10)", None, "N 10"),
        ("[N,10]", None, "N 10"),
        ("(N,)", None, "N"),
        ("()", None, ""),
        ("10", None, "10"),
        ("N,21,H/4,W/4", None, "N 21 H/4 W/4"),
        ("N,2*C,H // 2", None, "N 2*C H // 2"),
        ("*,?", None, "* ?"),
        ("N,...,10", None, "N ... 10"),
        ("logits=N,10", "logits", "N 10"),
        ("max_len,box", None, "max_len box"),
        ("a-b.c=N", "a-b.c", "N"),
    ],
)
def test_reads(text: str, name: str | None, terms: str) -> None:
    found = parse(text)
    assert found.name == name
    assert " ".join(one.text for one in found.terms) == terms


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the expectation is empty"),
        ("  ", "the expectation is empty"),
        ("N,", "size 2 of `N,` is empty"),
        ("N,,3", "size 2 of `N,,3` is empty"),
        ("N,1.5", "size 2 of `N,1.5` is `1.5`"),
        ("N,0", "size 2 of `N,0` is `0`"),
        ("N,-1", "size 2 of `N,-1` is `-1`"),
        ("N,-3", "size 2 of `N,-3` is `-3`"),
        ("N,3/2", "size 2 of `N,3/2` is `3/2`"),
        ("N,a b", "size 2 of `N,a b` is `a b`"),
        ("N,f(x)", "size 2"),
        ("N,2**9", "size 2"),
        ("N,99999999999999999999", "size 2"),
        ("...,N,...", "`...` more than once"),
        ("N,10:float32", "only a shape can be expected"),
        ("logits=", "has no sizes"),
        ("=N,10", "no name before its `=`"),
        ("N,\x1b[31m", "size 2"),
    ],
)
def test_refuses(text: str, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_all(text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("expect", "words"),
    [
        ("N,C/2", "nothing says what `C` is"),
        (["a=N", "a=N"], "`a` is given twice"),
        (3, "`3` is no expectation"),
        ([3], "`3` is no expectation"),
    ],
)
def test_refuses_together(expect: object, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        parse_all(expect)


def test_forms() -> None:
    assert parse_all(None) == ()
    assert parse_all("N,10") == parse_all(["N,10"]) == (parse("N,10"),)
    assert parse_all({"a": "N,10"}) == (parse("a=N,10"),)
    assert parse_all(["N,C", "N,C/2"])[1].name is None


@given(st.text(max_size=20))
@sampled(100)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except SpecError:
        return
    assert parse(str(found)) == Contract(None, found.terms)


class Gives(nn.Module):
    """Gives tensors of these shapes."""

    def __init__(self, *shapes: tuple[int, ...]) -> None:
        super().__init__()
        self.shapes = shapes

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(x.new_zeros(shape) for shape in self.shapes)


TERMS = ("N", "H", "C", "K", "2", "3", "4", "*", "2*C", "H/2")


def fulfilled(shapes: list[tuple[int, ...]], contracts: list[list[str]]) -> bool:
    """Whether some sizes of `C` and `K` make all of it true, by trying."""
    for c, k in itertools.product(range(1, 9), repeat=2):
        sizes = {"N": 2, "H": 3, "C": c, "K": k}
        if all(fits(s, w, sizes) for s, w in zip(shapes, contracts, strict=True)):
            return True
    return False


def fits(shape: tuple[int, ...], written: list[str], sizes: dict[str, int]) -> bool:
    if "..." in written:
        at = written.index("...")
        behind = len(written) - at - 1
        if at + behind > len(shape):
            return False
        written = written[:at] + ["*"] * (len(shape) - at - behind) + written[at + 1 :]
    if len(shape) != len(written):
        return False
    return all(
        text == "*" or side == sizes.get(text) or side in (term(text) or term("1")).values(sizes)  # type: ignore[union-attr]
        for side, text in zip(shape, written, strict=True)
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[tuple[int, ...]], list[list[str]]]:
    shapes, contracts = [], []
    for _ in range(draw(st.integers(1, 2))):
        shape = draw(st.lists(st.integers(1, 4), max_size=4))
        written = [draw(st.sampled_from((str(side), "*", *TERMS))) for side in shape]
        if draw(st.booleans()):
            written.insert(draw(st.integers(0, len(written))), "...")
        if draw(st.integers(0, 5)) == 0:
            written = written[:-1]
        shapes.append(tuple(shape))
        contracts.append(written)
    return shapes, contracts


@given(cases())
@sampled(40)
def test_speaks_exactly_where_nothing_fulfils_it(
    case: tuple[list[tuple[int, ...]], list[list[str]]],
) -> None:
    shapes, contracts = case
    texts = [",".join(written) or "()" for written in contracts]
    try:
        parse_all(texts)
    except SpecError:
        return  # `2*C` without a `C`
    report = convlint.check(Gives(*shapes), "2,1,3,4", expect=texts, select=("CL561",))
    assert bool(report.diagnostics) == (not fulfilled(shapes, contracts)), str(report)
    assert all(d.severity == "error" for d in report.diagnostics)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, stride=2, padding=1)
        self.head = nn.Linear(16, 12)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        y = self.conv(x)
        return {"map": y, "logits": self.head(y.mean((2, 3)))}


@pytest.mark.parametrize(
    ("expect", "helps"),
    [
        ({"logits": "N,10"}, ["write out_features=10 in `head`",
                              "or, if it is meant, write --expect logits=N,12"]),
        ({"map": "N,C,H,W"}, ["write stride=1 in `conv`",
                              "or, if it is meant, write --expect map=N,C,16,16"]),
        (["N,16,H/2,W/2", "N,10"], ["write out_features=10 in `head`",
                                    "or, if it is meant, write --expect N,12"]),
        ({"map": "N,8,..."}, ["write out_channels=8 in `conv`",
                              "or, if it is meant, write --expect map=N,16,16,16"]),
        ("N,C", ["if it is meant, write --expect N,16,16,16"]),
    ],
)  # fmt: skip
def test_says_what_to_write(expect: object, helps: list[str]) -> None:
    (found,) = convlint.check(Net, "2,3,32,32", expect=expect).diagnostics
    assert (found.code, found.severity) == ("CL561", "error")
    assert list(found.help) == helps
    assert found.location is not None
    assert Path(found.location.filename) == Path(__file__)
    again = helps[-1].rpartition("--expect ")[2]  # what it proposes is fulfilled
    both = [expect[0], again] if isinstance(expect, list) else again
    assert convlint.check(Net, "2,3,32,32", expect=both).ok


def test_unknown_sizes_and_fulfilled_contracts_are_silent() -> None:
    class Chosen(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x[x > 0]

    assert convlint.check(Chosen, "2,3,32,32", expect="7").diagnostics == ()
    assert not convlint.check(Chosen, "2,3,32,32", expect="7,7").ok  # it has one axis, certainly
    assert convlint.check(Net, "2,3,32,32", expect=["N,C,S,S", "N,*"]).diagnostics == ()
    assert convlint.check(Net, "2,3,32,32").diagnostics == ()


def test_missing_outputs() -> None:
    for expect in ("logit=N", ["N,...", "N,12", "N"]):
        (found,) = convlint.check(Net, "2,3,32,32", expect=expect).diagnostics
        assert found.code == "CL561"


def test_known_letters() -> None:
    assert set(GIVEN) == {"N", "B", "H", "W"}
    for letter, size in zip(GIVEN, (2, 2, 32, 16), strict=True):
        assert convlint.check(Gives((size,)), "2,3,32,16", expect=letter).ok
        assert not convlint.check(Gives((5,)), "2,3,32,16", expect=letter).ok
    assert convlint.check(Gives((5,)), "2,3", expect="H").ok  # no image
