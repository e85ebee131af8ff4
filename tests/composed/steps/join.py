"""Several values into one: concatenation, arithmetic, products."""

from __future__ import annotations

import torch

from tests.composed.draft import Draft, Unfit
from tests.composed.steps.layer import filled
from tests.composed.steps.registry import Text, kind

ANY = None


def _meets(x: torch.Tensor, y: torch.Tensor, dim: int) -> bool:
    sizes = zip(x.shape, y.shape, strict=True)
    return x.dim() == y.dim() and all(a == b for i, (a, b) in enumerate(sizes) if i != dim)


@kind(weight=5)
def concatenated(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 6), ANY)
    dim = draft.axis(x)
    parts = [name]
    for _ in range(draft.between(1, 3)):
        other, _ = draft.tensor((x.dim(),), ANY, lambda y: _meets(x, y, dim))
        parts.append(other)
    at = draft.written(dim, x)
    form = draft.choice(["torch.cat([{}], dim={})", "torch.cat(({}), {})",
                         "torch.concat([{}], axis={})"])  # fmt: skip
    return form.format(", ".join(parts), at)


@kind(weight=3)
def skipped(draft: Draft) -> Text:
    """A skip of a U-Net: what was seen before, in the size of what is seen now."""
    name, x = draft.tensor((3, 4, 5), fits=filled)
    other, _ = draft.tensor((x.dim(),), fits=lambda y: filled(y) and y.shape[0] == x.shape[0])
    return f"torch.cat([{other}, F.interpolate({name}, size={other}.shape[2:])], dim=1)"


@kind(weight=2)
def stacked(draft: Draft) -> Text:
    name, x = draft.tensor(range(4), ANY)
    parts = [name]
    for _ in range(draft.between(1, 2)):
        other, _ = draft.tensor((x.dim(),), ANY, lambda y: y.shape == x.shape)
        parts.append(other)
    names = ", ".join(parts)
    return draft.choice([f"torch.stack([{names}], dim={draft.between(-x.dim() - 1, x.dim())})",
                         f"torch.stack(({names}))", f"torch.hstack([{names}])",
                         f"torch.vstack([{names}])"])  # fmt: skip


@kind(weight=3)
def rejoined(draft: Draft) -> Text:
    """A tuple of pieces put together again."""
    name, parts = draft.several()
    shapes = [p.shape for p in parts if isinstance(p, torch.Tensor)]
    if not shapes or len(shapes) != len(parts) or len({len(s) for s in shapes}) > 1:
        raise Unfit
    if not shapes[0]:
        return f"torch.stack({name})"
    differing = [i for i, sizes in enumerate(zip(*shapes, strict=True)) if len(set(sizes)) > 1]
    if len(differing) > 1:
        raise Unfit
    if not differing and draft.chance(0.3):
        return draft.choice([f"torch.stack({name}, dim=0)", f"sum({name})"])
    dim = differing[0] if differing else draft.between(0, len(shapes[0]) - 1)
    return f"torch.cat({name}, dim={dim})"


def _broadcasts(x: torch.Tensor, y: torch.Tensor) -> bool:
    pairs = zip(reversed(x.shape), reversed(y.shape), strict=False)
    return all(a == b or 1 in (a, b) for a, b in pairs)


@kind(weight=6)
def arithmetic(draft: Draft) -> Text:
    name, x = draft.tensor(range(6), (torch.float32, torch.float64, torch.int64))
    other, _ = draft.tensor(
        range(6), (torch.float32, torch.float64, torch.int64), lambda y: _broadcasts(x, y)
    )
    form = draft.choice(["{} + {}", "{} * {}", "{} - {}", "torch.add({}, {})", "{}.mul({})",
                         "torch.maximum({}, {})", "torch.minimum({}, {})", "{} / ({} + 1)",
                         "{}.add({}, alpha=2)", "{} == {}", "{} > {}"])  # fmt: skip
    return form.format(name, other)


@kind(weight=2)
def weighed(draft: Draft) -> Text:
    """A tensor and what was summed up of it."""
    name, x = draft.tensor(range(1, 6))
    dim = draft.written(draft.axis(x), x)
    return draft.choice([f"{name} - {name}.mean({dim}, keepdim=True)",
                         f"{name} / {name}.norm(dim={dim}, keepdim=True)",
                         f"{name} * torch.ones({x.shape[-1]})",
                         f"{name} + torch.zeros({x.shape[0]}, {', '.join('1' * (x.dim() - 1))})"
                         if x.dim() > 1 else f"{name} + 1"])  # fmt: skip


@kind()
def in_place(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 5))
    other, _ = draft.tensor(range(5), fits=lambda y: y.dim() <= x.dim() and _spreads(y, x))
    return f"{name}.{draft.choice(['add_', 'mul_', 'copy_'])}({other})"


def _spreads(y: torch.Tensor, x: torch.Tensor) -> bool:
    """Whether `y` broadcasts to `x`, which holds every element once."""
    once = all(step or size < 2 for step, size in zip(x.stride(), x.shape, strict=True))
    return once and all(
        a in (1, b) for a, b in zip(reversed(y.shape), reversed(x.shape), strict=False)
    )


@kind(weight=4)
def product(draft: Draft) -> Text:
    name, x = draft.tensor((2, 3, 4), fits=filled)
    other, y = draft.tensor(
        (x.dim(),),
        fits=lambda y: x.shape[-1] in y.shape[-2:] and y.shape[:-2] == x.shape[:-2] and filled(y),
    )
    if y.shape[-2] != x.shape[-1]:
        other = f"{other}.transpose(-2, -1)"
    forms = ["{} @ {}", "torch.matmul({}, {})"]
    if x.dim() == 3:
        forms += ["torch.bmm({}, {})", "torch.einsum('bij,bjk->bik', {}, {})"]
    if x.dim() == 2:
        forms += ["torch.mm({}, {})", "torch.einsum('ij,jk->ik', {}, {})"]
    if x.dim() == 4:
        forms.append("torch.einsum('bhij,bhjk->bhik', {}, {})")
    return draft.choice(forms).format(name, other)


@kind(weight=2)
def contracted(draft: Draft) -> Text:
    name, x = draft.tensor((2, 3, 4), fits=filled)
    letters = "abcd"[: x.dim()]
    sum_of = draft.choice([letters[:-1], letters[::-1], letters, letters[0], "", letters[1:]])
    weight = f"torch.ones({x.shape[-1]}, {draft.between(1, 6)})"
    return draft.choice([f"torch.einsum('{letters}->{sum_of}', {name})",
                         f"torch.einsum('...i,ij->...j', {name}, {weight})",
                         f"torch.einsum('{letters},{letters}->{sum_of}', {name}, {name})",
                         f"{name} @ {weight}", f"torch.tensordot({name}, {weight}, dims=1)",
                         f"torch.matmul({name}, torch.ones({x.shape[-1]}))"])  # fmt: skip


@kind()
def distances(draft: Draft) -> Text:
    name, x = draft.tensor((2, 3), fits=filled)
    if x.dim() == 2:
        out = draft.between(1, 5)
        last = f"torch.addmm(torch.zeros({out}), {name}, torch.ones({x.shape[1]}, {out}))"
    else:
        square = f"torch.zeros({x.shape[0]}, {x.shape[1]}, {x.shape[1]})"
        last = f"torch.baddbmm({square}, {name}, {name}.transpose(1, 2))"
    return draft.choice([f"torch.cdist({name}, {name})", f"F.pairwise_distance({name}, {name})",
                         f"F.cosine_similarity({name}, {name}, dim=-1)", last])  # fmt: skip


@kind(weight=2)
def chosen(draft: Draft) -> Text:
    name, _ = draft.tensor(range(1, 6))
    return draft.choice([f"torch.where({name} > 0, {name}, torch.zeros_like({name}))",
                         f"torch.where({name} > 0, {name}, 0.0)",
                         f"{name}.masked_fill({name} > 1, 0.0)",
                         f"{name}.masked_fill(torch.zeros_like({name}).bool(), -1e9)",
                         f"torch.lerp({name}, {name}, 0.5)"])  # fmt: skip


@kind()
def gathered(draft: Draft) -> Text:
    """By indices that are legal whatever the data: 0, or where the largest is."""
    name, x = draft.tensor(range(1, 5), fits=filled)
    dim = draft.axis(x)
    at = draft.written(dim, x)
    index = draft.choice([f"{name}.argmax({at}, keepdim=True)",
                          f"torch.zeros_like({name}, dtype=torch.long)"])  # fmt: skip
    return draft.choice([f"{name}.gather({at}, {index})",
                         f"torch.take_along_dim({name}, {index}, {at})",
                         f"torch.zeros_like({name}).scatter({at}, {index}, 1.0)",
                         f"{name}.index_select({at}, torch.zeros(2).long())"])  # fmt: skip


@kind()
def created(draft: Draft) -> Text:
    """A tensor in a size of another."""
    name, x = draft.tensor(range(1, 5), ANY)
    dim = draft.axis(x)
    size = draft.size(name, x, dim)
    return draft.choice([f"torch.zeros({size}, {draft.between(1, 8)})",
                         f"{name}.new_ones({size}, 3)", f"torch.arange({size})",
                         f"torch.rand({name}.shape)", f"torch.eye({size})",
                         f"torch.full(({size}, 2), 1.0)", f"torch.randn_like({name}.float())",
                         f"torch.linspace(0, 1, {size})",
                         f"torch.zeros({size}, dtype=torch.long)"])  # fmt: skip
