"""Other views of a tensor: reshapes, permutations, parts."""

from __future__ import annotations

import torch

from tests.composed.draft import Draft, Unfit, divisors
from tests.composed.steps.layer import filled
from tests.composed.steps.registry import Text, kind

ANY = None


@kind(weight=4)
def flatten(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 6), ANY)
    first = draft.between(0, x.dim() - 1)
    last = draft.choice([-1, draft.between(first, x.dim() - 1)])
    form = draft.choice(["torch.flatten({}, {}, {})", "{}.flatten({}, {})", ""])
    if not form:
        return f"LAYER({name})", f"nn.Flatten({first}, {last})"
    return form.format(name, draft.written(first, x), last)


@kind(weight=5)
def reshape(draft: Draft) -> Text:
    """The same numbers in another shape: axes joined, one axis parted."""
    name, x = draft.tensor(range(1, 6), ANY, filled)
    sizes = [draft.size(name, x, a) for a in range(x.dim())]
    if x.dim() > 1 and draft.chance(0.6):
        at = draft.between(0, x.dim() - 2)
        joined = draft.choice(
            ["-1", str(x.shape[at] * x.shape[at + 1]), f"{sizes[at]} * {sizes[at + 1]}"]
        )
        sizes[at : at + 2] = [joined]
    else:
        at = draft.between(0, x.dim() - 1)
        part = draft.choice(divisors(x.shape[at]))
        rest = draft.choice(["-1", str(x.shape[at] // part), f"{sizes[at]} // {part}"])
        sizes[at : at + 1] = [str(part), rest]
    which = draft.choice(["view", "reshape", "reshape"])
    if draft.chance(0.1):
        return f"torch.reshape({name}, ({', '.join(sizes)},))"
    return f"{name}.{which}({', '.join(sizes)})"


@kind()
def view_to_row(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 6), ANY, filled)
    forms = [f"{name}.view({draft.size(name, x, 0)}, -1)", f"{name}.reshape(len({name}), -1)",
             f"{name}.view(-1, {x.shape[-1]})", f"{name}.reshape(-1)",
             f"{name}.contiguous().view({name}.shape[0], -1)", f"{name}.ravel()"]  # fmt: skip
    return draft.choice(forms)


@kind(weight=4)
def permute(draft: Draft) -> Text:
    name, x = draft.tensor(range(2, 6), ANY)
    if draft.chance(0.4):
        order = list(range(x.dim()))
        draft.rng.shuffle(order)
        return draft.choice([f"{name}.permute({', '.join(map(str, order))})",
                             f"torch.permute({name}, {tuple(order)})"])  # fmt: skip
    first, second = (draft.written(draft.axis(x), x) for _ in range(2))
    return draft.choice([f"{name}.transpose({first}, {second})",
                         f"torch.swapaxes({name}, {first}, {second})",
                         f"{name}.movedim({first}, {second})"])  # fmt: skip


@kind()
def turned(draft: Draft) -> Text:
    name, x = draft.tensor(range(2, 6), ANY)
    if x.dim() == 2 and draft.chance(0.5):
        return draft.choice([f"{name}.t()", f"{name}.T"])
    return f"{name}.mT"


@kind(weight=3)
def unsqueeze(draft: Draft) -> Text:
    name, x = draft.tensor(range(4), ANY)
    at = draft.between(-x.dim() - 1, x.dim())
    return draft.choice([f"{name}.unsqueeze({at})", f"torch.unsqueeze({name}, dim={at})",
                         f"{name}[None]", f"{name}[..., None]"])  # fmt: skip


@kind(weight=3)
def squeeze(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 7), ANY)
    at = draft.written(draft.axis(x), x)
    return draft.choice([f"{name}.squeeze({at})", f"{name}.squeeze()", f"torch.squeeze({name})"])


@kind(weight=2)
def expand(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 5), ANY)
    sizes = [str(draft.between(1, 4)) if n == 1 else draft.choice(["-1", str(n)]) for n in x.shape]
    if x.dim() < 4 and draft.chance(0.4):
        sizes.insert(0, str(draft.between(1, 3)))
    return f"{name}.expand({', '.join(sizes)})"


@kind(weight=2)
def repeat(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 5), ANY, lambda x: x.numel() < 1000)
    times = [str(draft.choice([1, 2, 1, 3])) for _ in x.shape]
    if x.dim() < 4 and draft.chance(0.3):
        times.insert(0, "2")
    dim = draft.written(draft.axis(x), x)
    return draft.choice([f"{name}.repeat({', '.join(times)})",
                         f"torch.tile({name}, ({', '.join(times)},))",
                         f"{name}.repeat_interleave(2, dim={dim})"])  # fmt: skip


@kind(weight=4)
def parted(draft: Draft) -> Text:
    """A tuple of pieces."""
    name, x = draft.tensor(range(1, 6), ANY, filled)
    dim = draft.axis(x)
    size, at = x.shape[dim], draft.written(dim, x)
    head = draft.between(0, size)
    forms = [f"{name}.chunk({draft.between(1, 4)}, {at})",
             f"torch.split({name}, {draft.between(1, size)}, dim={at})",
             f"{name}.split([{head}, {size - head}], dim={at})",
             f"torch.tensor_split({name}, {draft.between(1, 3)}, dim={at})"]  # fmt: skip
    if size <= 8:
        forms.append(f"{name}.unbind({at})")
    return draft.choice(forms)


@kind(weight=4)
def item(draft: Draft) -> Text:
    """One of a tuple."""
    name, parts = draft.several()
    if not parts:
        raise Unfit
    at = draft.between(0, len(parts) - 1)
    return f"{name}[{at - len(parts) if draft.chance(0.3) else at}]"


@kind(weight=4)
def indexed(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 6), ANY, filled)
    dim = draft.axis(x)
    size = x.shape[dim]
    start = draft.between(0, size - 1)
    stop = draft.between(start + 1, size)
    at = draft.choice([str(start), f"{start}:", f":{stop}", f"{start}:{stop}", "::2", ":-1", "-1",
                       "None", f"[{start}, 0]", "0:1", f"{start}:{size + 3}"])  # fmt: skip
    if dim == x.dim() - 1 and draft.chance(0.4):
        return f"{name}[..., {at}]"
    return f"{name}[{''.join(':, ' for _ in range(dim))}{at}]"


@kind(weight=2)
def selected(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 6), ANY, filled)
    dim = draft.axis(x)
    start = draft.between(0, x.shape[dim] - 1)
    at, size = draft.written(dim, x), x.shape[dim]
    return draft.choice([f"{name}.select({at}, {start})",
                         f"{name}.narrow({at}, {start}, {draft.between(1, size - start)})",
                         f"{name}.index_select({at}, torch.tensor([{start}, 0]))"])  # fmt: skip


@kind(weight=2)
def moved(draft: Draft) -> Text:
    """The same shape with its elements elsewhere."""
    name, x = draft.tensor(range(1, 6), ANY)
    dim = draft.written(draft.axis(x), x)
    forms = [f"torch.roll({name}, {draft.between(-2, 2)}, {dim})", f"{name}.flip({dim})",
             f"{name}.contiguous()"]  # fmt: skip
    if x.dim() > 1:
        forms += [f"torch.tril({name})", f"{name}.triu(1)", f"torch.rot90({name})"]
    return draft.choice(forms)


@kind()
def unflatten(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 5), ANY, filled)
    dim = draft.axis(x)
    part = draft.choice(divisors(x.shape[dim]))
    sizes = (part, draft.choice([-1, x.shape[dim] // part]))
    at = draft.written(dim, x)
    if draft.chance(0.5):
        return f"LAYER({name})", f"nn.Unflatten({at}, {sizes})"
    return f"{name}.unflatten({at}, {sizes})"


@kind()
def diagonal(draft: Draft) -> Text:
    name, _ = draft.tensor(range(2, 5), ANY)
    last = f"{name}.diagonal(dim1=-2, dim2=-1)"
    return draft.choice([last, f"torch.diagonal({name})", f"torch.diag_embed({name})"])


@kind()
def windows(draft: Draft) -> Text:
    """Windows that slide along an axis, and those of a Swin transformer."""
    name, x = draft.tensor(range(1, 5), fits=filled)
    if x.dim() == 4 and x.shape[1] % 2 == 0 and x.shape[2] % 2 == 0:
        b, h, w, c = (draft.size(name, x, a) for a in range(4))
        parts = f"{name}.reshape({b}, {h} // 2, 2, {w} // 2, 2, {c})"
        return f"{parts}.permute(0, 1, 3, 2, 4, 5).reshape(-1, 4, {c})"
    dim = draft.axis(x)
    size = draft.between(1, x.shape[dim])
    return f"{name}.unfold({draft.written(dim, x)}, {size}, {draft.between(1, 2)})"


@kind()
def cast(draft: Draft) -> Text:
    name, x = draft.tensor(range(6), (torch.int64, torch.bool, torch.float64, torch.complex64))
    if x.is_complex():
        return draft.choice([f"{name}.abs()", f"{name}.real", f"torch.view_as_real({name})"])
    return draft.choice([f"{name}.float()", f"{name}.to(torch.float32)", f"{name} * 1.0",
                         f"{name}.type(torch.float32)"])  # fmt: skip
