"""# shape-comment

## What it does
Finds comments that tell a shape which is not the one that comes out of their line:
`x = self.conv(x)  # (N, 128, 32, 32)`.

Only what is unmistakably the shape of what the line gives is compared: the size of the batch may be
anything, a shape of something else on the line is no fault, and neither are sizes that were
written for another size of the input.

## Why is this bad?
A shape in a comment is what the author believes, and the layers behind it are written for it.  It
is found stale when the next layer fails, or never ([PEP 8](https://peps.python.org/pep-0008/#comments):
comments that contradict the code are worse than no comments).

## Example
Dilation makes a kernel of 3 five wide: `padding=1` does not keep the size.
```python
# convlint: target Net 1,64,32,32
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(64, 128, 3, padding=1, dilation=2)  # error: CL210
        self.head = nn.Conv2d(128, 10, 1)

    def forward(self, x):
        x = self.conv(x)  # (N, 128, 32, 32)  # warning: CL560
        return self.head(x)  # (N, 10, H, W)
```

## Use instead
```python
# convlint: target Net 1,64,32,32
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(64, 128, 3, padding=2, dilation=2)
        self.head = nn.Conv2d(128, 10, 1)

    def forward(self, x):
        x = self.conv(x)  # (N, 128, 32, 32)
        return self.head(x)  # (N, 10, H, W)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Network, rule
from convlint.advice.comment import passages
from convlint.advice.staleness import Stale, stale


@rule("CL560", severity="warning", silent=True)
def shape_comment(network: Network) -> Iterator[Finding]:
    for passage in passages(network):
        for found in stale(passage, network):
            yield _finding(found)


def _finding(found: Stale) -> Finding:
    comment, out = found.comment, " or ".join(str(t) for t in found.results[:3])
    verb = "comes" if len(found.results) == 1 else "come"
    return Finding(
        f"the comment `{comment.text}` is stale: {out} {verb} out",
        layer=found.source,
        at=comment.location,
        label="not what comes out here",
        formula=found.source.formula if found.source is not None else None,
        help=tuple(_helps(found)),
    )


def _helps(found: Stale) -> Iterator[str]:
    if found.corrected:
        yield f"write `{found.corrected}`"
    if found.mended:
        yield f"or, if the comment is what you mean, {found.mended}"
