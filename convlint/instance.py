"""What was named, as a network that can be called with the declared inputs."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from convlint.judge import refused
from convlint.spec import InputSpec

if TYPE_CHECKING:
    from torch import nn


class Unusable(Exception):
    """What was named cannot be made a network; `stage` says where it ended."""

    def __init__(self, stage: str, error: Exception) -> None:
        super().__init__(str(error))
        self.stage = stage
        self.error = error


def made(found: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str) -> nn.Module:
    """What was found by a name, called if it is no module yet.

    Raises:
        Unusable: it gives no module, or raises.
    """
    from torch import nn

    from convlint.trace import ConstructionError, build

    if isinstance(found, nn.Module):
        if args or kwargs:
            raise Unusable(
                "<construct>", TypeError(f"`{name}` is a ready module and takes no arguments")
            )
        return found
    if not callable(found):
        raise Unusable(
            "<construct>",
            TypeError(f"`{name}` is no network: it is of type {type(found).__name__}"),
        )
    try:
        module = build(lambda: found(*args, **kwargs), refused)
    except ConstructionError as error:
        raise Unusable("<construct>", error) from error
    if not isinstance(module, nn.Module):
        raise Unusable(
            "<construct>",
            TypeError(f"`{name}()` gives no torch.nn.Module, but a {type(module).__name__}"),
        )
    return module


def bind(
    module: nn.Module, inputs: tuple[InputSpec, ...]
) -> tuple[list[Any], dict[str, Any], list[str]]:
    """The inputs as arguments of `module.forward`: positional ones, named ones, and names.

    Raises:
        Unusable: it does not take them.
    """
    import torch

    from convlint.tensor import TensorSpec

    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for spec in inputs:
        value: Any = spec.value
        if spec.shape is not None:
            value = TensorSpec(spec.concrete, getattr(torch, spec.dtype))
        if spec.name is None:
            args.append(value)
        else:
            kwargs[spec.name] = value
    try:
        signature = inspect.signature(module.forward)
    except (TypeError, ValueError):
        return args, kwargs, []
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise Unusable(
            "<inputs>", TypeError(_misfit(type(module).__name__, signature, error, inputs))
        ) from None
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return args, kwargs, [n for n, p in signature.parameters.items() if p.kind in kinds]


def _misfit(
    name: str, signature: inspect.Signature, error: TypeError, inputs: tuple[InputSpec, ...]
) -> str:
    given = ", ".join(str(spec) for spec in inputs) or "none"
    return f"{name}.forward{signature} cannot take the given inputs ({given}): {error}"
