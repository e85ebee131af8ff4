"""What a sweep says of whole networks, against torch itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from convlint.sweep import Answer
from tests.sized.comparison import Called, Shape, compared, swept
from tests.sweep import networks

IMAGE: Shape = (2, 3, "H", "W")


def called(make: Callable[[], nn.Module], shape: Shape = IMAGE, usual: int = 64) -> Called:
    net = make().eval()
    letters = [n for n in shape if isinstance(n, str)]
    return Called(net.to("meta"), ((shape, torch.float32),), dict.fromkeys(letters, usual), make)


def working(answer: Answer, letter: str = "H", at: int = 64) -> list[int]:
    """The sizes of a letter that work, with all other letters the same as it or at `at`."""
    sizes = {axis.letter: at for axis in answer.grid.axes}
    return [n for n in answer.grid.axes[0].sizes if answer.works_at({**sizes, letter: n})]


NETWORKS = [
    (networks.UNet, IMAGE),
    (networks.Padded, IMAGE),
    (networks.Classifier, IMAGE),
    (networks.Patches, IMAGE),
    (networks.Strict, IMAGE),
    (networks.Gated, IMAGE),
    (networks.Sequence1d, (2, 6, "T")),
]


@pytest.mark.parametrize(("make", "shape"), NETWORKS, ids=lambda one: getattr(one, "__name__", ""))
def test_torch_works_for_the_same_sizes(make: Callable[[], nn.Module], shape: Shape) -> None:
    found = compared(called(make, shape), seed=1, largest=96, pairs=150)
    assert found.asked >= 96
    assert not found.wrong


@pytest.mark.parametrize("make", [networks.UNet, networks.Patches, networks.Strict, nn.Identity])
def test_it_is_proven(make: Callable[[], nn.Module]) -> None:
    answer = swept(called(make), largest=160)
    assert answer.proven, answer.reasons
    assert answer.works_at({"H": 4000, "W": 4000}) is (make is not networks.Patches)
    assert answer.works_at({"H": 4002, "W": 4000}) is (make is nn.Identity)


def test_a_proof_needs_enough_sizes() -> None:
    class Late(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x if x.shape[2] < 200 else x.reshape(3)

    small, large = (swept(called(Late), largest=n) for n in (150, 450))
    assert small.valid.all()
    assert not small.proven
    assert small.works_at({"H": 4000, "W": 4}) is None
    assert large.proven
    assert large.works_at({"H": 4000, "W": 4}) is False


def test_it_is_followed_for_many_sizes_at_once() -> None:
    answer = swept(called(networks.UNet), largest=512)
    assert len(answer.works) == 1  # one trace, one graph
    assert answer.works[0].region.count() == 128 * 128


def test_sizes_that_data_decide_are_doubted() -> None:
    class Chosen(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x[:, :, x[0, 0, 0] > 0]

    answer = swept(called(Chosen, (2, 3, "T")), largest=64)
    assert not answer.proven
    assert any("not known" in reason for reason in answer.reasons)


def test_floating_point_scales_are_not_proven() -> None:
    class Scaled(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            import torch.nn.functional as F

            return F.interpolate(x, scale_factor=0.3)

    found = compared(called(Scaled), seed=1, largest=64, pairs=40)
    assert not found.wrong
    assert not found.answer.proven
