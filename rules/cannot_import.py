"""# cannot-import

## What it does
Says why the file or module of a target cannot be imported, or does not have the name asked for.

## Why is this bad?
Nothing was checked: the exit status is 2, so that a gate does not go green on what it did not
see. Linting imports the file as `python` or `pytest` would, from its own folder.
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Location, rule


@rule("CL001", "<import>")
def cannot_import(error: Exception) -> Iterator[Finding]:
    place = getattr(error, "location", None)
    yield Finding(str(error), at=place if isinstance(place, Location) else None)
