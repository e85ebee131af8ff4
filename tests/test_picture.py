"""The map of `convlint sizes` as a picture: what is in it, and that it is always the same."""

from __future__ import annotations

import io
import itertools
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from convlint import cli
from convlint.cli.options import formats
from convlint.job import Result
from convlint.report import Style
from convlint.sizes import Border, Bound, Condition, Map, Sizes, picture
from convlint.sizes.picture import ENDINGS, FAILS, OTHER, UNKNOWN, WASTES, WORKS

plt = pytest.importorskip("matplotlib.image")


def result(cells: list[list[int]], layers: int = 1) -> Result:
    """The map of H × W, or of W alone, from 1 on."""
    rows, columns = len(cells), len(cells[0])
    plan = Map.of(
        ("H" if rows > 1 else "", "W"),
        tuple(range(1, rows + 1)),
        tuple(range(1, columns + 1)),
        bytes(itertools.chain.from_iterable(cells)),
    )
    borders = tuple(Border("H = 1", "too $mall_", f"CL20{i}", f"layer{i}") for i in range(layers))
    works = (Condition(("H", "W"), "≥ 2", "H and W ≥ 2"),)
    bounds = (Bound("H", 1, rows, True), Bound("W", 1, columns, True))
    return Result(
        "n$t.py:N$t",
        sizes=Sizes("N,3,H,W", works, False, True, (), bounds, borders=borders, map=plan),
    )


def svg(found: Result) -> str:
    return picture.render([found], Style())


def colors(found: Result) -> list[str]:
    """Those of the image, by how often they are there."""
    image = plt.imread(io.BytesIO(picture.drawn([found], ".png")))
    pixels = (image[..., :3] * 255).round().astype(int).reshape(-1, 3)
    values, counts = np.unique(pixels, axis=0, return_counts=True)
    order = np.argsort(-counts)
    return ["#" + "".join(f"{n:02x}" for n in values[i]) for i in order]


def test_every_kind_of_cell_has_its_color_and_its_word() -> None:
    found = result([[0, 1, 2], [3, 4, 0], [0, 0, 3]], layers=2)
    text = svg(found)
    for word in (
        "n$t.py:N$t with N,3,H,W", ">H<", ">W<", ">works<", "works, not all is read", "not known",
        "fails at layer0 (CL200)", "fails at layer1 (CL201)", "Works for H and W ≥ 2",
        "Proven for all sizes",
    ):  # fmt: skip
        assert word in text, word
    assert "other layers" not in text
    shown = colors(found)[:6]
    assert {WORKS, WASTES, UNKNOWN, FAILS[0], FAILS[1]} <= set(shown)
    assert colors(result([[0, 0], [0, 0]]))[:2].count(WORKS) == 1


def test_of_many_layers_the_largest_are_told() -> None:
    layers = len(FAILS) + 3
    cells = [[i + 3] * 60 for i in range(layers) for _ in range(layers - i)]
    text = svg(result(cells, layers))
    told = re.findall(r"fails at (\w+)", text)
    assert told == [*(f"layer{i}" for i in range(len(FAILS))), "other"]
    assert OTHER in colors(result(cells, layers))[:8]
    assert ">works<" not in text


def test_one_layer_that_fails_in_two_ways_has_one_color() -> None:
    found = result([[3, 4], [0, 0]], layers=2)
    assert found.sizes is not None
    one, two = found.sizes.borders
    found = replace(found, sizes=replace(found.sizes, borders=(one, replace(two, layer="layer0"))))
    assert "fails at layer0 (CL200, CL201)" in svg(found)
    assert FAILS[1] not in colors(found)[:5]


def test_a_single_letter_is_a_strip() -> None:
    text = svg(result([[3, 3, 0, 1] * 8]))
    assert ">W<" in text
    assert ">H<" not in text


def test_what_only_repeats_is_not_shown() -> None:
    cells = [[0 if h % 4 == 0 and w % 4 == 0 else 3 for w in range(200)] for h in range(100)]
    text = svg(result(cells))
    assert "goes on alike" in text
    assert ">32<" in text
    assert ">100<" not in text
    cells[99][199] = 2  # the last one tells something
    text = svg(result(cells))
    assert "goes on alike" not in text
    assert ">192<" in text or ">200<" in text


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_answer_gives_the_same_bytes(ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib

    found = result([[0, 1, 2], [3, 0, 0]])
    first = picture.drawn([found], ending)
    monkeypatch.setitem(matplotlib.rcParams, "font.size", 30.0)  # the user's own style
    assert picture.drawn([found], ending) == first
    assert matplotlib.rcParams["font.size"] == 30.0
    assert b"date" not in first.lower()


# How people see whose eyes lack a kind of cone: F. Viénot, H. Brettel, J. Mollon, Digital video
# colourmaps for checking the legibility of displays by dichromats (1999), on linear RGB.
PROTANOPIA = [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]
DEUTERANOPIA = [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]


def lab(color: str, seen: list[list[float]]) -> np.ndarray:
    """CIE L*a*b* of a colour, as it is seen."""
    plain = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(plain <= 0.04045, plain / 12.92, ((plain + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.array(seen) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    t = xyz @ linear / [0.9505, 1, 1.089]
    x, y, z = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("seen", [np.eye(3).tolist(), PROTANOPIA, DEUTERANOPIA])
def test_colors_are_told_apart(seen: list[list[float]]) -> None:
    every = (WORKS, WASTES, *FAILS, OTHER, UNKNOWN)
    for one, other in itertools.combinations(every, 2):
        distance = float(np.linalg.norm(lab(one, seen) - lab(other, seen)))
        assert distance > 15, (one, other, distance)  # 2.3 can just be noticed


# On the command line.

NET = """\
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(3, 4, 3, stride=2)

    def forward(self, x):
        return self.conv(x)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NET)
    return tmp_path


def test_the_name_of_the_file_decides(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, begin in (
        ("a.svg", b"<?xml"), ("a.PNG", b"\x89PNG"), ("a.txt", b"net.py:Net with")
    ):  # fmt: skip
        assert cli.run(["sizes", "net.py:Net", "--input", "N,3,T", "-o", name]) == 0
        assert (folder / name).read_bytes().startswith(begin)
    assert capsys.readouterr().out == ""
    assert "fails at conv" in (folder / "a.svg").read_text("utf-8")
    assert formats("sizes") == ("json", "picture", "text")
    assert cli.run(["sizes", "net.py:Net", "--input", "2,3,9", "-o", "b.svg"]) == 2
    assert not (folder / "b.svg").exists()


def test_what_cannot_be_drawn(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["--input", "N,3,T", "-o", "a.svg"]
    assert cli.run(["sizes", "net.py:Net", "net.py:Other", *words]) == 2
    assert capsys.readouterr().err == (
        "convlint: a picture shows one target, and not 2; name one\n"
    )
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert cli.run(["sizes", "net.py:Net", *words]) == 2
    assert capsys.readouterr().err == (
        "convlint: a picture needs matplotlib: pip install 'convlint[plot]'\n"
    )
    assert not (folder / "a.svg").exists()
