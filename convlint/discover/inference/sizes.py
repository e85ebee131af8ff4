"""Sizes for the letters of the inputs' forms: valid ones, or those at which the least breaks."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from convlint.discover.inference.form import letters
from convlint.discover.inference.trial import Outcome, Trials
from convlint.network import Layer
from convlint.tensor import TensorSpec

COMMON: Final = (224, 256, 32, 28, 64, 512)
"""Sides of images, the commonest first."""

STEPS: Final = (32, 64, 28, 224, 256, 512)
"""Lengths of what is no image."""

LARGEST: Final = 512
"""Up to which all sizes are tried, if there is effort left."""

_FARTHEST: Final = 4096
_CHANNELS: Final = (3, 1)
_OBLONG: Final = 8
"""For how many pairs of sides of one area an image is looked for, the squarest first."""

_NUMBER: Final = re.compile(r"(?<![\w.])\d+(?![\w.])")
_TELLING: Final = re.compile(r"size|resolution|length|seq|len|dim|time|frames|points|window", re.I)
_FEATURES: Final = frozenset({"lstm", "gru", "rnn", "layer_norm", "rms_norm"})
_VIEWS: Final = frozenset({"view", "reshape"})
_GROUPS: Final = ("HW", "T", "D", "H", "W", "C", "N")


def tried(trials: Trials) -> Outcome:
    """The call of the network at the usual sizes, and at those that its faults ask for."""
    free = letters(trials.forms.values())
    start = trials.at({one: _first(one, free) for one in free})
    for found in _usual(trials, start.sizes):
        if trials.is_good(found):
            return found
    trials.usual = trials.best
    for base in dict.fromkeys((start, trials.best)):
        _solved(trials, base)
    return trials.best


def searched(trials: Trials) -> Outcome:
    """The call at the sizes at which the least breaks, as far as there is effort left to look."""
    hints = _hints(trials)
    while not trials.is_over:
        before = trials.best
        for group in _GROUPS:
            _varied(trials, group, [*hints, *_likely(group)])
        if trials.best is before:
            break
        _solved(trials, trials.best)
    for group in _GROUPS:
        _varied(trials, group, _all())
    return trials.chosen


def _first(letter: str, free: Iterable[str]) -> int:
    if letter == "N":
        return 1
    if letter == "C":
        return _CHANNELS[0]
    if letter == "T":
        return STEPS[0]
    return 16 if letter == "D" and "T" in free else COMMON[0]


def _usual(trials: Trials, start: Mapping[str, int]) -> Iterator[Outcome]:
    """The commonest sizes, all sides alike; two samples where one is refused."""
    found = trials.at(start)
    yield found
    if "N" in start:
        two = trials.at({**start, "N": 2})
        if two.score[:2] < found.score[:2]:
            start = {**start, "N": 2}
            yield two
    for channels in _CHANNELS if "C" in start else (0,):
        for side, steps in zip(COMMON, STEPS, strict=True):
            wanted = dict.fromkeys("DHW", side) | {"T": steps, "C": channels}
            yield trials.at({one: wanted.get(one, size) for one, size in start.items()})


def _likely(group: str) -> tuple[int, ...]:
    if group == "N":
        return (2,)
    if group == "C":
        return _CHANNELS
    return STEPS if group == "T" else (16, 8, *COMMON) if group == "D" else COMMON


def _all() -> Iterator[int]:
    """Every size, the rounder ones first, and of these the ones near the commonest."""
    for unit in (32, 16, 8, 4, 2, 1):
        own = (n for n in range(unit, LARGEST + 1, unit) if unit == 32 or n % (2 * unit))
        yield from sorted(own, key=lambda n: abs(n - COMMON[0]))


def _varied(trials: Trials, group: str, sizes: Iterable[int]) -> None:
    """Try other sizes for some letters at once, at the best that is known."""
    sizes = list(dict.fromkeys(sizes))
    base = trials.best.sizes
    taken = [one for one in group if one in base]
    if len(taken) < len(group):
        return
    for size in sizes:
        if trials.is_over:
            return
        trials.at({**base, **dict.fromkeys(taken, size)})


# -- what numbers stand somewhere


def _hints(trials: Trials) -> list[int]:
    """Numbers that the network or its faults name."""
    found: list[int] = []
    best = trials.best
    for raised in best.network.raised[:3]:
        found += map(int, _NUMBER.findall(raised.message)[:8])
    for layer, fault in best.faults[:3]:
        found += map(int, _NUMBER.findall(f"{fault.message} {fault.formula or ''}")[:12])
        found += _held(layer)
    for guard in best.network.guards:
        found += [n for n in (guard.left, guard.right) if type(n) is int]
    for module in trials.module.modules():
        for name, value in vars(module).items():
            if _TELLING.search(name):
                found += _numbers(value)
    counts: dict[int, None] = {}
    for number in found:
        if 1 < number <= _FARTHEST:
            counts.setdefault(number)
    return list(counts)[:40]


def _held(layer: Layer | None) -> Iterator[int]:
    """The sides of the constants and parameters that a layer takes."""
    for tensor in layer.tensors if layer is not None else ():
        if tensor.source is None or tensor.source.op in ("parameter", "buffer", "constant"):
            yield from _numbers(tensor.shape)


def _numbers(value: Any) -> Iterator[int]:
    for one in value if isinstance(value, (tuple, list)) else (value,):
        if isinstance(one, int) and not isinstance(one, bool):
            yield int(one)


# -- what a size must be so that a number comes out


def _solved(trials: Trials, base: Outcome) -> None:
    """Choose sizes so that a layer gets the features that it takes, or a view the elements.

    These grow with the image, so that the size is found by halving; where the image need not be
    square, its sides are found one after the other, for all pairs whose product is right.
    """
    found = next(((one, n) for one, _ in base.faults if (n := _wanted(one)) is not None), None)
    if found is None or found[0] is None:
        return
    name, wanted = found[0].name, found[1]
    _by_halving(trials, base, name, wanted, ("HW", "T", "C"))
    if {"H", "W"} <= set(base.sizes):
        _oblong(trials, base, name, wanted)
    _by_halving(trials, base, name, wanted, ("D", "W", "H", "DHW"))


def _by_halving(
    trials: Trials, base: Outcome, name: str, wanted: int, groups: Iterable[str]
) -> None:
    for group in groups:
        if trials.is_over:
            return
        if set(group) <= set(base.sizes):
            sizes = _halved(trials, base, group, lambda net: _number(net, name), wanted)
            if sizes is not None:
                trials.at(sizes)


def _wanted(layer: Layer | None) -> int | None:
    """The number that a layer takes, of features or elements."""
    if layer is None:
        return None
    args: Mapping[str, Any] = layer.args
    if layer.op == "linear":
        found = args["weight"].shape
        return found[-1] if found and isinstance(found[-1], int) else None
    if layer.op in _FEATURES:
        (name,) = {"input_size", "normalized_shape"} & set(args)
        number = args[name]
        last = number if isinstance(number, int) else number[-1]
        return last if isinstance(last, int) else None
    if layer.op in _VIEWS:
        sizes = args.get("shape", args.get("size"))
        if isinstance(sizes, (tuple, list)) and all(isinstance(n, int) for n in sizes):
            return int(math.prod(n for n in sizes if n > 0))
    return None


def _number(found: Outcome, name: str) -> int | None:
    """How many features or elements a layer gets."""
    layer = found.network.by_name.get(name)
    tensor = layer.args.get("input") if layer is not None else None
    if layer is None or not isinstance(tensor, TensorSpec) or not tensor.shape:
        return None
    number = tensor.numel if layer.op in _VIEWS else tensor.shape[-1]
    return number if isinstance(number, int) else None


def _oblong(trials: Trials, base: Outcome, name: str, wanted: int) -> None:
    """Images of which the map before the flatten has as many elements as a layer takes."""
    maps = _map(base, name)
    if maps is None or maps[-3] < 1 or wanted % maps[-3]:
        return
    area = wanted // maps[-3]
    sides = [n for n in range(1, math.isqrt(area) + 1) if area % n == 0]
    for short in sides[: -_OBLONG - 1 : -1]:
        for high, wide in ((area // short, short), (short, area // short)):
            if trials.is_over:
                return
            one = _halved(trials, base, "H", lambda net: _side(net, name, -2), high)
            other = one and _halved(trials, base, "W", lambda net: _side(net, name, -1), wide)
            if one and other:
                trials.at({**base.sizes, "H": one["H"], "W": other["W"]})


def _map(found: Outcome, name: str) -> tuple[int, ...] | None:
    """The shape of the map that was flattened before a layer, where it is one of an image."""
    layer = found.network.by_name.get(name)
    tensor = layer.args["input"] if layer is not None else None
    while tensor is not None and tensor.source is not None:
        if tensor.shape is None:
            return None
        if len(tensor.shape) == 4:
            return tuple(tensor.shape) if tensor.known else None
        tensor = next((one for one in tensor.source.tensors if one.source is not None), None)
    return None


def _side(found: Outcome, name: str, axis: int) -> int | None:
    shape = _map(found, name)
    return None if shape is None else shape[axis]


def _halved(
    trials: Trials, base: Outcome, group: str, read: Callable[[Outcome], int | None], wanted: int
) -> dict[str, int] | None:
    """The sizes of the call `base` with another for `group`, the roundest where `read` is right.

    Args:
        read: a number that does not fall while the size grows; None where it cannot be told.
    """

    def number(size: int) -> int:
        found = read(trials.at({**base.sizes, **dict.fromkeys(group, size)}))
        return 0 if found is None else found

    least = _least(number, wanted)
    if least is None or number(least) != wanted:
        return None
    beyond = _least(number, wanted + 1) or least + 1
    sizes = range(least, beyond)
    round_ = max(sizes, key=lambda n: (n in COMMON, n & -n))
    return {**base.sizes, **dict.fromkeys(group, round_)}


def _least(number: Callable[[int], int], wanted: int) -> int | None:
    """The least size from which on a number is at least `wanted`."""
    low, high = 1, 1
    while number(high) < wanted:
        low, high = high + 1, 2 * high
        if high > _FARTHEST:
            return None
    while low < high:
        middle = (low + high) // 2
        if number(middle) < wanted:
            low = middle + 1
        else:
            high = middle
    return high
