"""A random network, a mistake in one of its steps, and what is offered for it.

The network is one that torch runs and in which convlint finds nothing, in either mode: what was
wrong with it before, and only shows when it runs again, would be held against the edit.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import tempfile
import time
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from benchmarks.fix import here
from benchmarks.zoo.processes import each
from convlint.diagnostic import Diagnostic, Severity
from convlint.fix.bench import Bench, keys
from convlint.fix.mender import Mender
from convlint.job import Job, Mode
from convlint.rule import silent
from convlint.spec import InputSpec
from convlint.target import parse as target
from tests.composed.comparison import NOT_OF_THE_SHAPES, Run, torch_says
from tests.composed.draft import Draft
from tests.composed.network import Network
from tests.composed.slip import slip
from tests.composed.strategy import composed

_SHORTEST: Final = 3
_LONGEST: Final = 12
"""How many steps a network has; every trial runs all of them."""

_NUMBERS: Final = itertools.count()
"""Each in another file: torch and Python remember the lines of a file."""

_LIMIT: Final = 600.0
"""Seconds that a network may take."""

_SLIPS: Final = 40
"""How many mistakes are tried before a network is given up."""


@dataclass(frozen=True)
class Injected:
    """A network with a mistake in it, where torch raises for it, and the line as it was."""

    network: Network
    run: Run
    was: str
    now: str

    @property
    def lines(self) -> tuple[str, str, str]:
        """The line as it was, as it is, and what torch says of it."""
        return f"- {self.was}", f"+ {self.now}", self.run.raised

    @property
    def where(self) -> str:
        """Whether it is `forward` that raises, or the constructor already."""
        return "forward" if self.run.row in self.network.called else "constructor"


@dataclass(frozen=True)
class Outcome:
    """What became of one network.

    `answer` is `repaired` (by what was offered first), `repaired by several`, `partly` (what was
    offered mends one fault and leaves another), `nothing`, `unparsable`, `raises` (convlint takes
    it for mended, and torch does not), `of the data` (the same, where torch speaks of values, as an
    index out of range), `silent` (convlint finds nothing), `constructor`, where the network cannot
    be made and nothing is tried, or `lost`, where it has not come to an end.
    """

    seed: int
    answer: str
    injected: Injected | None = None
    found: tuple[str, ...] = ()
    edits: tuple[str, ...] = ()
    torch: str = ""
    trials: int = 0
    seconds: float = 0.0

    @property
    def original(self) -> bool:
        """Whether the line that was written first is the one that was there."""
        was = self.injected.was if self.injected is not None else None
        return bool(self.edits) and f"`{was}`" in self.edits[0]


def injected(seed: int) -> Injected:
    """A healthy network, drawn from this seed, with one mistake for which torch raises."""
    while True:
        rng = random.Random(seed)
        length = rng.randint(_SHORTEST, _LONGEST)
        right = composed(rng.getrandbits(32), [rng.getrandbits(32) for _ in range(length)], 0)
        found = _slipped(right, rng) if right.steps and _is_healthy(right) else None
        if found is not None:
            return found
        seed = rng.getrandbits(48)


def _is_healthy(network: Network) -> bool:
    """Whether torch runs it, and convlint finds nothing."""
    if _run(network).raised:
        return False
    with _written(network) as (_, job):
        other: Mode = "eval" if job.mode == "train" else "train"
        return not any(map(keys, here.checked([job, replace(job, mode=other)])))


@contextlib.contextmanager
def _written(network: Network) -> Iterator[tuple[Path, Job]]:
    """The network in a file, and how it is checked."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder).resolve() / f"network_{next(_NUMBERS)}.py"
        path.write_text(network.source, encoding="utf-8")
        inputs = tuple(
            InputSpec(None, tuple(i.shape), str(i.dtype).removeprefix("torch."))
            for i in network.inputs
        )
        mode: Mode = "train" if network.training else "eval"
        yield path, Job(target(f"{path}:Net"), inputs, mode=mode)


def _slipped(right: Network, rng: random.Random) -> Injected | None:
    """`right` with a mistake; None where none was found that matters."""
    for _ in range(_SLIPS):
        at = rng.randrange(len(right.steps))
        draft = Draft(rng)
        names = [f"v{i.number}" for i in right.inputs] + [f"v{s.number}" for s in right.steps[:at]]
        draft.values = dict.fromkeys(names)
        step = slip(draft, right.steps[at])
        steps = (*right.steps[:at], step, *right.steps[at + 1 :])
        wrong = replace(right, steps=steps, slips=1)
        try:
            compile(wrong.source, "<slip>", "exec")
        except SyntaxError:
            continue
        run = _run(wrong)
        if run.raised and not any(text in run.raised for text in NOT_OF_THE_SHAPES):
            lines = zip(right.source.splitlines(), wrong.source.splitlines(), strict=True)
            was, now = next((a.strip(), b.strip()) for a, b in lines if a != b)
            return Injected(wrong, run, was, now)
    return None


def outcome(seed: int) -> Outcome:
    """Break the network of this seed, and repair it."""
    began = time.monotonic()
    broken = injected(seed)
    if broken.where == "constructor":
        return Outcome(seed, "constructor", broken, torch=broken.run.raised)
    with _written(broken.network) as (path, job):
        bench = Bench((job,), here.checked)
        quiet = silent()
        mender = Mender(
            bench,
            quiet,
            unsafe=True,
            visible=lambda _, found: _crashes(found, quiet),
            may_edit=lambda name: name == str(path),
        )
        first = bench.first()
        found = tuple(
            f"{d.code} {d.message}" for d in first.results[0].diagnostics if _crashes(d, quiet)
        )
        last = mender.mend(first) if found else first
        texts = [*(one.before.get(str(path), "") for one in mender.mended[1:])]
        texts += [last.texts[str(path)]] if mender.mended else []
        answer, raised = "nothing" if found else "silent", ""
        for place, text in enumerate(texts):
            answer, raised = _judged(broken.network, job, path, text)
            if answer == "repaired":
                answer = "repaired" if place == 0 else "repaired by several"
                break
            if answer in ("unparsable", "raises", "of the data"):
                break
    edits = tuple(one.fix.message for one in mender.mended)
    seconds = time.monotonic() - began
    return Outcome(seed, answer, broken, found, edits, raised, bench.trials, seconds)


def _judged(network: Network, job: Job, path: Path, text: str) -> tuple[str, str]:
    """What an edited file is, and what torch raises in it."""
    try:
        compile(text, str(path), "exec")
    except (SyntaxError, ValueError) as error:
        return "unparsable", str(error)
    run = _run(network, text)
    (again,) = here.checked([replace(job, instead=((str(path), text),))])
    quiet = silent()
    told = [d.message for d in again.diagnostics if _crashes(d, quiet)]
    if run.raised and not told:
        spoken = any(words in run.raised for words in NOT_OF_THE_SHAPES)
        return ("of the data" if spoken else "raises"), run.raised
    return ("partly" if told or run.raised else "repaired"), run.raised or "".join(told[:1])


def _crashes(found: Diagnostic, quiet: frozenset[str]) -> bool:
    return found.severity is Severity.ERROR and found.code not in quiet


def _run(network: Network, text: str | None = None) -> Run:
    """What torch makes of a network, or of another text with its steps."""
    path = Path("<network>")
    module = types.ModuleType("network")
    code = compile(network.source if text is None else text, str(path), "exec")
    exec(code, module.__dict__)
    return torch_says(network, module.Net, path)


@dataclass(frozen=True)
class Breaking:
    """The task of breaking and repairing the network of one seed, in a process of its own.

    Python keeps the class of every trial, and walks over all of them when an attribute of
    `nn.Module` is set, as every trace does: many networks in one process make it slow.
    """

    seed: int

    def run(self) -> Outcome:
        """What became of it."""
        return outcome(self.seed)

    def lost(self, reason: str) -> Outcome:
        """It has not come to an end."""
        return Outcome(self.seed, "lost", torch=reason)


def outcomes(seeds: Sequence[int], jobs: int = 1) -> Iterator[Outcome]:
    """One for every seed, as they come."""
    yield from map(outcome, seeds[:1])  # whose imports all others find made
    yield from each(map(Breaking, seeds[1:]), jobs, _LIMIT)
