"""# unknown-suppression

## What it does
Finds comments that are written for convlint and switch nothing off, because they name no rule
that there is (`# convlint: ignore[pading-misses-dilation]`) or are misspelt
(`# convlint: ignor[CL210]`, `# convlint: ignore CL210`).

## Why is this bad?
Whoever wrote it believes that the rule is off; and where the finding has gone since for another
reason, nobody sees that the comment never worked.

## Example
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3)  # convlint: ignore[CL2100] # warning: CL008
        self.second = nn.Conv2d(8, 8, 3)  # convlint: ignor[CL210] # warning: CL008

    def forward(self, x):
        return self.second(self.first(x))
```

## Use instead
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, dilation=2, padding=1)  # convlint: ignore[CL210] cut

    def forward(self, x):
        return self.first(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Pragma, Selector, rule


@rule("CL008", "<unknown>", severity="warning")
def unknown_suppression(
    pragma: Pragma, selector: Selector | None, near: str | None
) -> Iterator[Finding]:
    if selector is None:
        yield Finding(
            f"`{pragma.text}` is not understood: it switches nothing off",
            at=pragma.location,
            help=(f"write {pragma.instead}",),
        )
    else:
        yield Finding(
            f"no rule is called `{selector.text}`: it switches nothing off",
            at=selector.location,
            help=(f"write {near}" if near else "`convlint rule` lists the rules",),
        )
