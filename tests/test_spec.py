"""The --input language."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from convlint.spec import ALIASES, DTYPES, InputSpec, SpecError, parse, parse_all, united


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("1,3,224,224", InputSpec(None, (1, 3, 224, 224))),
        ("1x3x224x224", InputSpec(None, (1, 3, 224, 224))),
        ("1X3×224", InputSpec(None, (1, 3, 224))),
        (" 1, 3 ,5 ", InputSpec(None, (1, 3, 5))),
        ("(1, 3, 8, 8)", InputSpec(None, (1, 3, 8, 8))),
        ("[2,16]", InputSpec(None, (2, 16))),
        ("5", InputSpec(None, (5,))),
        ("(5,)", InputSpec(None, (5,))),
        ("+5", InputSpec(None, (5,))),
        ("()", InputSpec(None, ())),
        ("():float64", InputSpec(None, (), "float64")),
        ("x=2,3,64,64", InputSpec("x", (2, 3, 64, 64))),
        ("x=2x3", InputSpec("x", (2, 3))),
        ("mask=2,16:bool", InputSpec("mask", (2, 16), "bool")),
        ("2,16:int64", InputSpec(None, (2, 16), "int64")),
        ("2,16:long", InputSpec(None, (2, 16), "int64")),
        ("2,16: torch.half ", InputSpec(None, (2, 16), "float16")),
        ("größe=1", InputSpec("größe", (1,))),
        ("flag:=true", InputSpec("flag", None, value=True)),
        ("scale:=0.5", InputSpec("scale", None, value=0.5)),
        ("sizes:=[1, 2]", InputSpec("sizes", None, value=[1, 2])),
        ('mode:="a=b:c"', InputSpec("mode", None, value="a=b:c")),
        ("nothing:=null", InputSpec("nothing", None, value=None)),
        ("1,2x3,4", InputSpec(None, (1, 2, 3, 4))),
        ("512*7*7", InputSpec(None, (25088,))),
        ("9//2,2*112", InputSpec(None, (4, 224))),
    ],
)
def test_reads(text: str, spec: InputSpec) -> None:
    assert parse(text) == spec


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("1,3,a?", "size 3 of `1,3,a?` is `a?`, which is neither a size (8), a letter (N)"),
        ("1,3,22a4", "size 3 of `1,3,22a4` is `22a4`, which could be read in several ways"),
        ("1e3,2", "size 1 of `1e3,2` is `1e3`"),
        ("1_000,2", "size 1 of `1_000,2` is `1_000`"),
        ("N,3x224xW", "size 2 of `N,3x224xW` is `3x224xW`, which could"),
        ("NxTimexC", "`NxTimexC` could be read in several ways; write N,3,H,W"),
        ("N,_", "size 2 of `N,_` is `_`; a size that may be anything is a letter"),
        ("?,3", "size 1 of `?,3` is `?`; a size that may be anything is a letter"),
        ("N,...", "size 2 of `N,...` is `...`; a size that may be anything is a letter"),
        ("N,if", "size 2 of `N,if` is `if`, which is neither"),
        ("N,H**2", "size 2 of `N,H**2` is `H**2`, which is neither"),
        ("N,2-2", "size 2 of `N,2-2` is `2-2`; a size must be at least 1"),
        ("N,(3/2)", "size 2 of `N,(3/2)` is `(3/2)`, which is not a whole number"),
        ("1,512..224", "is `512..224`, and there is no size in `512..224`"),
        ("1,33..63%64", "is `33..63%64`, and there is no size in `33..63%64`"),
        ("1,0..5", "is `0..5`; a size must be at least 1"),
        ("1,1/0", "is `1/0`; a size must be at least 1"),
        ("1,1/2/", "is `1/2/`, which is no range"),
        ("1,8%4", "is `8%4`, which is no range"),
        ("1,..", "is `..`, which is no range"),
        ("1,9..99999999999999999999", "too large"),
        ("0,3,4,4", "size 1 of `0,3,4,4` is `0`; a size must be at least 1"),
        ("1,-3,4,4", "size 2 of `1,-3,4,4` is `-3`; a size must be at least 1"),
        ("1,,3", "size 2 of `1,,3` is empty"),
        ("1,3,", "size 3"),
        ("1.5,3", "size 1 of `1.5,3` is `1.5`"),
        ("1 3 224", "size 1 of `1 3 224` is `1 3 224`, which is neither"),
        ("99999999999999999999,1", "too large"),
        ("1" * 10_000, "too large"),
        ("٣,1", "which is neither"),
        ("2,16:flot32", "did you mean `float32`?"),
        ("2,16:INT64", "did you mean `int64`?"),
        ("2,16:nonsense", "unknown dtype `nonsense`"),
        ("2,16:", "no dtype behind its colon"),
        (":float32", "no sizes"),
        ("x=", "no sizes"),
        ("=1,3", "not the name of a parameter"),
        ("a.b=1,3", "`a.b`"),
        ("flag:=yes", "not JSON"),
        ("flag:=", "not JSON"),
        ("a\nb=1", "`a\\nb`"),
    ],
)
def test_refuses_with_one_clear_line(text: str, words: str) -> None:
    with pytest.raises(SpecError) as error:
        parse(text)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 250


@pytest.mark.parametrize(
    ("text", "shown", "letters"),
    [
        ("N,3,H,W", "N,3,H,W", "N H W"),
        ("Nx3xHxW", "N,3,H,W", "N H W"),
        ("N×2HxW", "N,2H,W", "N H W"),
        (" N , 3 ,2 * H, (H+W)//4 ", "N,3,2 * H,(H+W)//4", "N H W"),
        ("x=N,T:int64", "x=N,T:int64", "N T"),
        ("(batch,)", "batch", "batch"),
        ("(max_len,)", "(max_len,)", "max_len"),
        ("N,box", "N,box", "N box"),
        ("(H+1),(W+1)", "(H+1),(W+1)", "H W"),
        ("((H+1)*(W+1),)", "((H+1)*(W+1),)", "H W"),
        ("(W+2)*H,H", "(W+2)*H,H", "W H"),
        ("1,3,224..512,W", "1,3,224..512,W", "H W"),
        ("1/2/8,3,224..512%32,64..", "1/2/8,3,224..512%32,64..", "N H W"),
        ("Nx3x..512xW", "N,3,..512,W", "N H W"),
        ("1,3,%32,H", "1,3,%32,H", "H2 H"),
        ("1,1..4,N,C,H,W", "1,1..4,N,C,H,W", "C2 N C H W"),
        ("1,3,8..16,H,W", "1,3,8..16,H,W", "D H W"),
        ("1/2,8..16,8..16", "1/2,8..16,8..16", "N C L"),
        ("2,8..16", "2,8..16", "C"),
        ("2,8..16:long", "2,8..16:int64", "T"),
        ("1,3,2..3,4..5,6..7,8..9,10..11", "1,3,2..3,4..5,6..7,8..9,10..11", "D D2 D3 H W"),
    ],
)
def test_reads_letters(text: str, shown: str, letters: str) -> None:
    spec = parse(text)
    assert spec.is_symbolic
    assert str(spec) == shown
    assert " ".join(spec.letters) == letters
    assert parse(shown) == spec
    assert parse(shown).letters == spec.letters
    assert pickle.loads(pickle.dumps(spec)) == spec


def test_a_range_has_a_letter_of_its_own_in_several_inputs() -> None:
    texts = ["x=1,3,8..16,W", "y=1,3,8..16,H", "H3,2..3"]
    found = united([parse(text) for text in texts])
    assert [one.letters for one in found] == [("H2", "W"), ("H4", "H"), ("H3", "C")]
    assert [str(one) for one in found] == texts
    assert united(found) == found
    assert parse_all(texts) == found
    assert parse_all({"a": "1,8..16", "b": "1,8..16"})[1].letters == ("C2",)
    with pytest.raises(SpecError, match="`x` is given twice"):
        united([parse("x=N"), parse("x=N")])


def test_at_sizes() -> None:
    spec = parse("x=N,3,2*H,H//4:int64")
    assert spec.at({"N": 2, "H": 9}) == parse("x=2,3,18,2:int64")
    assert parse("1,3,8..9,W").at({"H": 8, "W": 2}) == parse("1,3,8,2")
    assert parse("2,3").at({}) == parse("2,3")
    assert parse("2,3").concrete == (2, 3)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("N,H/4", "`H/4` in `N,H/4` is no whole number where H = 9"),
        ("N,H-9", "`H-9` in `N,H-9` is 0 where H = 9; a size must be at least 1"),
        ("N,T", "`T` in `N,T` is no whole number"),
        ("N,H/(N-2)", "`H/(N-2)` in `N,H/(N-2)` is no whole number where H = 9, N = 2"),
        ("N,9999999999*9999999999*H", "is 899999999820000000009 where H = 9, which is too large"),
    ],
)
def test_at_sizes_that_do_not_fit(text: str, line: str) -> None:
    with pytest.raises(SpecError) as error:
        parse(text).at({"N": 2, "H": 9})
    assert line in str(error.value)
    assert "\n" not in str(error.value)


def test_dtypes_are_torchs() -> None:
    named = {k: str(v).removeprefix("torch.") for k, v in vars(torch).items() if _is_dtype(v)}
    assert set(named.values()) == set(DTYPES)
    assert {k: v for k, v in named.items() if k != v} == ALIASES
    assert len(DTYPES) == len(set(DTYPES))


def _is_dtype(value: object) -> bool:
    return isinstance(value, torch.dtype)


def test_library_forms() -> None:
    image = InputSpec(None, (1, 3, 8, 8))
    assert parse_all("1,3,8,8") == (image,)
    assert parse_all((1, 3, 8, 8)) == (image,)
    assert parse_all([1, 3, 8, 8]) == (image,)
    assert parse_all(torch.Size([1, 3, 8, 8])) == (image,)
    assert parse_all(torch.empty(1, 3, 8, 8)) == (image,)
    assert parse_all(torch.empty(1, 3, 8, 8, dtype=torch.int64)) == (
        InputSpec(None, (1, 3, 8, 8), "int64"),
    )
    assert parse_all(((1, 3, 8, 8), "2,4:bool", torch.empty(3))) == (
        image,
        InputSpec(None, (2, 4), "bool"),
        InputSpec(None, (3,)),
    )
    assert parse_all([torch.tensor(1), torch.tensor(2)]) == (InputSpec(None, (), "int64"),) * 2
    assert parse_all([torch.zeros(2, 3), torch.zeros(2, 3)]) == (InputSpec(None, (2, 3)),) * 2
    assert parse_all({"x": (1, 3, 8, 8), "mask": "2,4:bool", "flag": True, "n": 5}) == (
        InputSpec("x", (1, 3, 8, 8)),
        InputSpec("mask", (2, 4), "bool"),
        InputSpec("flag", None, value=True),
        InputSpec("n", None, value=5),
    )
    assert parse_all(["x=1,2", parse("flag:=true")]) == (parse("x=1,2"), parse("flag:=true"))
    assert parse_all(()) == parse_all(None) == parse_all({}) == ()


@pytest.mark.parametrize(
    "inputs", [(1, 0, 3), (1, 2.5), (1, True), 3, 1.5, object(), {"1x": "3"}, [None], {"x": "y=1"}]
)
def test_library_refuses(inputs: object) -> None:
    with pytest.raises(SpecError):
        parse_all(inputs)


_WORDS = st.lists(
    st.sampled_from(
        [
            "1",
            "0",
            "-2",
            ",",
            "x",
            "=",
            ":",
            ":=",
            "bool",
            "n",
            "(",
            ")",
            " ",
            "a",
            "[",
            "N",
            "H",
            "..",
            "%",
            "/",
            "//",
            "*",
            "32",
            "+",
            "×",
        ]
    )
).map("".join)


@given(st.one_of(st.text(), _WORDS))
def test_any_text_is_read_or_refused(text: str) -> None:
    message = ""
    try:
        spec = parse(text)
    except SpecError as error:
        message = str(error)
    else:
        assert all(size >= 1 for size in spec.shape or () if isinstance(size, int))
        assert parse(str(spec)) == spec
        assert all(letter.isidentifier() for letter in spec.letters)
        assert spec.name is None or spec.name.isidentifier()
    assert "\n" not in message


@given(
    st.lists(st.integers(1, 2**63 - 1), max_size=6),
    st.sampled_from(DTYPES),
    st.sampled_from([None, "x", "mask_1"]),
)
def test_what_is_shown_reads_back(sizes: list[int], dtype: str, name: str | None) -> None:
    spec = InputSpec(name, tuple(sizes), dtype)
    assert parse(str(spec)) == spec


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_values_read_back(value: object) -> None:
    spec = InputSpec("v", None, value=value)
    assert parse(str(spec)) == spec


def test_reading_does_not_import_torch() -> None:
    code = "import sys, convlint.spec; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
