"""Where the time of one check goes: `python -m benchmarks.speed.stages FILE SIZES [LAYERS]`.

Runs the stages of the process that checks a target, one by one, and prints a `Stages` as JSON.
"""

from __future__ import annotations

import cProfile
import dataclasses
import gc
import json
import pickle
import pstats
import statistics
import sys
import time
from pathlib import Path
from typing import Any

PARTS = {
    "the user's frames (`frame.py`)": ("convlint/frame.py",),
    "shape functions (`shapes/`, `arithmetic/`)": ("convlint/shapes/", "convlint/arithmetic/"),
    "tracing (`trace/`)": ("convlint/trace/",),
    "the recorded graph (torch.fx)": ("torch/fx/",),
    "tensors and networks (`tensor.py`, `dims.py`, `network.py`)": (
        "convlint/tensor.py", "convlint/dims.py", "convlint/network.py",
    ),
    "torch's own Python": ("torch/",),
}  # fmt: skip
"""Of the profile of tracing: what a line of it says, and the files that belong to it."""


@dataclasses.dataclass(frozen=True)
class Stages:
    """Seconds by stage, in the order of the run, and seconds by layer.

    `median` and `high` are over the layers: the time from one recorded layer to the next, with
    what the user's own lines take between them; `high` is the 95th percentile. `parts` is the
    profile of tracing, in shares of one.
    """

    seconds: dict[str, float]
    layers: int
    median: float
    high: float
    parts: dict[str, float]

    @property
    def analysis(self) -> float:
        """Seconds of building, tracing and judging."""
        return sum(self.seconds[name] for name in ("build", "trace", "judge"))


class _Clocked(list[Any]):
    """A list that notes when something was added."""

    def __init__(self) -> None:
        super().__init__()
        self.times = [time.perf_counter()]

    def append(self, item: Any) -> None:
        super().append(item)
        self.times.append(time.perf_counter())


def stages(path: Path, text: str, layers: int | None, profiled: bool) -> Stages:
    """Check `path:Net`, with `Net(layers)` where `layers` is given; see `Stages`."""
    gc.disable()  # as the process of a check does
    seconds: dict[str, float] = {}
    last = time.perf_counter()

    def done(name: str) -> None:
        nonlocal last
        now = time.perf_counter()
        seconds[name], last = now - last, now

    import convlint.cli  # noqa: F401

    done("import the command line")
    import torch

    done("import torch")
    from convlint.judge import judge
    from convlint.lint import bind
    from convlint.load import load
    from convlint.rule import rules
    from convlint.spec import parse
    from convlint.target import parse as target
    from convlint.trace import build, trace
    from convlint.trace.recorder import Recorder

    codes = frozenset(one.code for one in rules() if one.default)
    done("import the rest of convlint")
    made: Any = load(target(f"{path}:Net"))
    done("load the user's file")
    module = build(made if layers is None else lambda: made(layers))
    done("build")
    args, kwargs, names = bind(module, (parse(text),))
    clocked = _Clocked()
    plain = Recorder.__init__

    def clock(self: Recorder, *args: Any, **kwargs: Any) -> None:
        plain(self, *args, **kwargs)
        self.layers = clocked

    Recorder.__init__ = clock  # type: ignore[method-assign]
    profile = cProfile.Profile()
    if profiled:
        profile.enable()
    network = trace(module, args, kwargs, False, names)
    profile.disable()
    done("trace")
    found = list(judge(network, codes))
    done("judge")
    pickle.dumps(found)
    done("hand over")
    assert not found, found
    assert isinstance(module, torch.nn.Module)
    gaps = [after - before for before, after in zip(clocked.times, clocked.times[1:], strict=False)]
    high = statistics.quantiles(gaps, n=20)[-1]
    parts = _parts(profile) if profiled else {}
    return Stages(seconds, len(network.layers), statistics.median(gaps), high, parts)


def _parts(profile: cProfile.Profile) -> dict[str, float]:
    found = dict.fromkeys((*PARTS, "all else"), 0.0)
    for (file, _, _), row in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        owner = (name for name, parts in PARTS.items() if any(p in file for p in parts))
        found[next(owner, "all else")] += row[2]
    whole = sum(found.values())
    return {name: seconds / whole for name, seconds in found.items()}


if __name__ == "__main__":
    file, sizes, *rest = sys.argv[1:]
    count = int(rest[0]) if rest and rest[0].isdigit() else None
    print(json.dumps(dataclasses.asdict(stages(Path(file), sizes, count, "profiled" in rest))))
