"""The memory limit: how it is written, and how a check feels it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convlint import cli, isolate, memory
from convlint.job import Job, Result


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("4096", 4096),
        ("8G", 8 * 2**30),
        ("512M", 512 * 2**20),
        ("1.5g", 3 * 2**29),
        ("2 GiB", 2**31),
        ("3kb", 3 * 2**10),
        ("1T", 2**40),
    ],
)
def test_a_size_is_read(text: str, size: int) -> None:
    assert memory.parse(text) == size


@pytest.mark.parametrize("text", ["", "G", "-1", "8X", "8GG", "1e9", "eight", "8 G B", "inf"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no size"):
        memory.parse(text)


@given(st.integers(0, 2**50))
def test_what_is_written_can_be_read(size: int) -> None:
    assert memory.parse(memory.written(size)) == pytest.approx(size, rel=0.005)


@pytest.mark.parametrize(("words", "limit"), [([], None), (["--memory-limit", "1G"], 2**30)])
def test_the_option_reaches_the_check(
    words: list[str], limit: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    def run(jobs: Sequence[Job], *, memory_limit: int | None, **_: Any) -> Iterator[Result]:
        given.append(memory_limit)
        yield Result(jobs[0].target.display)

    monkeypatch.setattr(isolate, "run", run)
    assert cli.run(["m.py:Net", *words]) == 0
    assert given == [limit]


def test_where_memory_cannot_be_limited_the_option_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(isolate, "run", lambda jobs, **_: [Result(jobs[0].target.display)])
    monkeypatch.setattr(memory, "is_limitable", lambda: False)
    assert memory.half() == 0
    assert cli.run(["m.py:Net"]) == 0
    assert capsys.readouterr().err == ""
    assert cli.run(["m.py:Net", "--memory-limit", "0"]) == 0
    assert capsys.readouterr().err == ""
    assert cli.run(["m.py:Net", "--memory-limit", "1G"]) == 2
    err = capsys.readouterr().err
    assert "Invalid value for '--memory-limit': this system cannot limit" in err
    assert err.count("\n") == 1


def test_the_words_of_allocators_are_known() -> None:
    import torch

    numpy = pytest.importorskip("numpy")
    with pytest.raises(Exception) as torch_says:  # noqa: PT011
        torch.empty(2**60, dtype=torch.uint8)
    with pytest.raises(Exception) as numpy_says:  # noqa: PT011
        numpy.empty(2**60, dtype="uint8")
    assert memory.is_exhausted(torch_says.value)
    assert memory.is_exhausted(numpy_says.value)
    assert not memory.is_exhausted(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="RLIMIT_DATA")
def test_the_default_is_half_of_the_memory() -> None:
    total = next(line for line in open("/proc/meminfo") if line.startswith("MemTotal:"))  # noqa: SIM115
    assert memory.half() == pytest.approx(int(total.split()[1]) * 1024 / 2, rel=0.01)
