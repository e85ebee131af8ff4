"""Blocks of layers: sequences, residuals, branches, squeeze and excite."""

from __future__ import annotations

from tests.composed.draft import Draft, Unfit
from tests.composed.steps.convolution import image
from tests.composed.steps.layer import filled
from tests.composed.steps.registry import Text, kind


def convolved(draft: Draft, axes: int, channels: int, out: int) -> str:
    """Convolution, norm and activation, which keep the sizes."""
    width = draft.choice([3, 1, 5])
    norm = draft.choice([f"nn.BatchNorm{axes}d({out})", f"nn.GroupNorm(1, {out})"])
    last = draft.choice(["nn.ReLU()", "nn.SiLU()", "nn.Dropout(0.1)"])
    return f"nn.Conv{axes}d({channels}, {out}, {width}, padding={width // 2}), {norm}, {last}"


@kind(weight=3)
def sequence(draft: Draft) -> Text:
    name, x, axes = image(draft)
    if x.dim() != axes + 2:
        raise Unfit
    channels = x.shape[1]
    middle, out = draft.between(1, 12), draft.between(1, 12)
    layers = f"{convolved(draft, axes, channels, middle)}, nn.Conv{axes}d({middle}, {out}, 1)"
    if draft.chance(0.3):
        layers += f", nn.AdaptiveAvgPool{axes}d({draft.between(1, 4)})"
        if draft.chance(0.5):
            layers += ", nn.Flatten()"
    return f"LAYER({name})", f"nn.Sequential({layers})"


@kind(weight=2)
def perceptron(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 5), fits=lambda x: filled(x) and x.shape[-1] <= 512)
    features, middle = x.shape[-1], draft.between(1, 24)
    layers = f"nn.Linear({features}, {middle}), nn.ReLU(), nn.Linear({middle}, {features})"
    if draft.chance(0.4):
        return f"LAYER({name})", f"Residual(nn.LayerNorm({features}), {layers})"
    if draft.chance(0.3):
        return f"{name} + LAYER({name})", f"nn.Sequential({layers})"
    return f"LAYER({name})", f"nn.Sequential({layers}, nn.Linear({features}, {middle}))"


@kind(weight=2)
def residual(draft: Draft) -> Text:
    name, x, axes = image(draft)
    if x.dim() != axes + 2:
        raise Unfit
    channels = x.shape[1]
    if draft.chance(0.4):
        out, stride = draft.between(1, 12), draft.choice([1, 2])
        arguments = f"{channels}, {out}, 3, stride={stride}, padding=1"
        short = f"nn.Conv{axes}d({channels}, {out}, 1, stride={stride})"
        made = f"nn.ModuleList([nn.Conv{axes}d({arguments}), {short}])"
        return f"LAYER[0]({name}) + LAYER[1]({name})", made
    return f"LAYER({name})", f"Residual({convolved(draft, axes, channels, channels)})"


@kind(weight=2)
def branches(draft: Draft) -> Text:
    """As in an inception: the same image seen with several kernels."""
    name, x, axes = image(draft)
    if x.dim() != axes + 2:
        raise Unfit
    channels = x.shape[1]
    widths = [draft.choice([1, 3, 5]) for _ in range(draft.between(2, 3))]
    layers = [
        f"nn.Conv{axes}d({channels}, {draft.between(1, 8)}, {w}, padding={w // 2})" for w in widths
    ]
    if draft.chance(0.3):
        layers.append(f"nn.MaxPool{axes}d(3, stride=1, padding=1)")
    if draft.chance(0.5):
        return f"LAYER({name})", f"Branches({', '.join(layers)})"
    made = f"nn.ModuleList([{', '.join(layers)}])"
    return f"torch.cat([layer({name}) for layer in LAYER], dim=1)", made


@kind()
def squeeze_excite(draft: Draft) -> Text:
    name, x, _ = image(draft, 2)
    if x.dim() != 4:
        raise Unfit
    return f"LAYER({name})", f"SqueezeExcite({x.shape[1]}, {draft.between(1, 8)})"


@kind()
def chosen(draft: Draft) -> Text:
    """One of several heads, by its name."""
    name, x = draft.tensor(range(1, 5), fits=lambda x: filled(x) and x.shape[-1] <= 512)
    features = x.shape[-1]
    heads = f"'small': nn.Linear({features}, 2), 'large': nn.Linear({features}, 20)"
    return f"LAYER[{draft.choice(['small', 'large'])!r}]({name})", f"nn.ModuleDict({{{heads}}})"
