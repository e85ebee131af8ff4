"""What of torch does not pass by the function mode, made to pass by it while tracing."""

from __future__ import annotations

import builtins
import contextlib
import dataclasses
import functools
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy
import torch
import torch._functorch.apis as functorch
import torch.autograd.forward_ad
import torch.autograd.function

from convlint.trace.arrays import Array, making
from convlint.trace.counting import Range
from convlint.trace.cuda import idle
from convlint.trace.recorder import Recorder


@contextlib.contextmanager
def patched(recorder: Recorder) -> Iterator[None]:
    """`autograd.Function`, `vmap`, TorchScript, `torch.compile`, the attention fast path, tamed."""
    with contextlib.ExitStack() as stack, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        put = putter(stack)
        put(torch.autograd.function.Function, "apply", _applying(recorder))
        put(torch, "compile", _identity)
        put(torch.jit, "script", _identity)
        put(torch.jit, "trace", _identity)
        put(torch.jit.ScriptFunction, "__call__", _unscripted(torch.jit.ScriptFunction.__call__))
        put(torch, "from_numpy", _from_numpy(recorder, torch.from_numpy))
        for name in ("array", "asarray", "ascontiguousarray", "zeros", "ones", "empty", "full"):
            put(numpy, name, making(recorder, getattr(numpy, name)))
        put(numpy, "arange", making(recorder, numpy.arange))
        idle(recorder, put)
        put(functorch, "vmap_impl", functools.partial(_vmap, recorder))
        put(torch.autograd.forward_ad, "_maybe_load_decompositions", _nothing)  # it scripts them
        transforms = sys.modules.get("torch._functorch.eager_transforms")
        if transforms is not None:
            put(transforms, "_create_differentiable", _unwrapped)
            put(transforms, "_undo_create_differentiable", _unwrapped)
            put(transforms, "_wrap_tensor_for_grad", _unwrapped)
            put(transforms, "_autograd_grad", _derived)
        put(builtins, "range", Range)
        einops = sys.modules.get("einops.einops")
        if einops is not None:  # its cache would answer with the sizes of another tensor
            put(einops, "_reconstruct_from_shape", einops._reconstruct_from_shape_uncached)
        if "torch._dynamo" in sys.modules:  # compiled before we could see to it
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        fast = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(False)
        stack.callback(torch.backends.mha.set_fastpath_enabled, fast)
        yield


def putter(stack: contextlib.ExitStack) -> Callable[[Any, str, Any], None]:
    """What puts a value in the place of an attribute until `stack` is left."""

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
    """`torch.compile` and `torch.jit.script`, as function and as decorator."""
    return (lambda f: f) if model is None else model


def _nothing() -> None: ...


def _unwrapped(value: Any, level: Any = None) -> Any:
    """`torch.func` wraps what it derives by; what stands for it must stay known."""
    return value


def _derived(
    outputs: Any, inputs: Any, grad_outputs: Any = None, retain_graph: Any = False,
    create_graph: Any = True,
) -> Any:  # fmt: skip
    """`torch.func` derives only what needs a gradient, which nothing does that has no data."""
    return torch.autograd.grad(outputs, inputs, grad_outputs)


def _from_numpy(recorder: Recorder, before: Callable[..., Any]) -> Callable[..., Any]:
    """`from_numpy` of what stands for an array: of `x.numpy()` it gives `x`, else nobody knows."""

    def run(array: Any) -> Any:
        if type(array) is Array:
            return array.tensor()
        if not isinstance(array, torch.Tensor):
            return before(array)
        value = recorder.value(array)
        source = value.spec.source
        if source is not None and source.written == "Tensor.numpy" and value.node is not None:
            given = source.tensors[0]
            recorder.rebind(value, given, value.node.args[0], given.source)
        return array

    return run


def _unscripted(call: Callable[..., Any]) -> Callable[..., Any]:
    def run(function: Any, *args: Any, **kwargs: Any) -> Any:
        written = getattr(function, "_torchdynamo_inline", None)
        return call(function, *args, **kwargs) if written is None else written(*args, **kwargs)

    return run


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


def _applying(recorder: Recorder) -> Any:
    """`Function.apply` that runs a custom autograd function's `forward` as plain Python."""
    before = torch.autograd.function.Function.__dict__["apply"]

    def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
        if recorder.is_foreign():
            return before.__func__(cls, *args, **kwargs)
        with torch.no_grad():
            if cls.setup_context is not _SETUP:
                return cls.forward(*args, **kwargs)
            return cls.forward(_Context(), *args, **kwargs)

    return classmethod(apply)


_SETUP: Final = torch.autograd.function._SingleLevelFunction.setup_context


def _vmap(
    recorder: Recorder,
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

    def widen(out: Any, dim: int) -> Any:
        if not isinstance(out, torch.Tensor):
            return out
        shape = [-1] * (out.dim() + 1)
        shape[0] = size
        mapped = out.unsqueeze(0).expand(*shape).clone().movedim(0, dim)
        value = recorder.value(mapped)
        value.spec = dataclasses.replace(value.spec, strides=None)
        return mapped

    if isinstance(result, tuple):
        each = out_dims if isinstance(out_dims, tuple) else (out_dims,) * len(result)
        return tuple(widen(r, dim) for r, dim in zip(result, each, strict=False))
    return tree_map(lambda r: widen(r, out_dims if isinstance(out_dims, int) else 0), result)
