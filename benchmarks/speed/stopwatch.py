"""One check, stage by stage: `python -m benchmarks.speed.stopwatch FILE SIZES [LAYERS] [profiled]`.

Runs in one process what convlint runs in two, and prints a `Stages` as JSON.  Time is that of the
processor, so that a busy machine says nearly the same.
"""

from __future__ import annotations

import time

_STARTED = time.process_time()  # before any import, for convlint has to pay for its own

PARTS = {
    "the user's frames (`frame.py`)": ("convlint/frame.py",),
    "shape functions (`shapes/`, `arithmetic/`)": ("convlint/shapes/", "convlint/arithmetic/"),
    "tracing (`trace/`)": ("convlint/trace/",),
    "the recorded graph (torch.fx)": ("torch/fx/",),
    "tensors and networks (`tensor.py`, `dims.py`, `network.py`)": (
        "convlint/tensor.py", "convlint/dims.py", "convlint/network.py",
    ),
    "torch.nn: layers and their weights": ("torch/nn/",),
    "the rest of torch": ("torch/",),
    "imports at first use": ("importlib",),
    "the network's own lines": ("benchmarks/speed/models/",),
}  # fmt: skip
"""Of a profile: what a line of it says, and the files that belong to it; the first fits."""


class _Clocked(list):  # type: ignore[type-arg]
    """A list that notes when something was added."""

    def __init__(self):  # type: ignore[no-untyped-def]
        super().__init__()
        self.times = [time.process_time()]

    def append(self, item):  # type: ignore[no-untyped-def]
        super().append(item)
        self.times.append(time.process_time())


def stopped(path, text, layers, profiled):  # type: ignore[no-untyped-def]
    """Check `path:Net`, with `Net(layers)` where `layers` is given; the fields of a `Stages`."""
    import gc

    gc.disable()  # as the process of a check does
    seconds = {"start Python": _STARTED}
    last = time.process_time()

    def done(name):  # type: ignore[no-untyped-def]
        nonlocal last
        now = time.process_time()
        seconds[name], last = now - last, now

    import convlint.cli
    import convlint.isolate
    import convlint.progress

    done("import the command line")
    import torch

    done("import torch")
    import convlint.lint  # noqa: F401
    from convlint import report
    from convlint.instance import bind
    from convlint.job import Result
    from convlint.judge import judge
    from convlint.load import load
    from convlint.rule import rules
    from convlint.spec import parse
    from convlint.target import parse as target
    from convlint.trace import build, trace
    from convlint.trace.modules import noted_definitions
    from convlint.trace.recorder import Recorder

    codes = frozenset(one.code for one in rules() if one.default)
    done("import the rest of convlint")
    with noted_definitions():
        made = load(target(f"{path}:Net"))
    done("load the user's file")
    module, built = _profile(
        profiled, lambda: build(made if layers is None else lambda: made(layers))
    )
    done("build")
    args, kwargs, names = bind(module, (parse(text),))
    clocked = _Clocked()
    plain = Recorder.__init__

    def clock(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        plain(self, *args, **kwargs)
        self.layers = clocked

    Recorder.__init__ = clock  # type: ignore[method-assign]
    network, traced = _profile(profiled, lambda: trace(module, args, kwargs, False, names))
    done("trace")
    found = list(judge(network, codes))
    done("judge")
    import pickle

    result = pickle.loads(pickle.dumps(Result(str(path), tuple(found), layers=len(clocked))))
    done("hand over")
    report.render("text", [result], report.Style())
    done("write the report")
    assert not any(one.severity == "error" for one in found), found
    assert isinstance(module, torch.nn.Module)
    import statistics

    gaps = [after - before for before, after in zip(clocked.times, clocked.times[1:], strict=False)]
    return {
        "seconds": seconds,
        "layers": len(gaps),
        "median": statistics.median(gaps),
        "high": statistics.quantiles(gaps, n=20)[-1],
        "parts": {"build": _parts(built), "trace": _parts(traced)} if profiled else {},
    }


def _profile(wanted, run):  # type: ignore[no-untyped-def]
    """What `run` returns, and its profile, if it is wanted."""
    if not wanted:
        return run(), None
    import cProfile

    profile = cProfile.Profile()
    with profile:
        result = run()
    return result, profile


def _parts(profile):  # type: ignore[no-untyped-def]
    """The share of each part; what is written in C belongs to the part that called it."""
    import pstats

    found = dict.fromkeys((*PARTS, "all else"), 0.0)
    for (file, _, _), (_, _, own, _, callers) in pstats.Stats(profile).stats.items():
        if file == "~":
            for (caller, _, _), (_, _, part, _) in callers.items():
                found[_part(caller)] += part
        else:
            found[_part(file)] += own
    whole = sum(found.values())
    return {name: part / whole for name, part in found.items()}


def _part(file):  # type: ignore[no-untyped-def]
    return next(
        (name for name, files in PARTS.items() if any(f in file for f in files)), "all else"
    )


if __name__ == "__main__":
    import json
    import sys

    file, sizes, *rest = sys.argv[1:]
    count = int(rest[0]) if rest and rest[0].isdigit() else None
    print(json.dumps(stopped(file, sizes, count, "profiled" in rest)))
