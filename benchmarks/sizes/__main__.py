"""The command `python -m benchmarks.sizes`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from benchmarks.sizes import families, page, speed
from benchmarks.sizes.proof import Proof, Proving, tasks
from benchmarks.zoo import results
from benchmarks.zoo.processes import each

ROOT = Path(__file__).resolve().parents[2]
_FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@click.group(help="What `convlint sizes` says, against torch itself.")
def main() -> None:
    """Every command."""


@main.command()
@_FILE
@click.option("--library", multiple=True, type=click.Choice(families.names()))
@click.option("--name", "part", default="", help="Only families with this in their names.")
@click.option("--jobs", default=1, show_default=True, help="Networks at a time.")
@click.option("--limit", default=600.0, show_default=True, help="Seconds for a network.")
@click.option(
    "--again", is_flag=True, help="Repeat what disagreed, was not compared or is not proven."
)
@click.option("--second", is_flag=True, help="The second smallest network of every family.")
def zoo(
    file: Path,
    library: tuple[str, ...],
    part: str,
    jobs: int,
    limit: float,
    again: bool,
    second: bool,
) -> None:
    """Compare the smallest network of every family that FILE has no line of yet."""
    found = list(results.read(file, Proof))
    if again:
        found = [one for one in found if one.skipped or (one.proven and not one.wrong)]
        file.write_text("".join(map(results.line, found)), encoding="utf-8")
    wanted = (family for family in families.families(library) if part in family.key)
    if second:
        wanted = (family.second for family in wanted if len(family.variants) > 1)
    with file.open("a", encoding="utf-8") as out:
        for one in each(tasks(wanted, [one.key for one in found]), jobs, limit):
            out.write(results.line(one))
            out.flush()
            click.echo(_said(one))


@main.command()
@click.argument("keys", nargs=-1, required=True)
def show(keys: tuple[str, ...]) -> None:
    """Compare the families KEYS (as timm/resnet) in this process."""
    for key in keys:
        for family in families.families((key.partition("/")[0],)):
            if family.key == key:
                click.echo(results.line(Proving(family).run()))


@main.command("page")
@_FILE
def _page(file: Path) -> None:
    """Write docs/sizes-proof.md from the lines of FILE."""
    text = page.page(list(results.read(file, Proof)))
    (ROOT / "docs" / "sizes-proof.md").write_text(text, encoding="utf-8")


@main.command("speed")
@click.option("--repeat", "rounds", default=5, show_default=True, type=click.IntRange(min=1))
@click.option("--sample", default=30, show_default=True, help="Sizes of the brute force.")
@click.option(
    "--page",
    "file",
    default=ROOT / "docs" / "sizes-speed.md",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write.",
)
def _speed(rounds: int, sample: int, file: Path) -> None:
    """Compare the whole process with `import torch` and with brute force; write a page."""
    found = {one.title: one for one in speed.speeds(rounds, sample)}
    file.write_text(speed.page(found, rounds, sample), encoding="utf-8")
    click.echo("\n".join(speed.rows(found)))


def _said(one: Proof) -> str:
    what = one.skipped or one.failure or (
        "doubted" if one.is_doubted
        else f"{one.asked - one.wrong} of {one.asked}, {one.working} work"
        + (f", {one.settled} settled on the CPU" if one.settled else "")
        + (", proven" if one.proven else f", not proven: {'; '.join(one.reasons)}")
    )  # fmt: skip
    times = f"{one.sweep_seconds:.1f} + {one.torch_seconds:.1f} s"
    return f"{one.key} ({one.name}): {what} [{times}]" + "".join(
        f"\n    {sizes}: {said}" for sizes, said in one.shown
    )


if __name__ == "__main__":
    sys.exit(main())
