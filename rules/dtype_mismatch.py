"""# dtype-mismatch

## What it does
Finds tensors of a dtype that an operator cannot take: a byte image or a Half tensor in a float
convolution, a double in a float linear layer, floats as indices of an embedding, whole numbers
in an activation or norm, class labels that are not int64.

## Why is this bad?
torch does not convert for products and convolutions: it raises `mat1 and mat2 must have the
same dtype`, `Input type (unsigned char) and bias type (float) should be the same` and the like.
Under `torch.autocast` it does convert, and this rule is silent.  See
[type promotion](https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc).

## Example
```python
# convlint: target Net 2,3,64,64:uint8
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3)

    def forward(self, frames):
        return self.conv(frames)  # error: CL105
```

## Use instead
```python
# convlint: target Net 2,3,64,64:uint8
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3)

    def forward(self, frames):
        return self.conv(frames.float() / 255)
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convlint import Finding, Label, Layer, Network, TensorSpec, rule

_SAME: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "conv1d", "conv2d", "conv3d",
            "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
        ),
        ("weight", "input", "bias"),
    ),
    "linear": ("weight", "input", "bias"),
    "bilinear": ("weight", "input1", "input2", "bias"),
    "prelu": ("weight", "input"),
    "matmul": ("input", "other"),
    "mm": ("input", "mat2"),
    "bmm": ("input", "mat2"),
    "mv": ("input", "vec"),
    "dot": ("input", "tensor"),
    "vdot": ("input", "other"),
    "addmm": ("mat1", "mat2"),
    "baddbmm": ("batch1", "batch2", "input"),
    "scaled_dot_product_attention": ("query", "key", "value"),
    "multi_head_attention_forward": ("out_proj_weight", "query", "key", "value"),
    "transformer_encoder": ("weight", "src"),
    "transformer_decoder": ("weight", "tgt", "memory"),
    "transformer": ("weight", "src", "tgt"),
    **dict.fromkeys(
        ("lstm", "gru", "rnn", "lstm_cell", "gru_cell", "rnn_cell"), ("weight", "input", "hx")
    ),
    "binary_cross_entropy": ("input", "target", "weight"),
}  # fmt: skip
"""The arguments that must have one dtype; the first that has one says which."""

_NORMS = {
    "batch_norm": ("running_mean", "running_var", "weight", "bias"),
    "instance_norm": ("weight", "bias"),
    "layer_norm": ("weight", "bias"),
    "group_norm": ("weight", "bias"),
}

_FLOATS = frozenset({
    "batch_norm", "instance_norm", "layer_norm", "group_norm", "prelu", "celu", "elu", "gelu",
    "glu", "gumbel_softmax", "hardshrink", "hardsigmoid", "hardswish", "leaky_relu", "logsigmoid",
    "mish", "rrelu", "selu", "softplus", "softshrink", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "cross_entropy", "nll_loss", "kl_div", "softmax2d",
    "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d",
    "multilabel_soft_margin_loss", "multilabel_margin_loss", "multi_margin_loss",
})  # fmt: skip
_FLOATS_OR_COMPLEX = frozenset({
    "silu", "rms_norm", "normalize", "adaptive_avg_pool1d", "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
})  # fmt: skip
_CAST = frozenset({"softmax", "log_softmax", "softmin"})
_ONE_FLOAT = frozenset({"mse_loss", "l1_loss", "smooth_l1_loss"})
_FIRST_FLOAT = frozenset({"huber_loss", "hinge_embedding_loss", "soft_margin_loss"})
_SUBTRACTED = {
    "gaussian_nll_loss": ("input", "target"),
    "triplet_margin_loss": ("anchor", "positive", "negative"),
    "multilabel_soft_margin_loss": ("target",),
}
"""The arguments of losses that are subtracted, or from 1: booleans cannot be."""

_REAL = frozenset({"relu", "relu6", "threshold", "hardtanh"})
_NOT_BOOL = frozenset({"softsign", "tanhshrink"})
_DROPOUT = frozenset({
    "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout",
})  # fmt: skip
_INDICES = frozenset({"embedding", "embedding_bag"})
_METHODS = {"float32": "float", "float16": "half", "bfloat16": "bfloat16", "float64": "double"}


@rule(
    "CL105", *_SAME, *_NORMS, *_FLOATS - _SAME.keys() - _NORMS.keys(), *_FLOATS_OR_COMPLEX,
    *_CAST, *_ONE_FLOAT, *_FIRST_FLOAT, *_REAL, *_NOT_BOOL, *_DROPOUT, *_INDICES,
    *_SUBTRACTED.keys() - _FLOATS, "poisson_nll_loss", "local_response_norm",
)  # fmt: skip
def dtype_mismatch(layer: Layer, network: Network) -> Iterator[Finding]:
    if not layer.exact:
        return
    for found in (_indices, _targets, _same, _norm, _kind, _difference):
        finding = found(layer)
        if finding is not None:
            yield finding
            return


# -- what must hold


def _same(layer: Layer) -> Finding | None:
    names = _SAME.get(layer.op)
    if names is None:
        return None
    if layer.op == "linear" and layer.args["weight"].rank == 1:
        names = ("weight", "input")  # a product of vectors, to which any bias is added
    given = [t for n in names for t in _tensors(layer.args.get(n)) if t.dtype is not None]
    if not given:
        return None
    own = given[0]
    odd = next((t for t in given if t.dtype != own.dtype), None)
    if odd is not None:
        if names[0].endswith("weight") or layer.module is not None:
            return _odd(layer, odd, _name(own))
        return _unlike(layer, own, odd)
    if _name(own) == "bool":
        return _wrong(layer, own, "numbers")
    if layer.op == "scaled_dot_product_attention" and not _is_float(own):
        return _wrong(layer, own, "floating point numbers")
    return None


def _norm(layer: Layer) -> Finding | None:
    """All the same; or half precision data with float32 parameters."""
    names, input = _NORMS.get(layer.op), _input(layer)
    if names is None or input is None or input.dtype is None or not _is_float(input):
        return None
    held = [layer.args[n] for n in names if layer.args[n] is not None]
    held = [t for t in held if t.dtype is not None]
    if all(t.dtype == input.dtype for t in held):
        return None
    low = _name(input) in ("float16", "bfloat16")
    odd = next((t for t in held if not low or _name(t) != "float32"), None)
    return _odd(layer, input, _name(odd)) if odd is not None else None


def _indices(layer: Layer) -> Finding | None:
    input = _input(layer)
    if (
        layer.op not in _INDICES
        or input is None
        or input.dtype is None
        or _name(input) in ("int64", "int32")
    ):
        return None
    if layer.op == "embedding_bag" and _name(layer.args["weight"]) in ("int64", "int32"):
        return None  # the order of old releases
    helps = ["give it indices: x.long()"]
    source = input.source
    if source is not None and source.op == "embedding":
        if _name(source.args["input"]) not in ("int64", "int32"):
            return None  # told there
        helps = [
            f"`{source.title}` has embedded it already: one embedding for every column "
            "(nn.ModuleList), not one behind the other"
        ]
    return _finding(
        layer,
        input,
        f"`{layer.title}` takes indices (int64 or int32), but {_name(input)} arrives",
        helps,
    )


def _targets(layer: Layer) -> Finding | None:
    if layer.op == "binary_cross_entropy_with_logits":
        labels = layer.args["target"]
        if labels.dtype is None or _is_float(labels):
            return None
        return _finding(
            layer,
            labels,
            f"`{layer.title}` takes floating point targets, but {_name(labels)} arrives",
            ["write target.float()"],
        )
    if layer.op not in ("cross_entropy", "nll_loss"):
        return None
    input, target, weight = (layer.args[n] for n in ("input", "target", "weight"))
    if target.dtype is None or input.shape is None or target.shape is None:
        return None
    shares = layer.op == "cross_entropy" and _equal(input, target)
    if shares is None:
        return None
    if shares and not _is_float(target):
        return _finding(
            layer,
            target,
            f"`{layer.title}` takes a target of the input's shape for probabilities, but it "
            f"holds {_name(target)}",
            ["give it class indices without the class axis, or probabilities: target.float()"],
        )
    taken = ("int64", "uint8") if len(input.shape) < 3 else ("int64",)
    if not shares and _name(target) not in taken:
        return _finding(
            layer,
            target,
            f"`{layer.title}` takes class indices (int64), but {_name(target)} arrives",
            ["write target.long()"],
        )
    weighed = weight is not None and not shares and None not in (weight.dtype, input.dtype)
    return _odd(layer, weight, _name(input)) if weighed and weight.dtype != input.dtype else None


def _equal(a: TensorSpec, b: TensorSpec) -> bool | None:
    """Whether two shapes are the same; None where it cannot be told."""
    assert a.shape is not None
    assert b.shape is not None
    if len(a.shape) != len(b.shape) or any(m != n for m, n in zip(a.shape, b.shape, strict=True)):
        return False
    return True if all(m == n for m, n in zip(a.shape, b.shape, strict=True)) else None


def _kind(layer: Layer) -> Finding | None:
    """What cannot be computed with whole numbers, booleans or complex numbers."""
    op = layer.op
    tensor = layer.args.get("logits") if op == "gumbel_softmax" else layer.args.get("input")
    if not isinstance(tensor, TensorSpec) or tensor.dtype is None:
        return None
    kind, name = _family(tensor), _name(tensor)
    numbers = "floating point numbers"
    if op in _ONE_FLOAT:
        return _pair(layer, tensor)
    if op == "kl_div" and kind == "float":
        target = layer.args["target"]
        odd = target.dtype is not None and not _is_float(target)
        return _wrong(layer, target, numbers) if odd else None
    if op in _FIRST_FLOAT or op in _FLOATS:
        return _wrong(layer, tensor, numbers) if kind != "float" else None
    if op in _FLOATS_OR_COMPLEX:
        return _wrong(layer, tensor, numbers) if kind in ("int", "bool") else None
    if op in _CAST and layer.args["dtype"] is None:
        return _wrong(layer, tensor, numbers) if kind != "float" else None
    if op in _REAL and (kind in ("bool", "complex") or (op == "hardtanh" and _unsigned(layer))):
        return _wrong(layer, tensor, "real numbers" if kind == "complex" else "signed numbers")
    if op in _NOT_BOOL and kind == "bool":
        return _wrong(layer, tensor, "numbers")
    if op == "local_response_norm" and kind != "float" and name != "int64":
        return _wrong(layer, tensor, numbers)
    if op in _DROPOUT and kind != "float" and _drops(layer):
        return _wrong(layer, tensor, numbers)
    return None


def _pair(layer: Layer, tensor: TensorSpec) -> Finding | None:
    """Distances: one of the two must be floats, and L1 subtracts no booleans."""
    target = layer.args["target"]
    if target.dtype is None:
        return None
    kinds = {_family(tensor), _family(target)}
    if layer.op == "l1_loss" and "bool" in kinds:
        return _wrong(layer, tensor if _family(tensor) == "bool" else target, "numbers")
    sums = layer.op == "l1_loss" and layer.args["reduction"] != "mean"
    if kinds <= {"int", "bool"} and not sums:
        return _wrong(layer, tensor, "floating point numbers")
    return None


def _difference(layer: Layer) -> Finding | None:
    """Losses that subtract, or take the variances of a Gaussian and clamp them in place."""
    var = layer.args.get("var")
    if isinstance(var, TensorSpec) and var.dtype is not None and not _is_float(var):
        return _wrong(layer, var, "floating point numbers")
    given = [layer.args[name] for name in _SUBTRACTED.get(layer.op, ())]
    if layer.op == "poisson_nll_loss":  # what is not a boolean makes the other one a number
        given = [layer.args["input"], layer.args["target"]]
        if any(one.dtype is None or _family(one) != "bool" for one in given):
            return None
    odd = next((one for one in given if one.dtype is not None and _family(one) == "bool"), None)
    return _wrong(layer, odd, "numbers") if odd is not None else None


def _unsigned(layer: Layer) -> bool:
    low = layer.args["min_val"]
    return _name(layer.args["input"]).startswith("uint") and low < 0


def _drops(layer: Layer) -> bool:
    acts = layer.args["training"] if layer.args.get("train") is None else layer.args["train"]
    return bool(acts) and layer.args["p"] != 0 and layer.args["input"].numel != 0


# -- how it is told


def _odd(layer: Layer, tensor: TensorSpec, wanted: str) -> Finding:
    """One dtype arrives where the layer computes in another."""
    name = _name(tensor)
    convert = f"x.{_METHODS.get(wanted, f'to(torch.{wanted})')}()".replace(")()", ")")
    helps = [f"write {convert} / 255" if name == "uint8" else f"write {convert}"]
    if name in _METHODS and layer.module is not None:
        helps.append(f"or turn the whole network: model.{_METHODS[name]}()")
    return _finding(
        layer, tensor, f"`{layer.title}` computes in {wanted}, but {name} arrives", helps
    )


def _unlike(layer: Layer, one: TensorSpec, other: TensorSpec) -> Finding:
    wide = one if _is_float(one) or not _is_float(other) else other
    method = _METHODS.get(_name(wide))
    return _finding(
        layer,
        other if wide is one else one,
        f"`{layer.title}` takes one dtype, but {_name(one)} and {_name(other)} arrive",
        [f"write .{method}() on the {_name(other if wide is one else one)} tensor"]
        if method
        else [f"convert one of them: .to(torch.{_name(wide)})"],
    )


def _wrong(layer: Layer, tensor: TensorSpec, takes: str) -> Finding:
    return _finding(
        layer,
        tensor,
        f"`{layer.title}` takes {takes}, but {_name(tensor)} arrives",
        ["write x.abs()" if _family(tensor) == "complex" else "write x.float()"],
    )


def _finding(layer: Layer, tensor: TensorSpec, message: str, helps: list[str]) -> Finding:
    return Finding(
        message,
        at=layer.call,
        label=f"{_name(tensor)} arrives here",
        related=_comes_from(tensor),
        help=tuple(helps),
    )


def _comes_from(tensor: TensorSpec) -> tuple[Label, ...]:
    """The layer that made this dtype: behind it, the tensor only passed through."""
    dtype, source = tensor.dtype, tensor.source
    while source is not None:
        before = next((t for t in source.tensors if t.source is not None), None)
        if before is None or before.dtype != dtype:
            break
        source = before.source
    place = (source.call or source.definition) if source is not None else None
    return (Label(f"{_name(tensor)} since here", place),) if place is not None else ()


def _input(layer: Layer) -> TensorSpec | None:
    value = layer.args.get("input")
    return value if isinstance(value, TensorSpec) else None


def _tensors(value: Any) -> Iterator[TensorSpec]:
    if isinstance(value, TensorSpec):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _tensors(item)


def _name(tensor: TensorSpec) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _is_float(tensor: TensorSpec) -> bool:
    return tensor.dtype is not None and tensor.dtype.is_floating_point


def _family(tensor: TensorSpec) -> str:
    assert tensor.dtype is not None
    if tensor.dtype.is_complex:
        return "complex"
    if tensor.dtype.is_floating_point:
        return "float"
    return "bool" if _name(tensor) == "bool" else "int"
