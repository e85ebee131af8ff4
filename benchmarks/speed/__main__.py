"""The command `python -m benchmarks.speed`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from benchmarks.speed.comparison import RIVALS, rows
from benchmarks.speed.imports import costs
from benchmarks.speed.model import models
from benchmarks.speed.page import Measured, page
from benchmarks.speed.process import ROOT
from benchmarks.speed.stages import chains, profiled, stages

_PROFILED = ("resnet50", "efficientnet_b7", "swin")


@click.command()
@click.option(
    "--repeat",
    "rounds",
    default=7,
    show_default=True,
    type=click.IntRange(min=1),
    help="Times that each is measured.",
)
@click.option("--model", "wanted", multiple=True, help="Only this network; may be repeated.")
@click.option(
    "--tool",
    "tools",
    multiple=True,
    default=RIVALS,
    show_default="all",
    type=click.Choice(RIVALS),
    help="Beside convlint, only this tool; may be repeated.",
)
@click.option(
    "--page",
    "file",
    default=ROOT / "docs" / "speed.md",
    show_default="docs/speed.md",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write.",
)
def main(rounds: int, wanted: tuple[str, ...], tools: tuple[str, ...], file: Path) -> None:
    """Compare convlint with `import torch` and with other tools, and write a page about it."""
    every = {model.name: model for model in models()}
    unknown = [name for name in wanted if name not in every]
    if unknown:
        raise click.BadParameter(f"no such network: {unknown[0]}; there are {', '.join(every)}")
    chosen = [model for name, model in every.items() if not wanted or name in wanted]
    found = []
    for row in rows(chosen, tools, rounds):
        found.append(row)
        click.echo(f"{row.model} {row.tool}: {row.failure or f'{row.time:.2f}'}")
    names = {model.name for model in chosen}
    measured = Measured(
        models=chosen,
        rows=found,
        stages={model.name: stages(model, rounds) for model in chosen},
        profiles={name: profiled(every[name]) for name in _PROFILED if name in names},
        chains=chains(every["chain"], rounds) if "chain" in names else (),
        imports=costs(every["resnet50"], min(rounds, 3)) if "resnet50" in names else (),
        rounds=rounds,
    )
    file.write_text(page(measured), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
