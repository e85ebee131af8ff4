"""The command `python -m benchmarks.inference`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from benchmarks.inference.measure import Inference, Outcome
from benchmarks.inference.page import page
from benchmarks.inference.population import BOUNDS, SAMPLE, models
from benchmarks.zoo import results
from benchmarks.zoo.model import Model
from benchmarks.zoo.processes import each

ROOT = Path(__file__).resolve().parents[2]


@click.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--source", multiple=True, type=click.Choice(list(BOUNDS)))
@click.option("--count", default=SAMPLE, show_default=True, help="Networks of timm.")
@click.option("--all", "whole", is_flag=True, help="All of timm.")
@click.option("--name", "part", default="", help="Only networks with this in their names.")
@click.option("--jobs", default=1, show_default=True, help="Networks at a time.")
@click.option("--limit", default=180.0, show_default=True, help="Seconds for a network.")
@click.option(
    "--page",
    "written",
    default=ROOT / "docs" / "inference.md",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write.",
)
def main(
    file: Path | None,
    source: tuple[str, ...],
    count: int,
    whole: bool,
    part: str,
    jobs: int,
    limit: float,
    written: Path,
) -> None:
    """Infer the inputs of networks whose inputs are known, and write a page.

    What FILE has results of is not done again; every result is added to it.
    """
    known = {(one.source, one.name): one for one in results.read(file, Outcome)} if file else {}
    found: list[Outcome] = []
    for name in source or BOUNDS:
        limited = count if name == "timm" and not whole else None
        wanted = (one for one in models(name) if part in one.name)
        for outcome in _counted(wanted, known, limited, jobs, limit):
            found.append(outcome)
            if file is not None and (outcome.source, outcome.name) not in known:
                with file.open("a", encoding="utf-8") as lines:
                    lines.write(results.line(outcome))
            if not outcome.skipped and outcome.wrong:
                click.echo(f"{outcome.source}/{outcome.name}: {outcome.wrong}")
    if not part and not source:
        written.write_text(page(found, _import_seconds(), whole), encoding="utf-8")
    counted = [one for one in found if not one.skipped]
    click.echo(f"{sum(not one.wrong for one in counted)} of {len(counted)} inputs are found")


def _counted(
    wanted: Iterable[Model],
    known: dict[tuple[str, str], Outcome],
    count: int | None,
    jobs: int,
    limit: float,
) -> Iterator[Outcome]:
    """The results for networks, up to `count` that are counted."""
    models = list(wanted)
    done = [known[one.library, one.name] for one in models if (one.library, one.name) in known]
    yield from done
    counted = sum(not one.skipped for one in done)

    def missing() -> Iterator[Inference]:
        for one in models:
            if count is not None and counted >= count:
                return
            if (one.library, one.name) not in known:
                yield Inference(one, one.library != "timm")

    for outcome in each(missing(), jobs, limit):
        counted += not outcome.skipped
        yield outcome


def _import_seconds() -> float:
    """The processor time of `import torch`: the median of three times in a new process."""
    code = "import time, torch; print(time.process_time())"
    command = [sys.executable, "-c", code]
    times = [float(subprocess.check_output(command, text=True)) for _ in range(3)]
    return sorted(times)[1]


if __name__ == "__main__":
    main()
