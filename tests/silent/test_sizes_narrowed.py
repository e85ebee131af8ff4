"""CL562: torch runs what it complains of, and raises at the sizes that it calls lost."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
import torch
from torch import nn

from convlint.job import Job
from convlint.lint import run
from convlint.spec import parse
from convlint.target import parse as parse_target

NETS = """\
from torch import nn

def convs(*kernels):
    return nn.Sequential(*(nn.Conv2d(1, 1, k, stride=s) for k, s in kernels))

class Halves(nn.Module):
    def __init__(self, times):
        super().__init__()
        self.times = times

    def forward(self, x):
        y = x
        for _ in range(self.times):
            y = nn.functional.max_pool2d(y, 2)
        for _ in range(self.times):
            y = nn.functional.interpolate(y, scale_factor=2)
        return x + y
"""
LARGEST = 24


def works(net: nn.Module, size: tuple[int, int]) -> bool:
    try:
        net(torch.zeros(1, 1, *size, device="meta"))
    except RuntimeError:
        return False
    return True


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("convs((3, 1))", "convs((5, 1))"),
        ("convs((3, 2), (3, 2))", "convs((3, 2), (4, 2), (2, 1))"),
        ("convs((5, 1))", "convs((3, 1))"),
        ("Halves(1)", "Halves(2)"),
        ("Halves(2)", "Halves(1)"),
        ("Halves(2)", "convs((5, 1))"),
        ("convs((2, 1))", "Halves(1)"),
    ],
)
def test_what_is_lost(before: str, now: str, tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text(NETS)
    inputs = (parse("1,1,H,W"),)
    answer = run(Job(parse_target(f"{path}:{before}"), inputs, want_sizes=True)).sizes
    assert answer is not None
    usual = (parse("1,1,64,64"),)
    result = run(Job(parse_target(f"{path}:{now}"), usual, locked=answer.extent))
    told = [one for one in result.diagnostics if one.code == "CL562"]

    space: dict[str, object] = {}
    exec(NETS, space)
    old, new = eval(before, space).to("meta"), eval(now, space).to("meta")
    assert works(new, (64, 64))
    sizes = list(itertools.product(range(1, LARGEST + 1), repeat=2))
    lost = [size for size in sizes if works(old, size) and not works(new, size)]
    assert bool(told) == bool(lost)
    for one in told:
        found = re.search(r"H = (\d+), W = (\d+)", one.label)
        assert found is not None
        assert (int(found[1]), int(found[2])) in lost
        gains = any(works(new, size) and not works(old, size) for size in sizes)
        assert one.message.startswith(f"works for {'other' if gains else 'fewer'} sizes than")
