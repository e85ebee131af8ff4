"""Where a sweep is: the candidates that are followed now, and those that are left for later."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from types import FrameType
from typing import Any, TypeAlias

from convlint.sweep.grid import Grid, Numbers
from convlint.sweep.node import Linear, Nodes
from convlint.sweep.region import Region, projected
from convlint.sweep.swept import COMPARISONS, Swept


@dataclass(frozen=True, slots=True)
class Question:
    """A comparison of sizes, and the candidates that had come to it."""

    op: str
    left: Linear
    right: Linear | int
    region: Region

    def holds(self) -> Numbers:
        """For which candidates of the grid it is true."""
        right = self.right
        other = right.array() if isinstance(right, Linear) else right
        found: Numbers = COMPARISONS[self.op](self.left.array(), other)
        return found


Why: TypeAlias = tuple[tuple[Question, bool], ...]
"""The comparisons that set some candidates apart, and their answers."""


@dataclass(frozen=True, slots=True)
class Left:
    """Candidates that are left for later, and what has set them apart."""

    region: Region
    why: Why


@dataclass(frozen=True, slots=True)
class Waste:
    """Candidates for which a layer leaves something of one axis of a tensor unused.

    `takers` is how many layers take the tensor.
    """

    layer: str
    tensor: str
    axis: str
    takers: int
    mask: Numbers


class Walk:
    """Answers comparisons as the representative of a region would, and narrows the region."""

    def __init__(self, grid: Grid, near: tuple[int, ...]) -> None:
        self.grid = grid
        self.nodes = Nodes(grid)
        self.region = Region(grid.shape)
        self.place = (0,) * len(grid.axes)
        self.left: list[Left] = []
        self.questions: dict[Any, Question] = {}
        """The comparisons of sizes, for the proof."""
        self.asked: list[Any] = []
        """The keys of the comparisons that were put last."""
        self.turned: Any = None
        """A comparison that is answered the other way round, for a trial."""
        self.written = False
        """Whether sizes are printed as they are written in letters."""
        self.opaque: list[Region] = []
        """Those that had come to a question whose answer beyond the grid cannot be told."""
        self.why: Why = ()
        """What has set the region apart from others, since it was entered."""
        self.unread: list[Waste] = []
        """Where rows or columns arrive that no window reads."""
        self.uneven: list[Waste] = []
        """Where only the padding before the map is read to its end."""
        self._near = near

    def forget_all(self) -> None:
        """Give back the memory of what was computed: nothing is proven any more."""
        self.nodes = Nodes(self.grid)
        self.questions.clear()
        self.asked.clear()

    def enter(self, region: Region, place: tuple[int, ...] | None = None, why: Why = ()) -> None:
        """Follow these candidates from now on, as the one at `place`."""
        self.region = region
        self.place = region.pick(self._near) if place is None else place
        self.left = []
        self.why = why

    def letter(self, axis: int) -> Swept:
        """The size that a letter stands for."""
        return Swept(self.nodes.letter(axis), self)

    def decide(self, op: str, left: Swept, right: Any) -> bool:
        """The representative's answer to a comparison."""
        own = left.function
        other: Linear | int
        if isinstance(right, Swept):
            other = right.function
            if other.node is own.node and other.scale == own.scale:
                return bool(COMPARISONS[op](own.offset, other.offset))
        else:
            other = int(right)
        key = (op, own, other)
        if self.turned is not None:
            answer = bool(COMPARISONS[op](int.__pos__(left), int.__pos__(right)))
            return answer is not (key == self.turned)
        known = self.region.memo.get(key)
        if known is not None:
            return known
        if _is_advice():
            return bool(COMPARISONS[op](int.__pos__(left), int.__pos__(right)))
        theirs = other.array() if isinstance(other, Linear) else other
        question = Question(op, own, other, self.region)
        self.questions.setdefault((key, id(self.region)), question)
        self.asked.append((key, id(self.region)))
        return self.answered(COMPARISONS[op](own.array(), theirs), key, question)

    def answered(self, answers: Numbers, key: Any, question: Question | None = None) -> bool:
        """The representative's answer, where those of all candidates are known.

        Without a `question`, what is asked cannot be told beyond the grid.
        """
        known = self.region.memo.get(key)
        if known is not None:
            return known
        if question is None and _is_advice():
            return bool(answers[projected(answers, self.place)])
        if question is None:
            self.opaque.append(self.region)
        answer = bool(answers[projected(answers, self.place)])
        differ = ~answers if answer else answers
        if self.region.has(differ):
            memo, left = self.region.memo, self.region.where(differ)
            left.memo = {**memo, key: not answer}
            self.left.append(Left(left, self._because(question, not answer)))
            self.why = self._because(question, answer)
            self.region = self.region.without(differ)
            self.region.memo = dict(memo)
        self.region.memo[key] = answer
        return answer

    def forget(self, paths: Sequence[tuple[Why, bool]]) -> None:
        """Leave out comparisons whose either answer ends in a failure: they decide nothing.

        Rules ask them to choose their words.

        Args:
            paths: all ways through one layer, and whether each goes on.
        """
        goes_on: dict[int, bool] = {}
        asked: dict[int, Question] = {}
        for why, is_alive in paths:
            for question, _ in why:
                asked[id(question)] = question
                goes_on[id(question)] = goes_on.get(id(question), False) or is_alive
        for key, question in asked.items():
            if not goes_on[key]:
                compared = (question.op, question.left, question.right)
                self.questions.pop((compared, id(question.region)), None)

    def decides(self, key: Any, fails: Callable[[], bool]) -> bool:
        """Whether it would not fail if the comparison `key` were answered otherwise."""
        self.turned = key
        try:
            return not fails()
        except (ArithmeticError, RecursionError, LookupError, TypeError, ValueError):
            return True  # the code did not expect such an answer
        finally:
            self.turned = None

    def _because(self, question: Question | None, answer: bool) -> Why:
        return self.why if question is None else (*self.why, (question, answer))


def _is_advice() -> bool:
    """Whether somebody only looks for words: how to mend what is certainly wrong.

    There the representative speaks for all; it would set candidates apart that fail alike.
    """
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        kind = _KINDS.get(frame.f_code.co_filename)
        if kind is None:
            kind = _KINDS[frame.f_code.co_filename] = _kind(frame.f_code.co_filename)
        if kind != "between":
            return kind == "advice"
        frame = frame.f_back
    return False


def _kind(filename: str) -> str:
    parts = PurePath(filename).parts[-3:]
    if "advice" in parts or parts[-2:] == ("shapes", "refit.py"):
        return "advice"
    return (
        "outside" if parts[-2:] in (("convlint", "judge.py"), ("sweep", "follow.py")) else "between"
    )


_KINDS: dict[str, str] = {}
"""What the code in a file is; the same for ever."""


def placed(value: Any, walk: Walk) -> Any:
    """Sizes with the values of the representative that the walk has now."""
    from dataclasses import replace

    from convlint.tensor import TensorSpec

    if isinstance(value, Swept):
        return Swept(value.function, walk)
    if isinstance(value, TensorSpec):
        shape = None if value.shape is None else tuple(placed(n, walk) for n in value.shape)
        strides = value.strides
        if isinstance(strides, tuple):
            strides = type(strides)(placed(n, walk) for n in strides)
        return replace(value, shape=shape, strides=strides)
    if isinstance(value, tuple):
        return tuple(placed(item, walk) for item in value)
    if isinstance(value, list):
        return [placed(item, walk) for item in value]
    if isinstance(value, dict):
        return {key: placed(item, walk) for key, item in value.items()}
    if isinstance(value, slice):
        return slice(*(placed(v, walk) for v in (value.start, value.stop, value.step)))
    return value
