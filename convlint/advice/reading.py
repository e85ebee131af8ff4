"""Which positions of a tensor nobody reads: all its consumers together, exactly.

A convolution or pooling reads what its window meets.  What works on every position by itself (an
activation, a norm with fixed statistics) hands on what is read of its own output.  Everything
else reads all: what is claimed to be unread then certainly is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from convlint.advice.pointwise import SINGLE
from convlint.arithmetic.coverage import (
    certain_windows,
    has_holes,
    is_complete,
    positions,
    read,
    trailing,
)
from convlint.arithmetic.layout import NAMES
from convlint.arithmetic.window import WINDOWED, Window, pad_ends
from convlint.dims import guess, known
from convlint.network import Layer, Network
from convlint.tensor import TensorSpec

SLIDING: Final = frozenset((*WINDOWED, "im2col"))
"""Operators with windows."""

_POINTWISE: Final = SINGLE | {"softmax2d", "clamp", "clamp_min", "clamp_max"}
_COMPUTED: Final = frozenset(
    {
        "input", "add", "sub", "mul", "div", "maximum", "minimum", "batch_norm", "group_norm",
        "instance_norm", "native_batch_norm", "conv_transpose1d", "conv_transpose2d",
        "conv_transpose3d", "deform_conv2d", "adaptive_avg_pool1d", "adaptive_avg_pool2d",
        "adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d",
    }
)  # fmt: skip
"""What makes new values, which nobody can have read elsewhere."""

Box = tuple[int, ...]
"""What one reader reads: along every axis a set of positions, as in `coverage`."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A map that is not read completely, and the layers that read it."""

    readers: tuple[Layer, ...]
    """The layers whose windows leave positions out, in execution order."""
    axes: tuple[str, ...]
    sizes: tuple[int, ...]
    masks: Box
    """Per axis the positions that somebody reads."""
    exact: bool
    """Whether all read the same rows and columns; else more may be unread than `masks` say."""

    @property
    def has_holes(self) -> bool:
        """Whether positions in the middle are unread, not only at the end."""
        return any(has_holes(mask) for mask in self.masks)

    @property
    def trailing(self) -> tuple[int, ...]:
        """Per axis, how many positions at the end nobody reads."""
        return tuple(trailing(m, n) for m, n in zip(self.masks, self.sizes, strict=True))


def unread(network: Network) -> tuple[Unread, ...]:
    """Every map of which positions are certainly never read, once."""
    if network.raised or network.assumptions or not network.results:
        return ()  # what was not traced may read them
    readers: dict[tuple[Layer, ...], list[Layer]] = {}
    for layer in network.layers:
        if layer.op in SLIDING:
            found = certain_windows(layer)
            if found and not all(map(is_complete, found)) and not _wraps(layer):
                roots = _roots(layer.args["input"], len(found))
                if roots:
                    readers.setdefault(roots, []).append(layer)
    if not readers:
        return ()
    reading = _Reading(network)
    return tuple(u for roots, by in readers.items() for u in _unread(reading, roots, tuple(by)))


def _unread(
    reading: _Reading, roots: tuple[Layer, ...], readers: tuple[Layer, ...]
) -> Iterator[Unread]:
    axes = len(certain_windows(readers[0]))
    shapes = {root.outputs[0].shape for root in roots}
    sizes = {() if shape is None else shape[-axes:] for shape in shapes}
    boxes: set[Box] = set()
    for root in roots:
        more = reading.boxes(root, axes)
        if more is None:
            return
        boxes |= more
    (size, *others) = sizes
    if others or not boxes or not known(*size):
        return
    masks = _union(boxes)
    numbers = tuple(guess(n) for n in size)
    if any(mask != positions(n) for mask, n in zip(masks, numbers, strict=True)):
        yield Unread(readers, NAMES[axes], numbers, masks, len(boxes) == 1)


def _union(boxes: set[Box]) -> Box:
    first, *rest = boxes
    masks = list(first)
    for box in rest:
        masks = [a | b for a, b in zip(masks, box, strict=True)]
    return tuple(masks)


def _roots(tensor: TensorSpec, axes: int) -> tuple[Layer, ...]:
    """The layers that computed `tensor`, behind activations and concatenations; none if unsure."""
    layer = tensor.source
    while layer is not None and len(layer.outputs) == 1:
        if not _hands_on(layer, axes):
            return (layer,) if layer.op in _COMPUTED or layer.op in SLIDING else ()
        if layer.op == "cat":
            pieces = [_roots(piece, axes) for piece in layer.tensors]
            return tuple(dict.fromkeys(r for p in pieces for r in p)) if all(pieces) else ()
        layer = layer.tensors[0].source
    return ()


def _hands_on(layer: Layer, axes: int) -> bool:
    """Whether a position of the output is made of the same position of the input alone."""
    if len(layer.outputs) != 1 or layer.rejected is not None:
        return False
    if layer.op == "cat":
        shape, dim = layer.outputs[0].shape, layer.args["dim"]
        if shape is None or not isinstance(dim, int) or len(shape) not in (axes + 1, axes + 2):
            return False
        alike = all(t.shape is not None and t.shape[-axes:] == shape[-axes:] for t in layer.tensors)
        return alike and dim % len(shape) < len(shape) - axes
    if layer.op == "pad":
        return _shift(layer, axes) is not None
    fixed = layer.op == "batch_norm" and not layer.args["training"]
    if not fixed and layer.op not in _POINTWISE:
        return False
    given, made = layer.tensors[0], layer.outputs[0]
    plain: bool = given is layer.args.get("input", given)
    return plain and given.shape == made.shape


def _shift(layer: Layer, axes: int) -> tuple[int, ...] | None:
    """By how much a pad with constants moves every position; None where it is another pad."""
    ends = pad_ends(layer.args["pad"])
    if layer.args["mode"] != "constant" or len(ends) > axes:
        return None
    ends = [(0, 0)] * (axes - len(ends)) + ends
    if not all(known(b, a) and b >= 0 and a >= 0 for b, a in ends):
        return None  # what is cut off is meant not to be read
    return tuple(guess(before) for before, _ in ends)


def _wraps(layer: Layer) -> bool:
    """Whether the padding is made of the map itself, which so is read once more."""
    wraps: bool = layer.args.get("padding_mode", "zeros") != "zeros"
    return wraps


class _Reading:
    """What is read of the layers' outputs, worked out once."""

    def __init__(self, network: Network) -> None:
        self._consumers = network.consumers
        self._shown = frozenset(t.source.name for t in network.results if t.source)
        self._known: dict[str, frozenset[Box] | None] = {}

    def boxes(self, layer: Layer, axes: int) -> frozenset[Box] | None:
        """What the readers of a layer's output read of it; None where one reads everything."""
        key = f"{layer.name}:{axes}"
        if key not in self._known:
            self._known[key] = self._gathered(layer, axes)
        return self._known[key]

    def _gathered(self, layer: Layer, axes: int) -> frozenset[Box] | None:
        consumers = self._consumers.get(layer.name, ())
        if layer.name in self._shown or not consumers or len(layer.outputs) != 1:
            return None  # what nobody takes may have been kept somewhere
        found: set[Box] = set()
        for consumer in consumers:
            boxes = self._taken(consumer, layer, axes)
            if boxes is None:
                return None
            found |= boxes
        return frozenset(found)

    def _taken(self, consumer: Layer, layer: Layer, axes: int) -> frozenset[Box] | None:
        if consumer.op in SLIDING:
            windows = certain_windows(consumer)
            uses = sum(t.source is layer for t in consumer.tensors)
            plain = uses == 1 and consumer.args["input"].source is layer
            if not plain or len(windows) != axes or _wraps(consumer) or not _fits(windows, layer):
                return None
            box = tuple(read(w) for w in windows)
            whole = tuple(positions(guess(w.size)) for w in windows)
            return None if box == whole else frozenset({box})
        if not _hands_on(consumer, axes):
            return None
        if consumer.op != "cat":
            first, *others = (t.source is layer for t in consumer.tensors)
            if not first or any(others):
                return None
        boxes = self.boxes(consumer, axes)
        if boxes is None or consumer.op != "pad":
            return boxes
        shape = layer.outputs[0].shape
        shift = _shift(consumer, axes)
        if shape is None or shift is None or not known(*shape[-axes:]):
            return None
        rows = [
            tuple(
                (mask >> s) & positions(guess(n))
                for mask, s, n in zip(box, shift, shape[-axes:], strict=True)
            )
            for box in boxes
        ]
        return frozenset(rows)


def _fits(windows: tuple[Window, ...], layer: Layer) -> bool:
    shape = layer.outputs[0].shape
    return shape is not None and shape[-len(windows) :] == tuple(w.size for w in windows)
