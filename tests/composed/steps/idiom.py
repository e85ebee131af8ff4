"""What users write around the layers: tokens, lazy layers, choices by a size, comprehensions."""

from __future__ import annotations

from tests.composed.draft import Draft, Unfit, divisors
from tests.composed.steps.convolution import image
from tests.composed.steps.layer import filled
from tests.composed.steps.registry import Text, kind


@kind()
def token(draft: Draft) -> Text:
    """A learned token before a sequence, or added to it."""
    name, x = draft.tensor((3,), fits=filled)
    width = x.shape[-1]
    if draft.chance(0.3):
        return f"{name} + LAYER", f"nn.Parameter(torch.zeros(1, {x.shape[1]}, {width}))"
    spread = draft.choice([f"expand({draft.size(name, x, 0)}, -1, -1)",
                           f"repeat({draft.size(name, x, 0)}, 1, 1)"])  # fmt: skip
    call = f"torch.cat([LAYER.{spread}, {name}], dim=1)"
    return call, f"nn.Parameter(torch.zeros(1, 1, {width}))"


@kind()
def lazy(draft: Draft) -> Text:
    name, x, axes = image(draft)
    if x.dim() == axes + 2 and draft.chance(0.6):
        made = draft.choice([f"LazyConv{axes}d({draft.between(1, 8)}, 1)",
                             f"LazyBatchNorm{axes}d()"])  # fmt: skip
        return f"LAYER({name})", f"nn.{made}"
    return f"LAYER({name})", f"nn.LazyLinear({draft.between(1, 8)})"


@kind()
def normed_weights(draft: Draft) -> Text:
    name, x = draft.tensor(range(2, 5), fits=lambda x: filled(x) and x.shape[-1] <= 64)
    wrap = draft.choice(["parametrizations.weight_norm", "parametrizations.spectral_norm"])
    return f"LAYER({name})", f"nn.utils.{wrap}(nn.Linear({x.shape[-1]}, {draft.between(2, 8)}))"


@kind()
def patches(draft: Draft) -> Text:
    """As a vision transformer makes a sequence of an image."""
    name, x = draft.tensor((4,), fits=filled)
    side = draft.choice([n for n in divisors(x.shape[2]) if n <= 8])
    if x.shape[3] < side:
        raise Unfit
    form = draft.choice(["LAYER({}).flatten(2).transpose(1, 2)",
                         "LAYER({}).flatten(2).permute(2, 0, 1)"])  # fmt: skip
    made = f"nn.Conv2d({x.shape[1]}, {draft.between(1, 12)}, {side}, stride={side})"
    return form.format(name), made


@kind()
def chosen_by_size(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 5), fits=filled)
    dim = draft.axis(x)
    asked = draft.choice([f"{name}.size({dim}) > {draft.between(1, 9)}", f"{name}.dim() == 3",
                          f"{name}.shape[{dim}] % 2 == 0", f"{name}.is_floating_point()",
                          f"len({name}) > 1", f"{name}.numel() > 100"])  # fmt: skip
    other = draft.choice([f"{name}.flatten()", f"{name}.unsqueeze(0)", f"{name}.mean(0)"])
    return f"{name} if {asked} else {other}"


@kind()
def comprehended(draft: Draft) -> Text:
    """A loop over one axis."""
    name, x = draft.tensor(range(2, 5), fits=lambda x: filled(x) and x.shape[0] <= 6)
    dim = draft.axis(x)
    if x.shape[dim] > 12:
        raise Unfit
    index = f"{''.join(':, ' for _ in range(dim))}i"
    forms = [f"torch.stack([{name}[{index}] for i in range({draft.size(name, x, dim)})], dim=0)",
             f"torch.stack([row * 2 for row in {name}])",
             f"torch.cat([part for part in {name}.split(1, {dim})], {dim})",
             f"[part.mean() for part in {name}.unbind({dim})]",
             f"sum(part.sum() for part in {name})",
             f"torch.cat([a + b for a, b in zip({name}, {name})])"]  # fmt: skip
    return draft.choice(forms)


@kind()
def two_of_a_pair(draft: Draft) -> Text:
    """Gates: an axis halved, the halves multiplied."""
    name, x = draft.tensor(range(1, 5), fits=lambda x: any(n % 2 == 0 for n in x.shape))
    dim = draft.choice([d for d, n in enumerate(x.shape) if n % 2 == 0])
    return f"(lambda a, b: a * b.sigmoid())(*{name}.chunk(2, dim={draft.written(dim, x)}))"


@kind()
def pooled_and_back(draft: Draft) -> Text:
    name, x, axes = image(draft)
    if min(x.shape[-axes:]) < 2:
        raise Unfit
    size = draft.choice(["", f", output_size={name}.shape[-{axes}:]"])
    pool = f"F.max_pool{axes}d({name}, 2, return_indices=True)"
    return f"F.max_unpool{axes}d(*{pool}, 2{size})"


@kind()
def transformed(draft: Draft) -> Text:
    name, x = draft.tensor((3,), fits=lambda x: filled(x) and x.shape[-1] <= 32)
    other, _ = draft.tensor((3,), fits=lambda y: filled(y) and y.shape[1:] == x.shape[1:])
    heads = draft.choice(divisors(x.shape[-1]))
    return f"LAYER({name}, {other})", f"nn.Transformer({x.shape[-1]}, {heads}, 1, 1, 8)"


@kind()
def coordinates(draft: Draft) -> Text:
    """A grid over the pixels of an image."""
    name, x = draft.tensor((3, 4), fits=filled)
    rows, columns = (f"torch.arange({draft.size(name, x, d)})" for d in (-2, -1))
    grid = f"torch.meshgrid({rows}, {columns}, indexing={draft.choice(['ij', 'xy'])!r})"
    return draft.choice([f"torch.stack({grid})", f"torch.stack({grid}, dim=-1).float()", grid])


@kind()
def rolled(draft: Draft) -> Text:
    """The shifts of a Swin transformer."""
    name, x = draft.tensor((3, 4, 5), fits=filled)
    last = x.dim() - 1
    return f"torch.roll({name}, shifts=(-1, 1), dims=({last - 1}, {last}))"


@kind()
def mapped(draft: Draft) -> Text:
    """Layers in a list, one behind the other or side by side."""
    name, x = draft.tensor(range(2, 5), fits=lambda x: filled(x) and x.shape[-1] <= 64)
    width, out = x.shape[-1], draft.between(1, 8)
    heads = f"nn.ModuleList([nn.Linear({width}, {out}) for _ in range({draft.between(1, 3)})])"
    form = draft.choice(["[head({}) for head in LAYER]", "torch.stack([h({}) for h in LAYER], 1)",
                         "sum(head({}) for head in LAYER)", "LAYER[-1]({})"])  # fmt: skip
    return form.format(name), heads
