"""One network of a family: what a sweep says of its sizes, compared with torch."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from torch import nn

from benchmarks.sizes.comparison import Called, compared, raises
from benchmarks.sizes.families import Family
from benchmarks.zoo.model import Model
from convlint.dims import guess
from convlint.sizing import answered
from convlint.spec import parse
from convlint.sweep import Answer
from convlint.symbol import Dims, assigned
from convlint.tensor import TensorSpec
from convlint.trace import build, trace

_SEED = 1
_SHOWN = 5


@dataclass(frozen=True)
class Proof:
    """What came of one family, as it is kept in a line of JSON.

    Of `asked` sizes, torch runs `working`; `settled` are those for which the meta device and the
    CPU disagree, and the sweep agrees with the CPU; `wrong` those that disagree with both, of
    which `shown` has the first as [sizes, what was said].  `device` is where torch was asked.
    """

    library: str
    family: str
    name: str = ""
    image: list[int] = field(default_factory=list)
    device: str = ""
    asked: int = 0
    working: int = 0
    settled: int = 0
    wrong: int = 0
    shown: list[list[str]] = field(default_factory=list)
    proven: bool = False
    reasons: list[str] = field(default_factory=list)
    sweep_seconds: float = 0.0
    torch_seconds: float = 0.0
    skipped: str = ""
    """Why it has nothing to be compared: no variant takes one image, torch does not run it."""
    failure: str = ""
    """Why it was not compared."""

    @property
    def key(self) -> str:
        """Its name among all libraries."""
        return f"{self.library}/{self.family}"

    @property
    def is_doubted(self) -> bool:
        """Whether the sweep itself says that it did not see all, so that nothing was asked."""
        return not (self.skipped or self.failure or self.asked)


@dataclass(frozen=True)
class Proving:
    """The task of comparing a network of a family."""

    family: Family

    def run(self) -> Proof:
        """Ask the sweep and torch."""
        found = self.family.meant()
        blank = Proof(self.family.library, self.family.name)
        if found is None:
            return replace(blank, skipped="no variant takes one image")
        model, given = found
        assert given.shape is not None
        image = [guess(n) for n in given.shape]
        blank = replace(blank, name=model.name, image=image)
        try:
            called = _called(model, given)
            if isinstance(called, str):
                return replace(blank, skipped=f"torch does not run it: {called}")
            result = compared(called, _SEED, sweep=_answered)
        except Exception as exc:
            at = traceback.extract_tb(exc.__traceback__)[-1]
            where = f"{Path(at.filename).name}:{at.lineno}"
            return replace(blank, failure=f"{type(exc).__name__}: {exc} ({where})"[:400])
        return replace(
            blank,
            device=called.device,
            asked=result.asked,
            working=result.working,
            settled=result.settled,
            wrong=len(result.wrong),
            shown=[[assigned(sizes), said[:300]] for sizes, said in _spread(result.wrong)],
            proven=result.answer.proven,
            reasons=list(result.answer.reasons),
            sweep_seconds=round(result.sweep_seconds, 2),
            torch_seconds=round(result.torch_seconds, 2),
        )

    def lost(self, reason: str) -> Proof:
        """It could not be compared."""
        return Proof(self.family.library, self.family.name, failure=reason)


def tasks(families: Iterable[Family], done: Iterable[str] = ()) -> Iterator[Proving]:
    """Every family that is not done."""
    known = set(done)
    yield from (Proving(family) for family in families if family.key not in known)


def _called(model: Model, given: TensorSpec) -> Called | str:
    """A network and its image, of any height and width; or why torch does not run it."""
    assert given.shape is not None
    assert given.dtype is not None
    batch, channels, height, width = map(guess, given.shape)
    oracle = build(model.make).to("meta").eval()

    def make() -> nn.Module:
        return model.make().eval()

    called = Called(
        build(model.make).eval(),
        (((batch, channels, "H", "W"), given.dtype),),
        {"H": height, "W": width},
        make,
        oracle,
    )
    # Some networks ask for values that a meta tensor does not have.
    if raises(oracle, called.at(called.usual), "meta"):
        real = make()
        raised = raises(real, called.at(called.usual), "cpu")
        return raised or replace(called, oracle=real, device="cpu")
    return called


def _answered(called: Called, largest: int, seconds: float) -> Answer:
    """What `convlint sizes` finds."""
    ((shape, _),) = called.inputs
    network = trace(called.net, called.at(called.usual))
    inputs = (parse(",".join(map(str, shape))),)
    answer = answered(network, inputs, Dims(), called.usual, seconds)
    assert all(axis.sizes[-1] >= largest for axis in answer.grid.axes)
    return answer


def _spread(wrong: tuple[tuple[object, str], ...]) -> list[tuple[object, str]]:
    """Some of the sizes, of different things that were said."""
    found: dict[str, tuple[object, str]] = {}
    for sizes, said in wrong:
        found.setdefault("".join(c for c in said if not c.isdigit()), (sizes, said))
    return list(found.values())[:_SHOWN]
