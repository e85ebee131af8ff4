"""What of the user's code a check has touched: the files it imported, and the lines that ran."""

from __future__ import annotations

import dis
import os
import sys
from collections.abc import Iterator
from types import CodeType
from typing import TYPE_CHECKING

from convlint import pragma
from convlint.frame import Frame, FrameFilter
from convlint.job import Ran
from convlint.network import Network
from convlint.reads import absolute
from convlint.target import Target

if TYPE_CHECKING:
    from convlint.trace.watch import Watch

_OURS = ("convlint", "__main__", "__mp_main__")
"""Not imported for the target: convlint, its rules, and what has started it."""


def imported(target: Target) -> tuple[str, ...]:
    """The user's own source files that are imported, that of `target` among them.

    Neither the standard library's nor installed ones.  All that is loaded counts: in a process
    that checks one target, all was loaded for it.
    """
    known = FrameFilter()
    found = {absolute(name) for name in _loaded() if known.is_own_file(name)}
    if target.is_file:
        own = absolute(target.path)
        found |= {own} if os.path.isfile(own) else set()
    return tuple(sorted(found))


def _loaded() -> Iterator[str]:
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] not in _OURS:
            try:
                filename = module.__file__
            except Exception:  # anything may stand in `sys.modules`
                continue
            # A relative one is none: `torch.ops` says that it is "_ops.py".
            if isinstance(filename, str) and os.path.isabs(filename):
                yield filename


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
