"""# einsum-mismatch

## What it does
Finds `torch.einsum` equations that their operands do not fit: a letter that stands for two sizes,
an operand with more or fewer axes than letters, an equation that says nothing sensible.

## Why is this bad?
torch raises `einsum(): subscript j has size 5 for operand 1 which does not broadcast with
previously seen size 4`
([torch.einsum](https://docs.pytorch.org/docs/stable/generated/torch.einsum.html)).

## Example
```python
# convlint: target Net 2,5,64
import torch
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(10, 64))

    def forward(self, x):
        return torch.einsum("bld,do->blo", x, self.weight)  # error: CL304
```

## Use instead
```python
# convlint: target Net 2,5,64
import torch
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(10, 64))

    def forward(self, x):
        return torch.einsum("bld,od->blo", x, self.weight)
```
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations

from convlint import Dim, Finding, Label, Layer, Network, Shape, TensorSpec, rule, show
from convlint.advice.whence import whence
from convlint.arithmetic.broadcast import broadcast, clashes
from convlint.arithmetic.einsum import ELLIPSIS, Equation, EquationError, parse, spread


@rule("CL304", "einsum")
def einsum_mismatch(layer: Layer, network: Network) -> Iterator[Finding]:
    equation, tensors = layer.args["equation"], layer.tensors
    if layer.rejected is not None or not isinstance(equation, str):
        return
    try:
        parsed = parse(equation)
    except EquationError as wrong:
        yield _finding(layer, equation, f"{wrong}")
        return
    if len(parsed.operands) != len(tensors):
        yield _finding(
            layer, equation, f"it has {len(parsed.operands)} operands, but {len(tensors)} are given"
        )
        return
    yield from _letters(layer, equation, parsed, tensors)


def _finding(
    layer: Layer,
    equation: str,
    reason: str,
    related: Sequence[Label] = (),
    help: Sequence[str] = (),
) -> Finding:
    shapes = " and ".join(show(t.shape) for t in layer.tensors)
    return Finding(
        f'einsum "{equation}" does not fit {shapes}: {reason}',
        at=layer.call,
        related=tuple(related),
        help=tuple(help),
    )


def _letters(
    layer: Layer, equation: str, parsed: Equation, tensors: Sequence[TensorSpec]
) -> Iterator[Finding]:
    seen: dict[str, tuple[Dim, TensorSpec, int]] = {}
    rest: Shape = ()
    for term, tensor in zip(parsed.operands, tensors, strict=True):
        if tensor.shape is None:
            return
        name = "".join(term)
        found = spread(term, tensor.shape)
        if found is None:
            count = sum(letter != ELLIPSIS for letter in term)
            yield _finding(
                layer, equation, f"{name} names {count} axes, but {show(tensor.shape)} has "
                f"{len(tensor.shape)}", help=tuple(_axes(term, tensor.shape)),
            )  # fmt: skip
            return
        own: dict[str, tuple[Dim, TensorSpec, int]] = {}
        for letter, axis in _places(term, tensor.shape):
            size = tensor.shape[axis]
            now = (size, tensor, axis)
            # twice in one operand it is a diagonal, where a size of 1 does not broadcast
            for before, ones in ((own.get(letter), True), (seen.get(letter), False)):
                if before is not None and _differ(before[0], size, ones):
                    yield _disputed(layer, equation, parsed, letter, before, now)
                    return
            own[letter] = now
            if letter not in seen or seen[letter][0] == 1:
                seen[letter] = now
        if clashes(rest, found[1]):
            yield _finding(
                layer, equation, f"the axes under ... are {show(rest)} and {show(found[1])}"
            )
            return
        rest = broadcast(rest, found[1])


def _differ(first: Dim, second: Dim, ones: bool) -> bool:
    if not isinstance(first, int) or not isinstance(second, int) or first == second:
        return False
    return ones or 1 not in (first, second)


def _disputed(
    layer: Layer,
    equation: str,
    parsed: Equation,
    letter: str,
    first: tuple[Dim, TensorSpec, int],
    second: tuple[Dim, TensorSpec, int],
) -> Finding:
    return _finding(
        layer,
        equation,
        f"{letter} is {first[0]} and {second[0]}",
        (*whence(first[1], first[2]), *whence(second[1], second[2])),
        tuple(_reordered(equation, parsed, layer.tensors)),
    )


def _places(term: tuple[str, ...], shape: Shape) -> list[tuple[str, int]]:
    """Every letter of an operand with the axis it stands for."""
    own = [letter for letter in term if letter != ELLIPSIS]
    at = term.index(ELLIPSIS) if ELLIPSIS in term else len(own)
    extra = len(shape) - len(own)
    return [(x, i if i < at else i + extra) for i, x in enumerate(own)]


def _axes(term: tuple[str, ...], shape: Shape) -> Iterator[str]:
    extra = len(shape) - sum(letter != ELLIPSIS for letter in term)
    if extra > 0 and ELLIPSIS not in term:
        yield f'write "...{"".join(term)}" to leave the axes in front alone'


def _reordered(equation: str, parsed: Equation, tensors: Sequence[TensorSpec]) -> Iterator[str]:
    """The letters of the last operand in another order, if one order fits and only one."""
    if len(tensors) != 2 or any(ELLIPSIS in term for term in parsed.operands):
        return
    pairs = zip(parsed.operands, tensors, strict=True)
    if any(len(term) != len(tensor.shape or ()) for term, tensor in pairs):
        return  # the number of letters is what is wrong
    sizes = dict(zip(parsed.operands[0], tensors[0].shape or (), strict=True))
    term, shape = parsed.operands[1], tensors[1].shape or ()
    fitting = [
        order
        for order in permutations(term)
        if all(sizes.get(x, n) == n for x, n in zip(order, shape, strict=True))
    ]
    if len(fitting) == 1:
        old, new = "".join(term), "".join(fitting[0])
        head, arrow, tail = equation.partition("->")
        left = ",".join([head.split(",")[0], new])
        yield f'write "{left}{arrow}{tail}": the second operand is {new}, not {old}'
