"""# loss-mismatch

## What it does
Finds losses whose target does not fit the input: another batch, another shape for
`nn.BCELoss`, a class axis too much or too little for `nn.CrossEntropyLoss`, class weights of
another number.

## Why is this bad?
torch raises `Expected input batch_size (8) to match target batch_size (4)`, `Target size must be
the same as input size` and the like.  Cross entropy takes (N, C, ...) and (N, ...):
[torch.nn.CrossEntropyLoss](https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html).

## Example
```python
# convlint: target Net 8,16 8,1:int64
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(16, 10)
        self.loss = nn.CrossEntropyLoss()

    def forward(self, x, y):
        return self.loss(self.head(x), y)  # error: CL113
```

## Use instead
```python
# convlint: target Net 8,16 8,1:int64
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(16, 10)
        self.loss = nn.CrossEntropyLoss()

    def forward(self, x, y):
        return self.loss(self.head(x), y.squeeze(1))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Dim, Finding, Label, Layer, Network, Shape, TensorSpec, product, rule, show
from convlint.advice.batch import RESHAPES
from convlint.advice.passage import traced

_SPREAD = (
    "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div", "poisson_nll_loss",
    "gaussian_nll_loss", "hinge_embedding_loss", "soft_margin_loss", "multilabel_soft_margin_loss",
)  # fmt: skip
_EQUAL = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
_CLASSES = ("cross_entropy", "nll_loss")
_SEVERAL = {
    "margin_ranking_loss": ("input1", "input2", "target"),
    "triplet_margin_loss": ("anchor", "positive", "negative"),
    "triplet_margin_with_distance_loss": ("anchor", "positive", "negative"),
}


@rule("CL113", *_SPREAD, *_EQUAL, *_CLASSES, *_SEVERAL, "cosine_embedding_loss")
def loss_mismatch(layer: Layer, network: Network) -> Iterator[Finding]:
    if layer.op in _SEVERAL:
        found = _several(layer, _SEVERAL[layer.op])
    elif layer.op == "cosine_embedding_loss":
        found = _cosine(layer)
    elif layer.op in _EQUAL:
        found = _equal(layer)
    elif layer.op in _CLASSES:
        found = _classes(layer)
    else:
        found = _several(layer, ("input", "target"))
        if found is None and layer.op == "soft_margin_loss":
            found = _spreads(layer)
    if found is not None:
        yield found


# -- elements against elements


def _several(layer: Layer, names: tuple[str, ...]) -> Finding | None:
    for at, name in enumerate(names):
        for other in names[at + 1 :]:
            one, two = layer.args[name], layer.args[other]
            if one.shape is not None and two.shape is not None:
                axis = _clash(one.shape, two.shape)
                if axis:
                    return _spread(layer, name, other, axis)
    return None


def _clash(one: Shape, other: Shape) -> int:
    """The axis, counted from the end, on which two shapes do not fit; 0 if there is none."""
    for at in range(1, min(len(one), len(other)) + 1):
        if one[-at] != other[-at] and one[-at] != 1 and other[-at] != 1:
            return at
    return 0


def _spread(layer: Layer, name: str, other: str, axis: int) -> Finding:
    one, two = layer.args[name], layer.args[other]
    return Finding(
        f"`{layer.title}` compares {name} {one} with {other} {two}: axis -{axis} has "
        f"{one.shape[-axis]} and {two.shape[-axis]}",
        at=layer.call,
        label=f"{name} is {one}, {other} is {two}",
        help=(*_turns(one.shape, two.shape, other), f"give {other} the shape {one}"),
    )


def _spreads(layer: Layer) -> Finding | None:
    """The soft margin loss is computed in place of the input: the target spreads, not it."""
    input, target = layer.args["input"], layer.args["target"]
    if input.shape is None or target.shape is None:
        return None
    pairs = zip(reversed(input.shape), reversed(target.shape), strict=False)
    if len(target.shape) <= len(input.shape) and not any(a == 1 and b != 1 for a, b in pairs):
        return None
    return Finding(
        f"`{layer.title}` spreads the target to the input, but {target} is larger than {input}",
        at=layer.call,
        label=f"input is {input}, target is {target}",
        help=(*_turns(input.shape, target.shape, "target"), f"give target the shape {input}"),
    )


def _turns(one: Shape, two: Shape, other: str) -> tuple[str, ...]:
    """A missing or needless axis, where that is all."""
    if len(two) == len(one) + 1:
        for at, size in enumerate(two):
            if size == 1 and _same((*two[:at], *two[at + 1 :]), one):
                return (f"write {other}.squeeze({at})",)
    if len(two) == len(one) - 1:
        for at, size in enumerate(one):
            if size == 1 and _same((*one[:at], *one[at + 1 :]), two):
                return (f"write {other}.unsqueeze({at})",)
    return ()


def _same(one: Shape, other: Shape) -> bool:
    return len(one) == len(other) and all(a == b for a, b in zip(one, other, strict=True))


def _differs(one: Shape, other: Shape) -> bool:
    return len(one) != len(other) or any(a != b for a, b in zip(one, other, strict=True))


def _equal(layer: Layer) -> Finding | None:
    input, target = layer.args["input"], layer.args["target"]
    if input.shape is None or target.shape is None:
        return None
    if _differs(input.shape, target.shape):
        return Finding(
            f"`{layer.title}` takes a target of the input's shape, but {target} arrives for "
            f"{input}",
            at=layer.call,
            label=f"input is {input}, target is {target}",
            help=(
                *_turns(input.shape, target.shape, "target"),
                f"give target the shape {input}",
            ),
        )
    for name in ("weight", "pos_weight"):
        held = layer.args.get(name)
        if held is None or held.shape is None:
            continue
        if len(held.shape) > len(input.shape) or _unspreadable(held.shape, input.shape):
            return Finding(
                f"the {name} {held} of `{layer.title}` does not spread to {input}",
                label=f"{name} is {held}",
                help=(f"{name} must have {input.shape[-1] if input.shape else 1} elements",),
            )
    return None


def _unspreadable(held: Shape, shape: Shape) -> bool:
    pairs = zip(reversed(held), reversed(shape), strict=False)
    return any(a != b and a != 1 for a, b in pairs)


def _cosine(layer: Layer) -> Finding | None:
    one, two, target = (layer.args[n] for n in ("input1", "input2", "target"))
    if one.shape is None or two.shape is None or target.shape is None:
        return None
    axis = _clash(one.shape, two.shape)
    if axis:
        return _spread(layer, "input1", "input2", axis)
    if one.shape and two.shape and target.shape:
        batch = two.shape[0] if one.shape[0] == 1 else one.shape[0]
        if batch != target.shape[0] and batch != 1 and target.shape[0] != 1:
            return _batches(layer, one, target, batch)
    return None


# -- classes


def _classes(layer: Layer) -> Finding | None:
    input, target, weight = (layer.args[n] for n in ("input", "target", "weight"))
    if input.shape is None or target.shape is None:
        return None
    shape, aim = input.shape, target.shape
    if not shape:
        return _form(layer, input, target, ())
    if layer.op == "cross_entropy" and not _differs(shape, aim):
        return _weights(layer, shape, weight)  # probabilities
    if len(shape) == 1:
        if len(aim) > 1 or (len(aim) == 1 and aim[0] != 1):
            return _form(layer, input, target, ())
        return _weights(layer, shape, weight)
    wanted = (shape[0], *shape[2:])
    if not _differs(aim, wanted):
        return _weights(layer, shape, weight)
    if aim and aim[0] != shape[0] and len(aim) == len(wanted) and not _differs(aim[1:], wanted[1:]):
        return _batches(layer, input, target, shape[0])
    return _form(layer, input, target, wanted)


def _weights(layer: Layer, shape: Shape, weight: TensorSpec | None) -> Finding | None:
    if weight is None or weight.shape is None:
        return None
    classes = shape[0] if len(shape) == 1 else shape[1]
    if weight.numel != classes or len(weight.shape) != 1:
        return Finding(
            f"`{layer.title}` weighs {weight.numel} classes, but {classes} arrive",
            label=f"weight is {weight}",
            help=(f"weight must have {classes} elements",),
        )
    return None


def _batches(layer: Layer, input: TensorSpec, target: TensorSpec, one: Dim) -> Finding:
    other = (target.shape or ())[0]
    return Finding(
        f"`{layer.title}` takes a target for each of {one} samples, but {other} arrive",
        at=layer.call,
        label=f"{one} samples, {other} targets",
        related=tuple(_folded(input)) + tuple(_folded(target)),
        help=tuple(_kept(input, other)) or ("look where the batch was lost or folded away",),
    )


def _folded(tensor: TensorSpec) -> Iterator[Label]:
    """Where a reshape has made the rows of a tensor."""
    layer, _ = traced(tensor, 0)
    if layer is not None and layer.op in RESHAPES and layer.call is not None:
        yield Label(f"{(tensor.shape or ())[0]} rows are made here", layer.call)


def _kept(input: TensorSpec, samples: Dim) -> Iterator[str]:
    """What keeps the batch in the reshape that has lost it."""
    layer, _ = traced(input, 0)
    before = layer.tensors[0].shape if layer is not None and layer.op in RESHAPES else None
    if layer is not None and before and before[0] == samples:
        features = product(before[1:])
        yield (
            f"keep the batch in `{layer.written}`: write x.flatten(1), which gives "
            f"[{samples}, {features}], and {features} features in the layer behind it"
        )


def _form(layer: Layer, input: TensorSpec, target: TensorSpec, wanted: Shape) -> Finding:
    assert input.shape is not None
    assert target.shape is not None
    helps = [*_turns(wanted, target.shape, "target")]
    if len(input.shape) > 2 and not helps:
        last = (*input.shape[:1], *input.shape[1:-1])
        if _same(target.shape, last):
            helps.append(
                f"the classes must be on axis 1: input.movedim(-1, 1) makes {show(wanted)} of it"
            )
    helps.append(f"the target must be {show(wanted)}")
    return Finding(
        f"`{layer.title}` takes a class for every {show(wanted)} of the input {input}, but the "
        f"target is {target}",
        at=layer.call,
        label=f"input is {input}, target is {target}",
        help=tuple(helps),
    )
