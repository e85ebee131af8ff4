"""torch's answers on the meta device, each asked once: only the shapes of what comes decide them.

A meta batch norm takes torch some 5 ms, and behind a stride of 32 a network sees ten sizes where it
is called with 320.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

_FRESH: Final = frozenset({
    torch.batch_norm, F.batch_norm, torch.layer_norm, F.layer_norm, F.group_norm, F.softmax,
    torch.conv1d, torch.conv2d, torch.conv_transpose2d, F.linear, torch.matmul, torch.bmm,
    torch.softmax, torch.Tensor.softmax, torch.relu, F.gelu, torch.sigmoid, torch.tanh,
    torch.Tensor.sigmoid, torch.Tensor.__matmul__, F.avg_pool2d, F.adaptive_avg_pool2d,
    F.interpolate, F.scaled_dot_product_attention, torch.cat,
})  # fmt: skip
"""Functions that make a tensor of their own, and change none but running statistics."""


class Remembered(TorchFunctionMode):
    """What torch has answered for the same shapes is not asked of it again."""

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[Any, tuple[Any, Any, Any]] = {}

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if func not in _FRESH:
            return func(*args, **kwargs)
        try:
            key = (func, _key(args), _key(kwargs))
            found = self.known.get(key)
        except TypeError:  # not on the meta device, or nothing to be a key
            return func(*args, **kwargs)
        if found is not None:
            shape, strides, dtype = found
            return torch.empty_strided(shape, strides, dtype=dtype, device="meta")
        answer = func(*args, **kwargs)
        if type(answer) is torch.Tensor and answer.is_meta:
            self.known[key] = answer.shape, answer.stride(), answer.dtype
        return answer


def _key(value: Any) -> Any:
    """What decides a call.

    Raises:
        TypeError: a tensor has data.
    """
    if isinstance(value, torch.Tensor):
        if not value.is_meta:
            raise TypeError
        return value.shape, value.stride(), value.dtype
    if isinstance(value, (list, tuple)):
        return type(value).__name__, *map(_key, value)
    if isinstance(value, Mapping):
        return tuple((name, _key(item)) for name, item in value.items())
    return type(value), value
