"""# wrong-inputs

## What it does
Says that the inputs are not those that `forward` takes, or that there are none: neither `--input`
nor configuration gives them, nor a comment `# convlint: target Net 1,3,224,224` beside the class,
an `example_input_array` or annotations with sizes, and they cannot be inferred from the first
layers that take them.

## Why is this bad?
Nothing was checked: the exit status is 2. Give one `--input` for every parameter of `forward`
without a default, in order or by name: `--input x=1,3,224,224 --input mask=1,16:bool`; flags and
numbers as `--input flag:=true`.
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, rule


@rule("CL004", "<inputs>")
def wrong_inputs(error: Exception) -> Iterator[Finding]:
    yield Finding(
        str(error),
        help=(
            "give one --input for every parameter, in order or by name",
            "or write them beside the class: # convlint: target Net 1,3,224,224",
        ),
    )
