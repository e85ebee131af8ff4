"""A mistake in one step: a changed number, another value, a forgotten or a needless call."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tests.composed.draft import Draft
from tests.composed.network import Step

_NUMBER: Final = re.compile(r"(?<![\w.'])\d+(?![\w.'])")
_PAIR: Final = re.compile(r"(?<![\w.])[\w.-]+, [\w.-]+(?![\w.([])")
_VALUE: Final = re.compile(r"\bv\d+\b")
_NEIGHBOURS: Final = [
    ("Conv2d", "Conv1d"), ("Conv1d", "Conv2d"), ("Conv3d", "Conv2d"), ("Norm2d", "Norm1d"),
    ("Norm1d", "Norm2d"), ("Norm3d", "Norm2d"), ("Pool2d", "Pool1d"), ("Pool1d", "Pool2d"),
    ("Pool3d", "Pool2d"), ("LayerNorm", "GroupNorm"), ("torch.cat", "torch.stack"),
    ("torch.stack", "torch.cat"), (".view(", ".reshape("), (".reshape(", ".view("),
    (" + ", " @ "), (" @ ", " * "), (" * ", " @ "), ("batch_first=True", "batch_first=False"),
    ("keepdim=True", "keepdim=False"), (".transpose(", ".flatten("), ("[0]", ""), ("[1]", "[0]"),
    ("LSTM", "GRU"), ("Linear", "Bilinear"), ("nn.Flatten()", "nn.Identity()"), ("dim=", "dim=-"),
    ("torch.bmm", "torch.mm"), ("torch.matmul", "torch.bmm"), ("torch.mm", "torch.bmm"),
    ("padding='same'", "padding='same', stride=2"), ("argmax", "softmax"), (".chunk(", ".split("),
    ("torch.zeros(", "torch.zeros(1, "), ("dtype=torch.long", "dtype=torch.float"),
    ("torch.ones(", "torch.ones(2, "), ("->", "->a"), (".flatten(1)", ""), (".bool()", ""),
    ("mode='nearest'", "mode='bilinear'"), ("mode='bilinear'", "mode='linear'"),
    ("MaxPool", "AdaptiveMaxPool"), ("AvgPool", "AdaptiveAvgPool"), ("stride=", "dilation="),
    ("True", "False"),
]  # fmt: skip
_NEEDLESS: Final = [".long()", ".double()", ".half()", ".bool()", ".flatten(1)", ".unsqueeze(0)",
                    ".unsqueeze(-1)", "[0]", ".transpose(0, 1)", ".transpose(-2, -1)", ".mean(1)",
                    ".squeeze()", "[:, 1:]", ".flatten()", ".T", "[..., :-1]", ".sum(-1)",
                    ".float()", "[:, None]", ".permute(1, 0)", ".contiguous()"]  # fmt: skip


def slip(draft: Draft, step: Step) -> Step:
    """The step with one mistake in it; the same where there is no room for it."""
    match draft.choice(["number", "number", "value", "neighbour", "needless", "order"]):
        case "number":
            return _numbered(draft, step)
        case "value":
            names = list(draft.values)
            return _once(draft, step, _VALUE, lambda _: draft.choice(names))
        case "needless":
            return _once(draft, step, _VALUE, lambda old: old + draft.choice(_NEEDLESS))
        case "order":
            made = bool(step.made) and draft.chance(0.5)
            return _once(draft, step, _PAIR, lambda old: _turned(draft, old), made)
    return _neighboured(draft, step)


def _turned(draft: Draft, pair: str) -> str:
    """Two arguments in the wrong order, or one of them forgotten."""
    one, other = pair.split(", ")
    return draft.choice([f"{other}, {one}", one, other])


def _numbered(draft: Draft, step: Step) -> Step:
    def other(old: str) -> str:
        n = int(old)
        return str(draft.choice([n + 1, max(n - 1, 0), n * 2, n // 2, n + 3, -n, 1]))

    # What a layer is made with decides more than how it is called.
    if step.made and draft.chance(0.7):
        return _once(draft, step, _NUMBER, other, made=True)
    return _once(draft, step, _NUMBER, other)


def _neighboured(draft: Draft, step: Step) -> Step:
    fitting = [pair for pair in _NEIGHBOURS if pair[0] in step.made or pair[0] in step.call]
    if not fitting:
        return _numbered(draft, step)
    old, new = draft.choice(fitting)
    if old in step.made:
        return replace(step, made=step.made.replace(old, new, 1))
    return replace(step, call=step.call.replace(old, new, 1))


def _once(
    draft: Draft,
    step: Step,
    pattern: re.Pattern[str],
    new: Callable[[str], str],
    made: bool = False,
) -> Step:
    """One of the places that match, with something else there."""
    text = step.made if made else step.call
    places = list(pattern.finditer(text))
    if not places:
        return step
    place = draft.choice(places)
    changed = text[: place.start()] + new(place[0]) + text[place.end() :]
    return replace(step, made=changed) if made else replace(step, call=changed)
