"""What a sweep says of whole networks, against torch itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from benchmarks.sizes.comparison import Called, Shape, compared, swept
from convlint.sweep import Answer
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
    (networks.Windows, IMAGE),
    (networks.Strict, IMAGE),
    (networks.Gated, IMAGE),
    (networks.Sequence1d, (2, 6, "T")),
]


@pytest.mark.parametrize(("make", "shape"), NETWORKS, ids=lambda one: getattr(one, "__name__", ""))
def test_torch_works_for_the_same_sizes(make: Callable[[], nn.Module], shape: Shape) -> None:
    found = compared(called(make, shape), seed=1, largest=96, pairs=150)
    assert found.asked >= 96
    assert not found.wrong


@pytest.mark.parametrize("make", [networks.UNet, networks.Padded, nn.Identity])
def test_it_is_proven(make: Callable[[], nn.Module]) -> None:
    answer = swept(called(make), largest=96)
    assert answer.proven, answer.reasons
    assert answer.works_at({"H": 4000, "W": 4000}) is True
    assert answer.works_at({"H": 4002, "W": 4000}) is (make is not networks.UNet)


def test_what_holds_along_a_diagonal_has_no_period_of_one_letter() -> None:
    answer = swept(called(networks.Strict), largest=64)
    assert not answer.proven
    assert answer.works_at({"H": 64, "W": 64}) is True
    assert answer.works_at({"H": 65, "W": 64}) is None


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


class Hooked(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(3 * 64, 2)
        self.line.register_forward_pre_hook(lambda module, args: (args[0].flatten(1),))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.line(x)  # type: ignore[no-any-return]


@pytest.mark.parametrize(("make", "works"), [(Hooked, [8]), (networks.Lazy, [*range(3, 13)])])
def test_what_the_graph_does_not_tell_is_traced_for_every_size(
    make: Callable[[], nn.Module], works: list[int]
) -> None:
    net = Called(make(), (((2, 3, "H", 8), torch.float32),), {"H": 8})
    answer = swept(net, largest=12)
    assert working(answer, at=8) == works
    assert not answer.proven
    assert any("with its hooks or lazy weights" in reason for reason in answer.reasons)


def test_floating_point_scales_are_not_proven() -> None:
    class Scaled(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            import torch.nn.functional as F

            return F.interpolate(x, scale_factor=0.3)

    found = compared(called(Scaled), seed=1, largest=64, pairs=40)
    assert not found.wrong
    assert not found.answer.proven


def test_no_proof_where_the_last_period_has_not_settled() -> None:
    """49 fails, 65 works, and they are one period apart."""
    late = called(networks.Late, (2, 3, "H", 8))
    answer = swept(late, largest=64)
    assert not answer.proven
    assert answer.works_at({"H": 65}) is None
    answer = swept(late, largest=80)
    assert answer.proven
    assert answer.works_at({"H": 81}) is True
    assert answer.works_at({"H": 96}) is False


def test_what_only_some_sizes_come_to_needs_no_period() -> None:
    result = compared(called(networks.Fixed, usual=24), 1, largest=40)
    assert not result.wrong
    assert result.answer.proven, result.answer.reasons
    assert result.answer.works_at({"H": 24, "W": 24}) is True
    assert result.answer.works_at({"H": 100, "W": 24}) is False


def test_what_a_larger_grid_may_prove() -> None:
    late = called(networks.Late, (2, 3, "H", 8))
    assert swept(late, largest=64).is_short
    assert not swept(late, largest=80).is_short
    answer = swept(called(networks.Divided, (2, 3, "H", 8)), largest=40)
    assert not answer.proven
    assert not answer.is_short


def test_windows_of_what_was_filled_up() -> None:
    result = compared(called(networks.Windowed), seed=1, largest=64)
    assert result.answer.proven, result.answer.reasons
    assert not result.wrong
    assert result.working == result.asked
