"""Sums, means, extremes, orders, and what runs along an axis."""

from __future__ import annotations

from tests.composed.draft import Draft, Unfit
from tests.composed.steps.layer import filled
from tests.composed.steps.registry import Text, kind

ANY = None


@kind(weight=4)
def reduced(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 6), fits=filled)
    dims: object = draft.written(draft.axis(x), x)
    if x.dim() > 1 and draft.chance(0.3):
        dims = tuple(range(x.dim()))[-2:]
    keep = draft.choice(["", ", keepdim=True"])
    which = draft.choice(["mean", "sum", "amax", "amin", "std", "var", "norm", "logsumexp"])
    if which == "norm":
        return f"{name}.norm(dim={dims}{keep})"
    if draft.chance(0.3):
        return f"torch.{which}({name}, dim={dims}{keep})"
    return f"{name}.{which}({dims}{keep})"


@kind(weight=2)
def along(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 6), fits=filled)
    dim = draft.written(draft.axis(x), x)
    keep = draft.choice(["", ", keepdim=True"])
    forms = [f"{name}.argmax({dim}{keep})", f"torch.argmin({name}, dim={dim}{keep})",
             f"{name}.max({dim}{keep})", f"{name}.min(dim={dim}{keep})[0]",
             f"{name}.max({dim}{keep}).values", f"torch.cumsum({name}, {dim})",
             f"{name}.prod({dim}{keep})", f"{name}.median({dim}{keep})[0]",
             f"torch.var_mean({name}, dim={dim}{keep})", f"{name}.argsort({dim})",
             f"torch.any({name}.bool(), {dim}{keep})", f"{name}.cumprod({dim})",
             f"({name} > 0).sum({dim}{keep})", f"torch.count_nonzero({name}, dim={dim})",
             f"({name} > 0).all({dim}{keep})"]  # fmt: skip
    return draft.choice(forms)


@kind(weight=2)
def ordered(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 5), fits=filled)
    dim = draft.axis(x)
    k, at = draft.between(1, x.shape[dim]), draft.written(dim, x)
    return draft.choice([f"{name}.topk({k}, dim={at})", f"torch.topk({name}, {k}, {at})[0]",
                         f"{name}.sort({at})", f"torch.sort({name}, dim={at}, descending=True)[1]",
                         f"{name}.kthvalue({k}, {at})[0]", f"torch.topk({name}, {k}, {at}).indices",
                         f"torch.diff({name}, dim={at})"])  # fmt: skip


@kind()
def whole(draft: Draft) -> Text:
    if draft.chance(0.7):
        raise Unfit  # seldom: little can follow a number
    name, _ = draft.tensor(range(1, 6), fits=filled)
    return f"{name}.{draft.choice(['mean', 'sum', 'max', 'argmax', 'norm', 'std'])}()"


@kind()
def spectrum(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 5), fits=filled)
    forms = [f"torch.fft.rfft({name})", f"torch.fft.fft({name}, dim={draft.axis(x)}).abs()"]
    if x.dim() > 1:
        forms += [f"torch.fft.fft2({name}).real", f"torch.fft.rfft2({name}).abs()"]
    if x.shape[-1] > 1:
        forms.append(f"torch.fft.irfft(torch.fft.rfft({name}), n={x.shape[-1]})")
    return draft.choice(forms)


@kind()
def solved(draft: Draft) -> Text:
    """Of a matrix that is not singular."""
    name, x = draft.tensor((2, 3), fits=lambda x: filled(x) and x.shape[-1] == x.shape[-2])
    near = f"{name} * 0 + torch.eye({draft.size(name, x, -1)})"
    return draft.choice([f"torch.linalg.det({near})", f"torch.linalg.norm({name}, dim=(-2, -1))",
                         f"torch.linalg.matrix_power({name}, 2)",
                         f"torch.einsum('...ii->...i', {name})", f"torch.trace({name})"
                         if x.dim() == 2 else f"{name}.sum((-2, -1))"])  # fmt: skip
