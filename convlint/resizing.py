"""Other sizes of a network's inputs, at which a comparison of sizes is answered otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeAlias

from convlint.network import Guard, Network
from convlint.propagate import answer, distance
from convlint.tensor import TensorSpec

Axis: TypeAlias = tuple[str, int]
"""An input's name and one of its axes."""

_LARGEST: Final = 1 << 15
_TRIED: Final = 60
"""How many sizes are asked for one comparison."""

_LETTERS: Final = {4: "NCHW", 5: "NCDHW"}


@dataclass(frozen=True, slots=True)
class Resized:
    """The network's inputs with `axes`, which had `before` elements, at `size`."""

    inputs: dict[str, TensorSpec]
    axes: tuple[Axis, ...]
    before: int
    size: int

    def __str__(self) -> str:
        return " ".join(",".join(map(str, spec.shape or ())) for spec in self.inputs.values())


class Search:
    """What looking for sizes may cost: as much as to follow the network's graph a few times.

    Many sizes are asked where the comparison stands near the inputs, few where it is deep inside.
    """

    def __init__(self, network: Network) -> None:
        self.left = len(network.layers) + 1500


def otherwise(network: Network, guard: Guard, search: Search) -> Iterator[Resized]:
    """Sizes at which `guard` is answered otherwise, the likelier ones first."""
    cost = distance(network, guard)
    for made in islice(_candidates(network, guard), _TRIED):
        if search.left <= 0:
            return
        search.left -= cost
        if answer(network, guard, made.inputs) == (not guard.answer):
            yield made


def bound(network: Network, guard: Guard, found: Resized) -> str | None:
    """From which size on `guard` is answered otherwise (`W > 32`), where there is such a one."""
    axes = found.axes
    for axis in found.axes:
        if _turns(network, guard, found, (axis,), found.size):
            axes = (axis,)
            break
    step = 1 if found.size > found.before else -1
    stays, turns = found.before, found.size
    while abs(turns - stays) > 1:
        middle = (stays + turns) // 2
        if _turns(network, guard, found, axes, middle):
            turns = middle
        else:
            stays = middle
    beyond = [turns + step * i for i in (1, 2, 3, 5)] + [found.size + step * found.before]
    if not all(_turns(network, guard, found, axes, size) for size in beyond if size > 0):
        return None
    names = " = ".join(dict.fromkeys(_title(network, axis) for axis in axes))
    return f"{names} {'>' if step > 0 else '<'} {stays}"


def _turns(
    network: Network, guard: Guard, found: Resized, axes: tuple[Axis, ...], size: int
) -> bool:
    inputs = _specs(network, axes, size)
    return answer(network, guard, inputs) == (not guard.answer)


def _title(network: Network, axis: Axis) -> str:
    name, place = axis
    rank = {layer.name: layer.output.rank for layer in network.inputs}[name]
    title = _LETTERS[rank][place] if rank in _LETTERS else f"axis {place}"
    return title if len(network.inputs) == 1 else f"{title} of `{name}`"


def _candidates(network: Network, guard: Guard) -> Iterator[Resized]:
    groups = list(_groups(network))
    sizes = [_sizes(before, guard) for before, _ in groups]
    for turn in range(max(map(len, sizes), default=0)):
        for (before, axes), of in zip(groups, sizes, strict=True):
            if turn < len(of):
                yield Resized(_specs(network, axes, of[turn]), axes, before, of[turn])


def _groups(network: Network) -> Iterator[tuple[int, tuple[Axis, ...]]]:
    """Axes that are changed together: square images stay square, every input has the batch."""
    spatial: dict[int, list[Axis]] = {}
    batch: dict[int, list[Axis]] = {}
    for layer in network.inputs:
        for axis, size in enumerate(layer.output.shape or ()):
            if not isinstance(size, int):
                continue
            if axis == 0:
                batch.setdefault(size, []).append((layer.name, axis))
            elif axis > 1 or layer.output.rank in (2, 3):
                spatial.setdefault(size, []).append((layer.name, axis))
    for size, axes in spatial.items():
        yield size, tuple(axes)
    for size, axes in spatial.items():
        if len(axes) > 1:
            yield from ((size, (axis,)) for axis in axes)
    for size, axes in batch.items():
        yield size, tuple(axes)


def _sizes(before: int, guard: Guard) -> list[int]:
    """Sizes to try in place of `before`: round ones, and those beyond what is compared with."""
    left, right = _plain(guard.left), _plain(guard.right)
    beyond: list[int] = []
    if isinstance(left, (int, float)) and isinstance(right, (int, float)) and left > 0 < right:
        for limit in (right + 1, right, right - 1, left + 1):
            exact = round(before * limit / left)
            beyond += [-(-exact // before) * before, exact, exact * 2, exact - exact % 2]
    wanted = [2 * before, before // 2, *beyond[:4], 3 * before, 4 * before, before + 1, *beyond[4:],
              before - 1, before + 2, before + before // 2, before // 4, 8 * before, 1]  # fmt: skip
    return [s for s in dict.fromkeys(wanted) if 0 < s <= _LARGEST and s != before]


def _plain(value: Any) -> Any:
    if isinstance(value, int):
        return int.__pos__(value)
    return float.__pos__(value) if isinstance(value, float) else value


def _specs(network: Network, axes: tuple[Axis, ...], size: int) -> dict[str, TensorSpec]:
    made = {}
    for layer in network.inputs:
        spec: TensorSpec = layer.output
        shape = list(spec.shape or ())
        for name, axis in axes:
            if name == layer.name:
                shape[axis] = size
        made[layer.name] = spec if spec.shape is None else spec.with_shape(shape)
    return made
