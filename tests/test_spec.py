"""The --input language."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from convlint.spec import ALIASES, DTYPES, InputSpec, SpecError, parse, parse_all


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
    ],
)
def test_reads(text: str, spec: InputSpec) -> None:
    assert parse(text) == spec


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("1,3,a", "size 3 of `1,3,a` is `a`"),
        ("0,3,4,4", "size 1 of `0,3,4,4` is `0`; a size must be at least 1"),
        ("1,-3,4,4", "size 2 of `1,-3,4,4` is `-3`; a size must be at least 1"),
        ("1,,3", "size 2 of `1,,3` is empty"),
        ("1,3,", "size 3"),
        ("1.5,3", "size 1 of `1.5,3` is `1.5`"),
        ("1 3 224", "not a whole number"),
        ("99999999999999999999,1", "too large"),
        ("1" * 10_000, "too large"),
        ("٣,1", "not a whole number"),
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
        ["1", "0", "-2", ",", "x", "=", ":", ":=", "bool", "n", "(", ")", " ", "a", "["]
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
        assert spec.shape is None or all(size >= 1 for size in spec.shape)
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
