"""What letters may be: `--dim`, the sizes that are taken for them, and what is refused."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import convlint
from convlint.representative import representative, resolved
from convlint.spec import SpecError, letters
from convlint.spec import parse_all as inputs
from convlint.symbol import LARGEST, Dims, domain, parse, parse_all
from tests.sampling import sampled


@pytest.mark.parametrize(
    ("text", "values", "largest"),
    [
        ("224..512%32", tuple(range(224, 513, 32)), 512),
        ("225..511%32", tuple(range(256, 481, 32)), 480),
        ("8/1/2/2", (1, 2, 8), 8),
        ("7", (7,), 7),
        ("997..", (997, 998, 999, 1000), None),
        ("..3", (1, 2, 3), 3),
        ("%400", (400, 800), None),
        ("..800%400", (400, 800), 800),
        ("900..%50", (900, 950, 1000), None),
        (" 1 / 6 .. 9 % 3 ", (1, 6, 9), 9),
        ("998.. / 4", (4, 998, 999, 1000), None),
    ],
)
def test_domains(text: str, values: tuple[int, ...], largest: int | None) -> None:
    found = domain(text)
    assert (found.text, str(found)) == (text, text)
    assert found.values(1000) == values
    assert (found.largest, found.is_bounded) == (largest, largest is not None)
    assert found.smallest == values[0]
    assert tuple(size for size in range(1001) if size in found) == values
    assert found.first(2) == values[:2]
    assert found.values(0) == ()
    assert pickle.loads(pickle.dumps(found)) == found
    assert hash(found) == hash(domain(text))


@given(
    st.integers(1, 300), st.none() | st.integers(1, 300), st.integers(1, 50), st.integers(0, 400)
)
@sampled(200)
def test_a_range_has_every_multiple_between_its_ends(
    first: int, last: int | None, step: int, limit: int
) -> None:
    text = f"{first}..{'' if last is None else last}%{step}"
    end = LARGEST if last is None else last
    if -(-first // step) * step > end:
        with pytest.raises(SpecError, match="there is no size"):
            domain(text)
        return
    wanted = tuple(n for n in range(1, limit + 1) if first <= n <= end and n % step == 0)
    assert domain(text).values(limit) == wanted


def test_dims() -> None:
    dims = parse(["H=224..512%32", "N=1/2/8", "W=2*H", "T = W//3"])
    assert dims.words == ("H=224..512%32", "N=1/2/8", "W=2*H", "T=W//3")
    assert dims.domain("N") == domain("1/2/8")
    assert dims.domain("W") is None
    assert dims.completed({"H": 5, "N": 1}) == {"H": 5, "N": 1, "W": 10, "T": 3}
    assert dims.completed({"H": 1, "N": 1}) is None  # T would be 0
    assert dims.completed({"N": 1}) is None
    assert parse(["W=H/2"]).completed({"H": 5}) is None
    assert parse(["W=H//2"]).completed({"H": 5}) == {"H": 5, "W": 2}
    assert dims.free(inputs(["N,T,W", "K,H"])) == ("N", "K", "H")
    assert parse_all({"H": "224..512%32", "N": "1/2/8", "W": "2*H", "T": "W//3"}) == dims
    assert parse_all({"N": 2}) == parse(["N=2"])
    assert parse(["N=2*4"]).domain("N") == domain("8")
    assert parse_all(dims) is dims
    assert parse_all(None) == Dims() == parse([])
    assert pickle.loads(pickle.dumps(dims)) == dims
    assert hash(dims) == hash(parse_all(dims))
    assert dims.below(parse(["W=64..", "H=7"])).words == ("N=1/2/8", "W=64..", "H=7", "T=W//3")
    assert Dims().including(inputs("1,3,8..9,W")).words == ("H=8..9",)
    assert dims.including(inputs("1,8..9")).including(inputs("1,8..9")).words[2] == "C=8..9"


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        (["H"], "`H` has no `=`; write H=224..512%32, N=1/2/8 or W=2*H"),
        (["=3"], "`` is no letter of an input"),
        (["2H=3"], "`2H` is no letter of an input"),
        (["_=3"], "`_` is no letter of an input"),
        (["H="], "`H` is ``, which is neither a size"),
        (["H=0"], "`H` is `0`; a size must be at least 1"),
        (["H=-3"], "`H` is `-3`, which is neither a size"),
        (["H=1.5"], "`H` is `1.5`, which is no range"),
        (["H=1//2"], "`H` is `1//2`; a size must be at least 1"),
        (["H=..."], "`H` is `...`, which is no range"),
        (["H=64..W"], "`H` is `64..W`, which is neither"),
        (["H=512..224"], "there is no size in `512..224`"),
        (["H=1/33..63%64"], "there is no size in `33..63%64`"),
        (["H=%0"], "`H` is `%0`; a size must be at least 1"),
        (["H=99999999999999999999"], "too large"),
        (["H=" + "9" * 9999], "too large"),
        (["H=2", "H=3"], "it is said twice what `H` is"),
        (["H=2", "H=W"], "it is said twice what `H` is"),
        (["H=H"], "`H` is made of itself: `H=H`"),
        (["W=H", "H=W"], "`W` is made of itself: `W=H`, `H=W`"),
        (["A=B+1", "B=C", "C=2*B"], "`B` is made of itself: `B=C`, `C=2*B`"),
        (["H=3\x1b[31m"], "`H` is `3\\x1b[31m`"),
    ],
)
def test_refuses_with_one_clear_line(texts: list[str], line: str) -> None:
    with pytest.raises(SpecError) as error:
        parse(texts)
    assert line in str(error.value)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 300


@pytest.mark.parametrize(
    ("dims", "line"),
    [
        ({"H": True}, "`H` is `True`, which is neither"),
        ({"H": 1.5}, "`H` is `1.5`, which is neither"),
        ({"H": None}, "`H` is `None`"),
        ({"H": 10**9999}, "too large"),
        ({"H": -(10**9999)}, "too large"),
        ({"H": -1}, "`H` is `-1`"),
        ({3: 1}, "`3` is no letter"),
        (["H=3"], "says no sizes"),
        ("H=3", "says no sizes"),
    ],
)
def test_library_refuses(dims: Any, line: str) -> None:
    with pytest.raises(SpecError) as error:
        parse_all(dims)
    assert line in str(error.value)


_WORDS = st.lists(
    st.sampled_from(
        ["H", "W", "N", "=", "..", "/", "//", "%", "1", "32", "0", "*", "+", "-", " ", "(", ")"]
    )
).map("".join)


@given(st.lists(st.one_of(st.text(), _WORDS), max_size=3))
@sampled(500)
def test_any_text_is_read_or_refused(texts: list[str]) -> None:
    message, dims = "", Dims()
    try:
        dims = parse(texts)
    except SpecError as error:
        message = str(error)
    assert "\n" not in message
    assert parse(dims.words) == dims
    for _, one in dims.domains:
        assert one.first(1)[0] == one.smallest
        assert one.smallest in one


_SIZES = st.sampled_from(["N", "3", "H", "W", "H/3", "2*W", "H-W", "5..9", "%7", "1/4", "N+H"])
_SAID = st.sampled_from(
    ["H=W", "H=3*W", "W=H//2", "N=7..", "H=100..200%32", "W=%48", "N=H-W", "W=N", "T=2", "H=5"]
)


@given(st.lists(_SIZES, min_size=1, max_size=5), st.lists(_SAID, max_size=3, unique=True))
@sampled(300)
def test_representative_sizes_are_in_their_domains(sizes: list[str], said: list[str]) -> None:
    specs = inputs(",".join(sizes) if len(sizes) > 1 else f"({sizes[0]},)")
    try:
        dims = parse(said)
        found = representative(specs, dims)
    except SpecError:  # its messages are tested below
        return
    assert set(found) == set(letters(specs))
    dims = dims.including(specs)
    for letter, size in found.items():
        within = dims.domain(letter)
        assert within is None or size in within
    assert dims.completed({one: found[one] for one in dims.free(specs)}) == found
    assert resolved(specs, dims) == tuple(one.at(found) for one in specs)


@pytest.mark.parametrize(
    ("given", "said", "sizes"),
    [
        ("N,3,H,W", [], {"N": 2, "H": 224, "W": 224}),
        ("N,3,S,S", ["N=1/4"], {"N": 1, "S": 224}),
        ("N,3,H,W", ["H=..100", "W=29..31"], {"N": 2, "H": 64, "W": 29}),
        ("batch,T,C", ["C=100.."], {"batch": 2, "T": 16, "C": 128}),
        ("N,T,K", ["K=3*T", "T=5.."], {"N": 2, "T": 16, "K": 48}),
        ("N,3,H/5,W", ["W=H"], {"N": 2, "H": 5, "W": 5}),
        ("N,3,H,W-H", [], {"N": 2, "H": 224, "W": 256}),
        ("1,3,30..40,5..", [], {"H": 32, "W": 224}),
        ("2,8", [], {}),
    ],
)
def test_representative(given: str, said: list[str], sizes: dict[str, int]) -> None:
    assert representative(inputs(given), parse(said)) == sizes


@pytest.mark.parametrize(
    ("given", "said", "line"),
    [
        ("N,3,H,W", ["K=3"], "there is no letter `K` in the inputs; they have N, H, W"),
        ("N,3,H,W", ["H=K"], "there is no letter `K` in the inputs; they have N, H, W"),
        ("1,3,8,8", ["H=3"], "there is no letter `H` in the inputs; they have none"),
        ("1,3,8..9,W", ["H=3"], "it is said twice what `H` is"),
        ("1,3,8..9,H", ["H2=3"], "it is said twice what `H2` is"),
        ("N,H-W", ["H=4", "W=5.."], "no sizes were found for which all is a whole size"),
        ("N,H*0", [], "no sizes were found"),
        ("A-B,B-C,C-D,D-A", [], "no sizes were found"),
        (",".join(f"a{n}" for n in range(5000)), [], "more than 100 letters"),
        (
            ",".join(f"a{n}" for n in range(99)),
            [f"a{n}=a{n - 1}+a{n - 2}" for n in range(2, 99)],
            "no sizes were found",  # they grow as Fibonacci's numbers do
        ),
    ],
)
def test_what_does_not_fit_the_inputs(given: str, said: list[str], line: str) -> None:
    with pytest.raises(SpecError) as error:
        representative(inputs(given), parse(said))
    assert line in str(error.value)
    assert "\n" not in str(error.value)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(64, 10)

    def forward(self, x: Any) -> Any:
        return self.head(x)


def test_check() -> None:
    assert convlint.check(Net, "N,T,K", dims={"K": 64}, expect="N,T,10").ok
    assert convlint.check(Net, "N,4*T", dims={"T": "16..32%16"}).ok
    assert convlint.check(Net, ["N,32..64%64"], dims={"N": "5"}, expect="5,C-54").ok
    report = convlint.check(Net, "N,T,K", dims={"K": 60, "T": "K"}, expect="N,K,9")
    assert [one.code for one in report.diagnostics] == ["CL102", "CL561"]
    assert report.network is not None
    assert report.network.inputs[0].output.shape == (2, 60, 60)
    with pytest.raises(SpecError, match="there is no letter `W`"):
        convlint.check(Net, "N,64", dims={"W": 3})
    with pytest.raises(SpecError, match="nothing says what `Q` is; N, T, B, H, W are known"):
        convlint.check(Net, "N,T,64", expect="N,Q/2,10")


def test_letters_of_the_input_are_taken_at_their_word() -> None:
    assert convlint.check(nn.Identity, "T,N,8", expect="T,N,8", dims={"N": 5, "T": 3}).ok
    assert convlint.check(nn.Identity, "T,N,8", expect="B,N,8", dims={"N": 5, "T": 3}).ok
    report = convlint.check(nn.Identity, "T,N,8", expect="N,T,8", dims={"N": 5, "T": 3})
    assert [one.code for one in report.diagnostics] == ["CL561"]


def test_it_needs_neither_torch_nor_numpy() -> None:
    code = (
        "import sys, convlint.symbol, convlint.representative\n"
        "assert not {'torch', 'numpy', 'networkx'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
