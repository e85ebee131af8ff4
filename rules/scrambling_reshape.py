"""# scrambling-reshape

## What it does
Finds a `view` or `reshape` that cuts across axes: the numbers fit, but values of different
channels, positions or samples are put together.  Somebody meant `permute`.

## Why is this bad?
A reshape reads the values in the order in which they lie in memory and never moves an axis
([torch.Tensor.view](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.view.html)).  As
`(N, C, T)` viewed as `(N, T, C)` nothing raises, and every row is a mixture.  It is proven by the
sizes: splitting and merging neighbouring axes leaves blocks that nest, and here they do not, be it
with another batch or image, where the declared sizes happen to nest.  Where the declared sizes are
equal and values only change their meaning, it is a warning; so it is where rows that were put
together as `(T, N)` come apart as `(N, T)` behind layers that leave every row in its place.
Padding a row and reshaping it to shift rows against each other (relative attention) is no fault,
and index tables are let alone.

## Example
```python
# convlint: target Net 2,2,30,17
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 8, 3, padding=1)
        self.rnn = nn.GRU(136, 24, batch_first=True)

    def forward(self, x):
        n, _, t, _ = x.shape
        x = self.conv(x)
        x = x.view(n, t, -1)  # error: CL410
        return self.rnn(x)[0]
```

Frames that are put together by time, and taken apart by clip:

```python
# convlint: target Net 2,5,3,8,8
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.frame = nn.Sequential(nn.Conv2d(3, 16, 3, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.rnn = nn.GRU(16, 24, batch_first=True)

    def forward(self, x):
        n, t = x.shape[:2]
        x = x.transpose(0, 1).flatten(0, 1)
        x = self.frame(x).view(n, t, 16)  # warning: CL410
        return self.rnn(x)[0]
```

## Use instead
```python
# convlint: target Net 2,2,30,17
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 8, 3, padding=1)
        self.rnn = nn.GRU(136, 24, batch_first=True)

    def forward(self, x):
        n, _, t, _ = x.shape
        x = self.conv(x)
        x = x.permute(0, 2, 1, 3).reshape(n, t, -1)
        return self.rnn(x)[0]
```
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise, permutations
from math import prod
from typing import TypeAlias

from convlint import Finding, Label, Layer, Network, Severity, Shape, known, rule, show
from convlint.advice.batch import ONE, batch_of
from convlint.advice.descent import descended
from convlint.advice.folding import Fold, unfolding
from convlint.advice.reshaping import is_repaired
from convlint.advice.sizes import Probe, other_batches, other_sizes
from convlint.arithmetic.refinement import has_refinement, middles

_SHIFTS = frozenset({"pad", "cat"})
_Pair: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]
"""The sizes before and behind."""

_VIEWS = frozenset(
    {"view", "reshape", "flatten", "getitem", "contiguous", "unsqueeze", "squeeze", "transpose"}
)


@rule("CL410", "view", "reshape", "view_as", "reshape_as", silent=True)
def scrambling_reshape(layer: Layer, network: Network) -> Iterator[Finding]:
    shapes = _shapes(layer)
    if shapes is None or layer.name not in network.analysis(descended):
        return
    if _is_shift(layer) or _is_told(layer, network):
        return
    old, new = shapes
    if not has_refinement(old, new):
        yield _finding(layer, network, old, new, None)
        return
    probes = network.analysis(other_batches)
    for one, note in _everywhere(layer, probes):
        fold = unfolding(one)
        if fold is not None and fold.is_swapped:
            yield _unfolds(layer, fold, note)
            return
    if _may_hide(old, new):
        probes += network.analysis(other_sizes)
    for probe in probes:
        there = probe.counterpart(layer)
        shapes = _shapes(there) if there is not None and there.rejected is None else None
        if shapes is not None and not has_refinement(*shapes):
            if _is_written_out((old, new), shapes):
                continue
            crosses = all(len(middle) > 1 for middle in middles(old, new))
            severity = None if crosses else Severity.WARNING
            yield replace(_finding(layer, network, old, new, probe), severity=severity)
            return


def _everywhere(layer: Layer, probes: tuple[Probe, ...]) -> Iterator[tuple[Layer, str]]:
    """A layer at the declared sizes and at others, and what is to be said of these."""
    yield layer, ""
    for probe in probes:
        there = probe.counterpart(layer)
        if there is not None:
            yield there, f"{probe.what}, where it shows"


def _unfolds(layer: Layer, fold: Fold, note: str) -> Finding:
    swap = ".transpose(0, 1)" if len(fold.folded) == 2 else ".permute(...)"
    return Finding(
        f"`{layer.written}` takes rows apart as {show(fold.unfolded)}, but `{fold.layer.written}` "
        f"has put them together from {show(fold.folded)}: values of different axes change places",
        layer=layer,
        severity=Severity.WARNING,
        label=f"these are rows of {show(fold.folded)}",
        related=(Label("put together here", fold.layer.call),) if fold.layer.call else (),
        help=(f"take them apart in that order, and move the axes then: {swap}",),
        note=(note,) if note else (),
    )


def _is_written_out(here: _Pair, there: _Pair) -> bool:
    """Whether a number with a side of the image in it stays in the result where the image has
    another: `-1, 8, 8`, or `-1, 64 * 8 * 8`.

    Then the network is for images of this size, and what it makes of others is no sign.
    """
    moved = [n != m for n, m in zip(here[0], there[0], strict=False)]
    stayed = {n for n, m in zip(here[1], there[1], strict=False) if n == m and n > 1}
    return any(
        any(moved[start:end]) and prod(here[0][start:end]) in stayed
        for start in range(1, len(here[0]))
        for end in range(start + 1, len(here[0]) + 1)
    )


def _shapes(layer: Layer) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The sizes that a reshape takes and gives, where it works on data and can be done."""
    if not layer.tensors or layer.rejected is not None or not layer.outputs:
        return None
    given, made = layer.tensors[0], layer.outputs[0]
    old, new = given.shape, made.shape
    if old is None or new is None or not known(*old, *new) or 0 in old or 0 in new:
        return None
    if is_repaired(layer):
        return None
    sizes = tuple(map(int, old)), tuple(map(int, new))  # type: ignore[arg-type]
    return sizes if prod(sizes[0]) == prod(sizes[1]) else None


def _is_told(layer: Layer, network: Network) -> bool:
    """Whether batch-changed or hard-coded-batch speaks of it."""
    batch = network.analysis(batch_of)
    if batch is None or not batch.is_certain:
        return False
    return any(change.layer is layer for change in (*batch.changes, *batch.fixed))


def _may_hide(old: tuple[int, ...], new: tuple[int, ...]) -> bool:
    """Whether other sizes could show that axes are exchanged, where these do not."""
    before, after = middles(old, new)
    crosses = len(before) > 1 and len(after) > 1
    return crosses or any(n > 1 and old.count(n) > 1 and n in new for n in old)


def _is_shift(layer: Layer) -> bool:
    """Whether rows were made longer just before, to be shifted against each other."""
    source = layer.tensors[0].source
    while source is not None and source.op in _VIEWS and source.tensors:
        source = source.tensors[0].source
    return source is not None and source.op in _SHIFTS


def _finding(
    layer: Layer, network: Network, old: Shape, new: Shape, probe: Probe | None
) -> Finding:
    there = probe.counterpart(layer) if probe is not None else None
    shown = (old, new)
    if there is not None:
        shown = there.tensors[0].shape or (), there.outputs[0].shape or ()
    note: tuple[str, ...] = ()
    if probe is not None:
        note = (f"{probe.what} it is {show(shown[0])} to {show(shown[1])}, where it shows",)
    first = _samples(layer, network)
    before, after = (tuple(map(int, shape)) for shape in shown)  # type: ignore[arg-type]
    move = _move(before, after, first)
    if probe is not None and move is not None and "unflatten" in move:
        before, after = (tuple(map(int, shape)) for shape in (old, new))  # type: ignore[arg-type]
        move = _move(before, after, first)
    asked = ", ".join("-1" if n == -1 else str(n) for n in new)
    helps = (
        (f"move the axes first: write {move}.reshape({asked})",)
        if move is not None
        else ("move the axes with .permute(...) before the .reshape(...)",)
    )
    return Finding(
        f"`{layer.written}` puts values of different axes together: {show(old)} becomes "
        f"{show(new)}",
        layer=layer,
        label="a reshape moves no axis",
        formula=_blocks(*shown),
        help=helps,
        note=note,
    )


def _blocks(old: Shape, new: Shape) -> str:
    """The two sizes of blocks of which neither holds the other a whole number of times."""
    mine, own = _suffixes(old), _suffixes(new)
    for one in sorted(mine):
        for other in sorted(own):
            low, high = sorted((one, other))
            if high % low:
                return f"rows of {other} in {show(new)} are no whole rows of {one} in {show(old)}"
    return f"{show(old)} and {show(new)} have no common refinement"


def _suffixes(shape: Shape) -> set[int]:
    found, size = set(), 1
    for n in reversed(shape):
        size *= int(n)  # type: ignore[arg-type]
        found.add(size)
    return found


def _samples(layer: Layer, network: Network) -> int:
    """The axis that has the samples of what a layer takes, as far as it is known; else the first.

    The states of a recurrent layer have them along axis 1.
    """
    batch = network.analysis(batch_of)
    axes = batch.taken(layer)[0] if batch is not None else None
    return axes.index(ONE) if axes and ONE in axes else 0


def _move(old: tuple[int, ...], new: tuple[int, ...], first: int) -> str | None:
    """What to write before the reshape, so that it only merges whole axes, `first` before others.

    One axis may have to be split before, as features into heads.
    """
    if len(old) > 5:
        return None
    for axes, split in _splits(old, new):
        orders = [
            order
            for order in permutations(range(len(axes)))
            if order[0] == first and _merges([axes[i] for i in order], new)
        ]
        if orders:
            order = next((one for one in orders if _is_minimal(one)), orders[0])
            return f"{split}.permute{order}"
    return None


def _splits(old: tuple[int, ...], new: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], str]]:
    """The axes as they are, and with one of them split in two."""
    yield old, ""
    for i, n in enumerate(old):
        for part in dict.fromkeys(reversed(new)):
            if 1 < part < n and n % part == 0:
                for parts in ((n // part, part), (part, n // part)):
                    yield (*old[:i], *parts, *old[i + 1 :]), f".unflatten({i}, {parts})"


def _merges(axes: list[int], new: tuple[int, ...]) -> bool:
    """Whether `new` is `axes` with some neighbours merged."""
    wanted, size = list(new), 1
    for n in axes:
        size *= n
        if wanted and size == wanted[0]:
            del wanted[0]
            size = 1
    return not wanted and size == 1


def _is_minimal(order: tuple[int, ...]) -> bool:
    """Whether one axis, or one run of axes, is moved and the others keep their order."""
    return sum(b < a for a, b in pairwise(order)) == 1
