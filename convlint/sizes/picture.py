"""The answer as a picture: what becomes of every combination of two letters, or sizes of one.

matplotlib is an extra (`convlint[plot]`), and is imported in this module only, when something is
drawn.  The same answer gives the same bytes.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from convlint.job import Result
from convlint.report import Style
from convlint.sizes import Map, Sizes
from convlint.sizes.text import certainty, works

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ENDINGS: Final = (".svg", ".png")
"""Files with such a name get a picture."""

WORKS: Final = "#0072b2"
WASTES: Final = "#56b4e9"
FAILS: Final = ("#d55e00", "#f0e442", "#cc79a7", "#5b2a00", "#e69f00")
OTHER: Final = "#c8c8c8"
UNKNOWN: Final = "#ffffff"
"""Blue works and the rest does not.  Mostly of M. Okabe and K. Ito, Color Universal Design (2008),
which people tell apart whose eyes miss a kind of cone."""

_WIDE: Final = 96
"""Characters in a line beneath the map."""


class PictureError(ValueError):
    """There is no picture; the message is one line."""


@dataclass(frozen=True, slots=True)
class _Key:
    """One colour of the map, and what it stands for."""

    color: str
    label: str
    cells: frozenset[int]
    """What the map has in its place."""


def check(results: Sequence[object]) -> None:
    """Refuse before the long work what cannot be drawn: one picture shows one target.

    Raises:
        PictureError: there are several targets, or there is no matplotlib.
    """
    if len(results) != 1:
        raise PictureError(f"a picture shows one target, and not {len(results)}; name one")
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise PictureError("a picture needs matplotlib: pip install 'convlint[plot]'") from None


def render(results: Sequence[Result], style: Style) -> str:
    """The picture of the one target as SVG.

    Raises:
        PictureError: it cannot be drawn.
    """
    return drawn(results, ".svg").decode("utf-8")


def drawn(results: Sequence[Result], ending: str) -> bytes:
    """The picture of the one target, as a file with such an ending holds it.

    Raises:
        PictureError: it cannot be drawn.
    """
    check(results)
    (result,) = results
    sizes = result.sizes
    if sizes is None:
        raise PictureError(f"there is nothing to draw: the sizes of {result.target} are not known")
    if sizes.map is None:
        raise PictureError(
            "there is nothing to draw: a picture needs a letter of more than one size, as in "
            "--input N,3,H,W"
        )
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # no word of the user's own matplotlibrc
        matplotlib.rcParams.update({"svg.hashsalt": "convlint", "svg.fonttype": "none"})
        return _drawn(result.target, sizes, sizes.map, ending)


def _drawn(target: str, sizes: Sizes, plan: Map, ending: str) -> bytes:
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    height = 3.0 if len(plan.rows) == 1 else 7.2
    figure = Figure(figsize=(10.2, height), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    keys = _keys(sizes, plan)
    image = _colored(plan, keys)
    shown = image[tuple(slice(_telling(image, axis)) for axis in (0, 1))]
    is_square = 0.2 < shown.shape[0] / shown.shape[1] < 5
    axes.imshow(
        shown, origin="lower", interpolation="none", aspect="equal" if is_square else "auto"
    )
    _marked(axes, plan, shown)
    title = textwrap.fill(f"{target} with {sizes.inputs}", _WIDE)
    figure.suptitle(title, parse_math=False)
    words = [works(sizes), certainty(sizes)]
    if shown.shape != image.shape:
        words.append("beyond what is shown it goes on alike")
    told = "\n".join(line for text in words for line in _wrapped(text))
    figure.supxlabel(told, fontsize="medium", parse_math=False)
    legend = figure.legend(
        handles=[Patch(facecolor=k.color, edgecolor="black", label=k.label) for k in keys],
        loc="outside right upper",
        frameon=False,
        fontsize="small",
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    stream = io.BytesIO()
    metadata = {"Date": None, "Creator": None} if ending == ".svg" else {"Software": None}
    figure.savefig(stream, format=ending[1:], metadata=metadata)
    return stream.getvalue()


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text[0].upper() + text[1:], _WIDE, max_lines=4, placeholder=" ...")


def _keys(sizes: Sizes, plan: Map) -> list[_Key]:
    """What is in the map: for each layer that fails a colour, as far as there are colours."""
    cells = np.frombuffer(plan.unpacked(), dtype=np.uint8)
    counts = dict(enumerate(np.bincount(cells, minlength=3 + len(sizes.borders)).tolist()))
    failing: dict[str, list[int]] = {}
    for i, border in enumerate(sizes.borders, 3):
        if counts[i]:
            failing.setdefault(border.layer, []).append(i)
    largest = sorted(failing, key=lambda layer: -sum(counts[i] for i in failing[layer]))
    if len(largest) > len(FAILS):  # "other" would name no more than one
        largest = largest[: len(FAILS)]
    keys = [_Key(WORKS, "works", frozenset({0})), _Key(WASTES, "works, not all is read",
                                                       frozenset({1}))]  # fmt: skip
    for color, layer in zip(FAILS, largest, strict=False):
        codes = dict.fromkeys(sizes.borders[i - 3].code for i in failing[layer])
        label = f"fails at {layer} ({', '.join(codes)})"
        keys.append(_Key(color, textwrap.shorten(label, 48), frozenset(failing[layer])))
    rest = [i for layer, ways in failing.items() if layer not in largest for i in ways]
    keys.append(_Key(OTHER, "fails at other layers", frozenset(rest)))
    keys.append(_Key(UNKNOWN, "not known", frozenset({2})))
    return [key for key in keys if any(counts[i] for i in key.cells)]


def _colored(plan: Map, keys: Sequence[_Key]) -> NDArray[np.uint8]:
    """The map as an image, (rows, columns, 3)."""
    palette = np.zeros((256, 3), dtype=np.uint8)
    for key in keys:
        palette[list(key.cells)] = [int(key.color[i : i + 2], 16) for i in (1, 3, 5)]
    cells = np.frombuffer(plan.unpacked(), dtype=np.uint8)
    return palette[cells.reshape(len(plan.rows), len(plan.columns))]


def _telling(image: NDArray[np.uint8], axis: int) -> int:
    """How many sizes to show, so that single ones are seen: what follows only repeats them."""
    lines = np.moveaxis(image, axis, 0)
    for count in (32, 64, 128, 256):
        for period in range(1, count // 4 + 1):
            settled = count - 2 * period
            if settled < len(lines) - period and np.array_equal(
                lines[settled + period :], lines[settled:-period]
            ):
                return count
    return len(lines)


def _marked(axes: Axes, plan: Map, image: NDArray[np.uint8]) -> None:
    """The sizes along the sides, and their letters."""
    row, column = plan.letters
    rows, columns, _ = image.shape
    axes.set_xticks(*_ticks(plan.columns[:columns]))
    axes.set_xlabel(column, parse_math=False)
    if len(plan.rows) == 1:
        axes.set_yticks([])
        return
    axes.set_yticks(*_ticks(plan.rows[:rows]))
    axes.set_ylabel(row, rotation=0, labelpad=14, parse_math=False)


def _ticks(sizes: Sequence[int]) -> tuple[list[int], list[str]]:
    """About eight places of an axis, at round sizes where there are some, and what stands there."""
    from matplotlib.ticker import MaxNLocator

    if len(sizes) <= 10:
        places = list(range(len(sizes)))
    else:
        wanted = MaxNLocator(8, steps=[1, 1.6, 2, 3.2, 4, 5, 6.4, 8, 10]).tick_values(
            sizes[0], sizes[-1]
        )
        inner = [n for n in wanted if sizes[0] <= n <= sizes[-1]]
        near = np.searchsorted(sizes, inner)
        places = sorted({0, *(int(i) for i in near if i < len(sizes))})
        if len(places) > 1 and places[1] * 20 < len(sizes):
            places.remove(places[1])
    return places, [str(sizes[i]) for i in places]
