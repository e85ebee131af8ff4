"""Recurrent layers and attention."""

from __future__ import annotations

import torch

from tests.composed.draft import Draft, Unfit, divisors
from tests.composed.steps.layer import filled
from tests.composed.steps.registry import Text, kind


@kind(weight=3)
def recurrent(draft: Draft) -> Text:
    name, x = draft.tensor((2, 3), fits=lambda x: filled(x) and x.shape[-1] <= 64)
    which = draft.choice(["LSTM", "GRU", "RNN"])
    hidden = draft.between(2, 12)
    options, layers, ways = [], 1, 1
    if draft.chance(0.6):
        options.append("batch_first=True")
    if draft.chance(0.3):
        layers = 2
        options.append("num_layers=2")
    if draft.chance(0.3):
        ways = 2
        options.append("bidirectional=True")
    first = hidden
    if which == "LSTM" and draft.chance(0.2):
        first = draft.between(1, hidden - 1)
        options.append(f"proj_size={first}")
    made = f"nn.{which}({', '.join([str(x.shape[-1]), str(hidden), *options])})"
    call = f"LAYER({name})"
    if draft.chance(0.2):
        batch = [str(x.shape[0 if "batch_first=True" in options else 1])] if x.dim() == 3 else []
        h0 = f"torch.zeros({', '.join([str(layers * ways), *batch, str(first)])})"
        c0 = f"torch.zeros({', '.join([str(layers * ways), *batch, str(hidden)])})"
        call = f"LAYER({name}, ({h0}, {c0}))" if which == "LSTM" else f"LAYER({name}, {h0})"
    return call + draft.choice(["[0]", "[0]", "", "[1]"]), made


@kind()
def cell(draft: Draft) -> Text:
    name, x = draft.tensor((1, 2), fits=lambda x: filled(x) and x.shape[-1] <= 128)
    which = draft.choice(["GRUCell", "RNNCell", "LSTMCell"])
    hidden = draft.between(1, 12)
    call = f"LAYER({name})"
    if draft.chance(0.4) and which != "LSTMCell":
        call = f"LAYER({name}, torch.zeros({', '.join(map(str, [*x.shape[:-1], hidden]))}))"
    return call, f"nn.{which}({x.shape[-1]}, {hidden})"


@kind(weight=3)
def attention(draft: Draft) -> Text:
    name, x = draft.tensor((2, 3), fits=lambda x: filled(x) and x.shape[-1] <= 64)
    heads = draft.choice(divisors(x.shape[-1]))
    first = x.dim() == 3 and draft.chance(0.6)
    options = ["batch_first=True"] if first else []
    other, y = name, x
    if draft.chance(0.4):
        batch = 0 if first else 1
        other, y = draft.tensor(
            (x.dim(),),
            fits=lambda y: filled(y) and (y.dim() == 2 or y.shape[batch] == x.shape[batch]),
        )
        if y.shape[-1] != x.shape[-1]:
            options += [f"kdim={y.shape[-1]}", f"vdim={y.shape[-1]}"]
    length, sources = (t.shape[-2] if first or t.dim() == 2 else t.shape[0] for t in (x, y))
    given = [name, other, other]
    if draft.chance(0.3):
        given.append(f"attn_mask=torch.zeros({length}, {sources})")
    if draft.chance(0.2):
        given.append("need_weights=False")
    if draft.chance(0.2) and x.dim() == 3:
        batch_size = x.shape[0 if first else 1]
        given.append(f"key_padding_mask=torch.zeros({batch_size}, {sources}).bool()")
    made = f"nn.MultiheadAttention({', '.join([str(x.shape[-1]), str(heads), *options])})"
    return f"LAYER({', '.join(given)}){draft.choice(['[0]', '[0]', ''])}", made


@kind(weight=2)
def transformer(draft: Draft) -> Text:
    name, x = draft.tensor((2, 3), fits=lambda x: filled(x) and x.shape[-1] <= 48)
    width = x.shape[-1]
    heads = draft.choice(divisors(width))
    first = draft.choice(["", ", batch_first=True", ", norm_first=True", ", activation='gelu'"])
    arguments = f"{width}, {heads}, {draft.between(1, 16)}{first}"
    length = x.shape[-2] if x.dim() == 2 or "batch_first" in first else x.shape[0]
    mask = draft.choice(["", f", torch.zeros({length}, {length})"])
    match draft.choice(["layer", "encoder", "decoder"]):
        case "layer":
            return f"LAYER({name}{mask})", f"nn.TransformerEncoderLayer({arguments})"
        case "encoder":
            layer = f"nn.TransformerEncoderLayer({arguments})"
            return f"LAYER({name}{mask})", f"nn.TransformerEncoder({layer}, 2)"
    return f"LAYER({name}, {name})", f"nn.TransformerDecoderLayer({arguments})"


@kind(weight=2)
def scaled_attention(draft: Draft) -> Text:
    # In a batch of heads keys and values are as long as each other, and masks have all axes: what
    # the kernels of the CPU make of others is no rule of the operator.
    name, x = draft.tensor((2, 3, 4), fits=filled)
    keys, y = draft.tensor(
        (x.dim(),), fits=lambda y: y.shape[:-2] == x.shape[:-2] and y.shape[-1] == x.shape[-1]
    )
    mask = f"torch.zeros({x.shape[-2]}, {y.shape[-2]})" if x.dim() < 4 else f"{name} @ {keys}.mT"
    options = draft.choice(["", ", is_causal=True", f", attn_mask={mask}"])
    return f"F.scaled_dot_product_attention({name}, {keys}, {keys}{options})"


@kind(weight=2)
def weighted(draft: Draft) -> Text:
    """Attention as it is written by hand."""
    name, x = draft.tensor((2, 3, 4), fits=filled)
    back = draft.choice([f"{name}.transpose(-2, -1)", f"{name}.mT"])
    return f"({name} @ {back} / {x.shape[-1]} ** 0.5).softmax(dim=-1) @ {name}"


@kind(weight=2)
def heads(draft: Draft) -> Text:
    """The features of a sequence, parted into heads."""
    name, x = draft.tensor((3,), fits=lambda x: filled(x) and x.shape[-1] > 1)
    count = draft.choice(divisors(x.shape[-1]))
    b, t = draft.size(name, x, 0), draft.size(name, x, 1)
    depth = draft.choice([str(x.shape[-1] // count), "-1", f"{name}.size(-1) // {count}"])
    # Not `view` where the strides of what comes are not told.
    return f"{name}.reshape({b}, {t}, {count}, {depth}).transpose(1, 2)"


@kind()
def positions(draft: Draft) -> Text:
    """Learned positions added to a sequence."""
    name, x = draft.tensor((3,), fits=lambda x: filled(x) and x.shape[1] <= 64)
    call = f"{name} + LAYER(torch.arange({draft.size(name, x, 1)}))"
    return call, f"nn.Embedding(64, {x.shape[-1]})"


@kind()
def mask(draft: Draft) -> Text:
    """A causal mask over the scores of an attention."""
    name, x = draft.tensor((2, 3, 4), fits=lambda x: filled(x) and x.shape[-1] == x.shape[-2])
    length = draft.size(name, x, -1)
    if x.dtype is not torch.float32:
        raise Unfit
    return f"{name}.masked_fill(torch.ones({length}, {length}).triu(1).bool(), float('-inf'))"
