"""The command `python -m benchmarks.zoo`."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from benchmarks.zoo import libraries, results, sizes
from benchmarks.zoo.examine import Examination, Outcome, examine, import_seconds
from benchmarks.zoo.model import Model
from benchmarks.zoo.prevalence import measure, population
from benchmarks.zoo.processes import each

ROOT = Path(__file__).resolve().parents[2]
_FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
_LIBRARY = click.option("--library", multiple=True, type=click.Choice(libraries.names()))
_JOBS = click.option("--jobs", default=2, show_default=True, help="Models at a time.")
_LIMIT = click.option("--limit", default=120.0, show_default=True, help="Seconds for a model.")


@click.group(help="Sweep convlint over the networks that the ecosystem ships.")
def main() -> None:
    """Every command."""


@main.command("sweep")
@_FILE
@_LIBRARY
@_JOBS
@_LIMIT
@click.option("--every", default=1, show_default=True, help="Take every nth model only.")
@click.option("--name", "part", default="", help="Only models with this in their names.")
@click.option("--graphs", is_flag=True, help="Also run the graphs of small models on real data.")
@click.option("--sides", is_flag=True, help="Also look at the other sides of branches.")
@click.option("--again", is_flag=True, help="Repeat the models that were not traced whole.")
def _sweep(
    file: Path,
    library: tuple[str, ...],
    jobs: int,
    limit: float,
    every: int,
    part: str,
    graphs: bool,
    sides: bool,
    again: bool,
) -> None:
    """Examine every model that FILE has no line of yet, and add one for each."""
    if again:
        whole = [o for o in results.read(file, Outcome) if o.is_whole]
        file.write_text("".join(map(results.line, whole)), encoding="utf-8")
    done = {(o.library, o.name) for o in results.read(file, Outcome)}
    seconds = import_seconds()
    models = (m for m in _models(library, every) if (m.library, m.name) not in done)
    tasks = (Examination(m, seconds, graphs, sides) for m in models if part in m.name)
    for outcome in _kept(each(tasks, jobs, limit), file):
        if not outcome.is_whole:
            reasons = (outcome.failure, *outcome.differences, *map(str, outcome.errors))
            click.echo(f"{outcome.library}/{outcome.name}: {next(filter(None, reasons), '?')}")


@main.command("sizes")
@_FILE
@_LIBRARY
@_JOBS
@_LIMIT
@click.option("--count", default=sizes.COUNT, show_default=True, help="How many models.")
def _sizes(file: Path, library: tuple[str, ...], jobs: int, limit: float, count: int) -> None:
    """Compare convolutional models with torch at sizes that they were not made for."""
    chosen = sizes.sample(library or sizes.LIBRARIES, count)
    compared = disagreed = 0
    for comparison in _kept(each(sizes.tasks(chosen), jobs, limit), file):
        compared += not comparison.skipped
        if comparison.disagreement:
            disagreed += 1
            click.echo(f"{comparison.library}/{comparison.name}, {comparison.size}: "
                       f"{comparison.disagreement}")  # fmt: skip
    click.echo(f"{compared - disagreed} of {compared} comparisons agree")


@main.command("prevalence")
@_FILE
@click.option("--library", multiple=True, type=click.Choice(population.NAMES))
@click.option("--jobs", default=1, show_default=True, help="Networks at a time.")
@_LIMIT
@click.option("--every", default=1, show_default=True, help="Take every nth network only.")
@click.option("--again", is_flag=True, help="Judge those again that FILE has.")
@click.option(
    "--hit", multiple=True, metavar="CODE", help="Judge only those again that CODE has spoken of."
)
def _prevalence(
    file: Path,
    library: tuple[str, ...],
    jobs: int,
    limit: float,
    every: int,
    again: bool,
    hit: tuple[str, ...],
) -> None:
    """Show published networks to all rules: those that FILE lacks, or that lack a rule of today.

    With --again or --hit only networks that FILE has; with --hit the others keep their lines, as
    is right after CODE was made narrower.
    """
    names = library or population.NAMES
    asked = measure.forget(file, names, hit) if again or hit else None
    done = measure.done(measure.read(file))
    models = (m for name in names for m in _counted(name, every))
    chosen = (m for m in models if m.key not in done and (asked is None or m.key in asked))
    tasks = (measure.Judgement(m) for m in chosen)
    count = 0
    for outcome in _kept(each(tasks, jobs, limit), file):
        count += outcome.is_counted
        for reason in filter(None, (outcome.failure, *outcome.broken.values())):
            click.echo(f"{outcome.key}: {reason}")
    click.echo(f"{count} networks judged")


@main.command("prevalence-page")
@_FILE
def _prevalence_page(file: Path) -> None:
    """Write convlint/prevalence.json and docs/prevalence.md from the lines of FILE."""
    from benchmarks.zoo.prevalence import page, tally
    from convlint import prevalence

    outcomes, true = list(measure.read(file).values()), tally.true_findings()
    names = {outcome.library for outcome in tally.counted(outcomes)}
    found = tally.data(outcomes, tally.versions(names), true)
    prevalence.FILE.write_text(tally.text(found), encoding="utf-8")
    text = page.page(outcomes, found, true)
    (ROOT / "docs" / "prevalence.md").write_text(text, encoding="utf-8")


@main.command()
@_FILE
@click.argument("codes", nargs=-1, required=True)
def hits(file: Path, codes: tuple[str, ...]) -> None:
    """List the networks of FILE of which the rules CODES have spoken, with what they said."""
    for outcome in measure.read(file).values():
        for code, severity, count, path, message in outcome.found:
            if code in codes:
                click.echo(f"{outcome.key}: {severity}[{code}] ×{count} {path}: {message}")


@main.command()
@click.argument("names", nargs=-1, required=True)
def show(names: tuple[str, ...]) -> None:
    """Examine the models NAMES (as timm/resnet50) in this process, and print what comes of it."""
    for name in names:
        library, _, wanted = name.partition("/")
        for model in libraries.models(library):
            if model.name == wanted:
                click.echo(results.line(examine(model)))


@main.command()
@_FILE
@click.option("--sizes", "compared", type=click.Path(exists=True, path_type=Path))
def page(file: Path, compared: Path | None) -> None:
    """Write docs/zoo.md from the lines of FILE (and of the file that `sizes` has written)."""
    from benchmarks.zoo import page
    from benchmarks.zoo.prevalence import tally

    comparisons = list(results.read(compared, sizes.Comparison)) if compared else []
    text = page.page(list(results.read(file, Outcome)), comparisons, tally.true_findings())
    (ROOT / "docs" / "zoo.md").write_text(text, encoding="utf-8")


def _kept(outcomes: Iterable[Any], file: Path) -> Iterator[Any]:
    """Write every outcome to `file` as it comes."""
    with file.open("a", encoding="utf-8") as out:
        for outcome in outcomes:
            out.write(results.line(outcome))
            out.flush()
            yield outcome


def _counted(name: str, every: int) -> Iterator[Model]:
    try:
        yield from population.models(name, every)
    except ImportError as exc:
        click.echo(f"{name} is left out: {exc}", err=True)


def _models(chosen: tuple[str, ...], every: int) -> Iterator[Model]:
    for library in chosen or libraries.names():
        if not libraries.installed(library):
            click.echo(f"{library} is not installed", err=True)
            continue
        yield from itertools.islice(libraries.models(library), 0, None, every)


if __name__ == "__main__":
    sys.exit(main())
