"""What positions have seen of the image, on the pages' own networks, with real torch."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.silent.networks import bad_and_good, said


def seen(layers: nn.Module, size: int) -> list[int]:
    """By row of a map, how many rows of the image it depends on."""
    image = torch.ones(1, 3, size, size, dtype=torch.float64, requires_grad=True)
    out = layers(image)
    counts = []
    for row in range(out.shape[2]):
        (grad,) = torch.autograd.grad(out[0, :, row].sum(), image, retain_graph=True)
        counts.append(int((grad.abs().sum((0, 1, 3)) > 0).sum()))
    return counts


def test_the_border_layer_comes_where_a_position_has_seen_all() -> None:
    for net, size in zip(bad_and_good("CL520"), (16, 32), strict=True):
        before = net.body[:2]  # type: ignore[index]
        found = said(net.float(), ["CL520"], 1, 3, size, size)
        assert [d.layer for d in found] == ["body.2"] * (size == 16)
        assert (max(seen(before.double(), size)) == size) is bool(found)


def test_unproductive_convolutions_get_nothing_new() -> None:
    bad, _ = bad_and_good("CL521")
    (found,) = said(bad.float(), ["CL521"], 1, 3, 16, 16)
    assert found.layer == "body.1"
    assert "7 of 9 convolutions" in found.message
    mean = nn.AvgPool2d(3, 2, 1)  # in place of a maximum, which has one gradient
    before = nn.Sequential(bad.stem[0], mean, bad.body[0])  # type: ignore[index]
    assert max(seen(before.double(), 16)) == 16


@pytest.mark.parametrize("related", [False, True])
def test_a_pool_of_small_fields_relates_nothing_that_is_far_apart(related: bool) -> None:
    """Two spots further apart than the field: their effects simply add up."""
    net = bad_and_good("CL522")[related]
    torch.manual_seed(0)
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.5)
    image = torch.zeros(4, 3, 64, 64, dtype=torch.float64)
    image[1::2, :, 20:23, 20:23] = 1
    image[2:, :, 40:43, 40:43] = 1
    nothing, one, other, both = net(image)
    left = (both - one - other + nothing).abs().max().item()
    assert (left > 1e-9) is related


@pytest.mark.parametrize("aliases", [True, False])
def test_stripes_turn_into_a_flat_map_that_flips_when_they_move(aliases: bool) -> None:
    net = bad_and_good("CL525")[not aliases]
    stripes = torch.ones(1, 8, 32, 33, dtype=torch.float64)
    stripes[..., 1::2] = -1
    with torch.no_grad():
        here, moved = (net(stripes[..., at : at + 32])[..., 2:-2, 2:-2] for at in (0, 1))
        assert torch.allclose(here, moved) is not aliases
