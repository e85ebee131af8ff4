"""`python -m benchmarks.fix cases FOLDER`: how many real bugs are repaired."""

from __future__ import annotations

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


if __name__ == "__main__":
    main()
