"""What of torch does not pass by the function mode, made to pass by it while tracing."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.autograd.function


@contextlib.contextmanager
def patched() -> Iterator[None]:
    """`autograd.Function`, `vmap`, `torch.compile` and the attention fast path, tamed."""
    with contextlib.ExitStack() as stack, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        put = _putter(stack)
        put(torch.autograd.function.Function, "apply", classmethod(_apply))
        put(torch, "compile", _identity)
        put(torch.cuda, "synchronize", lambda *a, **k: None)
        functorch = _functorch()
        if functorch is not None:
            put(functorch, "vmap_impl", _vmap)
        fast = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(False)
        stack.callback(torch.backends.mha.set_fastpath_enabled, fast)
        yield


def _putter(stack: contextlib.ExitStack) -> Callable[[Any, str, Any], None]:
    def put(owner: Any, name: str, value: Any) -> None:
        own = name in vars(owner)
        before = vars(owner).get(name)
        setattr(owner, name, value)
        if own:
            stack.callback(setattr, owner, name, before)
        else:
            stack.callback(delattr, owner, name)

    return put


def _identity(model: Any = None, *args: Any, **kwargs: Any) -> Any:
    """`torch.compile` as function and as decorator."""
    return (lambda f: f) if model is None else model


class _Context:
    """Stands for the `ctx` of a custom autograd function: forward only, nothing is kept."""

    needs_input_grad = (False,) * 64
    saved_tensors: tuple[Any, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        self.saved_tensors = tensors

    save_for_forward = save_for_backward

    def mark_dirty(self, *tensors: Any) -> None: ...

    def mark_non_differentiable(self, *tensors: Any) -> None: ...

    def set_materialize_grads(self, value: bool) -> None: ...


def _apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
    """Run a custom autograd function's `forward` as plain Python."""
    if cls.setup_context is not torch.autograd.function._SingleLevelFunction.setup_context:
        return cls.forward(*args, **kwargs)
    return cls.forward(_Context(), *args, **kwargs)


def _functorch() -> Any:
    try:
        import torch._functorch.apis as apis
    except ImportError:
        return None
    return apis if hasattr(apis, "vmap_impl") else None


def _vmap(
    func: Callable[..., Any],
    in_dims: Any,
    out_dims: Any,
    randomness: Any,
    chunk_size: Any,
    *args: Any,
    **kwargs: Any,
) -> Any:
    """`vmap` by its meaning: one slice of the inputs, the outputs repeated along the new axis."""
    from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

    leaves, structure = tree_flatten(list(args))
    if isinstance(in_dims, (list, tuple)):
        dims = [
            d
            for arg, dim in zip(args, in_dims, strict=False)
            for d in tree_flatten(tree_map(lambda _, dim=dim: -1 if dim is None else dim, arg))[0]
        ]
        none = [dim is None for arg, dim in zip(args, in_dims, strict=False)
                for _ in tree_flatten(arg)[0]]  # fmt: skip
    else:
        dims, none = [in_dims] * len(leaves), [False] * len(leaves)
    size = None
    sliced = []
    for leaf, dim, skip in zip(leaves, dims, none, strict=False):
        if isinstance(leaf, torch.Tensor) and not skip:
            size = leaf.shape[dim]
            sliced.append(leaf.select(dim, 0))
        else:
            sliced.append(leaf)
    if size is None:
        raise ValueError("vmap: at least one input must be mapped over")
    result = func(*tree_unflatten(sliced, structure), **kwargs)

    def widen(out: Any) -> Any:
        if not isinstance(out, torch.Tensor):
            return out
        dim = out_dims if isinstance(out_dims, int) else 0
        wide = out.unsqueeze(dim)
        shape = [-1] * wide.dim()
        shape[dim] = size
        return wide.expand(*shape).clone()

    if isinstance(result, tuple):
        return tuple(widen(r) for r in result)
    return widen(result)
