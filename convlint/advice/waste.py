"""What is computed and thrown away: results that nothing takes, and layers that work for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from convlint.advice.statement import Written, discarded, written
from convlint.network import Layer, Network

_FREE: Final = frozenset(
    {"getitem", "view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "permute",
     "transpose", "swapaxes", "movedim", "expand", "expand_as", "chunk", "split", "tensor_split",
     "unbind", "narrow", "select", "detach", "contiguous", "clone", "to", "type", "float", "half",
     "identity", "alias", "view_as", "t", "real", "imag", "ravel"}
)  # fmt: skip
"""Operators that only show the same numbers in another way: what is left of them costs nothing."""
_SHOWN: Final = _FREE - {"clone", "to", "type", "float", "half"}
"""Those of them that share their memory with what they show."""
_WORK: Final = ("conv", "pool", "linear", "matmul", "bmm", "einsum", "attention", "interpolate")
_INSTALLED: Final = ("site-packages", "dist-packages")


def ends(network: Network) -> Iterator[Layer]:
    """The last layers of what is thrown away: nothing at all takes their results."""
    dead = network.structure.dead
    for layer in network.layers if dead else ():
        if layer.name in dead and is_computing(layer) and _leads_nowhere(layer, network):
            yield layer


def is_computing(layer: Layer) -> bool:
    """Whether new numbers (and not truths) come out, and numbers of the network went in."""
    truths = all(str(t.dtype) == "torch.bool" for t in layer.outputs)
    return layer.op not in _FREE and not truths and _is_computed(layer)


def idle_ends(network: Network) -> Iterator[Layer]:
    """Those of them whose module, or place in the code, gives nothing else that is used.

    The last round of a loop leaves things behind.  Masks and sums are not worth a word: something
    with weights, or that goes over whole maps, must work for nothing.  What a library throws away
    that the user's code has called is not theirs to mend.
    """
    found = [layer for layer in ends(network) if not _is_mixed(layer)]
    if found:
        dead = network.structure.dead
        live = {_worker(layer) for layer in network.layers if layer.name not in dead}
        for layer in found:
            if _worker(layer) not in live and any(map(_is_work, feeding(layer, network))):
                yield layer


def _is_work(layer: Layer) -> bool:
    with_weights = any(t.source is None for t in layer.tensors) and layer.module is not None
    return with_weights or any(part in layer.op for part in _WORK)


def _worker(layer: Layer) -> object:
    """Who made a result: a module, or the place of a call."""
    if layer.module is not None and any(t.source is None for t in layer.tensors):
        return id(layer.module)
    return layer.frames


def is_dead_in(other: Network, layer: Layer) -> bool:
    """Whether the same call is dead in the network's other mode too, or is not made there."""
    who = layer.op, layer.path, layer.frames
    return all(
        one.name in other.structure.dead
        for one in other.layers
        if (one.op, one.path, one.frames) == who
    )


def forgotten(network: Network) -> Iterator[tuple[Layer, Written, str]]:
    """Statements that throw a result away, and the names that are never read.

    A view to which a name is given is no waste; one that stands alone was meant to do something.
    """
    dead = network.structure.dead
    for layer in network.layers if dead else ():
        if layer.name in dead and _is_computed(layer) and _leads_nowhere(layer, network):
            found = abandoned(layer)
            alone = found is not None and not found[1] and layer.op != "getitem"
            if found is None or (alone and _is_kept(layer)):
                continue
            if layer.op not in _FREE or alone:
                yield layer, *found


def _is_kept(layer: Layer | None) -> bool:
    """Whether it writes in place into what the network holds: `self.mean.data.mul_(0.9)`."""
    if layer is None or not layer.written.endswith("_"):
        return False
    while layer is not None and (layer.written.endswith("_") or layer.op in _SHOWN):
        layer = layer.tensors[0].source if layer.tensors else None
    return layer is not None and layer.op in ("parameter", "buffer")


def _leads_nowhere(layer: Layer, network: Network) -> bool:
    """Whether nothing takes a result but what shows it in another way, to no end."""
    takers = network.consumers.get(layer.name, ())
    return all(taker.op in _FREE and _leads_nowhere(taker, network) for taker in takers)


def abandoned(layer: Layer) -> tuple[Written, str] | None:
    """The statement that throws a layer's result away, and the name that is never read."""
    if not layer.frames or _is_mixed(layer):
        return None
    for frame in layer.frames:
        found = written(frame.location)
        if found is None:
            return None
        name = discarded(found)
        if name is not None:
            return found, name
        if getattr(found.statement, "value", None) is not found.expression:
            return None
        if type(found.statement).__name__ != "Return":
            return None
    return None


def feeding(layer: Layer, network: Network) -> Iterator[Layer]:
    """The layers that work for a dead one only, itself first."""
    dead = network.structure.dead
    pending, seen = [layer], {layer.name}
    while pending:
        one = pending.pop(0)
        yield one
        for tensor in one.tensors:
            source = tensor.source
            if source is not None and source.name in dead and source.name not in seen:
                seen.add(source.name)
                pending.append(source)


def _is_computed(layer: Layer) -> bool:
    """Whether numbers of the network went into it: constants and masks are no waste."""
    return any(
        tensor.source is not None and tensor.source.op not in ("constant", "buffer")
        for tensor in layer.tensors
    )


def _is_mixed(layer: Layer) -> bool:
    """Whether some frames are installed code and some are not: then their order is not known."""
    installed = [
        any(f"/{name}/" in f.code.co_filename.replace("\\", "/") for name in _INSTALLED)
        for f in layer.frames
    ]
    return any(installed) and not all(installed)
