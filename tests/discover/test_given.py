"""Inputs that a network itself tells: `example_input_array` and annotations."""

from __future__ import annotations

import sys

import pytest
import torch
from torch import nn

from convlint.discover import _modules, given
from tests.discover.conftest import NET, Run, Write

LIT = (
    NET
    + """

class LightningModule(nn.Module):
    pass


class Lit(LightningModule):
    def __init__(self):
        super().__init__()
        self.net = Net()
        self.example_input_array = torch.rand(2, 3, 300, 300)

    def forward(self, x, mask=None):
        return self.net(x)
"""
)

TYPED = NET.replace("forward(self, x)", 'forward(self, x: Float[Tensor, "batch 3 8 channels=8"])')


def test_sources_have_an_order() -> None:
    ranks = [one.RANK for one in _modules()]
    assert ranks == sorted(set(ranks))


def test_an_example_is_read_from_the_built_network(write: Write, run: Run) -> None:
    write("net.py", LIT)
    status, out, _ = run("net.py:Lit")
    assert (status, out.splitlines()[1]) == (
        0, "net.py:Lit was called with 2,3,300,300, from its example_input_array."
    )  # fmt: skip
    assert "was called" not in run("net.py:Lit", "--input", "1,3,5,5")[1]
    write("net.py", LIT.replace("class Lit(", "# convlint: target Lit 1,3,9,9\nclass Lit("))
    assert "with 1,3,9,9, from the comment at net.py:19." in run("net.py:Lit")[1]


@pytest.mark.parametrize(
    ("example", "inputs"),
    [
        (torch.zeros(2, 3), ["2,3"]),
        (torch.zeros(2, 3, device="meta", dtype=torch.int64), ["2,3:int64"]),
        ((torch.zeros(2), torch.zeros(3)), ["2", "3"]),
        ((torch.zeros(2), True), ["2", "y:=true"]),
        ({"y": torch.zeros(2), "x": None}, ["y=2", "x:=null"]),
        ([torch.zeros(2)], ["2"]),
        (None, None),
        ("text", None),
        ((torch.zeros(2),) * 3, None),
        (([torch.zeros(2)],), None),
    ],
)
def test_forms_of_an_example(example: object, inputs: list[str] | None) -> None:
    class Lit(nn.Module):
        example_input_array = example

        def forward(self, x: object, y: object = None) -> None: ...

    found = given(Lit())
    assert (found and [str(one) for one in found.inputs]) == inputs


def test_an_example_that_raises_is_none() -> None:
    class Lit(nn.Module):
        @property
        def example_input_array(self) -> None:
            raise RuntimeError

    assert given(Lit()) is None
    assert given(3) is None


def test_annotations_are_read_from_a_built_network(write: Write, run: Run) -> None:
    write("net.py", "from jaxtyping import Float\nfrom torch import Tensor\n" + TYPED)
    status, out, _ = run("net.py:Net")
    assert status == 0
    assert "Net was called with x=2,3,8,8, from the annotations of its forward." in out
    assert "net.py:13 (jaxtyping)" in run("targets")[1]


@pytest.mark.parametrize("quoted", [True, False])
@pytest.mark.parametrize(
    ("annotation", "sizes"),
    [
        ('Float[torch.Tensor, "batch 3 4"]', "x=2,3,4"),
        ('jaxtyping.Int[torch.Tensor, "b 16"]', "x=2,16:int64"),
        ('Bool[torch.Tensor, "4 n"]', "x=4,2:bool"),
        ('Float[torch.Tensor, ""]', "x=()"),
        ('Float[torch.Tensor, "rows=4 3"]', "x=4,3"),
        ('Float[torch.Tensor, "batch c"]', None),
        ('Float[torch.Tensor, "batch n 3"]', None),
        ('Float[torch.Tensor, "batch 3 ..."]', None),
        ('Float[torch.Tensor, "*batch 3"]', None),
        ('Float[torch.Tensor, "batch 3 h-1"]', None),
        ('Float[torch.Tensor, "batch #3"]', None),
        ("torch.Tensor", None),
        ("int", None),
    ],
)
def test_annotations(annotation: str, sizes: str | None, quoted: bool) -> None:
    import jaxtyping
    from jaxtyping import Bool, Float

    names = {"torch": torch, "Float": Float, "Bool": Bool, "jaxtyping": jaxtyping}
    written = repr(annotation) if quoted else annotation
    text = f"def forward(x: {written}, y: int = 3): ..."
    exec(text, names)
    module = nn.Module()
    module.forward = names["forward"]
    found = given(module)
    assert (" ".join(map(str, found.inputs)) if found else None) == sizes
    # And so from its text alone, of names that nobody has imported.
    names.clear()
    exec(f"from __future__ import annotations\n{text}", names)
    module.forward = names["forward"]
    again = given(module)
    assert again == found


def test_annotations_need_no_library(write: Write, run: Run) -> None:
    write("net.py", f"from __future__ import annotations\n{TYPED}")
    assert "with x=2,3,8,8, from the annotations" in run("net.py:Net")[1]
    assert "x=2,3,8,8" in run("targets")[1]
    assert "jaxtyping" in sys.modules  # by this test, and not by convlint
