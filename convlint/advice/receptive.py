"""Receptive fields: what of the image every position of every map has seen.

One walk over the layers, made when a rule first asks and kept as long as the network.  Borders
that are mirrored or repeated count as lying outside.  What cannot be told (a reshape across
space, attention, a roll, an operator that is not listed here) is `LOST`, and silent.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from convlint.advice.pointwise import JOINED, KEPT
from convlint.advice.reach import LOST, Origin, Reach, plain, together
from convlint.arithmetic.field import (
    ITSELF,
    Field,
    adaptive,
    interpolated,
    repeated,
    shifted,
    transposed,
    window,
)
from convlint.arithmetic.window import axes_of, mode_axes, pad_ends, paddings, per_axis
from convlint.dims import Dim, known
from convlint.network import Layer, Network
from convlint.tensor import TensorSpec

Reaches: TypeAlias = dict[str, Reach | None]
"""By the name of a layer; None where not even the rank is known."""


def reaches(network: Network) -> Mapping[str, Reach | None]:
    """What is known of the output of every layer, by the layer's name; worked out once."""
    return network.analysis(_walked)


def _walked(network: Network) -> Reaches:
    found: Reaches = {}
    for layer in network.layers:
        found[layer.name] = _made(layer, found)
    return found


def reach(tensor: TensorSpec, known: Mapping[str, Reach | None]) -> Reach | None:
    """What is known of `tensor`."""
    shape, source = tensor.shape, tensor.source
    if shape is None:
        return None
    if source is None:
        return plain(len(shape))
    found = known[source.name]
    return found if found is not None and len(found.fields) == len(shape) else None


def classifies(network: Network) -> bool:
    """Whether all that comes out are rows of numbers, without positions."""
    outputs, found = network.outputs, reaches(network)
    ends = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    if not ends or not all(isinstance(end, TensorSpec) for end in ends):
        return False
    owns = [reach(end, found) for end in ends]
    return all(own is not None and len(own.fields) == 2 and not own.spatial for own in owns)


def _made(layer: Layer, found: Reaches) -> Reach | None:
    if layer.rejected is not None:
        return _lost(layer)
    made = _HANDLERS.get(layer.op, _unlisted)(layer, found)
    if made is None:
        return None
    shape = _first(layer).shape
    return made if shape is not None and len(shape) == len(made.fields) else None


def _first(layer: Layer) -> TensorSpec:
    """The output, or the first of several."""
    output = layer.output
    return output if type(output) is TensorSpec else layer.outputs[0]


def _image(layer: Layer, found: Reaches) -> Reach | None:
    """An input: each of its axes may turn out to be one of space, but the first."""
    spec = layer.output
    if type(spec) is not TensorSpec or spec.shape is None:
        return None
    if spec.dtype is not None and not spec.dtype.is_floating_point:
        return plain(len(spec.shape))
    origins = tuple(
        Origin(layer.name, axis, n) if axis and isinstance(n, int) else None
        for axis, n in enumerate(spec.shape)
    )
    return Reach(tuple(origin and ITSELF for origin in origins), origins)


def _constant(layer: Layer, found: Reaches) -> Reach | None:
    spec = layer.output
    return plain(len(spec.shape)) if type(spec) is TensorSpec and spec.shape is not None else None


def _kept(layer: Layer, found: Reaches) -> Reach | None:
    given = layer.args["input"]
    if not isinstance(given, TensorSpec):  # nn.Identity takes anything
        return None
    return found[given.source.name] if given.source is not None else _constant(layer, found)


# -- windows


def _convolved(layer: Layer, found: Reaches) -> Reach | None:
    args, axes = layer.args, _AXES[layer.op]
    image, weight = args["input"], args["weight"].shape
    before = reach(image, found)
    if before is None or weight is None or len(before.fields) < axes + 1:
        return None
    if image.shape[-axes - 1] != weight[1] * args["groups"]:
        return _lost(layer)  # a fault, of which another rule speaks
    kernel, padding = weight[2:], args["padding"]
    if args["padding_mode"] == "circular" and padding not in (0, "valid"):
        kernel = None  # a border reads the other one
    before = before.contracted(len(before.fields) - axes - 1)
    steps = _windows(
        axes, kernel, _fixed(args["stride"]), _fixed(padding), _fixed(args["dilation"])
    )
    return before if steps is None else before.stepped(steps)


def _pooled(layer: Layer, found: Reaches) -> Reach | None:
    args, axes = layer.args, _AXES[layer.op]
    image = args["input"]
    before = reach(image, found)
    if before is None or len(before.fields) < axes:
        return None
    kernel, stride = _fixed(args["kernel_size"]), _fixed(args["stride"])
    steps = _windows(
        axes,
        kernel,
        kernel if stride is None or stride == () else stride,
        _fixed(args.get("padding", 0)),
        _fixed(args.get("dilation", 1)),
    )
    shape = _first(layer).shape
    if shape is not None and shape[-axes:] == (1,) * axes:
        sizes, rank = image.shape[-axes:], len(before.fields)
        if all(k >= n for k, n in zip(per_axis(kernel, axes) or (), sizes, strict=False)):
            return before.pooled(range(rank - axes, rank), sizes)
    return before if steps is None else before.stepped(steps)


def _fixed(value: Any) -> Any:
    return tuple(value) if type(value) is list else value


@functools.lru_cache(maxsize=512)
def _windows(
    axes: int, kernel: Any, stride: Any, padding: Any, dilation: Any
) -> tuple[Field | None, ...] | None:
    """One step for every axis; None where every position reads itself."""
    kernels, strides = per_axis(kernel, axes), per_axis(stride, axes)
    dilations = per_axis(dilation, axes)
    lost = (None,) * axes
    if kernels is None or strides is None or dilations is None or None in kernels:
        return lost
    pads = paddings(padding, kernels, dilations)
    if pads is None:
        return lost
    steps = tuple(
        _shared(window, k, s, before, d) if known(k, s, before, d) else None
        for k, s, (before, _), d in zip(kernels, strides, pads, dilations, strict=True)
    )
    return None if steps == (ITSELF,) * axes else steps


@functools.lru_cache(maxsize=512)
def _shared(make: Callable[..., Field], *numbers: int) -> Field:
    """One object for equal steps, so that square images are computed once."""
    step = make(*numbers)
    return ITSELF if step == ITSELF and step.exact else step


def _transposed(layer: Layer, found: Reaches) -> Reach | None:
    args, axes = layer.args, _AXES[layer.op]
    before, weight = reach(args["input"], found), args["weight"].shape
    if before is None or weight is None or len(before.fields) < axes + 1:
        return None
    columns = [per_axis(args[name], axes) for name in ("stride", "padding", "dilation")]
    if args["input"].shape[-axes - 1] != weight[0] or None in columns:
        return _lost(layer)
    rows = zip(weight[2:], *(c for c in columns if c is not None), strict=True)
    steps = [_shared(transposed, *row) if known(*row) else None for row in rows]
    return before.contracted(len(before.fields) - axes - 1).stepped(steps)


def _unpooled(layer: Layer, found: Reaches) -> Reach | None:
    args, axes = layer.args, _AXES[layer.op]
    before = reach(args["input"], found)
    if before is None or len(before.fields) < axes:
        return None
    kernels, pads = per_axis(args["kernel_size"], axes), per_axis(args["padding"], axes)
    strides = kernels if args["stride"] is None else per_axis(args["stride"], axes)
    if kernels is None or strides != kernels or pads != (0,) * axes or not known(*kernels):
        return _lost(layer)
    if any(k < 1 for k in kernels):  # nothing comes out
        return None
    return before.stepped([_shared(repeated, k) for k in kernels])


# -- other sizes


def _adaptive(layer: Layer, found: Reaches) -> Reach | None:
    axes = _AXES[layer.op]
    before, shape = reach(layer.args["input"], found), _first(layer).shape
    if before is None or shape is None or len(before.fields) < axes:
        return None
    sizes, wanted = layer.args["input"].shape[-axes:], shape[-axes:]
    rank = len(before.fields)
    single = [rank - axes + at for at, m in enumerate(wanted) if m == 1]
    pooled = before.pooled(single, [sizes[at - rank] for at in single])
    return pooled.stepped(
        [
            ITSELF if m == 1 or m is n else adaptive(n, m) if known(n, m) and m else None
            for n, m in zip(sizes, wanted, strict=True)
        ]
    )


def _interpolated(layer: Layer, found: Reaches) -> Reach | None:
    args, image, output = layer.args, layer.args["input"], layer.output
    before = reach(image, found)
    if before is None or output.shape is None or len(output.shape) != len(before.fields):
        return None
    axes = mode_axes(args["mode"], len(image.shape)) or 0
    if axes > len(image.shape):
        return None  # torch refuses it
    factors = per_axis(args["scale_factor"], axes) if args["size"] is None else None
    steps: list[Field | None] = []
    for at in range(-axes, 0):
        n, m = image.shape[at], output.shape[at]
        if n == m and known(n):
            steps.append(ITSELF)
            continue
        true = factors is None or args["recompute_scale_factor"] or n * factors[at] == m
        told = known(n, m) and true and not args["antialias"] and m > 0
        steps.append(
            interpolated(n, m, args["mode"], bool(args["align_corners"])) if told else None
        )
    return before.stepped(steps) if steps else before


def _shuffled(layer: Layer, found: Reaches) -> Reach | None:
    before = reach(layer.args["input"], found)
    if before is None or len(before.fields) < 3:
        return None
    up = layer.op == "pixel_shuffle"
    r = layer.args["upscale_factor" if up else "downscale_factor"]
    step = None if type(r) is not int else _shared(repeated, r) if up else _shared(window, r, r)
    return before.contracted(len(before.fields) - 3).stepped((step, step))


def _padded(layer: Layer, found: Reaches) -> Reach | None:
    before, args = reach(layer.args["input"], found), layer.args
    if before is None:
        return None
    ends = pad_ends(args["pad"])
    if len(ends) > len(before.fields) or args["mode"] == "circular":
        return _lost(layer)
    steps = [_shared(shifted, -b) if isinstance(b, int) else None for b, _ in ends]
    return before.stepped(steps) if steps else before


def _indexed(layer: Layer, found: Reaches) -> Reach | None:
    before, index = reach(layer.args["input"], found), layer.args["index"]
    if before is None:
        return None
    items = index if type(index) is tuple else (index,)
    if not all(i is None or i is Ellipsis or isinstance(i, (int, slice)) for i in items):
        return _lost(layer)
    image = layer.args["input"]
    used = sum(i is not None and i is not Ellipsis for i in items)
    fields: list[Field | None] = []
    origins: list[Origin | None] = []
    at, mixed = 0, before.mixed
    for item in (*items, *(() if Ellipsis in items else (Ellipsis,))):
        if item is None:
            fields.append(None)
            origins.append(None)
        elif item is Ellipsis:
            stop = at + len(before.fields) - used
            fields += before.fields[at:stop]
            origins += before.origins[at:stop]
            at = stop
        else:
            if isinstance(item, slice):
                fields.append(_sliced(before.fields[at], item, image.shape[at]))
                origins.append(before.origins[at])
            else:
                mixed = mixed or before.fields[at] is LOST
            at += 1
    return Reach(tuple(fields), tuple(origins), mixed)


def _sliced(field: Field | None, item: slice, size: Dim) -> Field | None:
    if field is None or field is LOST or item == slice(None):
        return field
    numbers = (item.start, item.stop, item.step)
    if not isinstance(size, int) or not all(n is None or isinstance(n, int) for n in numbers):
        return LOST
    start, _, step = item.indices(size)
    return LOST if step < 1 else field.after(_shared(shifted, start, step))


# -- several tensors


def _joined(layer: Layer, found: Reaches) -> Reach | None:
    """Elementwise: tensors that broadcast."""
    operands = [a for a in layer.args.values() if type(a) is TensorSpec]
    if len(operands) < 2:
        return reach(operands[0], found) if operands else _constant(layer, found)
    return _met(operands, layer.output, found)


def _met(operands: Sequence[TensorSpec], output: Any, found: Reaches) -> Reach | None:
    if type(output) is not TensorSpec or output.shape is None:
        return None
    owns = []
    for operand in operands:
        own = reach(operand, found)
        if own is None or operand.shape is None or len(own.fields) != len(operand.shape):
            return None
        if len(operand.shape) > len(output.shape):
            return None  # torch refuses it
        owns.append(own.spread(operand.shape, output.shape))
    return together(owns, output.shape)


def _catenated(layer: Layer, found: Reaches) -> Reach | None:
    tensors = [t for t in layer.args["tensors"] if t.shape is not None and len(t.shape) > 1]
    output, dim = layer.output, layer.args["dim"]
    if len(tensors) < len(layer.args["tensors"]) or output.shape is None or type(dim) is not int:
        return _unlisted(layer, found)
    owns = []
    for tensor in tensors:
        own = reach(tensor, found)
        if own is None or len(own.fields) != len(output.shape):
            return None
        owns.append(own)
    met = together(owns, output.shape)
    return met if met.fields[dim] is None else met.replaced(dim, LOST)


def _stacked(layer: Layer, found: Reaches) -> Reach | None:
    tensors, dim = layer.args["tensors"], layer.args["dim"]
    if not tensors or type(dim) is not int:
        return _unlisted(layer, found)
    met = _met(tensors, tensors[0], found)
    if met is None:
        return None
    at = dim % (len(met.fields) + 1)
    return Reach(
        (*met.fields[:at], None, *met.fields[at:]),
        (*met.origins[:at], None, *met.origins[at:]),
        met.mixed,
    )


def _split(layer: Layer, found: Reaches) -> Reach | None:
    args = layer.args
    image, dim = args["tensor" if layer.op == "split" else "input"], args["dim"]
    before = reach(image, found)
    if before is None or type(dim) is not int or dim >= len(before.fields):
        return None
    return before if before.fields[dim] is None else before.replaced(dim, LOST)


# -- axes that go, come and change places


def _reduced(layer: Layer, found: Reaches) -> Reach | None:
    before, args = reach(layer.args["input"], found), layer.args
    if before is None:
        return None
    if type(args.get("other")) is TensorSpec:  # torch.max(x, y)
        return _joined(layer, found)
    rank, dim = len(before.fields), args["dim"]
    dims = tuple(range(rank)) if dim is None else dim if type(dim) in (tuple, list) else (dim,)
    if not all(type(d) is int and -rank <= d < rank for d in dims):
        return _lost(layer)
    gone = {d % rank for d in dims} or set(range(rank))
    shape = args["input"].shape
    pooled = before.pooled(sorted(gone), [shape[d] for d in sorted(gone)])
    if args.get("keepdim"):
        return pooled
    return pooled.picked([axis for axis in range(rank) if axis not in gone])


def _ordered(layer: Layer, found: Reaches) -> Reach | None:
    before, args = reach(layer.args["input"], found), layer.args
    if before is None:
        return None
    rank = len(before.fields)
    order = list(range(rank))
    if layer.op == "permute":
        given = args["dims"] if type(args["dims"]) in (tuple, list) else (args["dims"],)
        order = [d % rank for d in given if type(d) is int]
    else:
        one, other = (d for name, d in args.items() if name != "input")
        if type(one) is not int or type(other) is not int or max(one, other) >= rank:
            return None
        order[one % rank], order[other % rank] = order[other % rank], order[one % rank]
    return before.picked(order)


def _reshaped(layer: Layer, found: Reaches) -> Reach | None:
    before, image, output = reach(layer.args["input"], found), layer.args["input"], layer.output
    if before is None or type(output) is not TensorSpec or output.shape is None:
        return None
    if image.shape == output.shape:
        return before
    if not before.spatial:
        return plain(len(output.shape), before.mixed)
    if not known(*image.shape, *output.shape) or len(before.fields) != len(image.shape):
        return _lost(layer)
    fields: list[Field | None] = [None] * len(output.shape)
    origins: list[Origin | None] = [None] * len(output.shape)
    for olds, news in _groups(image.shape, output.shape):
        held = [at for at in olds if before.fields[at] is not None]
        if len(olds) == len(news) == 1:
            fields[news[0]], origins[news[0]] = before.fields[olds[0]], before.origins[olds[0]]
        elif held:
            for new in news:
                fields[new], origins[new] = LOST, before.origins[held[0]]
    return Reach(tuple(fields), tuple(origins), before.mixed)


@functools.lru_cache(maxsize=512)
def _groups(old: tuple[int, ...], new: tuple[int, ...]) -> tuple[tuple[list[int], list[int]], ...]:
    """Which axes of `old` make up which of `new`; those of one position stand alone."""
    groups: list[tuple[list[int], list[int]]] = []
    olds, news = list(_long(old)), list(_long(new))
    i = j = 0
    while i < len(olds) and j < len(news):
        left, right = [olds[i]], [news[j]]
        a, b = old[olds[i]], new[news[j]]
        while a != b:
            if a < b and i + 1 < len(olds):
                i += 1
                left.append(olds[i])
                a *= old[olds[i]]
            elif j + 1 < len(news):
                j += 1
                right.append(news[j])
                b *= new[news[j]]
            else:
                break
        groups.append((left, right))
        i, j = i + 1, j + 1
    if old == (1,) * len(old) or len(old) == len(new):
        ones = [at for at in range(len(old)) if old[at] == 1]
        groups += [([at], [at]) for at in ones if at < len(new) and new[at] == 1]
    return tuple(groups)


def _long(shape: tuple[int, ...]) -> Iterator[int]:
    return (at for at, n in enumerate(shape) if n != 1)


def _linear(layer: Layer, found: Reaches) -> Reach | None:
    before = reach(layer.args["input"], found)
    if before is None or not before.fields:
        return None
    return before if before.fields[-1] is None else before.replaced(-1, None, mixed=True)


def _along(layer: Layer, found: Reaches) -> Reach | None:
    """A softmax or norm along an axis: every position sees that whole axis."""
    before, dim = reach(layer.args["input"], found), layer.args["dim"]
    if before is None:
        return None
    rank = len(before.fields)
    if type(dim) is int and -rank <= dim < rank and before.fields[dim] is None:
        return before
    return before._replace(mixed=True)


def _normed(layer: Layer, found: Reaches) -> Reach | None:
    """Statistics over space: every position sees all of it."""
    before = reach(layer.args["input"], found)
    if before is None:
        return None
    over = layer.args.get("normalized_shape")
    axes = len(over) if isinstance(over, (tuple, list)) else int(over is not None)
    given = before.fields[-axes:] if axes else before.fields
    if before.mixed or not any(field is not None for field in given):
        return before
    return before._replace(mixed=True)


def _expanded(layer: Layer, found: Reaches) -> Reach | None:
    before, image, output = reach(layer.args["input"], found), layer.args["input"], layer.output
    if before is None or output.shape is None or len(output.shape) < len(before.fields):
        return None
    return before.spread(image.shape, output.shape)


# -- what cannot be told


def _unlisted(layer: Layer, found: Reaches) -> Reach | None:
    """An operator that is not listed: only of what has no positions there is something to tell."""
    seen = [reach(tensor, found) for tensor in layer.tensors]
    output = layer.output
    if all(own is not None and not own.spatial for own in seen):
        mixed = any(own is not None and own.mixed for own in seen)
        if type(output) is TensorSpec and output.shape is not None:
            return plain(len(output.shape), mixed)
    return _lost(layer)


def _lost(layer: Layer) -> Reach | None:
    outputs = (layer.output,) if type(layer.output) is TensorSpec else layer.outputs
    ranks = {len(o.shape) for o in outputs if o.shape is not None}
    if not outputs or len(ranks) != 1 or outputs[0].shape is None:
        return None
    alike = len({o.shape for o in outputs}) == 1
    fields = tuple(None if n == 1 and alike else LOST for n in outputs[0].shape)
    return Reach(fields, (None,) * len(fields), mixed=True)


Handler: TypeAlias = Callable[[Layer, Reaches], "Reach | None"]

_RANKED: Final = ("1d", "2d", "3d")
_REDUCED: Final = "mean sum amax amin std var logsumexp max min median prod norm"

_HANDLERS: Final[dict[str, Handler]] = {
    "input": _image,
    **dict.fromkeys(("parameter", "buffer", "constant"), _constant),
    **dict.fromkeys(KEPT, _kept),
    **dict.fromkeys(JOINED, _joined),
    **dict.fromkeys((f"conv{d}" for d in _RANKED), _convolved),
    **dict.fromkeys((f"conv_transpose{d}" for d in _RANKED), _transposed),
    **dict.fromkeys(
        (
            f"{kind}_pool{d}{tail}"
            for d in _RANKED
            for kind, tail in (("max", ""), ("max", "_with_indices"), ("avg", ""), ("lp", ""))
        ),
        _pooled,
    ),
    **dict.fromkeys((f"max_unpool{d}" for d in _RANKED), _unpooled),
    **dict.fromkeys(
        (
            f"adaptive_{kind}_pool{d}{tail}"
            for d in _RANKED
            for kind, tail in (("avg", ""), ("max", ""), ("max", "_with_indices"))
        ),
        _adaptive,
    ),
    **dict.fromkeys(_REDUCED.split(), _reduced),
    **dict.fromkeys(("permute", "transpose", "swapaxes", "swapdims"), _ordered),
    **dict.fromkeys(
        ("flatten", "view", "reshape", "unflatten", "squeeze", "unsqueeze", "view_as"), _reshaped
    ),
    **dict.fromkeys(("softmax", "log_softmax", "normalize", "cumsum"), _along),
    **dict.fromkeys(("group_norm", "instance_norm", "layer_norm", "rms_norm"), _normed),
    **dict.fromkeys(("pixel_shuffle", "pixel_unshuffle"), _shuffled),
    **dict.fromkeys(("chunk", "split", "split_with_sizes", "glu"), _split),
    **dict.fromkeys(("expand", "expand_as", "broadcast_to"), _expanded),
    "interpolate": _interpolated,
    "pad": _padded,
    "getitem": _indexed,
    "cat": _catenated,
    "stack": _stacked,
    "linear": _linear,
}
_AXES: Final = {name: axes_of(name) for name in _HANDLERS}
