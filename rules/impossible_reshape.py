"""# impossible-reshape

## What it does
Finds `view`, `reshape`, `view_as` and `unflatten` with sizes that cannot hold the elements that
arrive.

## Why is this bad?
torch raises `shape '[-1, 400]' is invalid for input of size 2704`
([view](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.view.html)).  Mostly the
numbers were right for another image or batch size.

## Example
```python
# convlint: target Net 2,16,224,224
import torch.nn as nn

class Net(nn.Module):
    def forward(self, x):
        return x.view(-1, 1, 80, 80)  # error: CL401
```

```python
# convlint: target Net 3,1,28,28
import torch.nn as nn

class Net(nn.Module):
    def forward(self, x):
        return x.reshape(64, -1)  # error: CL401
```

## Use instead
```python
# convlint: target Net 2,16,224,224
import torch.nn as nn

class Net(nn.Module):
    def forward(self, x):
        return x.view(-1, 1, x.size(2), x.size(3))
```

```python
# convlint: target Net 3,1,28,28
import torch.nn as nn

class Net(nn.Module):
    def forward(self, x):
        return x.reshape(x.size(0), -1)
```
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from convlint import (
    Dim,
    Finding,
    Label,
    Layer,
    Network,
    Shape,
    Unknown,
    known,
    origin,
    product,
    rule,
    show,
)
from convlint.advice.reshaping import asked_sizes


@rule("CL401", "view", "reshape", "view_as", "reshape_as", "unflatten")
def impossible_reshape(layer: Layer, network: Network) -> Iterator[Finding]:
    arriving, asked = layer.tensors[0].shape, asked_sizes(layer)
    if arriving is None or asked is None or layer.rejected is not None:
        return
    have = arriving
    if layer.op == "unflatten":
        have = (arriving[layer.args["dim"]],)
    if not _misfit(have, asked):
        return
    literal = [n for n in asked if not _hole(n)]
    elements, wanted = product(have), product(literal)
    relation = "is not" if len(literal) == len(asked) else "is not a multiple of"
    source = origin(layer.tensors[0], len(arriving) - 1) if arriving else None
    place = source and (source.definition or source.call)
    what = show(arriving)
    if layer.op == "unflatten":
        what = f"axis {layer.args['dim']} of {what}"
    yield Finding(
        f"`{_name(layer)}` cannot bring {what} to {show(asked)}",
        at=layer.call if layer.module is None else layer.definition,
        label=f"{elements} elements arrive",
        related=(Label(f"{show(arriving)} comes from here", place),) if place else (),
        formula=f"{_equation(have, elements)} {relation} {_equation(literal, wanted)}",
        help=tuple(_helps(layer, have, asked)),
    )


def _hole(n: Dim) -> bool:
    return isinstance(n, int) and n == -1


def _misfit(have: Shape, asked: Shape) -> bool:
    """Whether `have` certainly cannot be brought to `asked`."""
    left, right = list(have), list(asked)
    for n in asked:
        if isinstance(n, Unknown):
            for at, own in enumerate(left):
                if own is n:
                    del left[at]
                    right = [r for r in right if r is not n]
                    break
    literal = [n for n in right if not _hole(n)]
    elements, wanted = product(left), product(literal)
    if len(literal) == len(right):
        return elements != wanted
    if isinstance(wanted, int) and wanted == 0:
        return elements != 0
    if isinstance(wanted, Unknown):
        return isinstance(elements, int) and elements % wanted.multiple != 0
    return elements % wanted != 0


def _name(layer: Layer) -> str:
    if layer.module is not None:
        return layer.title
    return layer.written.removeprefix("Tensor.").removeprefix("torch.")


def _helps(layer: Layer, have: Shape, asked: Shape) -> Iterator[str]:
    made = layer.outputs[0].shape
    rest = _remainder(have, asked)
    if rest is not None and made is not None and not known(*made):
        yield rest
        return
    if layer.op == "unflatten" and made is not None:
        at = layer.args["dim"] % len(layer.tensors[0].shape or (1,))
        made = made[at : at + len(asked)]
    if made is None or not known(*made) or product(made) != product(have):
        yield f"the sizes must multiply to {_times(have)} = {product(have)}"
        return
    if layer.op in ("view_as", "reshape_as"):
        yield f"write {_name(layer).removesuffix('_as')}({_listed(made)})"
        return
    if layer.op == "unflatten":
        yield f"write ({_listed(_filled(asked, made))}) instead of ({_listed(asked)})"
        return
    given = _filled(asked, made)
    front = not _hole(asked[0]) and asked[0] != made[0] if asked else False
    batch = bool(have) and len(made) > 1 and made[0] == have[0]
    if front and batch:
        text = _listed(("x.size(0)", *given[1:]))
        yield f"write {_name(layer)}({text}): {have[0]} in front is the batch"
        return
    yield f"write {_name(layer)}({_listed(given)})"
    flat = batch and len(made) == 2
    if flat:
        yield f"or {_name(layer)}(x.size(0), -1): the batch stays whatever the other sizes are"


def _remainder(have: Shape, asked: Shape) -> str | None:
    """One axis split into parts that its size is not divisible by (`d // heads` with a rest)."""
    for n in have:
        for one, other in pairwise(asked):
            for part, count in ((one, other), (other, one)):
                if not (isinstance(n, int) and isinstance(part, int) and part > 1):
                    continue
                if n % part != 0 and n // part == count and count > 1:
                    return (
                        f"{n} is not divisible by {part}: {part} · {count} = {n - n % part} leaves"
                        f" {n % part} over; {n - n % part} or {n - n % part + part} would do"
                    )
    return None


def _equation(sizes: Sequence[Dim], total: Dim) -> str:
    return f"{_times(sizes)} = {total}" if len(sizes) > 1 else _times(sizes)


def _filled(asked: Shape, made: Shape) -> tuple[Any, ...]:
    """The sizes as they should be written: what was -1 stays -1."""
    return tuple(-1 if _hole(a) else m for a, m in zip(asked, made, strict=True))


def _listed(sizes: Sequence[Any]) -> str:
    return ", ".join(str(n) for n in sizes)


def _times(sizes: Sequence[Dim]) -> str:
    return " · ".join(str(n) for n in sizes) or "1"
