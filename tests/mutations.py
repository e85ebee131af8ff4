"""Networks with a slip in them: torch is asked, convlint is asked, and they must agree.

A slip is a changed number, a name for its neighbour, a forgotten line, another input size, in one
of the networks of tests/networks and of the cases.  As a tool:
`python -m tests.mutations --count 2000 --seed 1`.
"""

from __future__ import annotations

import argparse
import ast
import collections
import json
import random
import resource
import sys
import tempfile
import traceback
import types
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from convlint.diagnostic import Diagnostic
from convlint.job import Job
from convlint.lint import run
from convlint.spec import InputSpec, parse
from convlint.target import parse as parse_target
from tests.oracle import raising, real
from tests.test_cases import CASES, described


@dataclass(frozen=True)
class Mutant:
    """A network file with one literal changed, and the input it is called with."""

    origin: str
    source: str
    change: str
    inputs: tuple[InputSpec, ...]
    training: bool


@dataclass(frozen=True)
class Original:
    """A network file, the input it is made for, and whether it works."""

    path: Path
    inputs: tuple[InputSpec, ...]
    training: bool
    works: bool


def originals() -> Iterator[Original]:
    """The networks of this folder, and the cases where they are present."""
    for path in sorted((Path(__file__).parent / "networks").glob("*.py")):
        head = path.read_text(encoding="utf-8").partition("\n")[0]
        words = head.removeprefix("# convlint: target Net ").split()
        yield Original(path, tuple(parse(word) for word in words), False, True)
    for folder in CASES:
        case = described(folder)
        fixed = case.get("fixed_input", case["input"])
        for file, given in (("fixed.py", fixed), ("buggy.py", case["input"])):
            inputs = tuple(parse(t) for t in (given if isinstance(given, list) else [given]))
            yield Original(folder / file, inputs, case["train_mode"], file == "fixed.py")


def mutants(rng: random.Random, sources: Sequence[Original]) -> Iterator[Mutant]:
    """Endlessly many."""
    while True:
        original = rng.choice(sources)
        text = original.path.read_text(encoding="utf-8")
        inputs = original.inputs
        kind = rng.random()
        if kind < 0.2:
            inputs, change = _resized(inputs, rng)
        elif kind < 0.4:
            text, change = _renamed(text, rng)
        elif kind < 0.5:
            text, change = _dropped(text, rng)
        else:
            text, change = _edited(text, rng)
        name = f"{original.path.parent.name}/{original.path.name}"
        yield Mutant(name, text, change, inputs, original.training)


def _resized(inputs: tuple[InputSpec, ...], rng: random.Random) -> tuple[Any, str]:
    at = rng.randrange(len(inputs))
    shape = list(inputs[at].shape or ())
    axis = rng.randrange(len(shape))
    shape[axis] = max(1, _other(shape[axis], rng))
    changed = InputSpec(inputs[at].name, tuple(shape), inputs[at].dtype)
    return (*inputs[:at], changed, *inputs[at + 1 :]), f"input {at} is {shape}"


def _edited(text: str, rng: random.Random) -> tuple[str, str]:
    spots = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and type(node.value) in (int, bool)
    ]
    if not spots:
        return text, "nothing"
    spot = rng.choice(spots)
    held: Any = spot.value
    value = not held if isinstance(held, bool) else _other(held, rng)
    lines = text.splitlines(keepends=True)
    line = lines[spot.lineno - 1].encode()
    new = line[: spot.col_offset] + str(value).encode() + line[spot.end_col_offset :]
    lines[spot.lineno - 1] = new.decode()
    return "".join(lines), f"line {spot.lineno}: {spot.value} -> {value}"


_NAMES = [
    ("Conv2d", "Conv1d"), ("BatchNorm2d", "BatchNorm1d"), ("MaxPool2d", "MaxPool1d"),
    ("Conv1d", "Conv2d"), ("BatchNorm1d", "BatchNorm2d"), ("Conv2d", "ConvTranspose2d"),
    ("BatchNorm2d", "LayerNorm"), ("torch.cat", "torch.stack"), ("torch.stack", "torch.cat"),
    (".view(", ".reshape("), (".reshape(", ".view("), (".flatten(1)", ".flatten()"),
    (".flatten(2)", ".flatten(1)"), (".squeeze(1)", ".squeeze()"), ("unsqueeze(1)", "unsqueeze(0)"),
    ("Linear", "Bilinear"), ("GRU", "LSTM"), ("LSTM", "GRU"), (" + ", " @ "), ("dim=1", "dim=2"),
    ("batch_first=True", "batch_first=False"), ("AdaptiveAvgPool2d(1)", "AvgPool2d(2)"),
    ("mean((2, 3))", "mean(1)"), (".transpose(1, 2)", ""), ("(0, 2, 3, 1)", "(0, 3, 1, 2)"),
    ("nn.Flatten()", "nn.Identity()"), ("padding=1", "padding=0"), ("stride=2", "stride=3"),
    ("-1", "2"), ("x.size(0)", "x.size(1)"), ("float", "half"), ("keepdim=True", "keepdim=False"),
]  # fmt: skip


def _renamed(text: str, rng: random.Random) -> tuple[str, str]:
    """One of the usual slips: a name for its neighbour, once."""
    fitting = [pair for pair in _NAMES if pair[0] in text]
    if not fitting:
        return _edited(text, rng)
    old, new = rng.choice(fitting)
    parts = text.split(old)
    at = rng.randrange(1, len(parts))
    changed = old.join(parts[:at]) + new + old.join(parts[at:])
    try:
        ast.parse(changed)
    except SyntaxError:
        return _edited(text, rng)
    return changed, f"line {old.join(parts[:at]).count(chr(10)) + 1}: {old} -> {new}"


def _dropped(text: str, rng: random.Random) -> tuple[str, str]:
    """A forgotten line of a forward."""
    spots = [
        statement
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and node.name != "__init__"
        for statement in node.body
        if isinstance(statement, ast.Assign) and statement.lineno == statement.end_lineno
    ]
    if not spots:
        return _edited(text, rng)
    spot = rng.choice(spots)
    lines = text.splitlines(keepends=True)
    lines[spot.lineno - 1] = " " * spot.col_offset + "pass\n"
    return "".join(lines), f"line {spot.lineno} is dropped"


def _other(value: int, rng: random.Random) -> int:
    return rng.choice([value + 1, value - 1, value * 2, value // 2, value + 3, -value, 1])


def torch_says(mutant: Mutant, path: Path) -> tuple[str, int] | None:
    """Exception and innermost line in the file; None if it runs; line 0: no network at all."""
    module = types.ModuleType("mutant")
    module.__file__ = str(path)
    sys.modules["mutant"] = module
    torch.manual_seed(0)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        try:
            exec(compile(mutant.source, str(path), "exec"), module.__dict__)
            net = module.__dict__["Net"]().train(mutant.training)
        except Exception as exc:
            return f"{type(exc).__name__}: {exc}", 0
        tensors = [real((s.shape or (), getattr(torch, s.dtype))) for s in mutant.inputs]
        try:
            net(*tensors)
        except Exception as exc:
            rows = [
                f.lineno for f in traceback.extract_tb(exc.__traceback__) if f.filename == str(path)
            ]
            first = (str(exc).strip().splitlines() or [""])[0]
            return f"{type(exc).__name__}: {first}", rows[-1] or 0
    return None


def convlint_says(mutant: Mutant, path: Path) -> list[Diagnostic]:
    """The errors convlint finds."""
    path.write_text(mutant.source, encoding="utf-8")
    job = Job(parse_target(f"{path}:Net"), mutant.inputs, "train" if mutant.training else "eval")
    return raising(run(job).diagnostics)


_NOT_OF_THE_SHAPES = (
    "allocate memory",
    "all elements of target should be between 0 and 1",
    "index out of range in self",
    "not implemented for",
)
"""What torch says of values, memory or a missing kernel of this machine."""


def verdict(mutant: Mutant, path: Path) -> tuple[str, str]:
    """`agree`, or what is wrong (`missed`, `false`, `elsewhere`), and the details."""
    says = torch_says(mutant, path)
    if says is not None and any(text in says[0] for text in _NOT_OF_THE_SHAPES):
        return "agree", ""
    errors = convlint_says(mutant, path)
    told = "; ".join(f"{d.code}@{d.location.row if d.location else 0} {d.message}" for d in errors)
    if says is None:
        return ("false" if errors else "agree"), told
    message, line = says
    if not errors:
        return "missed", f"torch: line {line}: {message}"
    if line == 0:
        return "agree", ""
    rows = {place.row for d in errors for place in _places(d)}
    return ("agree" if line in rows else "elsewhere"), f"torch: line {line}: {message} | {told}"


def _places(found: Diagnostic) -> Iterator[Any]:
    if found.location is not None:
        yield found.location
    yield from (label.location for label in found.related)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=500)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--only", default="", help="originals whose path contains this")
    given = options.parse_args()
    resource.setrlimit(resource.RLIMIT_DATA, (6 << 30, 6 << 30))  # a slip may ask for anything
    counts: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        found = [o for o in originals() if given.only in str(o.path)]
        source = mutants(random.Random(given.seed), found)
        for number in range(given.count):
            mutant = next(source)
            path = Path(folder) / f"net_{number}.py"
            try:
                answer, details = verdict(mutant, path)
            except Exception as exc:
                answer, details = "crash", "".join(traceback.format_exception(exc)[-4:])
            counts[answer] += 1
            if answer != "agree":
                inputs = [str(spec) for spec in mutant.inputs]
                print(
                    f"{answer}: {mutant.origin} {mutant.change} {json.dumps(inputs)}\n    {details}"
                )
            path.unlink(missing_ok=True)
    print(dict(counts))


if __name__ == "__main__":
    main()
