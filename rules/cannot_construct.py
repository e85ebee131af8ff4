"""# cannot-construct

## What it does
Says why the network could not be built: its constructor (or factory) raises, or gives something
that is not a `torch.nn.Module`.

## Why is this bad?
Nothing was checked: the exit status is 2. Constructor arguments can be given in the target,
`convlint 'model.py:Net(width=64)'`, or as `--arg width=64`. Nothing is downloaded while linting:
build the network without pretrained weights.
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Label, rule


@rule("CL002", "<construct>")
def cannot_construct(error: Exception) -> Iterator[Finding]:
    frames = getattr(error, "frames", ())
    yield Finding(
        f"the network cannot be built: {error}" if frames else str(error),
        at=frames[0].location if frames else None,
        label="raises here" if frames else "",
        related=tuple(Label("called from here", frame.location) for frame in frames[1:3]),
    )
