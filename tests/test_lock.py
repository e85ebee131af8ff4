"""convlint.lock: what is written is read and means the same; what is lost is found, and no more."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from convlint import cli, lock
from convlint.diagnostic import Diagnostic, Severity
from convlint.extent import Extent, ranges, sizes_in
from convlint.lock import Key, LockError
from convlint.narrowing import _holds, extent_of, narrowing
from convlint.network import Network
from convlint.sweep import Answer, Axis, Failure, Grid, Works
from convlint.sweep.region import Region

Mask = NDArray[np.bool_]


def answer(
    mask: Mask, unseen: Mask | None = None, *, periods: tuple[int, ...] | None = None
) -> Answer:
    """One whose open letters A, B, ... from 1 on work where `mask` is true."""
    axes = tuple(
        Axis("ABC"[i], tuple(range(1, n + 1)), is_open=True) for i, n in enumerate(mask.shape)
    )
    whole = tuple(range(mask.ndim))
    unseen = np.zeros_like(mask) if unseen is None else unseen
    fails = ~mask & ~unseen
    found = Diagnostic("CL201", "a-name", Severity.ERROR, "too small")
    return Answer(
        Grid(axes),
        (Works(Region(mask.shape, {whole: mask & ~unseen}), Network(())),),
        (Failure(Region(mask.shape, {whole: fails}), found, "conv", (0,) * mask.ndim),),
        (Region(mask.shape, {whole: unseen}),),
        proven=periods is not None,
        reasons=() if periods is not None else ("not followed",),
        periods=periods or (0,) * mask.ndim,
    )


def kept(mask: Mask, **how: Any) -> Extent:
    letters = ",".join("ABC"[: mask.ndim])
    return extent_of(answer(mask, **how), (letters,), ())


def worked(extent: Extent) -> set[tuple[int, ...]]:
    """The combinations of an extent, one by one."""
    letters = [side.letter for side in extent.sides]
    every = {side.letter: list(sizes_in(side.sizes)) for side in extent.sides}
    found = set(itertools.product(*every.values()))
    for block in extent.blocks:
        holds = _holds(block, [every[x] for x in block.letters])
        found = {
            one
            for one in found
            if holds[tuple(every[x].index(one[letters.index(x)]) for x in block.letters)]
        }
    return found


def places(mask: Mask) -> set[tuple[int, ...]]:
    return {tuple(int(i) + 1 for i in one) for one in np.argwhere(mask)}


@st.composite
def masks(draw: st.DrawFn) -> Mask:
    """Any, and such as fall apart into letters."""
    shape = draw(st.sampled_from([(7,), (12,), (3, 5), (6, 6), (2, 3, 4), (40, 30)]))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    share = draw(st.sampled_from([0.1, 0.5, 0.95]))
    if draw(st.booleans()):
        return random.random(shape) < share
    found = np.ones(shape, dtype=bool)
    for i, n in enumerate(shape):
        line = random.random(n) < share
        found &= line.reshape([-1 if i == j else 1 for j in range(len(shape))])
    return found


@given(st.lists(st.integers(1, 60), unique=True))
def test_ranges(sizes: list[int]) -> None:
    assert list(sizes_in(ranges(sorted(sizes)))) == sorted(sizes)


@given(masks())
def test_what_is_written_is_read_and_means_the_same(
    tmp_path_factory: pytest.TempPathFactory, mask: Mask
) -> None:
    file = tmp_path_factory.getbasetemp() / "convlint.lock"
    locked = {
        Key('a"b\\.py:Net', "eval"): kept(mask),
        Key("a.py:Net", "train"): kept(~mask, periods=(1,) * mask.ndim),
    }
    lock.write(file, locked)
    assert lock.read(file) == locked
    assert lock.text(dict(reversed(locked.items()))) == file.read_text("utf-8")
    assert worked(lock.read(file)[Key('a"b\\.py:Net', "eval")]) == places(mask)


@given(masks(), st.integers(0, 2**32 - 1))
def test_lost_is_what_worked_and_fails(before: Mask, seed: int) -> None:
    random = np.random.default_rng(seed)
    now = before ^ (random.random(before.shape) < 0.1)
    unseen = random.random(before.shape) < 0.1
    lost = places(before & ~now & ~unseen)
    found = narrowing(answer(now, unseen), kept(before))
    if lost:
        assert found is not None
        (one,) = found.losses
        letters = "ABC"[: before.ndim]
        smallest = zip(letters, min(lost), strict=True)
        assert one.example == ", ".join(f"{x} = {n}" for x, n in smallest)
        assert found.gains == bool((now & ~unseen & ~before).any())
    elif (before & unseen).any():
        assert found is not None
        assert found.unseen == "not followed"
        assert not found.losses
    else:
        assert found is None
    assert narrowing(answer(before), kept(before)) is None


@given(st.integers(1, 4), st.integers(1, 4), st.integers(6, 20), st.integers(6, 40))
def test_sizes_beyond_are_known_by_their_period(step: int, other: int, few: int, many: int) -> None:
    def line(step: int, count: int) -> Mask:
        return np.arange(1, count + 1) % step == 0

    few, many = few * step, many * other
    found = narrowing(
        answer(line(other, many), periods=(other,)), kept(line(step, few), periods=(step,))
    )
    lost = [n for n in range(1, max(few, many) + 1) if n % step == 0 and n % other]
    assert (found is not None) == bool(lost)
    if found is not None:
        assert found.losses[0].example == f"A = {lost[0]}"
    if not lost:
        return
    unproven = narrowing(answer(line(other, many)), kept(line(step, few)))
    assert (unproven is not None) == (lost[0] <= min(few, many))


def test_another_letter_is_a_misfit() -> None:
    found = narrowing(answer(np.ones((3, 3), dtype=bool)), kept(np.ones(3, dtype=bool)))
    assert found is not None
    assert found.misfit == "it is about A, and its inputs about A, B"


# The file.

ENTRY = """version = 1

[targets."m.py:Net".eval]
inputs = ["1,3,H,W"]
proven = true
works = ["H ≥ 3"]
followed.H = { sizes = [[1, 8, 1]], open = true, period = 1 }
followed.W = { sizes = [[1, 2, 1]], open = true, period = 1 }
exact = [
    [{ H = [[3, 8, 1]] }],
    { letters = ["W"], packed = "eJxzAAAAQQBB" },
]
"""
PACKED = '{ letters = ["W"], packed = "eJxzAAAAQQBB" },'


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("version = 1", "", ":1: it has the version `none`, and this convlint reads 1"),
        ("version = 1", "version = 2", ":1: it has the version `2`"),
        ("version = 1", "<<<<<<< HEAD", ":1: "),
        ("version = 1", "x = 2", ":1: unknown key `x`; there are version, targets"),
        (".eval]", ".test]", ":3: unknown key `test`; there are eval, train"),
        ("works =", "work =", ":6: unknown key `work`; did you mean `works`?"),
        ("proven = true\n", "", ":3: there is no `proven`"),
        ("proven = true", "proven = 1", ":5: `proven` must be true or false"),
        ("1,3,H,W", "1,3,H+,W", ":4: "),
        ('"1,3,H,W"', "3", ":4: `inputs` must be a list of texts"),
        ("[[1, 8, 1]]", "[[1, 8, 0]]", ":7: sizes must be a list of [first, last, step]"),
        (
            "[[1, 8, 1]]",
            "[[5, 8, 1], [1, 3, 1]]",
            ":7: there must be sizes in `followed`, and they must ascend",
        ),
        ("[[1, 8, 1]]", "[[1, 90000000, 1]]", ":7: sizes must be"),
        ("[[1, 8, 1]]", "[[1, 30000000, 1]]", "`followed` has too many combinations"),
        ("period = 1", "period = -1", ":7: `open` must be"),
        ("[{ H =", "[{ K =", ":9: `exact` must be about the letters of `followed`"),
        ("[{ H =", "[{ H = [[1, 2, 1]] }, { W =", "must have the same letters"),
        (PACKED, PACKED.replace("eJx", "AAA"), ":9: `packed` is damaged"),
        (PACKED, PACKED.replace('"W"', '"W", "H"'), ":9: `packed` is damaged"),
    ],
)
def test_what_is_no_lock(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    old: str,
    new: str,
    line: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path(lock.FILE)
    assert old in ENTRY
    content = ENTRY.replace(old, new, 1)
    file.write_text(content, "utf-8")
    for words in (["m.py:Net"], ["sizes", "m.py:Net", "--lock"]):
        assert cli.run([*words, "--input", "1,3,H,W"]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert line in err
        assert err.count("\n") == 1
        assert err.startswith("convlint: convlint.lock:")
    assert file.read_text("utf-8") == content  # not overwritten


def test_the_packed_example_is_read(tmp_path: Path) -> None:
    file = tmp_path / lock.FILE
    import base64
    import zlib

    packed = base64.b64encode(zlib.compress(np.packbits([False, True]).tobytes())).decode()
    file.write_text(ENTRY.replace("eJxzAAAAQQBB", packed), "utf-8")
    (extent,) = lock.read(file).values()
    assert worked(extent) == {(h, 2) for h in range(3, 9)}
    assert lock.read(tmp_path / "none") == {}
    file.write_bytes(b"\xff")
    with pytest.raises(LockError, match="it is no UTF-8"):
        lock.read(file)
    with pytest.raises(LockError, match="cannot write"):
        lock.write(tmp_path / "no" / "folder", {})


def test_targets_that_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.py").write_text("")
    extent = kept(np.ones(3, dtype=bool))
    there = ("m.py:Net", "m.py:Net(3)", "m.py:Net 1,3,8,8", "pkg.mod:Net", "unet")
    file = Path(lock.FILE)
    lock.write(file, {Key(one, "eval"): extent for one in (*there, "gone.py:Net")})
    assert cli.run(["m.py:Net", "--input", "1,3,H,W"]) == 2
    row = file.read_text("utf-8").splitlines().index('[targets."gone.py:Net".eval]') + 1
    told = f"convlint: convlint.lock:{row}: there is no target `gone.py:Net`; "
    assert capsys.readouterr().err.startswith(told)
    kept_ = lock.without_absent(lock.read(file), file, ["unet"])
    assert {one.target for one in kept_} == set(there)
    lock.check(kept_, file, ["unet"])
    with pytest.raises(LockError, match=r"no target `unet`; did you mean `unet2`\?"):
        lock.check(kept_, file, ["unet2"])


# Real networks.

NET = """\
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Conv2d(3, 4, 3, padding=1)
        self.two = nn.Conv2d(4, 4, KERNEL)

    def forward(self, x):
        return self.two(self.one(x))
"""


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONVLINT_NO_CACHE")

    def run(*words: str) -> tuple[int, str, str]:
        status = cli.run([*words])
        out, err = capsys.readouterr()
        return status, out, err

    return run


def test_from_then_on(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    net = tmp_path / "net.py"
    (tmp_path / "convlint.toml").write_text(
        '[[targets]]\nname = "net"\nmodel = "net.py:Net"\ninputs = ["1,3,32,32"]\n'
    )
    net.write_text(NET.replace("KERNEL", "3"))
    lint = ("net", "--fail-on", "error", "-q")
    status, _, err = run("sizes", "net", "--input", "N,3,H,W", "--lock")
    assert (status, err) == (0, "convlint: wrote convlint.lock: 1 entry\n")
    locked = (tmp_path / "convlint.lock").read_text("utf-8")
    assert "[targets.net.eval]" in locked or '[targets."net".eval]' in locked
    assert 'works = [\n    "N ≥ 1",\n    "H and W ≥ 3",\n]' in locked
    assert run(*lint)[0] == 0

    net.write_text(NET.replace("KERNEL", "7"))
    for _ in range(2):  # the second one from the cache
        status, out, _ = run(*lint)
        assert status == 1
        assert "CL562" in out
        assert "before H and W ≥ 3; now H and W ≥ 7" in out
        assert "net.py:7" in out
        assert "fails now for H or W: 3 to 6" in out
        assert "convlint sizes --lock" in out
    assert run(*lint, "--ignore", "CL562")[0] == 0

    net.write_text(NET.replace("KERNEL", "1"))  # wider
    assert run(*lint)[:2] == (0, "")
    net.write_text(NET.replace("KERNEL", "7"))
    assert run("sizes", "net", "--input", "N,3,H,W", "--lock", "-q")[::2] == (0, "")
    assert run(*lint)[:2] == (0, "")  # the lock has changed, and nothing else

    taken = NET.replace("KERNEL", "7").replace("self, x)", "self, x, y)")
    net.write_text(taken)
    status, out, _ = run(*lint, "--input", "1,3,32,32", "--input", "1")
    assert status == 1
    assert "cannot be compared with convlint.lock: Net.forward(x, y) cannot take" in out
