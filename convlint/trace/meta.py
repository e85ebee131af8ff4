"""Ask torch itself, on the meta device: for operators without a shape function."""

from __future__ import annotations

from typing import Any, Final

import torch

from convlint.tensor import CONTIGUOUS, UNKNOWN_TENSOR, TensorSpec
from convlint.trace.recorder import Recorder

_NOT_A_VERDICT: Final = (
    "meta", "fake", "not implemented", "notimplemented", "could not run", "same device", "storage",
    "data-dependent", "data dependent", "cuda", "__torch_function__", "does not have an",
    "no kernel", "dispatch",
)  # fmt: skip


class Refusal(Exception):
    """torch refuses the call; `text` is None where the meta device only cannot tell."""

    def __init__(self, text: str | None) -> None:
        super().__init__(text or "")
        self.text = text


def ask(func: Any, args: Any, kwargs: Any, recorder: Recorder) -> Any:
    """The specs that come out of `func`, computed by torch on the meta device.

    Raises:
        Refusal: torch raised; its first line is the reason, or None where the failure says
            nothing of the user's shapes.
    """
    certain = True

    def onto_meta(value: Any) -> Any:
        nonlocal certain
        if isinstance(value, torch.Tensor):
            known = recorder.value(value)
            plain = known.spec.known and known.layout is torch.strided
            certain = certain and plain and known.spec.dtype is not None
            return value.detach() if value.is_meta else value.detach().to("meta")
        if isinstance(value, (list, tuple)):
            items = [onto_meta(v) for v in value]
            if hasattr(value, "_fields"):
                return type(value)(*items)
            return type(value)(items)
        if isinstance(value, dict):
            return {k: onto_meta(v) for k, v in value.items()}
        return value

    try:
        with torch.no_grad():
            moved = onto_meta(list(args)), onto_meta(dict(kwargs))
            if "device" in moved[1]:
                moved[1]["device"] = "meta"
            result = func(*moved[0], **moved[1])
    except (RuntimeError, ValueError, IndexError, TypeError, AssertionError) as exc:
        lines = str(exc).strip().splitlines()
        text = lines[0] if lines else type(exc).__name__
        verdict = certain and not any(word in str(exc).lower() for word in _NOT_A_VERDICT)
        raise Refusal(text if verdict else None) from None
    except Exception:
        raise Refusal(None) from None
    return _specs(result, certain)


def _specs(result: Any, certain: bool) -> Any:
    if isinstance(result, torch.Tensor):
        if not certain:
            return UNKNOWN_TENSOR
        strides = CONTIGUOUS if result.is_contiguous() else None
        return TensorSpec(tuple(result.shape), result.dtype, strides)
    if isinstance(result, (tuple, list)):
        return tuple(_specs(item, certain) for item in result)
    return result
