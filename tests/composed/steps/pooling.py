"""Pooling, resizing, padding, shuffles of pixels."""

from __future__ import annotations

from tests.composed.draft import Draft, Unfit, divisors
from tests.composed.steps.convolution import image, kernel
from tests.composed.steps.registry import Text, kind


@kind(weight=3)
def pool(draft: Draft) -> Text:
    name, x, axes = image(draft)
    sizes = x.shape[-axes:]
    width = kernel(draft, sizes, most=4)
    options = [str(width)]
    which = draft.choice(["MaxPool", "AvgPool"])
    if draft.chance(0.4):
        options.append(f"stride={draft.per_axis(1, [3] * axes)}")
    if draft.chance(0.4):
        options.append(f"padding={min([width] if isinstance(width, int) else width) // 2}")
    if draft.chance(0.3):
        options.append("ceil_mode=True")
    if which == "MaxPool" and draft.chance(0.2):
        options.append("return_indices=True")
    if which == "MaxPool" and draft.chance(0.2) and width == 2 and min(sizes) > 2:
        options.append("dilation=2")
    if draft.chance(0.7):
        return f"LAYER({name})", f"nn.{which}{axes}d({', '.join(options)})"
    spelled = {"MaxPool": "max_pool", "AvgPool": "avg_pool"}[which]
    return f"F.{spelled}{axes}d({name}, {', '.join(options)})"


@kind(weight=2)
def adaptive_pool(draft: Draft) -> Text:
    name, _, axes = image(draft)
    size = draft.per_axis(1, [6] * axes)
    if draft.chance(0.2) and axes > 1:
        size = (None, *[draft.between(1, 5) for _ in range(axes - 1)])
    if draft.chance(0.6):
        which = draft.choice(["AdaptiveAvgPool", "AdaptiveMaxPool"])
        return f"LAYER({name})", f"nn.{which}{axes}d({size})"
    which = draft.choice(["adaptive_avg_pool", "adaptive_max_pool"])
    return f"F.{which}{axes}d({name}, {size})"


@kind()
def power_pool(draft: Draft) -> Text:
    name, x, axes = image(draft)
    width = draft.between(1, min(3, *x.shape[-axes:]))
    return f"LAYER({name})", f"nn.LPPool{axes}d(2, {width})"


@kind()
def fractional_pool(draft: Draft) -> Text:
    name, x, axes = image(draft, 2, 3)
    if min(x.shape[-axes:]) < 4:
        raise Unfit
    sizes = tuple(draft.between(1, n - 2) for n in x.shape[-axes:])
    goal = draft.choice([f"output_size={sizes}", "output_ratio=0.5"])
    return f"LAYER({name})", f"nn.FractionalMaxPool{axes}d(2, {goal})"


@kind(weight=2)
def resize(draft: Draft) -> Text:
    name, x = draft.tensor((3, 4, 5), fits=lambda x: 0 not in x.shape)
    axes = x.dim() - 2
    modes = {1: ["nearest", "linear"], 2: ["nearest", "bilinear", "bicubic", "area"],
             3: ["nearest", "trilinear"]}[axes]  # fmt: skip
    options = [f"mode={draft.choice(modes)!r}"]
    if options[0].endswith("linear'") and draft.chance(0.4):
        options.append("align_corners=True")
    if draft.chance(0.5) and max(x.shape[2:]) <= 10:
        options.insert(0, f"scale_factor={draft.choice([2, 1, 1.5, 3])}")
    elif draft.chance(0.5) and min(x.shape[2:]) > 1:
        options.insert(0, "scale_factor=0.5")
    else:
        options.insert(0, f"size={draft.per_axis(1, [12] * axes)}")
    if draft.chance(0.5):
        return f"LAYER({name})", f"nn.Upsample({', '.join(options)})"
    return f"F.interpolate({name}, {', '.join(options)})"


@kind(weight=2)
def resize_like(draft: Draft) -> Text:
    """A decoder that meets its encoder."""
    name, x = draft.tensor((3, 4, 5), fits=lambda x: 0 not in x.shape)
    other, _ = draft.tensor((x.dim(),), fits=lambda x: 0 not in x.shape)
    size = draft.choice([f"{other}.shape[2:]", f"{other}.size()[2:]"])
    return f"F.interpolate({name}, size={size})"


@kind()
def shuffle(draft: Draft) -> Text:
    name, _ = draft.tensor((3, 4), fits=lambda x: x.shape[-3] % 4 == 0 and 0 not in x.shape)
    if draft.chance(0.3):
        return f"LAYER({name})", f"nn.ChannelShuffle({draft.choice([2, 4])})"
    if draft.chance(0.5):
        return f"F.pixel_shuffle({name}, 2)"
    return f"LAYER({name})", "nn.PixelShuffle(2)"


@kind()
def unshuffle(draft: Draft) -> Text:
    name, x = draft.tensor((3, 4), fits=lambda x: 0 not in x.shape)
    common = [n for n in divisors(x.shape[-1]) if x.shape[-2] % n == 0 and n <= 4]
    return f"LAYER({name})", f"nn.PixelUnshuffle({draft.choice(common)})"


@kind(weight=2)
def pad(draft: Draft) -> Text:
    name, x, axes = image(draft)
    mode = draft.choice(["constant", "reflect", "replicate", "circular"])
    most = min(x.shape[-axes:]) - (mode == "reflect")
    if most < 1:
        raise Unfit
    ends = tuple(draft.between(0, min(2, most)) for _ in range(2 * axes))
    if draft.chance(0.5):
        return f"F.pad({name}, {ends}, mode={mode!r})"
    classes = {"constant": "ZeroPad", "reflect": "ReflectionPad", "replicate": "ReplicationPad",
               "circular": "CircularPad"}  # fmt: skip
    return f"LAYER({name})", f"nn.{classes[mode]}{axes}d({ends})"


@kind()
def cut(draft: Draft) -> Text:
    """Negative padding takes away."""
    name, _ = draft.tensor(range(2, 6), fits=lambda x: x.shape[-1] > 2)
    return f"F.pad({name}, {draft.choice([(-1, 0), (0, -1), (-1, -1), (1, 1), (-1, 2)])})"


@kind()
def grid(draft: Draft) -> Text:
    """A spatial transformer."""
    name, x = draft.tensor((4,), fits=lambda x: 0 not in x.shape)
    batch, sides = draft.size(name, x, 0), ", ".join(str(draft.between(1, 8)) for _ in range(2))
    options = draft.choice(["", ", align_corners=True", ", mode='nearest'"])
    if draft.chance(0.5):
        return f"F.grid_sample({name}, torch.zeros({batch}, {sides}, 2){options})"
    return f"F.affine_grid(torch.zeros({batch}, 2, 3), {name}.size(), align_corners=False)"
