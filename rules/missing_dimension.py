"""# missing-dimension

## What it does
Finds reductions, sorts, cumulative sums and Fourier transforms over a dimension that their input
does not have, or over one dimension twice.

## Why is this bad?
torch raises `Dimension out of range (expected to be in range of [-3, 2], but got 3)`
([torch.mean](https://docs.pytorch.org/docs/stable/generated/torch.mean.html)).  Often the batch
dimension is missing.

## Example
```python
# convlint: target Net 8,32,32
import torch.nn as nn

class Net(nn.Module):
    def forward(self, x):
        return x.mean(dim=(2, 3))  # error: CL310
```

## Use instead
```python
# convlint: target Net 8,32,32
import torch.nn as nn

class Net(nn.Module):
    def forward(self, x):
        return x.mean(dim=(-2, -1))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Label, Layer, Network, TensorSpec, rule


@rule(
    "CL310", "sum", "nansum", "mean", "nanmean", "prod", "logsumexp", "amax", "amin", "std", "var",
    "std_mean", "var_mean", "all", "any", "count_nonzero", "argmax", "argmin", "max", "min",
    "median", "nanmedian", "mode", "kthvalue", "aminmax", "norm", "vector_norm", "matrix_norm",
    "linalg_norm", "cosine_similarity", "quantile", "nanquantile", "sort", "argsort", "topk",
    "cumsum", "cumprod", "logcumsumexp", "cummax", "cummin", "renorm", "diff", "trapezoid", "trapz",
    "cumulative_trapezoid", "vecdot", "fft_fft", "fft_ifft", "fft_rfft", "fft_irfft", "fft_hfft",
    "fft_ihfft", "fft_fft2", "fft_ifft2", "fft_rfft2", "fft_irfft2", "fft_hfft2", "fft_ihfft2",
    "fft_fftn", "fft_ifftn", "fft_rfftn", "fft_irfftn", "fft_hfftn", "fft_ihfftn", "fft_fftshift",
    "fft_ifftshift",
)  # fmt: skip
def missing_dimension(layer: Layer, network: Network) -> Iterator[Finding]:
    dim, tensors = layer.args.get("dim"), layer.tensors
    if layer.rejected is not None or not tensors or dim is None or isinstance(dim, bool):
        return
    ranks = [len(t.shape) for t in tensors if t.shape is not None]
    if len(ranks) < len(tensors):
        return
    given = _given(layer)
    rank = max(ranks) if layer.op in ("cosine_similarity", "vecdot") else len(given.shape or ())
    dims = dim if isinstance(dim, (tuple, list)) else (dim,)
    if not all(isinstance(d, int) for d in dims):
        return
    limit = max(1, rank)
    missing = [d for d in dims if not -limit <= d < limit]
    if missing:
        yield _missing(layer, list(dims), missing, rank)
        return
    twice = [d for i, d in enumerate(dims) if d % limit in [e % limit for e in dims[:i]]]
    if twice and not layer.op.endswith("shift"):
        yield Finding(
            f"`{layer.title}` names dimension {twice[0]} of {given} twice: dim={dim}",
            at=layer.call,
            label=f"dimension {twice[0] % limit} is named twice",
            help=("name every dimension once",),
        )


def _given(layer: Layer) -> TensorSpec:
    given = layer.args.get("input")
    return given if isinstance(given, TensorSpec) else layer.tensors[0]


def _missing(layer: Layer, dims: list[int], missing: list[int], rank: int) -> Finding:
    given = _given(layer)
    named = " and ".join(str(d) for d in missing)
    return Finding(
        f"`{layer.title}` takes dimension {named} of {given}, "
        + (f"which has dimensions 0 to {rank - 1}" if rank else "which has no dimensions"),
        at=layer.call,
        label=f"{rank} dimensions arrive",
        related=tuple(_whence(layer)),
        help=tuple(_helps(layer, dims, rank)),
    )


def _helps(layer: Layer, dims: list[int], rank: int) -> Iterator[str]:
    from_end = [d - max(dims) - 1 for d in dims]
    if min(dims) >= 0 and max(dims) == rank and -rank <= min(from_end) and rank:
        written = from_end[0] if len(dims) == 1 else f"({', '.join(map(str, from_end))})"
        yield f"write dim={written}, counted from the end"
        yield "or give the input the batch dimension that is missing: .unsqueeze(0)"
    elif rank:
        yield f"the last dimension is {rank - 1}, the same as -1"


def _whence(layer: Layer) -> Iterator[Label]:
    given = _given(layer)
    source = given.source
    place = source and (source.definition or source.call)
    if place:
        yield Label(f"{given} comes from here", place)
