"""What the first operators behind an input say of it, in a graph whose ranks are not known.

A network is recorded over inputs of which nothing is known.  From each of them the way is followed
through what leaves an axis an axis (activations, padding, `permute`, `unsqueeze`), up to the first
operators that take one rank only.
"""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from convlint.arithmetic.window import axes_of
from convlint.network import Layer, Network
from convlint.tensor import TensorSpec

_IMAGES: Final = (4, 2, 3, 5, 1)
"""The ranks of what is flattened before a layer takes it."""

_ROWS: Final = (2, 4, 3, 5, 1)
"""Those of what is viewed as so many elements a row that they are no image."""

_MERGES: Final = frozenset({"flatten", "view", "reshape", "unflatten"})
_INDEXED: Final = frozenset({"embedding", "native_embedding", "embedding_bag", "one_hot"})
_RECURRENT: Final = frozenset({"lstm", "gru", "rnn"})
_CELLS: Final = frozenset({"lstm_cell", "gru_cell", "rnn_cell"})
_STACKS: Final = frozenset({"transformer", "transformer_encoder", "transformer_decoder"})
_REDUCTIONS: Final = frozenset({"mean", "sum", "amax", "amin", "max", "min", "std", "var", "prod"})
_FOUR: Final = frozenset({"pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "grid_sample"})
_MASKS: Final = frozenset(
    {"mask", "attn_mask", "key_padding_mask", "src_mask", "src_key_padding_mask", "tgt_mask",
     "tgt_key_padding_mask", "memory_mask", "memory_key_padding_mask", "condition"}
)  # fmt: skip
"""Arguments of operators that say which positions count."""
_LOGICAL: Final = frozenset({"bitwise_not", "logical_not", "__invert__"})
_POSITIONS: Final = frozenset({"index"})


@dataclass(frozen=True, slots=True)
class Clue:
    """What is likely of one input: its ranks, the likeliest first, and its dtype.

    `layer` is what it goes into; None where nothing was found that says anything.
    """

    ranks: tuple[int, ...] = ()
    dtype: str = "float32"
    layer: Layer | None = None
    alike: str = ""
    """Another input with which it is combined element by element."""

    @property
    def is_strong(self) -> bool:
        """Whether it tells more than that something takes the input."""
        return bool(self.ranks) and self.layer is not None


def clue(network: Network, name: str) -> Clue:
    """What is told of the input `name`.

    Args:
        network: recorded over inputs of unknown rank.
    """
    order = {layer.name: i for i, layer in enumerate(network.layers)}
    inputs = {layer.name for layer in network.inputs}
    nothing: tuple[int, ...] = ()
    pending = [(-1, name, 0, nothing)]
    """Where in the order, what, how many axes more it has than the input; the likely ranks of
    the input where axes were merged on the way."""
    seen = {name}
    weak, alike = Clue(), ""
    while pending:
        _, maker, more, merged = heapq.heappop(pending)
        for layer in network.consumers.get(maker, ()):
            found = _taken(layer, maker)
            if found is not None:
                ranks = merged or tuple(r - more for r in found.ranks if r > more)
                told = Clue(ranks, found.dtype, layer)
                if _weighted(layer) or found.dtype != "float32":
                    return told if told.ranks else weak
                weak = weak if weak.ranks else told
                if layer.op not in ("pad", "interpolate", "permute") and not axes_of(layer.op):
                    continue
            others = {t.source.name for t in layer.tensors if t.source} & inputs - {name}
            alike = alike or next(iter(sorted(others)), "")
            if layer.name not in seen and layer.outputs:
                seen.add(layer.name)
                change = _change(layer)
                heapq.heappush(
                    pending,
                    (
                        order[layer.name],
                        layer.name,
                        more + (change or 0),
                        merged or (() if change is not None else _unmerged(layer)),
                    ),
                )
    return Clue(weak.ranks, weak.dtype, weak.layer, alike)


def _weighted(layer: Layer) -> bool:
    """Whether the layer has weights, so that it says more than a rank."""
    return layer.module is not None and next(layer.module.parameters(), None) is not None


def _taken(layer: Layer, maker: str) -> Clue | None:
    """The ranks that a layer takes what `maker` gives in; None where it takes any."""
    op, args = layer.op, layer.args
    if op.startswith("conv") and axes_of(op):
        return Clue((axes_of(op) + 2,))
    if op in _INDEXED:
        return Clue((2, 1), "int64")
    if op in _RECURRENT:
        return Clue((3,))
    if op in _CELLS:
        return Clue((2,))
    role = next((key for key, one in args.items() if _is(one, maker)), "")
    if role in _MASKS or op in _LOGICAL:
        return Clue((2, 3, 4), "bool")
    if role in _POSITIONS and op in ("gather", "index_select", "scatter", "take_along_dim"):
        return Clue((2, 1, 3), "int64")
    if op in _STACKS or op == "multi_head_attention_forward":
        return Clue((3,))
    if op in ("batch_norm", "instance_norm"):
        ranks = tuple(args.get("ranks") or ())
        return Clue(ranks[-1:] if op == "instance_norm" else ranks or (4,))
    if op == "group_norm":
        return Clue((4, 3))
    if op in ("layer_norm", "rms_norm"):
        axes = len(args["normalized_shape"] or ())
        return Clue((3, 2, 4) if axes < 2 else (axes + 1,))
    if op == "linear":
        return Clue((2, 3, 4))
    if op == "bilinear" or op == "mm":
        return Clue((2,))
    if op in ("bmm", "baddbmm"):
        return Clue((3,))
    if op == "scaled_dot_product_attention":
        return Clue((4, 3))
    if op in _FOUR:
        return Clue((4,))
    if op == "permute" and isinstance(args.get("dims"), (tuple, list)):
        return Clue((len(args["dims"]),))
    if op == "interpolate":
        mode = args.get("mode", "nearest")
        return Clue({"linear": (3,), "trilinear": (5,)}.get(mode, (4,)))
    if axes_of(op):  # pooling, unfold
        return Clue((axes_of(op) + 2,))
    return None


def _is(value: Any, maker: str) -> bool:
    return isinstance(value, TensorSpec) and value.source is not None and value.source.name == maker


def _change(layer: Layer) -> int | None:
    """How many axes more come out than went in; None where that is not known."""
    op, args = layer.op, layer.args
    if op == "unsqueeze" or op == "stack":
        return 1
    if op == "squeeze":
        return -1 if isinstance(args.get("dim"), int) else None
    if op in _MERGES:
        return None
    if op in _REDUCTIONS and args.get("keepdim") is not True:
        dims = args.get("dim")
        return -1 if isinstance(dims, int) else -len(dims) if isinstance(dims, tuple) else None
    if op == "getitem":
        return sum(_items(args.get("index")))
    return 0


def _unmerged(layer: Layer) -> tuple[int, ...]:
    """The likely ranks of what a layer makes other axes of."""
    sizes = layer.args.get("shape", layer.args.get("size"))
    if layer.op not in ("view", "reshape") or not isinstance(sizes, (tuple, list)):
        return _IMAGES
    rows = sizes[1:]
    if not rows or not all(type(n) is int and n > 0 for n in rows):
        return _IMAGES
    count = math.prod(rows)
    image = any(math.isqrt(count // c) ** 2 * c == count > 100 * c for c in (1, 3))
    return _IMAGES if image and len(rows) == 1 else _ROWS


def _items(index: Any) -> Iterator[int]:
    for one in index if isinstance(index, tuple) else (index,):
        if one is None:
            yield 1
        elif isinstance(one, int) and not isinstance(one, bool):
            yield -1


_VALUE: Final = re.compile(r"(?:(\w+)=)?([^,()]+|\([^()]*\))")


def shown(layer: Layer) -> str:
    """`` `conv1`, nn.Conv2d(3, 64, ...)``."""
    if layer.module is None:
        return f"`{layer.written}`" + (f" of `{layer.path}`" if layer.path else "")
    words = [match[2].strip() for match in _VALUE.finditer(layer.module.extra_repr())]
    more = ", ..." if len(words) > 2 else ""
    text = ", ".join(words[:2]) + more
    return f"`{layer.path}`, {layer.written}({text})" if words else f"`{layer.path}`"
