"""Operators that treat every position by itself."""

from __future__ import annotations

from typing import Final

SINGLE: Final = frozenset(
    {
        "celu", "elu", "gelu", "hardshrink", "hardsigmoid", "hardswish", "hardtanh",
        "leaky_relu", "logsigmoid", "mish", "prelu", "relu", "relu6", "rrelu", "selu",
        "sigmoid", "silu", "softplus", "softshrink", "softsign", "tanh", "tanhshrink",
        "threshold", "alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d",
        "feature_alpha_dropout", "feature_dropout", "identity", "local_response_norm",
        "cross_map_lrn2d",
        "clone", "contiguous", "detach", "requires_grad", "to", "float", "half", "bfloat16",
        "double", "type", "abs", "exp", "log", "sqrt", "rsqrt", "square", "neg",
        "sin", "cos", "erf", "log1p", "expm1", "reciprocal", "sign", "floor", "round",
        "ceil",
    }
)  # fmt: skip
"""They take one map and nothing of the batch."""

KEPT: Final = SINGLE | {"batch_norm", "native_batch_norm", "channel_shuffle", "type_as"}
"""They keep the positions of one map, whatever else they take: statistics, a dtype."""

JOINED: Final = frozenset(
    {
        "add", "sub", "mul", "div", "rsub", "rdiv", "maximum", "minimum", "lerp", "addcmul",
        "addcdiv", "where", "floor_divide", "hypot", "atan2", "fmin", "fmax", "logaddexp",
        "pow", "clamp", "clamp_min", "clamp_max",
    }
)  # fmt: skip
"""They take several maps that broadcast."""
