"""CL561: what the contract says of what torch gives."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from convlint import check
from tests.sampling import sampled

SIZE = st.integers(1, 4)


@sampled(40)
@given(st.data(), SIZE, st.integers(1, 3), st.integers(6, 9), st.integers(6, 9))
def test_the_contract_holds_if_torch_gives_it(
    data: st.DataObject, n: int, channels: int, height: int, width: int
) -> None:
    net = nn.Conv2d(channels, data.draw(SIZE), data.draw(SIZE), data.draw(st.integers(1, 2)))
    shape = (n, channels, height, width)
    given_ = net(torch.zeros(shape)).shape
    asked = [size if data.draw(st.booleans()) else data.draw(SIZE) for size in given_]
    written = [
        data.draw(st.sampled_from(["*", str(size), "N" if size == n else str(size)]))
        for size in asked
    ]
    holds = all(w == "*" or a == g for w, a, g in zip(written, asked, given_, strict=True))
    report = check(net, ",".join(map(str, shape)), select=("CL561",), expect=(",".join(written),))
    assert [d.code for d in report.diagnostics] == ([] if holds else ["CL561"])
