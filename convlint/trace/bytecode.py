"""What the user's code is about to do with an answer: read from its bytecode."""

from __future__ import annotations

import dis
import functools
import sys
from collections.abc import Sequence
from types import CodeType
from typing import Final, NamedTuple

from convlint.frame import Frame, FrameFilter

_NEAR: Final = 40
_FAR: Final = 400
_SILENT: Final = frozenset(
    {"RESUME", "COPY_FREE_VARS", "MAKE_CELL", "RETURN_GENERATOR", "CACHE", "EXTENDED_ARG"}
)
"""Instructions that belong to no statement."""

_DECIDING: Final = frozenset(
    number for name, number in dis.opmap.items()
    if "JUMP" in name and ("_IF_TRUE" in name or "_IF_FALSE" in name or "_NONE" in name)
)  # fmt: skip
_BETWEEN: Final = frozenset(
    {"CACHE", "CALL", "COMPARE_OP", "COPY", "EXTENDED_ARG", "NOT_TAKEN", "PRECALL", "TO_BOOL"}
)
"""Instructions that may stand between a question and the jump that it decides."""


class Names(NamedTuple):
    """The names that something is unpacked into."""

    plain: int
    """How many there are but for the starred one."""
    starred: bool

    def taking(self, likely: int) -> int:
        """How many items they may get of something that has `likely` as many."""
        return max(self.plain + 1, likely) if self.starred else self.plain


def unpacked(filter_: FrameFilter) -> Names | None:
    """Into which names the user's code unpacks what it asks for (`b, c, h, w = x.shape`)."""
    code, at = _asking(filter_)
    return _names(code[at + 1 :])


def items_wanted(filter_: FrameFilter) -> Names | None:
    """Into which names the user's code is unpacking (`first, second = x`)."""
    code, at = _asking(filter_)
    return _names(code[at:])


def sparing(filter_: FrameFilter) -> bool | None:
    """The answer with which the user's code does not end at once; None where both will do.

    `assert q`, `if q: raise ...`, `if not q: raise ...`: whoever wrote it expects to pass.
    `if q: break` in a `for`: the loop goes on for as long as it may.
    """
    true, false = _sides(*_asking(filter_))
    return None if true == false else false > true


def is_check(frame: Frame) -> bool:
    """Whether a question that is asked at `frame` decides only whether something is raised."""
    code = _instructions(frame.code)
    return 2 in _sides(code, _place(code, frame.lasti))


def asked(frame: Frame) -> Frame:
    """Where the value of which the truth is asked at `frame` comes from: its expression.

    A jump has the place of the whole statement.
    """
    code = _instructions(frame.code)
    at = _place(code, frame.lasti)
    name = code[at].opname if at < len(code) else ""
    if "JUMP" in name or name in ("TO_BOOL", "UNARY_NOT"):
        while at > 0 and code[at - 1].opname in ("CACHE", "COPY", "EXTENDED_ARG", "TO_BOOL"):
            at -= 1
        at = max(at - 1, 0)
    return Frame(frame.code, code[at].offset if code else frame.lasti)


def is_raised_here(frame: Frame) -> bool:
    """Whether `frame` stands at a `raise` or a failing `assert`."""
    code = _instructions(frame.code)
    at = _place(code, frame.lasti)
    return at < len(code) and code[at].opname in ("RAISE_VARARGS", "RERAISE")


def branches(code: CodeType) -> bool:
    """Whether `code` decides anything (not: how often a `for` runs)."""
    return any(op in _DECIDING for op in code.co_code[::2])


def sides(frame: Frame) -> frozenset[int]:
    """The rows at which the sides begin of the jump that a question at `frame` decides.

    Empty where its answer decides no jump.
    """
    code = _instructions(frame.code)
    jump = _decided(code, _place(code, frame.lasti))
    if jump is None:
        return frozenset()
    rows = (_row(code, jump + 1), _row(code, _place(code, code[jump].argval)))
    return frozenset(row for row in rows if row is not None)


def loop(frame: Frame) -> frozenset[int]:
    """The rows of the innermost `for` that `frame` stands in; empty where it stands in none."""
    code = _instructions(frame.code)
    at = _place(code, frame.lasti)
    for start in range(at - 1, -1, -1):
        if code[start].opname == "FOR_ITER" and at < (end := _place(code, code[start].argval)):
            rows = (_row(code, place) for place in range(start, end))
            return frozenset(row for row in rows if row is not None)
    return frozenset()


def is_kept(frame: Frame) -> bool:
    """Whether the answer to a comparison at `frame` goes into a variable, to be used there."""
    code = _instructions(frame.code)
    at = _place(code, frame.lasti)
    following = [one.opname for one in code[at : at + 3]]
    return following[:1] == ["COMPARE_OP"] and [
        name for name in following[1:] if name != "UNARY_NOT"
    ][:1] == ["STORE_FAST"]


def _decided(code: Sequence[dis.Instruction], at: int) -> int | None:
    """The jump that a comparison at `at` decides."""
    if at >= len(code) or code[at].opname == "CALL":
        return None
    for place in range(at, min(at + 8, len(code))):
        name = code[place].opname
        if "JUMP" in name and ("IF_TRUE" in name or "IF_FALSE" in name):
            return place
        if name not in _BETWEEN and name != "UNARY_NOT":
            return None
    return None


def rows_to_see(code: CodeType) -> frozenset[int]:
    """The rows of a function's code, but for those that only lead to a `raise`."""
    rows: dict[int, int] = {}
    instructions = _instructions(code)
    for place, one in enumerate(instructions):
        if one.opname not in _SILENT and one.positions and one.positions.lineno is not None:
            rows.setdefault(one.positions.lineno, place)
    return frozenset(row for row, at in rows.items() if not _raises(instructions, at, _FAR))


def _row(code: Sequence[dis.Instruction], place: int) -> int | None:
    positions = code[place].positions if place < len(code) else None
    return positions.lineno if positions is not None else None


def _sides(code: Sequence[dis.Instruction], at: int) -> tuple[int, int]:
    """How much ends where the question at `at` is answered with true, and with false."""
    negated = False
    for place in range(at, min(at + 8, len(code))):
        name = code[place].opname
        if name == "UNARY_NOT":
            negated = not negated
        elif "JUMP" in name and ("IF_TRUE" in name or "IF_FALSE" in name):
            there = _ends(code, _place(code, code[place].argval), at)
            here = _ends(code, place + 1, at)
            # True jumps at IF_TRUE and stays at IF_FALSE.
            return (there, here) if ("IF_TRUE" in name) != negated else (here, there)
        elif name not in _BETWEEN:
            break
    return 0, 0


def _ends(code: Sequence[dis.Instruction], place: int, at: int) -> int:
    """How much ends where the question at `at` is answered with a jump to `place`."""
    return 2 if _raises(code, place) else int(_breaks(code, place, at))


def _breaks(code: Sequence[dis.Instruction], place: int, at: int) -> bool:
    """Whether the code at `place` does nothing but to leave the `for` that the question is in."""
    if place >= len(code) or code[place].opname not in ("POP_TOP", "POP_ITER"):
        return False
    if any(one.opname == "COPY" for one in code[max(at - 2, 0) : at + 3]):
        return False  # it is a value that is dropped, not the iterator
    return any(one.opname == "FOR_ITER" and at < _place(code, one.argval) for one in code[:at])


def _raises(code: Sequence[dis.Instruction], place: int, near: int = _NEAR) -> bool:
    """Whether the code goes from `place` straight on to a `raise`."""
    for _ in range(near):
        if place >= len(code):
            return False
        name = code[place].opname
        if name in ("RAISE_VARARGS", "LOAD_ASSERTION_ERROR"):
            return True
        if name.startswith("RETURN") or "_IF_" in name or name in ("FOR_ITER", "JUMP_BACKWARD"):
            return False
        place = _place(code, code[place].argval) if name == "JUMP_FORWARD" else place + 1
    return False


def _asking(filter_: FrameFilter) -> tuple[Sequence[dis.Instruction], int]:
    """The user's innermost function, and which of its instructions it is at."""
    frame = sys._getframe(1)
    while not filter_.is_user(frame.f_code):
        if frame.f_back is None:
            return (), 0
        frame = frame.f_back
    code = _instructions(frame.f_code)
    return code, _place(code, frame.f_lasti)


@functools.lru_cache(maxsize=64)
def _instructions(code: CodeType) -> tuple[dis.Instruction, ...]:
    return tuple(dis.get_instructions(code))


def _place(code: Sequence[dis.Instruction], offset: int) -> int:
    return next((i for i, one in enumerate(code) if one.offset >= offset), len(code))


def _names(instructions: Sequence[dis.Instruction]) -> Names | None:
    """The names that the first of these instructions unpacks into."""
    for one in instructions:
        if one.opname == "UNPACK_SEQUENCE" and one.arg is not None:
            return Names(one.arg, starred=False)
        if one.opname == "UNPACK_EX" and one.arg is not None:
            return Names((one.arg & 0xFF) + (one.arg >> 8), starred=True)
        if one.opname not in ("EXTENDED_ARG", "CACHE"):
            break
    return None
