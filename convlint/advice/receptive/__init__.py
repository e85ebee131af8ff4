"""Receptive fields: what of the image every position of every map has seen.

One walk over the layers, made when a rule first asks and kept as long as the network.  Borders
that are mirrored or repeated count as lying outside.  What cannot be told (a reshape across
space, attention, a roll, an operator that no follower is for) is `LOST`, and silent.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping

from convlint.advice.reach import Reach
from convlint.advice.receptive.follower import Reaches, followed, operators, reach
from convlint.network import Network
from convlint.tensor import TensorSpec

__all__ = ["classifies", "load", "operators", "reach", "reaches"]


def reaches(network: Network) -> Mapping[str, Reach | None]:
    """What is known of the output of every layer, by the layer's name; worked out once."""
    return network.analysis(_walked)


def _walked(network: Network) -> Reaches:
    found: Reaches = {}
    for layer in network.layers:
        found[layer.name] = followed(layer, found)
    return found


def classifies(network: Network) -> bool:
    """Whether all that comes out are rows of numbers, without positions."""
    outputs, found = network.outputs, reaches(network)
    ends = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    if not ends or not all(isinstance(end, TensorSpec) for end in ends):
        return False
    owns = [reach(end, found) for end in ends]
    return all(own is not None and len(own.fields) == 2 and not own.spatial for own in owns)


def load() -> None:
    """Import every family in this folder."""
    for found in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{found.name}")


load()
