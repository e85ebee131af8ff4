"""Receptive fields: what of the image every position of every map has seen.

One walk over the layers, made when a rule first asks and kept as long as the network.  Borders
that are mirrored or repeated count as lying outside.  What cannot be told (a reshape across
space, attention, a roll, an operator that is not listed here) is `LOST`, and silent.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from convlint.arithmetic.field import (
    ITSELF,
    Field,
    adaptive,
    hull,
    interpolated,
    repeated,
    shifted,
    transposed,
    window,
)
from convlint.arithmetic.window import axes_of, mode_axes, pad_ends, paddings, per_axis
from convlint.dims import Dim, Shape, known
from convlint.network import Layer, Network
from convlint.tensor import TensorSpec

LOST: Final = Field(0, 0, 0)
"""Positions of which it cannot be told what they have seen."""


class Origin(NamedTuple):
    """An axis of an input of the network."""

    name: str
    axis: int
    size: int


class Reach(NamedTuple):
    """What is known of a tensor, axis by axis.

    An axis without positions (channels, the batch, what a pool has made one of) has neither
    `fields` nor `origins`, but None.
    """

    fields: tuple[Field | None, ...]
    origins: tuple[Origin | None, ...]
    mixed: bool = False
    """Whether every position has something of the whole image: by a global pool, attention, a
    linear layer over space, or by what cannot be told."""

    def along(self, axes: int) -> tuple[tuple[Field, Origin], ...] | None:
        """Fields and origins of the last `axes` axes; None unless all are known."""
        pairs = list(zip(self.fields[-axes:], self.origins[-axes:], strict=True))
        told = [(f, o) for f, o in pairs if f is not None and o is not None]
        return tuple(told) if len(told) == axes else None

    @property
    def spatial(self) -> bool:
        """Whether some axis has positions, told or not."""
        return any(field is not None for field in self.fields)


Reaches: TypeAlias = dict[str, Reach | None]
"""By the name of a layer; None where not even the rank is known."""

_KNOWN: Final[WeakKeyDictionary[Network, Reaches]] = WeakKeyDictionary()


def reaches(network: Network) -> Mapping[str, Reach | None]:
    """What is known of the output of every layer, by the layer's name."""
    found = _KNOWN.get(network)
    if found is None:
        found = _KNOWN[network] = {}
        for layer in network.layers:
            found[layer.name] = _made(layer, found)
    return found


def reach(tensor: TensorSpec, known: Mapping[str, Reach | None]) -> Reach | None:
    """What is known of `tensor`."""
    if tensor.shape is None:
        return None
    if tensor.source is None:
        return _plain(len(tensor.shape))
    found = known[tensor.source.name]
    return found if found is not None and len(found.fields) == len(tensor.shape) else None


def _made(layer: Layer, found: Reaches) -> Reach | None:
    if layer.rejected is not None:
        return _lost(layer)
    made = _HANDLERS.get(layer.op, _unlisted)(layer, found)
    if made is None:
        return None
    output = layer.output if type(layer.output) is TensorSpec else layer.outputs[0]
    return made if output.shape is not None and len(output.shape) == len(made.fields) else None


@functools.cache
def _plain(rank: int, mixed: bool = False) -> Reach:
    return Reach((None,) * rank, (None,) * rank, mixed)


def _image(layer: Layer, found: Reaches) -> Reach | None:
    """An input: each of its axes may turn out to be one of space, but the first."""
    spec = layer.output
    if type(spec) is not TensorSpec or spec.shape is None:
        return None
    if spec.dtype is not None and not spec.dtype.is_floating_point:
        return _plain(len(spec.shape))
    fields: list[Field | None] = []
    origins: list[Origin | None] = []
    for axis, n in enumerate(spec.shape):
        positions = axis > 0 and isinstance(n, int)
        fields.append(ITSELF if positions else None)
        origins.append(Origin(layer.name, axis, int(n)) if isinstance(n, int) and axis else None)
    return Reach(tuple(fields), tuple(origins))


def _constant(layer: Layer, found: Reaches) -> Reach | None:
    spec = layer.output
    return _plain(len(spec.shape)) if type(spec) is TensorSpec and spec.shape is not None else None


def _kept(layer: Layer, found: Reaches) -> Reach | None:
    source = layer.args["input"].source
    return found[source.name] if source is not None else _constant(layer, found)


# -- windows


def _stepped(before: Reach, steps: Sequence[Field | None], channels: bool) -> Reach:
    """`before` after one step along each of the last axes; `channels`: they are mixed."""
    axes = len(steps)
    given = before.fields[-axes:]
    fields: list[Field | None] = []
    for at, (field, step) in enumerate(zip(given, steps, strict=True)):
        if at and field is given[at - 1] and step is steps[at - 1]:
            fields.append(fields[-1])  # a square image: computed once
        elif field is None or field is LOST or step is ITSELF:
            fields.append(field)
        else:
            fields.append(LOST if step is None else field.after(step))
    lead, origins = before.fields[:-axes], before.origins
    mixed = before.mixed
    if channels and lead and lead[-1] is not None:
        mixed = mixed or lead[-1] is LOST
        lead = (*lead[:-1], None)
        origins = (*origins[: -axes - 1], None, *origins[-axes:])
    return Reach((*lead, *fields), origins, mixed)


def _convolved(layer: Layer, found: Reaches) -> Reach | None:
    args, axes = layer.args, _AXES[layer.op]
    image, weight = args["input"], args["weight"]
    before = reach(image, found)
    if before is None or weight.shape is None or len(before.fields) < axes + 1:
        return None
    if image.shape[-axes - 1] != weight.shape[1] * args["groups"]:
        return _lost(layer)  # a fault, of which another rule speaks
    steps = _windows(
        axes, weight.shape[2:], _fixed(args["stride"]), _fixed(args["padding"]),
        _fixed(args["dilation"]),
    )  # fmt: skip
    if args["padding_mode"] == "circular":
        steps = tuple(step if step is ITSELF else None for step in steps)
    return _stepped(before, steps, channels=True)


def _pooled(layer: Layer, found: Reaches) -> Reach | None:
    args, axes = layer.args, _AXES[layer.op]
    before = reach(args["input"], found)
    if before is None or len(before.fields) < axes:
        return None
    kernel = _fixed(args["kernel_size"])
    stride = args["stride"]
    steps = _windows(
        axes, kernel, kernel if stride is None or stride == [] or stride == () else _fixed(stride),
        _fixed(args.get("padding", 0)), _fixed(args.get("dilation", 1)),
    )  # fmt: skip
    output = layer.output if type(layer.output) is TensorSpec else layer.outputs[0]
    sizes = args["input"].shape[-axes:]
    if output.shape is not None and all(n == 1 for n in output.shape[-axes:]):
        ends = per_axis(kernel, axes) or ()
        if all(k >= n for k, n in zip(ends, sizes, strict=False)):
            return _averaged(before, range(len(before.fields) - axes, len(before.fields)), sizes)
    return _stepped(before, steps, channels=False)


def _fixed(value: Any) -> Any:
    return tuple(value) if type(value) is list else value


@functools.lru_cache(maxsize=512)
def _windows(
    axes: int, kernel: Any, stride: Any, padding: Any, dilation: Any
) -> tuple[Field | None, ...]:
    kernels, strides = per_axis(kernel, axes), per_axis(stride, axes)
    dilations = per_axis(dilation, axes)
    if kernels is None or strides is None or dilations is None:
        return (None,) * axes
    pads = paddings(padding, kernels, dilations)
    if pads is None:
        return (None,) * axes
    return tuple(
        _shared(window, k, s, before, d) if known(k, s, before, d) else None
        for k, s, (before, _), d in zip(kernels, strides, pads, dilations, strict=True)
    )


@functools.lru_cache(maxsize=512)
def _shared(make: Callable[..., Field], *numbers: int) -> Field:
    """One object for equal steps, so that square images are computed once."""
    step = make(*numbers)
    return ITSELF if step == ITSELF and step.exact else step


def _transposed(layer: Layer, found: Reaches) -> Reach | None:
    args, axes = layer.args, _AXES[layer.op]
    before, weight = reach(args["input"], found), args["weight"]
    if before is None or weight.shape is None or len(before.fields) < axes + 1:
        return None
    if args["input"].shape[-axes - 1] != weight.shape[0]:
        return _lost(layer)
    columns = [per_axis(args[name], axes) for name in ("stride", "padding", "dilation")]
    if any(column is None for column in columns):
        return _lost(layer)
    rows = zip(weight.shape[2:], *(c for c in columns if c is not None), strict=True)
    steps = [_shared(transposed, *row) if known(*row) else None for row in rows]
    return _stepped(before, steps, channels=True)


def _unpooled(layer: Layer, found: Reaches) -> Reach | None:
    args, axes = layer.args, _AXES[layer.op]
    before = reach(args["input"], found)
    if before is None or len(before.fields) < axes:
        return None
    kernels = per_axis(args["kernel_size"], axes) or (None,) * axes
    strides = kernels if args["stride"] is None else per_axis(args["stride"], axes) or ()
    plain = strides == kernels and not any(per_axis(args["padding"], axes) or (1,))
    return _stepped(
        before, [_shared(repeated, k) if plain and known(k) else None for k in kernels], False
    )


# -- other sizes


def _adaptive(layer: Layer, found: Reaches) -> Reach | None:
    axes = _AXES[layer.op]
    before = reach(layer.args["input"], found)
    output = layer.output if type(layer.output) is TensorSpec else layer.outputs[0]
    if before is None or output.shape is None or len(before.fields) < axes:
        return None
    sizes, wanted = layer.args["input"].shape[-axes:], output.shape[-axes:]
    rank = len(before.fields)
    single = [rank - axes + at for at, m in enumerate(wanted) if m == 1]
    pooled = _averaged(before, single, [sizes[at - rank] for at in single])
    return _stepped(
        pooled,
        [
            ITSELF if m == 1 or m is n else adaptive(n, m) if known(n, m) and m else None
            for n, m in zip(sizes, wanted, strict=True)
        ],
        channels=False,
    )


def _interpolated(layer: Layer, found: Reaches) -> Reach | None:
    args, image, output = layer.args, layer.args["input"], layer.output
    before = reach(image, found)
    if before is None or output.shape is None or len(output.shape) != len(before.fields):
        return None
    axes = mode_axes(args["mode"], len(image.shape)) or 0
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
    return _stepped(before, steps, channels=False) if steps else before


def _shuffled(layer: Layer, found: Reaches) -> Reach | None:
    before = reach(layer.args["input"], found)
    if before is None or len(before.fields) < 3:
        return None
    up = layer.op == "pixel_shuffle"
    r = layer.args["upscale_factor" if up else "downscale_factor"]
    step = None if type(r) is not int else _shared(repeated, r) if up else _shared(window, r, r)
    return _stepped(before, (step, step), channels=True)


def _padded(layer: Layer, found: Reaches) -> Reach | None:
    before, args = reach(layer.args["input"], found), layer.args
    if before is None:
        return None
    ends = pad_ends(args["pad"])
    if len(ends) > len(before.fields) or args["mode"] == "circular":
        return _lost(layer)
    steps = [_shared(shifted, -b) if type(b) is int else None for b, _ in ends]
    return _stepped(before, steps, channels=False) if steps else before


def _indexed(layer: Layer, found: Reaches) -> Reach | None:
    before, index = reach(layer.args["input"], found), layer.args["index"]
    if before is None:
        return None
    items = index if type(index) is tuple else (index,)
    if not all(i is None or i is Ellipsis or type(i) in (int, slice) for i in items):
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
    if not isinstance(size, int) or not all(n is None or type(n) is int for n in numbers):
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
        owns.append(_spread(own, operand.shape, output.shape))
    return _together(owns, output.shape)


def _spread(own: Reach, shape: Shape, wider: Shape) -> Reach:
    """`own` broadcast from `shape` to `wider`."""
    if shape is wider or shape == wider:
        return own
    missing = len(wider) - len(shape)
    fields: list[Field | None] = [None] * missing
    mixed = own.mixed
    for field, n, m in zip(own.fields, shape, wider[missing:], strict=True):
        alone = field is not None and n == 1 and m is not n and m != 1
        mixed = mixed or alone
        fields.append(None if alone else field)
    return Reach(tuple(fields), (*(None,) * missing, *own.origins), mixed)


def _together(owns: Sequence[Reach], shape: Shape) -> Reach:
    """Several tensors of one shape, position by position."""
    mixed = any([own.mixed for own in owns])
    if all([own.fields is owns[0].fields for own in owns]):
        return owns[0] if owns[0].mixed is mixed else owns[0]._replace(mixed=mixed)
    fields: list[Field | None] = []
    origins: list[Origin | None] = []
    before: tuple[Any, ...] = ()
    for axis, n in enumerate(shape):
        column = [own.fields[axis] for own in owns]
        if not any(column):
            fields.append(None)
            origins.append(None)
            continue
        places = {own.origins[axis] for own in owns if own.fields[axis] is not None}
        origins.append(next(iter(places), None))
        if len(places) > 1 or LOST in column:
            fields.append(LOST)
        elif (column, n) == before:
            fields.append(fields[-1])  # a square image: computed once
        else:
            fields.append(_hull(column, n))
        before = (column, n)
    return Reach(tuple(fields), tuple(origins), mixed)


def _hull(column: Sequence[Field | None], count: Dim) -> Field | None:
    result: Field | None = None
    for field in column:
        if result is None or field is result:
            result = field
        elif field is not None:
            result = hull(result, field, count) if isinstance(count, int) else LOST
    return result


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
    met = _together(owns, output.shape)
    return met if met.fields[dim] is None else _with(met, dim, LOST)


def _with(before: Reach, axis: int, field: Field | None, mixed: bool = False) -> Reach:
    fields, origins = list(before.fields), list(before.origins)
    fields[axis] = field
    origins[axis] = origins[axis] if field is not None else None
    return Reach(tuple(fields), tuple(origins), before.mixed or mixed)


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
    return before if before.fields[dim] is None else _with(before, dim, LOST)


# -- axes that go, come and change places


def _averaged(before: Reach, axes: Sequence[int], sizes: Sequence[Dim]) -> Reach:
    """`axes` pooled to one position; one of one position keeps what it has seen."""
    fields, origins, mixed = list(before.fields), list(before.origins), before.mixed
    for axis, n in zip(axes, sizes, strict=True):
        if fields[axis] is not None and n != 1:
            mixed = True
            fields[axis] = origins[axis] = None
    return Reach(tuple(fields), tuple(origins), mixed)


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
    pooled = _averaged(before, sorted(gone), [shape[d] for d in sorted(gone)])
    if args.get("keepdim"):
        return pooled
    return _picked(pooled, [axis for axis in range(rank) if axis not in gone])


def _picked(before: Reach, order: Sequence[int]) -> Reach:
    return Reach(
        tuple(before.fields[at] for at in order),
        tuple(before.origins[at] for at in order),
        before.mixed,
    )


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
    return _picked(before, order)


def _reshaped(layer: Layer, found: Reaches) -> Reach | None:
    before, image, output = reach(layer.args["input"], found), layer.args["input"], layer.output
    if before is None or type(output) is not TensorSpec or output.shape is None:
        return None
    if image.shape == output.shape:
        return before
    if not before.spatial:
        return _plain(len(output.shape), before.mixed)
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
    return before if before.fields[-1] is None else _with(before, -1, None, mixed=True)


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
    axes = len(over) if type(over) in (tuple, list) else 1 if type(over) is int else 0
    given = before.fields[-axes:] if axes else before.fields
    if before.mixed or not any(field is not None for field in given):
        return before
    return before._replace(mixed=True)


def _expanded(layer: Layer, found: Reaches) -> Reach | None:
    before, image, output = reach(layer.args["input"], found), layer.args["input"], layer.output
    if before is None or output.shape is None or len(output.shape) < len(before.fields):
        return None
    return _spread(before, image.shape, output.shape)


# -- what cannot be told


def _unlisted(layer: Layer, found: Reaches) -> Reach | None:
    """An operator that is not listed: only of what has no positions there is something to tell."""
    seen = [reach(tensor, found) for tensor in layer.tensors]
    output = layer.output
    if all(own is not None and not own.spatial for own in seen):
        mixed = any(own is not None and own.mixed for own in seen)
        if type(output) is TensorSpec and output.shape is not None:
            return _plain(len(output.shape), mixed)
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

KEPT: Final = frozenset(
    (
        "celu elu gelu hardshrink hardsigmoid hardswish hardtanh leaky_relu logsigmoid mish prelu relu "
        "relu6 rrelu selu sigmoid silu softplus softshrink softsign tanh tanhshrink threshold "
        "alpha_dropout dropout dropout1d dropout2d dropout3d feature_alpha_dropout feature_dropout "
        "identity batch_norm native_batch_norm local_response_norm cross_map_lrn2d channel_shuffle "
        "clone contiguous detach requires_grad to float half bfloat16 double type type_as "
        "abs exp log sqrt rsqrt square neg sin cos erf log1p expm1 "
        "reciprocal sign floor round ceil"
    ).split()
)
"""Operators that hand every position on by itself."""

JOINED: Final = frozenset(
    (
        "add sub mul div rsub rdiv maximum minimum lerp addcmul addcdiv where floor_divide "
        "hypot atan2 fmin fmax logaddexp pow clamp clamp_min clamp_max"
    ).split()
)
"""Operators that take positions of several tensors together."""

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
