"""Whether a tensor is still read once an edit is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from convlint import check
from convlint.fix.reading import Readers
from convlint.fix.source import Sources
from convlint.load import load
from convlint.target import parse

NET = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, size=4):
        super().__init__()
        self.size = size
        self.first = nn.Linear(4, 4)

    def forward(self, x, y, z):
        n = x.size(1)
        a = self.first(x)
        b = torch.relu(y)
        c = torch.cat([a, b], n - n + 1)
        z = self.first(z + y.sum())
        return c + z + a.sum()
"""


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        ("[a, b]", "[a, a]", True),
        ("[a, b]", "[b, b]", False),  # `a` is read once more
        ("[a, b]", "[b, a]", False),
        ("relu(y)", "relu(x)", False),
        ("first(z + y.sum())", "first(y.sum())", True),  # and what is called so then is another
        ("n - n + 1", "1", False),
        ("size = size", "size = 4", False),
    ],
)
def test_what_is_no_longer_read(before: str, after: str, lost: bool, tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(NET)
    network = check(load(parse(f"{file}:Net")), ["2,4", "2,4", "2,4"]).network
    assert network is not None
    sources = Sources()
    tree = sources.tree(str(file))
    assert tree is not None
    start = NET.index(before)
    edit = tree.edit(start, start + len(before), after)
    assert Readers(sources, network).lost([edit]) is lost
