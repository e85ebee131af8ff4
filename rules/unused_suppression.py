"""# unused-suppression

## What it does
Finds comments that switch rules off (`# convlint: ignore[CL210]`, `# convlint: file-ignore[CL210]`)
where these rules find nothing, and names the very code that is useless.

A comment is called unused only if it switches nothing off in any target and mode of the run, its
rule was on, and the code that it is about ran in a target that was checked to its end. What says
that something could not be checked (CL001 to CL004) cannot be switched off at all.

## Why is this bad?
It hides the next fault that somebody writes into this line.

## Example
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)  # convlint: ignore[CL210] # warning: CL007

    def forward(self, x):
        return self.conv(x)
```

## Use instead
A comment on a line where its rule does find something, with the reason behind it:
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        # The border is cut off on purpose.
        self.conv = nn.Conv2d(3, 8, 3, padding=1, dilation=2)  # convlint: ignore[CL210] see above

    def forward(self, x):
        return self.conv(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convlint import Finding, Pragma, Selector, rule


@rule("CL007", "<unused>", severity="warning")
def unused_suppression(
    pragma: Pragma, selector: Selector | None, needed: Sequence[str]
) -> Iterator[Finding]:
    where = "in this file" if pragma.whole_file else "here"
    what = f"`{selector.text}`" if selector else f"`{pragma.text}`"
    if needed:
        help_ = [f"write # convlint: {pragma.verb}[{', '.join(needed)}]"]
    else:
        help_ = ["delete the comment"]
    if pragma.alone and not pragma.whole_file:
        help_.append("or put it behind the code that it is about, on the same line")
    yield Finding(
        f"{what} switches nothing off {where}",
        at=selector.location if selector else pragma.location,
        label="nothing is found that this could switch off",
        help=tuple(help_),
    )
