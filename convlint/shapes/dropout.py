"""Dropout, and `nn.Identity`: what comes in goes out."""

from __future__ import annotations

from typing import Any

from torch import nn

from convlint.shapes.activation import alike
from convlint.shapes.registry import Rejected, lowers, operator
from convlint.tensor import TensorSpec


def _drop(input: TensorSpec, p: Any, acts: Any) -> TensorSpec:
    """The input itself where nothing is dropped, else a fresh tensor like it."""
    if isinstance(p, (int, float)) and not 0 <= p <= 1:
        raise Rejected(f"dropout probability has to be between 0 and 1, but got {p}")
    return alike(input) if acts and p != 0 else input


def _whole(input: TensorSpec, p: Any, acts: Any, least: int) -> TensorSpec:
    """Whole features are dropped: there must be an axis for them."""
    if acts and p != 0 and input.rank is not None and input.rank < least:
        raise Rejected("Feature dropout requires at least 2 dimensions in the input")
    return _drop(input, p, acts)


@operator(random=True)
def dropout(
    input: TensorSpec,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    train: bool | None = None,
) -> TensorSpec:
    return _drop(input, p, training if train is None else train)


@operator(random=True)
def alpha_dropout(
    input: TensorSpec,
    p: float = 0.5,
    training: bool = False,
    inplace: bool = False,
    train: bool | None = None,
) -> TensorSpec:
    return _drop(input, p, training if train is None else train)


@operator(random=True)
def feature_alpha_dropout(
    input: TensorSpec,
    p: float = 0.5,
    training: bool = False,
    inplace: bool = False,
    train: bool | None = None,
) -> TensorSpec:
    return _whole(input, p, training if train is None else train, 2)


@operator(random=True)
def feature_dropout(input: TensorSpec, p: float, train: bool) -> TensorSpec:
    return _whole(input, p, train, 2)


@operator(random=True)
def dropout1d(
    input: TensorSpec, p: float = 0.5, training: bool = True, inplace: bool = False
) -> TensorSpec:
    if input.rank is not None and input.rank not in (2, 3):
        raise Rejected(f"dropout1d: Expected 2D or 3D input, but received a {input.rank}D input")
    return _drop(input, p, training)


@operator(random=True)
def dropout2d(
    input: TensorSpec, p: float = 0.5, training: bool = True, inplace: bool = False
) -> TensorSpec:
    return _whole(input, p, training, 2)


@operator(random=True)
def dropout3d(
    input: TensorSpec, p: float = 0.5, training: bool = True, inplace: bool = False
) -> TensorSpec:
    return _whole(input, p, training, 1)


@operator(only=True)
def identity(input: Any) -> Any:
    return input


def _lower(kind: type[nn.Module], to: str) -> None:
    @lowers(kind, to=to)
    def lower(module: Any, input: TensorSpec) -> dict[str, Any]:
        return {
            "input": input,
            "p": module.p,
            "training": module.training,
            "inplace": module.inplace,
        }


_lower(nn.Dropout, "dropout")
_lower(nn.Dropout1d, "dropout1d")
_lower(nn.Dropout2d, "dropout2d")
_lower(nn.Dropout3d, "dropout3d")
_lower(nn.AlphaDropout, "alpha_dropout")
_lower(nn.FeatureAlphaDropout, "feature_alpha_dropout")


@lowers(nn.Identity, to="identity")
def _identity(module: nn.Identity, input: TensorSpec) -> dict[str, Any]:
    return {"input": input}
