"""What of the user's code a network has run: the files that make or call its layers, the lines."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from types import CodeType
from typing import TYPE_CHECKING

from convlint import pragma
from convlint.frame import Frame, FrameFilter
from convlint.job import Ran
from convlint.network import Network
from convlint.reads import absolute

if TYPE_CHECKING:
    from convlint.trace.watch import Watch


def sources(network: Network) -> tuple[str, ...]:
    """The user's own source files whose code makes or calls the layers."""
    known = FrameFilter()
    codes = {id(frame.code): frame.code for frame in _frames(network)}
    own = (absolute(code.co_filename) for code in codes.values() if known.is_own(code))
    return tuple(dict.fromkeys(own))


def ran(network: Network, watch: Watch | None) -> tuple[Ran, ...]:
    """The lines that ran of the files that have pragmas: what is unused there can be told.

    Only what certainly ran, and nothing where the network's own code did not come to its end:
    rules are silent about much of what does not end.
    """
    wanted = {name for name in sources(network) if pragma.read(name)}
    if not wanted or network.raised:
        return ()
    rows: dict[str, set[int]] = {name: set() for name in wanted}
    watched = watch.rows() if watch is not None else {}
    frames = {(id(frame.code), frame.lasti): frame for frame in _frames(network)}
    for frame in frames.values():
        held = rows.get(absolute(frame.code.co_filename))
        if held is not None:
            held |= watched.get(id(frame.code), frozenset()) | _whole(frame.code)
            held |= {frame.location.row, frame.code.co_firstlineno}
    return tuple(Ran(name, tuple(sorted(found))) for name, found in rows.items())


def _whole(code: CodeType) -> set[int]:
    """All lines of a function that ran; none where it has code that need not run with it."""
    from convlint.trace.bytecode import branches

    loops = dis.opmap["FOR_ITER"] in code.co_code[::2]  # perhaps not even once
    if loops or code.co_exceptiontable or branches(code):
        return set()
    return {row for _, _, row in code.co_lines() if row is not None}


def _frames(network: Network) -> Iterator[Frame]:
    for layer in network.layers:
        yield from layer.frames
        yield from layer.definition_frames
