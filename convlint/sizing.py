"""For which sizes a network works: letters into candidates, and the answer into words."""

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
from convlint.diagnostic import Diagnostic
from convlint.network import Network
from convlint.propagate import propagate
from convlint.sizes import Border, Bound, Condition, Map, Sizes
from convlint.spec import InputSpec
from convlint.sweep import Answer, Axis, Failure, Grid, solve
from convlint.sweep.grid import Numbers
from convlint.sweep.region import Region
from convlint.sweep.sets import project, sets
from convlint.sweep.walk import Walk
from convlint.symbol import Dims
from convlint.tensor import TensorSpec

LARGEST: Final = 512
"""Up to which size letters are followed at first, where nothing is said of them."""

_FURTHEST: Final = 4096
"""Up to which they are followed for a proof."""

_LONG: Final = 60
"""Of a condition for a failure; an example is shown for a longer one."""

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
        known = _completed(sizes, dims)
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


def _completed(sizes: Mapping[str, Any], dims: Dims) -> dict[str, Any]:
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
    known: dict[str, Any] = _completed(dict(zip(grid.letters, grid.values, strict=True)), dims)
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
    """The same layers with sizes that are printed in letters, as they are near the sizes `at`."""
    dims = dims.including(inputs)
    grid = Grid(tuple(_axes(dims.free(inputs), dims, {})))
    region = _possible(grid, inputs, dims)
    walk = Walk(grid, grid.place(at) or tuple(0 for _ in grid.axes))
    walk.enter(region)
    letters = {axis.letter: walk.letter(i) for i, axis in enumerate(grid.axes)}
    found = propagate(network, _specs(network, inputs, dims)(letters)).network
    walk.written = True
    return found


# -- findings


def findings(answer: Answer, dims: Dims, known: Sequence[Diagnostic] = ()) -> Iterator[Diagnostic]:
    """What is wrong with declared sizes: those for which nothing else makes the network work.

    Args:
        known: what was found already, at the sizes that were looked at first.
    """
    grid = answer.grid
    others = tuple(i for i, x in enumerate(grid.letters) if dims.domain(x) is None)
    if len(others) == len(grid.letters):
        return

    def declared(mask: Numbers) -> Numbers:
        found: Numbers = np.any(mask, axis=others, keepdims=True) if others else mask
        return np.broadcast_to(found, grid.shape)

    fine = declared(answer.valid | answer.unseen)
    told = {(found.code, found.location) for found in known}
    left = ~fine
    # Of several ways to fail, the rarest says best what is wrong with the declared sizes.
    for failure, mask in reversed(grouped(answer)):
        found = failure.diagnostic
        bad = mask & left
        left = left & ~declared(bad)
        if not bad.any() or (found.code, found.location) in told:
            continue
        working = sets(answer, declared(answer.valid))
        works = "; ".join(str(one) for one in working if not one.is_all)
        involved = _involved(answer, bad)
        at = grid.at(failure.place).items()
        sizes = ", ".join(f"{letter} = {n}" for letter, n in at if letter in involved)
        yield replace(
            found,
            message=f"at {sizes}: {found.message}" if sizes else found.message,
            note=(
                *found.note,
                f"it fails here for {where(answer, bad)}",
                f"works for {works}" if answer.valid.any() else "works for none of these sizes",
            ),
        )


def _involved(answer: Answer, mask: Numbers) -> tuple[str, ...]:
    """The letters on which it hangs."""
    return (
        tuple(x for one in sets(answer, mask) if not one.is_all for x in one.letters)
        or (answer.grid.letters[:1])
    )


# -- the answer in words


def told(answer: Answer, inputs: Sequence[InputSpec], network: Network, dims: Dims) -> Sizes:
    """What is said of an answer."""
    grid, valid = answer.grid, answer.valid
    possible = valid | answer.unseen
    for failure in answer.failures:
        possible = possible | answer.failing(failure)
    groups = grouped(answer)
    read = valid & ~answer.wasting(answer.unread)
    even = valid & ~answer.wasting(answer.uneven)
    usual = example(answer, dims)
    outputs: tuple[str, ...] = ()
    if usual and network.again is not None:
        specs = _specs(network, inputs, dims)
        there = network.again(specs(usual), None)
        outputs = tuple(str(t) for t in expressed(there, inputs, dims, usual).results)
    return Sizes(
        " ".join(map(str, inputs)),
        tuple(conditions(answer, valid)) if valid.any() else (),
        bool((valid == possible).all()) and bool(valid.any()),
        answer.proven,
        answer.reasons,
        tuple(Bound(a.letter, a.sizes[0], a.sizes[-1], a.is_open) for a in grid.axes),
        outputs,
        tuple(_borders(answer, groups)),
        _besides(answer, read),
        _besides(answer, even),
        tuple(usual.items()),
        _map(answer, groups, read),
    )


def example(answer: Answer, dims: Dims) -> dict[str, int]:
    """Usual sizes of all letters for which it works; nothing where there are none."""
    if not answer.works:
        return {}
    grid = answer.grid
    largest = max(answer.works, key=lambda one: one.region.count())
    near = tuple(
        next(
            axis.sizes.index(n)
            for n in ((2,) if axis.letter in BATCH else (224, 16, axis.sizes[0]))
            if n in axis.sizes
        )
        if not (axis.letter in BATCH and 2 not in axis.sizes)
        else 0
        for axis in grid.axes
    )
    return _completed(grid.at(largest.region.pick(near)), dims)


def _besides(answer: Answer, mask: Numbers) -> tuple[Condition, ...] | None:
    """What holds of some sizes beside that they work; None where it is true of all of them."""
    if (mask == answer.valid).all():
        return None
    known = {str(one) for one in sets(answer, answer.valid)}
    return tuple(
        condition
        for one, condition in zip(sets(answer, mask), conditions(answer, mask), strict=True)
        if not one.is_all and str(one) not in known
    )


def conditions(answer: Answer, mask: Numbers) -> Iterator[Condition]:
    """What is said of the sizes of a mask, letter by letter where these do not hang together."""
    grid = answer.grid
    for one in sets(answer, mask):
        meant: tuple[int, ...] = ()
        if not one.joint:
            i = grid.letters.index(one.letters[0])
            line = np.broadcast_to(project(mask, (i,)), _only(grid, i)).reshape(-1)
            meant = tuple(n for n, is_in in zip(grid.axes[i].sizes, line, strict=True) if is_in)
        yield Condition(one.letters, one.words, str(one), meant)


def _only(grid: Grid, axis: int) -> tuple[int, ...]:
    return tuple(n if i == axis else 1 for i, n in enumerate(grid.shape))


def grouped(answer: Answer) -> list[tuple[Failure, Numbers]]:
    """The failures, one for each layer and code, with the candidates that end there."""
    found: dict[object, tuple[Failure, Numbers]] = {}
    for failure in answer.failures:
        key = (failure.layer, failure.diagnostic.code, failure.diagnostic.location)
        mask = answer.failing(failure)
        first, before = found.get(key, (failure, mask))
        found[key] = (first, before | mask)
    return sorted(found.values(), key=lambda group: -int(group[1].sum()))


def _borders(answer: Answer, groups: Sequence[tuple[Failure, Numbers]]) -> Iterator[Border]:
    for failure, mask in groups:
        found = failure.diagnostic
        yield Border(
            where(answer, mask),
            found.message,
            found.code,
            failure.layer,
            found.location,
            float(mask.mean()),
        )


def where(answer: Answer, mask: Numbers) -> str:
    """For which sizes something fails: by each letter alone, as far as one letter does it.

    A letter does it alone where it fails whichever of the sizes that work the others have.
    """
    grid, valid = answer.grid, answer.valid
    if not valid.any():
        found = sets(answer, mask, brief=True)
        return "; ".join(str(one) for one in found if not one.is_all) or "all sizes"
    sides = [project(valid, (i,)) for i in range(mask.ndim)]
    told, left = [], mask
    for i in range(mask.ndim):
        others: Numbers = np.ones((1,) * mask.ndim, dtype=bool)
        for j, side in enumerate(sides):
            others = others if i == j else others & side
        spared: Numbers = np.any(
            ~mask & others, axis=tuple(j for j in range(mask.ndim) if j != i), keepdims=True
        )
        if not spared.all():
            line = np.broadcast_to(~spared, grid.shape)
            told += [one for one in sets(answer, line) if grid.axes[i].letter in one.letters]
            left = left & spared
    for side in sides:
        left = left & side
    words: dict[str, list[str]] = {}
    for one in told:
        words.setdefault(one.words, []).append(grid.axes[grid.letters.index(one.letters[0])].letter)
    texts = [
        f"{' or '.join(names)} {text}" if text.startswith(("≥", "="))
        else f"{' or '.join(names)}: {text}" for text, names in words.items()
    ]  # fmt: skip
    if left.any():
        together = "; ".join(str(one) for one in sets(answer, left, brief=True) if not one.is_all)
        if len(together) > _LONG:
            at = grid.at(tuple(map(int, np.argwhere(left)[0])))
            together = "some, as " + ", ".join(f"{letter} = {n}" for letter, n in at.items())
        texts.append(together)
    return "; ".join(texts) or "all sizes"


def _map(answer: Answer, groups: Sequence[tuple[Failure, Numbers]], read: Numbers) -> Map | None:
    """The picture of the two letters that matter most, or of the only one."""
    grid = answer.grid
    open_ = [i for i, axis in enumerate(grid.axes) if len(axis.sizes) > 1]
    open_ = [i for i in open_ if grid.axes[i].letter not in BATCH] or open_
    shown = sorted(sorted(open_, key=lambda i: len(grid.axes[i].sizes))[-2:])
    if not shown or len(groups) > 250:
        return None
    others = tuple(i for i in range(len(grid.axes)) if i not in shown)
    cells = np.full([len(grid.axes[i].sizes) for i in shown], 2, dtype=np.uint8)

    def flat(mask: Numbers) -> Numbers:
        found: Numbers = np.any(mask, axis=others) if others else mask
        return found

    for i, (_, mask) in reversed(list(enumerate(groups))):
        cells[flat(mask)] = i + 3
    cells[flat(answer.valid)] = 1
    cells[flat(read)] = 0
    *rows, columns = (grid.axes[i] for i in shown)
    return Map.of(
        (rows[0].letter if rows else "", columns.letter),
        rows[0].sizes if rows else (1,),
        columns.sizes,
        cells.tobytes(),
    )
