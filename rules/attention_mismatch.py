"""# attention-mismatch

## What it does
Finds attention whose query, key and value do not fit each other or the layer: another embedding
size, other batches or lengths, masks of another shape; in `nn.MultiheadAttention`, the
transformer layers and `F.scaled_dot_product_attention`.

## Why is this bad?
torch raises `was expecting embedding dimension of 64, but got 48`, `The shape of the 2D
attn_mask is ...`, and the like.  `nn.MultiheadAttention` takes (length, batch, features), with
`batch_first=True` (batch, length, features):
[torch.nn.MultiheadAttention](https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html).

## Example
```python
# convlint: target Net 2,10,48
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(64, 4, batch_first=True)  # error: CL108

    def forward(self, x):
        return self.attention(x, x, x)[0]
```

## Use instead
```python
# convlint: target Net 2,10,48
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(48, 4, batch_first=True)

    def forward(self, x):
        return self.attention(x, x, x)[0]
```
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from convlint import Dim, Finding, Layer, Network, Shape, TensorSpec, origin, rule, show
from convlint.advice.whence import whence
from convlint.arithmetic.attention import attending
from convlint.arithmetic.broadcast import broadcast, clashes

_STACKS = ("transformer_encoder", "transformer_decoder", "transformer")


@dataclass(frozen=True)
class _Attention:
    """One attention inside a layer: what is asked, of what, under which masks."""

    query: tuple[str, TensorSpec]
    key: tuple[str, TensorSpec]
    value: tuple[str, TensorSpec]
    mask: tuple[str, TensorSpec | None]
    padding: tuple[str, TensorSpec | None]
    kdim: Dim
    vdim: Dim
    same: bool


@rule("CL108", "multi_head_attention_forward", "scaled_dot_product_attention", *_STACKS)
def attention_mismatch(layer: Layer, network: Network) -> Iterator[Finding]:
    if layer.op == "scaled_dot_product_attention":
        found = _scaled(layer)
    elif layer.op in _STACKS:
        found = _stack(layer) if layer.args["d_model"] is not None else None
    else:
        found = _multihead(layer)
    if found is not None:
        yield found


# -- nn.MultiheadAttention and the transformer layers


def _multihead(layer: Layer) -> Finding | None:
    args = layer.args
    if args["static_k"] is not None or args["static_v"] is not None:
        return None
    width = args["embed_dim_to_check"]
    separate = args["use_separate_proj_weight"]
    part = _Attention(
        ("query", args["query"]),
        ("key", args["key"]),
        ("value", args["value"]),
        ("attn_mask", args["attn_mask"]),
        ("key_padding_mask", args["key_padding_mask"]),
        _columns(args["k_proj_weight"], args["kdim"], width, separate),
        _columns(args["v_proj_weight"], args["vdim"], width, separate),
        not separate,
    )
    heads = args["num_heads"]
    return _divided(layer, width, heads) or _one(
        layer, part, width, heads, args["batch_first"], args["need_weights"]
    )


def _columns(weight: Any, dim: Any, width: Dim, separate: bool) -> Dim:
    if not separate:
        return width
    if dim is not None:
        return dim  # type: ignore[no-any-return]
    if weight is not None and weight.shape is not None:
        return weight.shape[-1]  # type: ignore[no-any-return]
    return width


def _divided(layer: Layer, width: Dim, heads: int) -> Finding | None:
    if width % heads != 0:
        return Finding(
            f"`{layer.title}` splits {width} features among {heads} heads, which is not a whole "
            "number each",
            formula=f"{width} / {heads} = {width // heads}, remainder {width % heads}",
            help=(f"take a number of heads that divides {width}",),
        )
    return None


def _stack(layer: Layer) -> Finding | None:
    args = layer.args
    width, heads, first = args["d_model"], args["nhead"], args["batch_first"]
    source = args.get("src")
    if layer.op == "transformer":
        found = _batches(layer, source, args["tgt"], first)
        if found is not None:
            return found
    if source is not None:
        part = _self("src", source, args, width)
        found = _one(layer, part, width, heads, first, False)
        if found is not None or layer.op == "transformer_encoder":
            return found
    memory: Any = args["memory"] if layer.op == "transformer_decoder" else source
    found = _one(layer, _self("tgt", args["tgt"], args, width), width, heads, first, False)
    if found is not None:
        return found
    name = "memory" if layer.op == "transformer_decoder" else "src"
    part = _Attention(
        ("tgt", args["tgt"]),
        (name, memory),
        (name, memory),
        ("memory_mask", args["memory_mask"]),
        ("memory_key_padding_mask", args["memory_key_padding_mask"]),
        width,
        width,
        True,
    )
    return _one(layer, part, width, heads, first, False)


def _self(name: str, tensor: TensorSpec, args: Any, width: Dim) -> _Attention:
    mask, padding = f"{name}_mask", f"{name}_key_padding_mask"
    return _Attention(
        (name, tensor),
        (name, tensor),
        (name, tensor),
        (mask, args[mask]),
        (padding, args[padding]),
        width,
        width,
        True,
    )


def _batches(layer: Layer, src: Any, tgt: TensorSpec, first: bool) -> Finding | None:
    if src.shape is None or tgt.shape is None or len(src.shape) != 3 or len(tgt.shape) != 3:
        return None
    axis = 0 if first else 1
    if src.shape[axis] != tgt.shape[axis]:
        return _unequal_batch(layer, ("src", src), ("tgt", tgt), axis, first)
    return None


def _one(
    layer: Layer, part: _Attention, width: Dim, heads: int, first: bool, weights: bool
) -> Finding | None:
    query = part.query[1].shape
    if query is None:
        return None
    if len(query) not in (2, 3):
        return _rank(layer, part.query, first)
    for name, tensor in (part.key, part.value):
        if tensor.shape is not None and len(tensor.shape) != len(query):
            return Finding(
                f"`{layer.title}` takes {part.query[0]} and {name} of the same number of axes, "
                f"but {part.query[1]} and {tensor} arrive",
                at=layer.call,
                label=f"{name} is {tensor}",
                help=(f"give both {len(query)} axes",),
            )
    sides = ((part.query, width), (part.key, part.kdim), (part.value, part.vdim))
    for (name, tensor), wanted in sides:
        if tensor.shape is not None and tensor.shape[-1] != wanted:
            return _width(layer, name, tensor, wanted)
    return _lengths(layer, part, query, first) or _masks(layer, part, query, heads, first, weights)


def _rank(layer: Layer, query: tuple[str, TensorSpec], first: bool) -> Finding:
    name, tensor = query
    assert tensor.shape is not None
    form = "(N, L, E)" if first else "(L, N, E)"
    helps = ()
    if len(tensor.shape) == 4:
        tail = "flatten(2).transpose(1, 2)" if first else "flatten(2).permute(2, 0, 1)"
        helps = (f"make pixels a sequence: x.{tail}",)  # type: ignore[assignment]
    return Finding(
        f"`{layer.title}` takes {form} or (L, E), but {name} {tensor} has {len(tensor.shape)} "
        f"{'axis' if len(tensor.shape) == 1 else 'axes'}",
        at=layer.call,
        label=f"{name} is {tensor}",
        help=helps,
    )


def _width(layer: Layer, name: str, tensor: TensorSpec, wanted: Dim) -> Finding:
    assert tensor.shape is not None
    arrives = tensor.shape[-1]
    parameter = {"key": "kdim", "value": "vdim"}.get(name, "embed_dim")
    if layer.op in _STACKS:
        parameter = "d_model"
    if parameter in ("kdim", "vdim"):
        helps = [f"write {parameter}={arrives}"]
    else:
        helps = [f"write {parameter}={arrives}"]
        heads = layer.args.get("num_heads") or layer.args.get("nhead")
        if isinstance(heads, int) and arrives % heads != 0:
            helps[0] += f", and a number of heads that divides it ({heads} does not)"
    source = origin(tensor, -1)
    related = whence(tensor, -1, f"{arrives} features come from here")
    if source is not None:
        if source.op == "linear" and source.module is not None:
            helps.append(f"or let `{source.title}` give {wanted}: out_features={wanted}")
        elif source.op == "embedding" and source.module is not None:
            helps.append(f"or let `{source.title}` give {wanted}: embedding_dim={wanted}")
    return Finding(
        f"`{layer.title}` takes {wanted} features, but {name} has {arrives}: {tensor}",
        label=f"takes {wanted} features",
        related=related,
        help=tuple(helps),
    )


def _lengths(layer: Layer, part: _Attention, query: Shape, first: bool) -> Finding | None:
    """Key and value have the same length and batch, and the query the same batch."""
    key, value = part.key[1].shape, part.value[1].shape
    if key is not None and value is not None:
        end = len(key) if part.same else -1
        if any(a != b for a, b in zip(key[:end], value[:end], strict=False)):
            return Finding(
                f"`{layer.title}` takes a value for every key, but {part.key[1]} and "
                f"{part.value[1]} arrive",
                at=layer.call,
                label=f"{part.key[0]} is {part.key[1]}, {part.value[0]} is {part.value[1]}",
                help=("hand it the same tensor as key and value",),
            )
    if key is None or len(query) != 3:
        return None
    axis = 0 if first else 1
    if key[axis] != query[axis]:
        return _unequal_batch(layer, part.query, part.key, axis, first)
    return None


def _unequal_batch(
    layer: Layer,
    one: tuple[str, TensorSpec],
    other: tuple[str, TensorSpec],
    axis: int,
    first: bool,
) -> Finding:
    a, b = one[1].shape, other[1].shape
    assert a is not None
    assert b is not None
    helps = [f"give {one[0]} and {other[0]} the same batch"]
    if a[1 - axis] == b[1 - axis]:
        helps.insert(
            0,
            f"write batch_first={not first}: {one[1]} and {other[1]} have {a[1 - axis]} on axis "
            f"{1 - axis}",
        )
    return Finding(
        f"`{layer.title}` with batch_first={first} reads the batch from axis {axis}, but "
        f"{one[0]} {one[1]} has {a[axis]} and {other[0]} {other[1]} has {b[axis]}",
        at=layer.call,
        label=f"batches of {a[axis]} and {b[axis]}",
        help=tuple(helps),
    )


def _masks(
    layer: Layer, part: _Attention, query: Shape, heads: int, first: bool, weights: bool
) -> Finding | None:
    key = part.key[1].shape
    if key is None:
        return None
    batched = len(query) == 3
    time = 1 if batched and first else 0
    long, keys = query[time], key[time]
    batch = (query[0] if first else query[1]) if batched else 1
    name, mask = part.padding
    if mask is not None and mask.shape is not None:
        wanted: Shape = (batch, keys) if batched else (keys,)
        if _differs(mask.shape, wanted):
            turned = len(mask.shape) == 2 and batched and not _differs(mask.shape[::-1], wanted)
            return _mask(layer, name, mask, (wanted,), turned)
    name, mask = part.mask
    if mask is not None and mask.shape is not None:
        forms: tuple[Shape, ...] = ((long, keys), (batch * heads, long, keys))
        if all(_differs(mask.shape, form) for form in forms):
            return _mask(layer, name, mask, forms, False)
    return _mask_dtypes(layer, (part.padding, part.mask), part.query[1], weights)


def _mask(
    layer: Layer, name: str, mask: TensorSpec, forms: tuple[Shape, ...], turned: bool
) -> Finding:
    taken = " or ".join(show(form) for form in forms)
    helps = [f"{name} must be {taken}"]
    if turned:
        helps.insert(0, f"put transpose(0, 1) on {name}")
    if mask.shape is not None and len(mask.shape) == 3:
        helps.append("a mask for every sample is repeated for every head: repeat_interleave(heads)")
    return Finding(
        f"`{layer.title}` takes a {name} of {taken}, but {mask} arrives",
        at=layer.call,
        label=f"{name} is {mask}",
        help=tuple(helps),
    )


def _mask_dtypes(
    layer: Layer,
    masks: tuple[tuple[str, TensorSpec | None], ...],
    query: TensorSpec,
    weights: bool,
) -> Finding | None:
    """Booleans, or together the query's dtype (float32 also where no weights are asked for)."""
    if not layer.exact or query.dtype is None:
        return None
    own, together = _name(query), ""
    for name, mask in masks:
        if mask is None or mask.dtype is None:
            continue
        dtype = _name(mask)
        if not mask.dtype.is_floating_point and dtype != "bool":
            return _mask_dtype(layer, name, mask, "booleans or floats", f"{name}.bool()")
        together = _wider(together, own if dtype == "bool" else dtype)
    if not together or together == own or (together == "float32" and not weights):
        return None
    for name, mask in masks:
        if mask is not None and _name(mask) not in ("bool", own):
            write = f"{name}.to(torch.{own})"
            return _mask_dtype(layer, name, mask, f"booleans or {own}", write)
    return None


def _wider(one: str, other: str) -> str:
    """What torch makes of the sum of two float dtypes."""
    if not one or one == other:
        return other
    return "float64" if "float64" in (one, other) else "float32"


def _mask_dtype(layer: Layer, name: str, mask: TensorSpec, takes: str, write: str) -> Finding:
    return Finding(
        f"`{layer.title}` takes a {name} of {takes}, but {_name(mask)} arrives",
        at=layer.call,
        label=f"{name} is {mask}",
        help=(f"write {write}",),
    )


def _name(tensor: TensorSpec) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _differs(shape: Shape, wanted: Shape) -> bool:
    if len(shape) != len(wanted):
        return True
    return any(a != b for a, b in zip(shape, wanted, strict=True))


# -- scaled_dot_product_attention


def _scaled(layer: Layer) -> Finding | None:
    names = ("query", "key", "value")
    query, key, value = (layer.args[n].shape for n in names)
    if query is None or key is None or value is None or min(map(len, (query, key, value))) < 2:
        return None
    if query[-1] != key[-1]:
        return _pair(layer, "query", "key", -1, "features")
    if key[-2] != value[-2]:
        return _pair(layer, "key", "value", -2, "steps")
    q, k, v = attending(query, key, value, layer.args["enable_gqa"])
    for name, other, one, two in (
        ("query", "key", q, k),
        ("key", "value", k, v),
        ("query", "value", q, v),
    ):
        for at in clashes(one, two):
            return _pair(layer, name, other, at - 2, "batches or heads")
    mask = layer.args["attn_mask"]
    if mask is None or mask.shape is None:
        return None
    found = _mask_dtypes(layer, (("attn_mask", mask),), layer.args["query"], False)
    if found is not None:
        return found
    full = (*broadcast(q, k), query[-2], key[-2])
    short = len(mask.shape) > len(full)
    pairs = zip(reversed(mask.shape), reversed(full), strict=False)
    if short or any(m != n and m != 1 for m, n in pairs):
        return Finding(
            f"`{layer.written}` takes a mask that spreads to {show(full)}, but {mask} arrives",
            at=layer.call,
            label=f"attn_mask is {mask}",
            help=(f"the mask must be {show(full[-2:])}, or {show(full)}",),
        )
    return None


def _pair(layer: Layer, one: str, other: str, axis: int, what: str) -> Finding:
    a, b = layer.args[one], layer.args[other]
    return Finding(
        f"`{layer.written}` takes {one} and {other} with the same number of {what}, but "
        f"{a.shape[axis]} and {b.shape[axis]} arrive: {a} and {b}",
        at=layer.call,
        label=f"{one} is {a}, {other} is {b}",
        help=(f"axis {axis} of {other} must be {a.shape[axis]}",),
    )
