"""Letters into candidates, and a network that is followed for all of them."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import torch

from convlint.arithmetic.notation import BATCH
from convlint.arithmetic.term import Term
from convlint.network import Network
from convlint.propagate import propagate
from convlint.spec import InputSpec
from convlint.sweep import Answer, Axis, Grid, solve
from convlint.sweep.grid import Numbers
from convlint.sweep.region import Region
from convlint.sweep.walk import Walk
from convlint.symbol import Dims
from convlint.tensor import TensorSpec

LARGEST: Final = 512
"""Up to which size letters are followed at first, where nothing is said of them."""

_FURTHEST: Final = 4096
"""Up to which they are followed for a proof."""

_BATCHES: Final = 8
_FEW: Final = 4
_EXTENSIONS: Final = 3
_COMBINATIONS: Final = 1 << 24
_SECONDS: Final = 20.0


def answered(
    network: Network,
    inputs: Sequence[InputSpec],
    dims: Dims,
    at: Mapping[str, int],
    seconds: float = _SECONDS,
    *,
    is_wanted: bool = True,
) -> Answer:
    """Follow a network, which was traced with the letters `at` some sizes, for all others.

    Args:
        is_wanted: whether a proof is worth following more sizes.
    """
    dims = dims.including(inputs)
    free = dims.free(inputs)
    end = time.monotonic() + seconds
    grid = Grid(tuple(_axes(free, dims, {})))
    answer = _solved(network, inputs, dims, at, grid, seconds)
    for _ in range(_EXTENSIONS):
        left = end - time.monotonic()
        if not (answer.is_short and is_wanted) or left < seconds / 2:
            break
        larger = Grid(tuple(_axes(free, dims, _wanted(answer))))
        if np.prod(larger.shape, dtype=float) <= np.prod(grid.shape, dtype=float):
            break
        try:
            more = _solved(network, inputs, dims, at, larger, left)
        except MemoryError:
            break
        if more.unknown:  # the smaller one has been followed to its end
            break
        grid, answer = larger, more
    return answer


def at(
    network: Network, inputs: Sequence[InputSpec], dims: Dims, sizes: Mapping[str, int]
) -> Network:
    """The network at some sizes of these inputs, which may be others than it was traced with.

    Raises:
        ValueError: it takes no such tensors.
    """
    assert network.again is not None
    if len(_names(network, inputs)) != len([one for one in inputs if one.is_tensor]):
        raise ValueError("the network does not take so many tensors")
    found = network.again(_specs(network, inputs, dims.including(inputs))(sizes), None)
    return replace(found, again=network.again)


def _wanted(answer: Answer) -> dict[str, int]:
    """How many sizes of each letter to follow for a proof; few of a batch that has settled."""
    found = {}
    for axis, count in zip(answer.grid.axes, answer.needed, strict=True):
        few = axis.letter in BATCH and count == len(axis.sizes)
        most = max(_FURTHEST, len(axis.sizes))
        found[axis.letter] = min(count, _FEW) if few else min(count, most)
    return found


def _axes(letters: Sequence[str], dims: Dims, counts: Mapping[str, int]) -> Iterator[Axis]:
    """The sizes of every letter that are followed, so many that it stays possible."""
    found = []
    for letter in letters:
        domain = dims.domain(letter)
        most = counts.get(letter, _BATCHES if letter in BATCH else LARGEST)
        if domain is None:
            found.append(Axis(letter, tuple(range(1, most + 1)), True))
        elif domain.is_bounded:
            found.append(Axis(letter, domain.values(domain.largest or 1)))
        else:
            axis = Axis(letter, domain.first(most), True)
            found.append(axis if axis.step is not None else replace(axis, is_open=False))
    while np.prod([len(axis.sizes) for axis in found], dtype=float) > _COMBINATIONS:
        longest = max(range(len(found)), key=lambda i: (found[i].is_open, len(found[i].sizes)))
        sizes = found[longest].sizes
        found[longest] = replace(found[longest], sizes=sizes[: max(1, len(sizes) // 2)])
    return iter(found)


def _solved(
    network: Network,
    inputs: Sequence[InputSpec],
    dims: Dims,
    at: Mapping[str, int],
    grid: Grid,
    seconds: float,
) -> Answer:
    assert network.again is not None
    again, specs = network.again, _specs(network, inputs, dims)
    return solve(
        grid,
        lambda sizes: again(specs(sizes), None),
        specs,
        first=({letter: at[letter] for letter in grid.letters}, network),
        within=_possible(grid, inputs, dims),
        seconds=seconds,
    )


def _specs(
    network: Network, inputs: Sequence[InputSpec], dims: Dims
) -> Callable[[Mapping[str, Any]], dict[str, TensorSpec]]:
    """The network's inputs as a function of the free letters."""
    names = _names(network, inputs)

    def specs(sizes: Mapping[str, Any]) -> dict[str, TensorSpec]:
        known = completed(sizes, dims)
        return {
            name: TensorSpec(
                tuple(_size(n, known) for n in spec.shape or ()), getattr(torch, spec.dtype)
            )
            for name, spec in names.items()
        }

    return specs


def _names(network: Network, inputs: Sequence[InputSpec]) -> dict[str, InputSpec]:
    """The tensors that are given, by the names of the network's inputs."""
    layers = network.inputs
    by_path = {layer.path: layer.name for layer in layers}
    tensors = [spec for spec in inputs if spec.is_tensor]
    unnamed = [layer.name for layer in layers]
    found = {}
    for spec in tensors:
        if spec.name is not None and spec.name in by_path:
            found[by_path[spec.name]] = spec
            unnamed.remove(by_path[spec.name])
    rest = [spec for spec in tensors if spec.name is None or spec.name not in by_path]
    found.update(zip(unnamed, rest, strict=False))
    return found


def completed(sizes: Mapping[str, Any], dims: Dims) -> dict[str, Any]:
    """With the letters that equations give."""
    known = dict(sizes)
    open_ = dict(dims.equations)
    while open_:
        ready = [x for x, term in open_.items() if all(y in known for y in term.letters)]
        if not ready:
            break
        for letter in ready:
            known[letter] = _size(open_.pop(letter), known)
    return known


def _size(size: int | Term, known: Mapping[str, Any]) -> Any:
    """One size of an input, of whatever kind the letters' sizes are."""
    return size if isinstance(size, int) or size.tree is None else _value(size.tree, known)


def _value(tree: ast.expr, known: Mapping[str, Any]) -> Any:
    if isinstance(tree, ast.Name):
        return known[tree.id]
    if isinstance(tree, ast.Constant):
        return tree.value
    assert isinstance(tree, ast.BinOp)
    left, right = _value(tree.left, known), _value(tree.right, known)
    if isinstance(tree.op, ast.Add):
        return left + right
    if isinstance(tree.op, ast.Sub):
        return left - right
    if isinstance(tree.op, ast.Mult):
        return left * right
    return left // right  # exact, where it is a plain division: see `_possible`


def _possible(grid: Grid, inputs: Sequence[InputSpec], dims: Dims) -> Region:
    """The candidates for which all is a whole size of at least 1."""
    known: dict[str, Any] = completed(dict(zip(grid.letters, grid.values, strict=True)), dims)
    region = Region(grid.shape)
    terms = [term for _, term in dims.equations]
    terms += [size for spec in inputs for size in spec.terms]
    for term in terms:
        if term.tree is None or set(term.letters) - set(known):
            continue
        region = _narrowed(region, np.asarray(_value(term.tree, known)) >= 1)
        for node in ast.walk(term.tree):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                rest = _value(node.left, known) % _value(node.right, known)
                region = _narrowed(region, np.asarray(rest) == 0)
    for letter, domain in dims.domains:  # a domain of a letter that an equation gives
        if letter in known and letter not in grid.letters:
            values = np.asarray(known[letter])
            meant = np.isin(values, domain.values(int(values.max())))
            region = _narrowed(region, meant)
    return region


def _narrowed(region: Region, mask: Numbers) -> Region:
    return region.where(mask) if mask.ndim else region


def expressed(
    network: Network, inputs: Sequence[InputSpec], dims: Dims, at: Mapping[str, int]
) -> Network:
    """The same layers with sizes that are printed in letters, as they are near the sizes `at`.

    Where hooks took part, it is the network itself, in numbers.
    """
    dims = dims.including(inputs)
    grid = Grid(tuple(_axes(dims.free(inputs), dims, {})))
    region = _possible(grid, inputs, dims)
    walk = Walk(grid, grid.place(at) or tuple(0 for _ in grid.axes))
    walk.enter(region)
    letters = {axis.letter: walk.letter(i) for i, axis in enumerate(grid.axes)}
    found = propagate(network, _specs(network, inputs, dims)(letters)).network
    walk.written = True
    return found
