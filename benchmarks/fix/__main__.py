"""How much is repaired: `python -m benchmarks.fix cases FOLDER`, `... random --count 1000`."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import click

from benchmarks.fix.case import repaired
from benchmarks.fix.page import page
from convlint.server import Server


@click.group()
def main() -> None:
    """How much `--fix` repairs."""


@main.command()
@click.argument("folder", type=click.Path(file_okay=False, exists=True, path_type=Path))
@click.option("--only", default="", help="Only cases whose names begin so.")
@click.option("--page", "written", type=click.Path(dir_okay=False, path_type=Path))
def cases(folder: Path, only: str, written: Path | None) -> None:
    """Repair every case of FOLDER."""
    done = []
    with Server() as server:
        for case in sorted(folder.iterdir()):
            if case.name.startswith(only) and (case / "case.json").exists():
                one = repaired(case, server)
                done.append(one)
                kind = "silent" if one.silent else "crash"
                word = "repaired" if one.repaired else "NOT REPAIRED"
                click.echo(f"{one.name} ({kind}): {word} {one.trials} trials {one.seconds:.1f} s")
                for text in (*one.edits, *one.left, *one.torch):
                    click.echo(f"    {text[:160]}")
                if not one.only_spans:
                    click.echo("    OTHER LINES CHANGED")
    if written is not None:
        written.write_text(page(done), encoding="utf-8")
    for is_silent in (False, True):
        some = [one for one in done if one.silent is is_silent]
        good = sum(one.repaired for one in some)
        click.echo(f"{'silent' if is_silent else 'crash'}: {good} of {len(some)} repaired")


@main.command("random")
@click.option("--count", default=1000, show_default=True, help="How many networks.")
@click.option("--seed", default=1, show_default=True, help="The draws begin at seed * 1e9.")
@click.option("--jobs", default=1, show_default=True, help="How many processes.")
@click.option("--seconds", default=0.0, help="Stop after so long, wherever it is; 0: never.")
@click.option("--verbose", is_flag=True, help="Tell of those that are repaired, too.")
def random_networks(count: int, seed: int, jobs: int, seconds: float, verbose: bool) -> None:
    """Break random networks, and repair them."""
    from benchmarks.fix.random_networks import Outcome, outcomes

    began, done = time.monotonic(), list[Outcome]()
    for one in outcomes(range(seed * 10**9, seed * 10**9 + count), jobs):
        done.append(one)
        if 0 < seconds < time.monotonic() - began:
            break
        if one.answer not in ("repaired", "constructor") or (verbose and one.found):
            click.echo(f"{one.seed} {one.answer}: {one.trials} trials {one.seconds:.1f} s")
            told = [*one.found, *one.edits, one.torch]
            if one.injected is not None:
                told[:0] = one.injected.lines
            for text in told:
                click.echo(f"    {text[:200]}")
    counts = Counter(one.answer for one in done)
    crashes = [one for one in done if one.answer != "constructor"]
    good = [one for one in crashes if one.answer == "repaired"]
    click.echo(f"{len(done)} networks with one mistake: {dict(counts.most_common())}")
    several = sum(one.answer == "repaired by several" for one in done)
    click.echo(
        f"{len(good)} of {len(crashes)} that raise in forward repaired by what is offered first "
        f"({len(good) / max(1, len(crashes)):.1%}; {sum(one.original for one in good)} as they "
        f"were), {several} more by all that is offered "
        f"({(len(good) + several) / max(1, len(crashes)):.1%})"
    )
    click.echo(
        f"{sum(one.trials for one in done) / max(1, len(crashes)):.0f} checks each; "
        f"{(time.monotonic() - began) / max(1, len(done)):.2f} s each"
    )


if __name__ == "__main__":
    main()
