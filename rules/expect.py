"""# expect

## What it does
Compares what comes out of the network with what `--expect` asks for, as `--expect N,10`: one
`--expect` for every output, in order, or by its key (`--expect logits=N,10`).

A size is a number, `*` for any, `...` for any axes, or a letter, which is one size wherever it
stands.  Letters of the inputs (`--input N,3,H,W`) are known; where they have none, `N` and `B` are
their first axis, `H` and `W` the last two axes of an image.  `H/4` and `2*C` are calculated.

## Why is this bad?
torch takes whatever comes out: a head with 12 classes where the labels have 10, a map of half the
size of the masks, a batch that was folded into another axis.  It shows in the loss, if at all; the
contract says it at once ([torch.nn.CrossEntropyLoss](https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html)
takes `(N, C)`).

## Example
```python
# convlint: target Net 2,3,32,32 --expect N,10
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, stride=2)
        self.head = nn.Linear(16, 12)  # error: CL561

    def forward(self, x):
        return self.head(self.conv(x).mean((2, 3)))
```

## Use instead
```python
# convlint: target Net 2,3,32,32 --expect N,10
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, stride=2)
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        return self.head(self.conv(x).mean((2, 3)))
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convlint import Dim, Finding, Layer, Network, TensorSpec, known, origin, rule
from convlint.advice.mending import mends
from convlint.arithmetic.term import Term


@dataclass(frozen=True, slots=True)
class _Output:
    """One output with what is expected of it: its name in a message and in the option."""

    title: str
    key: str
    tensor: TensorSpec
    terms: tuple[Term, ...]
    wanted: str


@rule("CL561", silent=True)
def expect(network: Network) -> Iterator[Finding]:
    if not network.expected:
        return
    letters = _Letters(network)
    outputs = []
    for place, contract in enumerate(network.expected):
        found = _outputs(network.outputs, contract.name, place)
        if len(found) == 1:
            title, tensor = found[0]
            if len(network.expected) == 1 and contract.name is None:
                title = "the output"
            key = f"{contract.name}=" if contract.name else ""
            outputs.append(_Output(title, key, tensor, contract.terms, str(contract)))
        elif not network.raised:
            yield _missing(network, contract.name, len(network.expected))
    for output in outputs:
        letters.bind(output)
    for output in outputs:
        yield from _compared(output, letters)


class _Letters:
    """What the letters are, and who says so."""

    def __init__(self, network: Network) -> None:
        self.sizes: dict[str, int] = {}
        self.whence: dict[str, str] = {}
        shapes = [
            layer.output.shape
            for layer in network.inputs
            if isinstance(layer.output, TensorSpec) and layer.output.shape
        ]
        images = [shape for shape in shapes if len(shape) > 3]
        batch = _common([shape[0] for shape in shapes])
        for letter in ("N", "B"):
            self._add(letter, batch, "the first axis of the input")
        self._add("H", _common([shape[-2] for shape in images]), "the height of the input")
        self._add("W", _common([shape[-1] for shape in images]), "the width of the input")

    def _add(self, letter: str, side: Dim | None, whence: str) -> None:
        if isinstance(side, int):
            self.sizes.setdefault(letter, side)
            self.whence.setdefault(letter, whence)

    def bind(self, output: _Output) -> None:
        """Take the sizes of the letters that stand alone."""
        shape = output.tensor.shape or ()
        for axis, one in _pairs(output.terms, len(shape)) or ():
            if one.letter:
                self._add(one.letter, shape[axis], f"as axis {axis} of {output.title}")

    def told(self, terms: Sequence[Term]) -> Iterator[str]:
        """What the letters in `terms` are."""
        for letter in dict.fromkeys(name for one in terms for name in one.letters):
            if letter in self.sizes:
                yield f"`{letter}` is {self.sizes[letter]}, {self.whence[letter]}"


def _common(sides: Sequence[Dim]) -> Dim | None:
    return sides[0] if sides and known(*sides) and len(set(sides)) == 1 else None


def _outputs(outputs: Any, name: str | None, place: int) -> list[tuple[str, TensorSpec]]:
    """The output of that name or place: one, or none."""
    if name is not None:
        held = outputs.get(name) if isinstance(outputs, Mapping) else None
        tensors = list(_tensors(held))
        return [(f"the output `{name}`", tensors[0])] if len(tensors) == 1 else []
    tensors = list(_tensors(outputs))
    return [(f"output {place}", tensors[place])] if place < len(tensors) else []


def _tensors(value: Any) -> Iterator[TensorSpec]:
    if isinstance(value, TensorSpec):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)


def _missing(network: Network, name: str | None, count: int) -> Finding:
    outputs = network.outputs
    if name is None:
        given = len(list(_tensors(outputs)))
        return Finding(f"{count} outputs are expected, but the network gives {given}")
    keys = [str(key) for key in outputs] if isinstance(outputs, Mapping) else []
    have = ", ".join(f"`{key}`" for key in keys)
    return Finding(
        f"an output `{name}` is expected, but the network gives "
        + (f"{have}" if keys else "no dict of outputs"),
        help=("name one that is there, or write the expectations in the order of the outputs",),
    )


def _pairs(terms: Sequence[Term], rank: int) -> tuple[tuple[int, Term], ...] | None:
    """Every axis with what is expected of it; None where there are too many or too few."""
    rest = next((place for place, one in enumerate(terms) if one.rest), None)
    if rest is None:
        return tuple(enumerate(terms)) if len(terms) == rank else None
    behind = terms[rest + 1 :]
    if rest + len(behind) > rank:
        return None
    return (*enumerate(terms[:rest]), *enumerate(behind, rank - len(behind)))


def _compared(output: _Output, letters: _Letters) -> Iterator[Finding]:
    tensor, terms = output.tensor, output.terms
    if tensor.shape is None:
        return
    pairs = _pairs(terms, len(tensor.shape))
    if pairs is None:
        yield _rank(output, tensor.source, letters)
        return
    wrong = {
        axis: (one, one.values(letters.sizes))
        for axis, one in pairs
        if not _fits(one, tensor.shape[axis], letters)
    }
    if wrong:
        yield _sides(output, wrong, letters)


def _fits(one: Term, side: Dim, letters: _Letters) -> bool:
    """Whether a size may be what is expected."""
    sizes = one.values(letters.sizes)
    return not sizes or not all(side != size for size in sizes)


def _rank(output: _Output, source: Layer | None, letters: _Letters) -> Finding:
    rank, count = len(output.tensor.shape or ()), sum(not one.rest for one in output.terms)
    least = "at least " if any(one.rest for one in output.terms) else ""
    return Finding(
        f"{output.title} is {output.tensor}, but {output.wanted} is expected: it has {rank} axes, "
        f"not {least}{count}",
        source,
        at=source.call or source.definition if source is not None else None,
        label=f"{output.tensor} comes out here",
        help=(f"if it is meant, write {_as_it_is(output, letters)}",),
    )


def _sides(
    output: _Output, wrong: Mapping[int, tuple[Term, tuple[int, ...]]], letters: _Letters
) -> Finding:
    shape = output.tensor.shape or ()
    sides = ", ".join(
        f"axis {axis} is {shape[axis]}, not {sizes[0]}" for axis, (_, sizes) in wrong.items()
    )
    axis = next(iter(wrong))
    source = origin(output.tensor, axis)
    return Finding(
        f"{output.title} is {output.tensor}, but {output.wanted} is expected: {sides}",
        source,
        at=(source.definition or source.call) if source is not None else None,
        label=f"{shape[axis]} comes from here",
        formula=source.formula if source is not None else None,
        help=tuple(_helps(output, source, {a: s[0] for a, (_, s) in wrong.items()}, letters)),
        note=tuple(letters.told([one for one, _ in wrong.values()])),
    )


def _helps(
    output: _Output, source: Layer | None, wanted: Mapping[int, int], letters: _Letters
) -> Iterator[str]:
    mended = _mended(output.tensor, source, wanted)
    if mended:
        yield mended
    yield f"{'or, ' if mended else ''}if it is meant, write {_as_it_is(output, letters)}"


def _mended(tensor: TensorSpec, source: Layer | None, wanted: Mapping[int, int]) -> str | None:
    """What to write in the layer that the sizes come from."""
    if 0 in wanted:
        if source is None or source.op not in ("view", "reshape", "flatten"):
            return None
        return "keep the samples apart: write .flatten(1), or .view(x.size(0), -1)"
    rank = len(tensor.shape or ())
    return next(mends(tensor, {axis - rank: size for axis, size in wanted.items()}, tensor), None)


def _as_it_is(output: _Output, letters: _Letters) -> str:
    """The expectation that what comes out fulfils."""
    shape = output.tensor.shape or ()
    sides = [str(side) if isinstance(side, int) else "*" for side in shape]
    pairs = _pairs(output.terms, len(shape)) or enumerate(output.terms[:1] if shape else ())
    for axis, one in pairs:
        if not one.rest and _fits(one, shape[axis], letters):
            sides[axis] = one.text
    return f"--expect {output.key}{','.join(sides) or '()'}"
