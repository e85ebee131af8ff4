"""Attention and transformer layers.

Reference: https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html
"""

from __future__ import annotations

from typing import Any

from torch import nn

from convlint.arithmetic.attention import attending
from convlint.arithmetic.broadcast import broadcast
from convlint.dims import Dim, Shape, Unknown, guess, known
from convlint.shapes.registry import Rejected, lowers, operator, parameter
from convlint.tensor import CONTIGUOUS, Strides, TensorSpec


def _dtype(weight: TensorSpec | None, input: TensorSpec) -> Any:
    return weight.dtype if weight is not None else input.dtype


@operator("nn.functional.scaled_dot_product_attention", only=True)
def scaled_dot_product_attention(
    query: TensorSpec,
    key: TensorSpec,
    value: TensorSpec,
    attn_mask: TensorSpec | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> TensorSpec:
    q, k, v = query.shape, key.shape, value.shape
    if q is None or k is None or v is None:
        return TensorSpec(None, query.dtype, None)
    if min(len(q), len(k), len(v)) < 2:
        raise Rejected(
            "scaled_dot_product_attention: Expected query, key, and value to all be  at least "
            f"2 dimensional, but got query.dim = {len(q)}, key.dim = {len(k)}, "
            f"value.dim = {len(v)}"
        )
    if is_causal and attn_mask is not None:
        raise Rejected(
            "scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True"
        )
    if enable_gqa:
        if min(len(q), len(k), len(v)) < 3:
            raise Rejected(
                "Dimension out of range (expected to be in range of [-2, 1], but got -3)"
            )
        for heads in (k[-3], v[-3]):
            if known(q[-3], heads) and (heads == 0 or q[-3] % heads):
                raise Rejected(
                    "Number of heads in key and value must divide the number of heads in query"
                )
    lead = broadcast(*attending(q, k, v, enable_gqa))
    return TensorSpec((*lead, q[-2], v[-1]), query.dtype, None)


@operator
def multi_head_attention_forward(
    query: TensorSpec,
    key: TensorSpec,
    value: TensorSpec,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: TensorSpec | None,
    in_proj_bias: TensorSpec | None,
    bias_k: TensorSpec | None,
    bias_v: TensorSpec | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: TensorSpec | None,
    out_proj_bias: TensorSpec | None,
    training: bool = True,
    key_padding_mask: TensorSpec | None = None,
    need_weights: bool = True,
    attn_mask: TensorSpec | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: TensorSpec | None = None,
    k_proj_weight: TensorSpec | None = None,
    v_proj_weight: TensorSpec | None = None,
    static_k: TensorSpec | None = None,
    static_v: TensorSpec | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
    batch_first: bool = False,
    kdim: int | None = None,
    vdim: int | None = None,
    is_fusible: bool = False,
) -> Any:
    """As torch's function, with what `nn.MultiheadAttention` adds.

    Args:
        is_fusible: whether torch may take its fused kernel, which does not transpose.
    """
    if is_causal and attn_mask is None:
        raise Rejected("Need attn_mask if specifying the is_causal hint.")
    dtype = _dtype(out_proj_weight, query)
    nothing = TensorSpec(None, dtype, None)
    if query.shape is None or len(query.shape) not in (2, 3):
        return nothing, nothing if need_weights else None
    more = (bias_k is not None) + bool(add_zero_attn)
    features = query.shape[-1]  # as many come out as must go in
    if out_proj_weight is not None and out_proj_weight.shape is not None:
        made = out_proj_weight.shape[0]
        features = features if made == embed_dim_to_check else made
    strides: Strides = CONTIGUOUS
    if batch_first and len(query.shape) == 3:  # the batch comes second until the end
        batch = query.shape[0]
        told = not is_fusible and known(batch, features)
        strides = (features, batch * features, 1) if told else None
    result = TensorSpec((*query.shape[:-1], features), dtype, strides)
    if not need_weights:
        return result, None
    keys: Dim = Unknown()
    if key.shape is not None and len(key.shape) == len(query.shape):
        keys = key.shape[1] if batch_first and len(key.shape) == 3 else key.shape[0]
    keys = keys + more
    if len(query.shape) == 2:
        weights: Shape = (query.shape[0], keys)
        if not average_attn_weights:
            weights = (num_heads, *weights)
        return result, TensorSpec(weights, dtype)
    batch, length = query.shape[:2] if batch_first else (query.shape[1], query.shape[0])
    weights = (batch, length, keys) if average_attn_weights else (batch, num_heads, length, keys)
    return result, TensorSpec(weights, dtype)


@lowers(nn.MultiheadAttention, to="multi_head_attention_forward")
def _multihead_attention(
    module: nn.MultiheadAttention,
    query: TensorSpec,
    key: TensorSpec,
    value: TensorSpec,
    key_padding_mask: TensorSpec | None = None,
    need_weights: bool = True,
    attn_mask: TensorSpec | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> dict[str, Any]:
    width = module.embed_dim
    same = module._qkv_same_embed_dim
    return {
        "query": query,
        "key": key,
        "value": value,
        "embed_dim_to_check": width,
        "num_heads": module.num_heads,
        "in_proj_weight": parameter(module, "in_proj_weight", (3 * width, width) if same else ()),
        "in_proj_bias": parameter(module, "in_proj_bias"),
        "bias_k": parameter(module, "bias_k"),
        "bias_v": parameter(module, "bias_v"),
        "add_zero_attn": module.add_zero_attn,
        "dropout_p": module.dropout,
        "out_proj_weight": parameter(module.out_proj, "weight", (width, width)),
        "out_proj_bias": parameter(module.out_proj, "bias"),
        "training": module.training,
        "key_padding_mask": key_padding_mask,
        "need_weights": need_weights,
        "attn_mask": attn_mask,
        "use_separate_proj_weight": not same,
        "average_attn_weights": average_attn_weights,
        "is_causal": is_causal,
        "batch_first": module.batch_first,
        "kdim": module.kdim,
        "vdim": module.vdim,
        "is_fusible": _is_fusible(module) and query is key is value,
    }


def _is_fusible(module: nn.MultiheadAttention) -> bool:
    """Whether a module takes the fused kernel where one tensor is all three, without gradients."""
    return (
        not module.training
        and module.num_heads % 2 == 0
        and module.bias_k is None
        and not module.add_zero_attn
        and module._qkv_same_embed_dim
    )


# -- transformer


def _transformed(
    input: TensorSpec, weight: TensorSpec | None, width: int | None, plain: bool
) -> TensorSpec:
    """As the input: contiguous where a norm comes last (`plain`).

    `width`, the features that must arrive, is None for layers of the user's own.
    """
    dtype = _dtype(weight, input)
    if input.shape is None or len(input.shape) not in (2, 3):
        return TensorSpec(None, dtype, None)
    if width is None:
        return TensorSpec(tuple(Unknown(guess(n)) for n in input.shape), None, None)
    tidy = plain or input.strides == CONTIGUOUS
    return TensorSpec(input.shape, dtype, CONTIGUOUS if tidy else None)


@operator(only=True)
def transformer_encoder(
    src: TensorSpec,
    src_mask: TensorSpec | None,
    src_key_padding_mask: TensorSpec | None,
    is_causal: bool | None,
    weight: TensorSpec | None,
    d_model: int | None,
    nhead: int,
    batch_first: bool,
    plain: bool,
) -> TensorSpec:
    if is_causal and src_mask is None:
        raise Rejected("Need attn_mask if specifying the is_causal hint.")
    return _transformed(src, weight, d_model, plain)


@operator(only=True)
def transformer_decoder(
    tgt: TensorSpec,
    memory: TensorSpec,
    tgt_mask: TensorSpec | None,
    memory_mask: TensorSpec | None,
    tgt_key_padding_mask: TensorSpec | None,
    memory_key_padding_mask: TensorSpec | None,
    tgt_is_causal: bool | None,
    memory_is_causal: bool | None,
    weight: TensorSpec | None,
    d_model: int | None,
    nhead: int,
    batch_first: bool,
    plain: bool,
) -> TensorSpec:
    if (tgt_is_causal and tgt_mask is None) or (memory_is_causal and memory_mask is None):
        raise Rejected("Need attn_mask if specifying the is_causal hint.")
    return _transformed(tgt, weight, d_model, plain)


@operator(only=True)
def transformer(
    src: TensorSpec,
    tgt: TensorSpec,
    src_mask: TensorSpec | None,
    tgt_mask: TensorSpec | None,
    memory_mask: TensorSpec | None,
    src_key_padding_mask: TensorSpec | None,
    tgt_key_padding_mask: TensorSpec | None,
    memory_key_padding_mask: TensorSpec | None,
    src_is_causal: bool | None,
    tgt_is_causal: bool | None,
    memory_is_causal: bool | None,
    weight: TensorSpec | None,
    d_model: int | None,
    nhead: int,
    batch_first: bool,
    plain: bool,
) -> TensorSpec:
    hints = ((src_is_causal, src_mask), (tgt_is_causal, tgt_mask), (memory_is_causal, memory_mask))
    if any(causal and mask is None for causal, mask in hints):
        raise Rejected("Need attn_mask if specifying the is_causal hint.")
    return _transformed(tgt, weight, d_model, plain)


_STOCK = (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)


def _layer(module: Any) -> dict[str, Any]:
    """What the rules and shapes need of one stock encoder or decoder layer."""
    attention = module.self_attn
    width = attention.embed_dim
    return {
        "weight": parameter(attention.out_proj, "weight", (width, width)),
        "d_model": width,
        "nhead": attention.num_heads,
        "batch_first": attention.batch_first,
        "plain": not module.norm_first,
    }


_STRANGE = {"weight": None, "d_model": None, "nhead": 1, "batch_first": False, "plain": False}


def _stack(*stacks: Any) -> dict[str, Any]:
    """The same of stacks of layers; nothing where some layer is not torch's own.

    Raises:
        Rejected: a stack has no layers; torch asks the first one for its settings.
    """
    for stack in stacks:
        if not stack.layers:
            raise Rejected("index 0 is out of range: it has no layers")
        if any(type(layer) not in _STOCK for layer in stack.layers):
            return _STRANGE
        if stack.norm is not None and type(stack.norm) is not nn.LayerNorm:
            return _STRANGE
    known = _layer(stacks[0].layers[0])
    return {**known, "plain": known["plain"] or stacks[-1].norm is not None}


def _stock(module: Any) -> dict[str, Any]:
    return _layer(module) if type(module.self_attn) is nn.MultiheadAttention else _STRANGE


@lowers(nn.TransformerEncoderLayer, to="transformer_encoder")
def _encoder_layer(
    module: nn.TransformerEncoderLayer,
    src: TensorSpec,
    src_mask: TensorSpec | None = None,
    src_key_padding_mask: TensorSpec | None = None,
    is_causal: bool = False,
) -> dict[str, Any]:
    return {
        "src": src,
        "src_mask": src_mask,
        "src_key_padding_mask": src_key_padding_mask,
        "is_causal": is_causal,
        **_stock(module),
    }


@lowers(nn.TransformerEncoder, to="transformer_encoder")
def _encoder(
    module: nn.TransformerEncoder,
    src: TensorSpec,
    mask: TensorSpec | None = None,
    src_key_padding_mask: TensorSpec | None = None,
    is_causal: bool | None = None,
) -> dict[str, Any]:
    return {
        "src": src,
        "src_mask": mask,
        "src_key_padding_mask": src_key_padding_mask,
        "is_causal": is_causal,
        **_stack(module),
    }


@lowers(nn.TransformerDecoderLayer, to="transformer_decoder")
def _decoder_layer(
    module: nn.TransformerDecoderLayer,
    tgt: TensorSpec,
    memory: TensorSpec,
    tgt_mask: TensorSpec | None = None,
    memory_mask: TensorSpec | None = None,
    tgt_key_padding_mask: TensorSpec | None = None,
    memory_key_padding_mask: TensorSpec | None = None,
    tgt_is_causal: bool = False,
    memory_is_causal: bool = False,
) -> dict[str, Any]:
    return {
        "tgt": tgt,
        "memory": memory,
        "tgt_mask": tgt_mask,
        "memory_mask": memory_mask,
        "tgt_key_padding_mask": tgt_key_padding_mask,
        "memory_key_padding_mask": memory_key_padding_mask,
        "tgt_is_causal": tgt_is_causal,
        "memory_is_causal": memory_is_causal,
        **_stock(module),
    }


@lowers(nn.TransformerDecoder, to="transformer_decoder")
def _decoder(
    module: nn.TransformerDecoder,
    tgt: TensorSpec,
    memory: TensorSpec,
    tgt_mask: TensorSpec | None = None,
    memory_mask: TensorSpec | None = None,
    tgt_key_padding_mask: TensorSpec | None = None,
    memory_key_padding_mask: TensorSpec | None = None,
    tgt_is_causal: bool | None = None,
    memory_is_causal: bool = False,
) -> dict[str, Any]:
    return {
        "tgt": tgt,
        "memory": memory,
        "tgt_mask": tgt_mask,
        "memory_mask": memory_mask,
        "tgt_key_padding_mask": tgt_key_padding_mask,
        "memory_key_padding_mask": memory_key_padding_mask,
        "tgt_is_causal": tgt_is_causal,
        "memory_is_causal": memory_is_causal,
        **_stack(module),
    }


@lowers(nn.Transformer, to="transformer")
def _transformer(
    module: nn.Transformer,
    src: TensorSpec,
    tgt: TensorSpec,
    src_mask: TensorSpec | None = None,
    tgt_mask: TensorSpec | None = None,
    memory_mask: TensorSpec | None = None,
    src_key_padding_mask: TensorSpec | None = None,
    tgt_key_padding_mask: TensorSpec | None = None,
    memory_key_padding_mask: TensorSpec | None = None,
    src_is_causal: bool | None = None,
    tgt_is_causal: bool | None = None,
    memory_is_causal: bool = False,
) -> dict[str, Any]:
    stock = type(module.encoder) is nn.TransformerEncoder
    stock = stock and type(module.decoder) is nn.TransformerDecoder
    return {
        "src": src,
        "tgt": tgt,
        "src_mask": src_mask,
        "tgt_mask": tgt_mask,
        "memory_mask": memory_mask,
        "src_key_padding_mask": src_key_padding_mask,
        "tgt_key_padding_mask": tgt_key_padding_mask,
        "memory_key_padding_mask": memory_key_padding_mask,
        "src_is_causal": src_is_causal,
        "tgt_is_causal": tgt_is_causal,
        "memory_is_causal": memory_is_causal,
        **(_stack(module.encoder, module.decoder) if stock else _STRANGE),
    }
