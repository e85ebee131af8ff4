"""The command `python -m benchmarks.gate`: two ratios, measured in one run, and a page of them."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[2]
TARGETS = 10
_TARGET = """
[[targets]]
name = "resnet{number}"
model = "{model}:ResNet50(num_classes={classes})"
inputs = ["1,3,224,224"]
"""


@click.command()
@click.option("--repeat", "rounds", default=7, show_default=True, type=click.IntRange(min=1))
@click.option(
    "--page",
    "file",
    default=ROOT / "docs" / "gate.md",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write.",
)
def main(rounds: int, file: Path) -> None:
    """Compare runs of the command with `import torch` and with each other; write a page."""
    with tempfile.TemporaryDirectory() as folder:
        one, ten = Path(folder, "one.toml"), Path(folder, "ten.toml")
        one.write_text(_targets(1))
        ten.write_text(_targets(TARGETS))
        lint = (sys.executable, "-m", "convlint", "-q", "--config")
        commands = {
            "import": (sys.executable, "-c", "import torch"),
            "hit": (*lint, str(one), "--cache-dir", str(Path(folder, ".cache"))),
            "one": (*lint, str(one), "--no-cache"),
            "ten": (*lint, str(ten), "--no-cache"),
        }
        _run(commands["hit"])  # and it is in the cache
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                times[name].append(_run(command))
    wall = {name: statistics.median(t for t, _ in found) for name, found in times.items()}
    cpu = {name: statistics.median(t for _, t in found) for name, found in times.items()}
    file.write_text(_page(wall, cpu, rounds), encoding="utf-8")
    click.echo(_rows(wall, cpu), nl=False)


def _targets(count: int) -> str:
    model = ROOT / "examples" / "resnet50.py"
    return "".join(_TARGET.format(number=i, model=model, classes=1000 + i) for i in range(count))


def _run(command: Sequence[str]) -> tuple[float, float]:
    """Seconds of wall time, and of all processors, of a command that must end well."""
    kept = {name: value for name, value in os.environ.items() if name != "CONVLINT_NO_CACHE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, env=kept | {"PYTHONPATH": str(ROOT)}
    )
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, used


def _rows(wall: dict[str, float], cpu: dict[str, float]) -> str:
    bounds = (
        ("one unchanged target, over `import torch`", "hit", "import", 0.12),
        (f"{TARGETS} ResNet-50, over one", "ten", "one", 1.8),
    )
    lines = ["| what | bound | wall time | processor time |  |", "|---|---:|---:|---:|---:|"]
    for what, name, other, bound in bounds:
        ratio = wall[name] / wall[other]
        kept = "kept" if ratio <= bound else "**not kept**"
        lines.append(
            f"| {what} | {bound:.2f} | {ratio:.2f} | {cpu[name] / cpu[other]:.2f} | {kept} |"
        )
    return "\n".join(lines) + "\n"


def _page(wall: dict[str, float], cpu: dict[str, float], rounds: int) -> str:
    return (
        "# What the gate costs\n\n"
        "Written by `python -m benchmarks.gate`. Ratios of whole processes, all in turn: medians of"
        f" {rounds} rounds,\non {os.cpu_count()} cores. A bound is one of wall time.\n\n"
        + _rows(wall, cpu)
    )


if __name__ == "__main__":
    main()
