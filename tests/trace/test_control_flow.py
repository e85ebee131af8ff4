"""Python's control flow: branches, loops, helper methods, asserts, recursion, generators."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from convlint.dims import Unknown
from convlint.network import Network
from convlint.tensor import TensorSpec
from tests.oracle import Call
from tests.trace.asserting import Asserting, Points
from tests.trace.helper import follow, ops, traced

IMAGE = torch.randn(2, 3, 16, 16)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.down = nn.Conv2d(8, 8, 3, stride=2, padding=1)


def test_branch_on_a_size() -> None:
    class Branch(Net):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.conv(x)
            h, w = x.shape[-2:]
            if h % 3:
                x = F.pad(x, (0, 0, 0, 3 - h % 3))
            if w > 100 or x.dim() == 3:
                x = self.down(x)
            return x

    network = follow(Branch, IMAGE)
    assert "pad" in ops(network)
    assert [(g.op, g.answer) for g in network.guards if g.op == ">"] == [(">", False)]


def test_loop_over_sizes() -> None:
    class Loop(Net):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.conv(x)
            while x.shape[-1] > 4:
                x = self.down(x)
            for _ in range(x.size(2) // 2):
                x = x + 1
            return x

    network = follow(Loop, IMAGE)
    assert ops(network).count("conv2d") == 3
    assert ops(network).count("add") == 2


def test_helper_methods_and_functions() -> None:
    def scaled(x: torch.Tensor, by: float = 2.0) -> torch.Tensor:
        return x * by

    class Helped(Net):
        def encode(self, x: torch.Tensor) -> torch.Tensor:
            return scaled(self._first(x), by=0.5)

        def _first(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(x).relu()

        @property
        def last(self) -> nn.Module:
            return self.down

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(self.encode(x))

    network = follow(Helped, IMAGE)
    call = next(layer for layer in network.layers if layer.op == "conv2d")
    assert [f.function for f in call.frames][:3] == ["_first", "encode", "forward"]


def test_assert_and_isinstance() -> None:
    class Checked(Net):
        def forward(self, x: Any) -> torch.Tensor:
            assert isinstance(x, torch.Tensor)
            assert x.ndim == 4, "images"
            assert x.shape[1] == 3
            assert x.dtype == torch.float32
            torch._assert(x.shape[2] == 16, "height")
            assert torch.isfinite(x).all()
            return self.conv(x)

    follow(Checked, IMAGE)


def test_a_check_of_data_is_passed() -> None:
    """What raises on one side of a question about data is taken to be a check."""

    network = traced(Asserting(), IMAGE)
    assert network.raised == ()
    assert network.outputs.shape == (2, 8, 16, 16)


def test_a_check_within_torch_is_passed() -> None:
    class Checking(Net):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.conv(x)
            torch._check_tensor_all(x > -9, lambda: "too small")
            return x

    network = follow(Checking, IMAGE)
    assert (network.raised, network.layers[-1].op) == ((), "_is_all_true")


def test_recursion_and_generators() -> None:
    class Pyramid(Net):
        def levels(self, x: torch.Tensor) -> Iterator[torch.Tensor]:
            yield x
            if x.shape[-1] > 2:
                yield from self.levels(F.max_pool2d(x, 2))

        def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
            return [level.mean(1) for level in self.levels(self.conv(x))]

    network = follow(Pyramid, IMAGE)
    assert len(network.outputs) == 4


def test_a_branch_on_data_is_assumed() -> None:
    class Data(Net):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.conv(x)
            if x.sum() > 0:
                x = x[:, :4]
            return x

    network = traced(Data(), IMAGE)
    assert network.outputs.shape == (2, 8, 16, 16)
    assert len(network.assumptions) == 1
    assert network.assumptions[0].assumed == "false"


def test_a_for_loop_on_data_goes_on() -> None:
    class Refining(Net):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.conv(x)
            for _ in range(3):
                x = F.relu(x)
                if (x < -1).all():
                    break
            for _ in range(3):
                x = F.elu(x)
                if not (x > -9).any():
                    break
                x = F.gelu(x)
            return x

    network = follow(Refining, IMAGE)
    assert [ops(network).count(op) for op in ("relu", "elu", "gelu")] == [3, 3, 3]


def test_a_value_that_is_dropped_in_a_for_loop_is_no_break() -> None:
    class Dropping(Net):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.conv(x)
            for scale in (1, 2):
                chosen = (x > 9).any() and scale
                x = x.relu() if chosen is scale else x.tanh()
                if -9.0 < x.amin() < -8.0:
                    x = x.relu()
            return x

    network = follow(Dropping, IMAGE)
    assert (ops(network).count("tanh"), ops(network).count("relu")) == (2, 0)


def test_loops_on_data_end() -> None:
    class Endless(Net):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            while not (x > 100).any():
                x = x + 1
            while x.min().item() < 5:
                x = x * 2
            n = int(x.sum())
            while n < 1000:
                n = n + 0
            while True:
                x = x - 1
                if x.sum() < 0:
                    break
            return self.conv(x)

    network = traced(Endless(), IMAGE)
    assert network.outputs.shape == (2, 8, 16, 16)
    assert network.assumptions


def test_sizes_that_depend_on_data_are_unknown() -> None:
    class Counted(nn.Module):
        def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, ...]:
            n = int(lengths.max())
            m = lengths.max().item()
            kept = x[:, :n]
            found = torch.nonzero(x > 0)
            rows = torch.zeros(len(found), 3)
            return kept, x[:, :m], torch.zeros(n, 3), rows, torch.zeros(n * 2 + 1, int(m / 2))

    network = traced(Counted(), torch.zeros(2, 7, 3), torch.tensor([3, 7]))
    for output in network.outputs:
        assert output.shape is None or not output.known, output
    rows = network.outputs[3].shape
    assert rows is not None
    assert rows[1] == 3


def test_int_and_len_are_put_back() -> None:
    class Counted(nn.Module):
        def forward(self, lengths: torch.Tensor) -> torch.Tensor:
            return torch.zeros(int(lengths.max()), len(lengths))

    network = traced(Counted(), torch.tensor([3, 7]))
    assert not network.outputs.known
    assert "int" not in globals()
    assert "len" not in globals()


def test_an_exception_behind_unknown_things_is_uncertain() -> None:
    class Table(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * {5: 1.0}[int(x.max())]

    (raised,) = traced(Table(), torch.zeros(2)).raised
    assert not raised.certain


def test_a_failing_module_ends_and_the_rest_goes_on() -> None:
    class Part(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            b, c = x.shape
            return x.view(b, c)

    class Asserting(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            assert x.shape[1] == 4, "four channels"
            return x

    class Both(Net):
        def __init__(self) -> None:
            super().__init__()
            self.part = Part()
            self.asserting = Asserting()

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
            one = self.asserting(x)
            two = self.part(x)
            b, _, _, _ = one.shape
            first, second = two
            return self.conv(x), one + two, one.view(b, -1), first["x"] + second

    network = traced(Both(), IMAGE)
    assert [(r.exception, r.path) for r in network.raised] == [
        ("AssertionError", "asserting"),
        ("ValueError", "part"),
    ]
    assert network.raised[0].certain
    assert network.raised[0].message == "four channels"
    assert network.raised[0].frames[0].function == "forward"
    assert network.outputs[0].shape == (2, 8, 16, 16)


def test_what_the_user_catches_is_no_fault() -> None:
    class Part(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if x.shape[1] != 4:
                raise ValueError("four channels")
            return x

    class Trying(Net):
        def __init__(self) -> None:
            super().__init__()
            self.part = Part()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            with torch.no_grad():
                try:
                    with torch.enable_grad():
                        return self.part(x)
                except (ValueError, KeyError):
                    return self.conv(x)
                finally:
                    self.tried = True

    follow(Trying, IMAGE)


def test_a_finally_catches_nothing() -> None:
    class Part(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise ValueError("no")

    class Trying(Net):
        def __init__(self) -> None:
            super().__init__()
            self.part = Part()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            try:
                with torch.no_grad():
                    self.part(x)
            finally:
                x = self.conv(x)
            return x

    network = traced(Trying(), IMAGE)
    assert [r.path for r in network.raised] == ["part"]
    assert network.outputs.shape == (2, 8, 16, 16)


@pytest.mark.parametrize("depth", range(6))
def test_endless_recursion_is_one_fault(depth: int) -> None:
    """Wherever in our own code the stack ends."""

    class Loop(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self(self(x))

    def deeper(more: int) -> Network:
        return deeper(more - 1) if more else traced(Loop(), IMAGE)

    network = deeper(depth)
    assert [r.exception for r in network.raised] == ["RecursionError"]


def test_none_and_many_layers() -> None:
    class Nothing(Net):
        def forward(self, x: torch.Tensor) -> None:
            self.conv(x)

    network = follow(Nothing, IMAGE)
    assert network.outputs is None
    assert ops(network) == ["conv2d"]


def test_square_roots_of_sizes_are_computed_again() -> None:
    class Grid(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            b, n, c = x.shape
            side = round(n**0.5)
            return x.transpose(1, 2).reshape(b, c, side, n // side)

    follow(Grid, torch.randn(2, 16, 3), other=(torch.randn(3, 25, 3),))


def test_a_size_that_becomes_a_plain_number_is_guarded() -> None:
    class Grid(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            side = int(math.sqrt(x.shape[1]))
            return x.reshape(x.shape[0], side, side)

    network = follow(Grid, torch.randn(2, 16), other=(torch.randn(3, 16),))
    assert [(g.op, int.__pos__(g.left)) for g in network.guards] == [("==", 16)]


def test_a_long_python_loop() -> None:
    class Long(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            total = x[:, 0]
            for step in range(x.shape[1]):
                total = total + x[:, step]
            return total

    follow(Long, torch.randn(2, 300, 4))


QUESTIONS: dict[str, Callable[[Any], Any]] = {
    "if": lambda x: x if x > 0 else -x,
    "not": lambda x: x if not x.any() else -x,
    "while": lambda x: [None for _ in range(3) if x == 0] or x,
    "item": lambda x: x * x.item(),
    "float": lambda x: x * float(x),
    "int": lambda x: x * int(x),
    "index": lambda x: [x, x][x.long()],
    "range": lambda x: [x for _ in range(x.reshape(-1)[:1])],
    "in": lambda x: x if 3 in x else -x,
}


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("shape", [(), (1, 1), (2, 3), (0,)])
@pytest.mark.filterwarnings("ignore")
def test_what_only_a_single_element_answers(name: str, shape: tuple[int, ...]) -> None:
    """`if x > 0:` raises where `x` has several elements, whatever they are."""
    ask = QUESTIONS[name]
    try:
        ask(torch.zeros(shape))
        raises = False
    except (RuntimeError, TypeError, ValueError):
        raises = True
    assert bool(traced(Call(ask), torch.zeros(shape)).raised) == raises


def test_a_loop_over_as_many_items_as_data_decides() -> None:
    network = traced(Points(), IMAGE)
    assert not network.raised
    assert isinstance(network.outputs.shape[0], Unknown)  # nobody knows how many
    assert network.outputs.shape[1:] == (2,)


def test_nobody_knows_how_long_a_list_is_that_such_a_loop_makes() -> None:
    class Lists(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            found = [torch.zeros(3, 4) for _ in x[x > 0]]
            pairs = torch.cat([torch.ones(2) for _ in torch.nonzero(x)])
            return torch.stack(found), pairs, torch.stack([x, x])

    network = traced(Lists(), IMAGE)
    found, pairs, both = (output.shape for output in network.outputs)
    assert isinstance(found[0], Unknown)
    assert found[1:] == (3, 4)
    assert isinstance(pairs[0], Unknown)
    assert both == (2, *IMAGE.shape)


def test_nobody_knows_how_many_numbers_a_list_has() -> None:
    class Listed(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            counts = torch.bincount(x[:, 0].argmax(1).flatten(), minlength=4)
            numbers = counts.tolist()
            rows = torch.stack([x[0] * k for k in numbers])
            joined = torch.cat([x[0] * k for k in numbers])
            all_of_it = [v for row in torch.zeros(200, 200).bernoulli().tolist() for v in row]
            sizes = torch.zeros(len(numbers)), torch.tensor(numbers), torch.tensor(all_of_it)
            return rows, joined, x * numbers[3], *sizes

    network = traced(Listed(), IMAGE)
    assert not network.raised
    rows, joined, scaled, *sizes = (output.shape for output in network.outputs)
    assert isinstance(rows[0], Unknown)
    assert rows[1:] == IMAGE.shape[1:]
    assert (joined[0].multiple, joined[1:]) == (1, IMAGE.shape[2:])
    assert scaled == IMAGE.shape
    assert all(shape is None or isinstance(shape[0], Unknown) for shape in sizes)


def test_lists_are_recorded_again_at_another_size() -> None:
    """What the graph says of them holds for the items that were assumed."""

    class Listed(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.stack([x[:, 0] * k for k in torch.nonzero(x).flatten().tolist()])

    network = traced(Listed(), IMAGE)
    assert network.again is not None
    other = network.again({"x": TensorSpec((5, 3, 16, 16), torch.float32)})
    assert isinstance(other.outputs.shape[0], Unknown)
    assert other.outputs.shape[1:] == (5, 16, 16)


def test_as_many_items_as_there_are_names() -> None:
    class Unpacked(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            kept = x[x[:, 0, 0, 0] > -9]
            a, b = kept
            first, second, *rest = kept
            *front, last = kept
            i, j, k = kept[:, 0, 0, 0].tolist()
            n, *_ = kept[:, 0, 0, 0].long().tolist()
            stacked = torch.stack(rest), torch.stack(front)
            return a + b, first + second + last, rest[0], x * (i + j + k), x[:n], *stacked

    network = traced(Unpacked(), IMAGE)
    assert not network.raised, network.raised
    pair, three, rest, scaled, some, *stacked = (output.shape for output in network.outputs)
    assert pair == three == rest == IMAGE.shape[1:]
    assert scaled == IMAGE.shape
    assert isinstance(some[0], Unknown)
    assert all(isinstance(s[0], Unknown) and s[1:] == IMAGE.shape[1:] for s in stacked)


def test_a_shape_of_unknown_rank_gives_as_many_sizes_as_there_are_names() -> None:
    class Starred(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            lost = x[x > 0].squeeze()
            a, b, c, d, e, *rest = lost.shape
            *front, last = lost.shape
            return x.new_zeros(a, b, c, d, e, *rest), x.new_zeros(*front, last)

    network = traced(Starred(), IMAGE)
    assert not network.raised, network.raised


def test_items_of_unknown_number_have_the_shape_and_kind_of_their_tensor() -> None:
    class Items(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = nn.ModuleList(nn.Linear(16, 16) for _ in range(4))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for place in x.nonzero():
                assert place.shape == (4,)
                assert place.dtype == torch.int64
                x = self.parts[place[1]](x)
                x = self.parts[place[2].item()](x)
            for number in torch.unique(x.argmax(1)):
                x = self.parts[number](x)
            for column in x.nonzero().unbind(1):
                x = x + x[column[0]]
            return x

    network = traced(Items(), IMAGE)
    assert not network.raised, network.raised
    assert network.outputs.shape == IMAGE.shape
    assert ops(network).count("linear") == 3


def test_the_text_of_a_number_is_not_known() -> None:
    class Heads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.heads = nn.ModuleDict({str(i): nn.Linear(16, 4) for i in range(3)})

        def forward(self, x: torch.Tensor, task: torch.Tensor) -> torch.Tensor:
            rows = [self.heads[f"{t}"](row) for row, t in zip(x, task, strict=True)]
            rows += [self.heads[f"{t:d}"](x[0]) for t in task.unique()]
            assert f"{x.mean():.2f}" != f"{x}"
            return torch.stack(rows) * {f"{task[0]}": 1.0}[f"{task[1]}"]

    class Table(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * {"tensor(5.)": 1.0}[str(x.max())]

    network = traced(Heads(), IMAGE, torch.tensor([0, 2]))
    assert not network.raised, network.raised
    assert network.outputs.shape[1:] == (3, 16, 4)
    (raised,) = traced(Table(), IMAGE).raised
    assert not raised.certain


def test_what_a_library_checks_is_not_worth_a_note() -> None:
    class Sampled(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            normal = torch.distributions.Normal(x, x.exp())
            drawn = normal.rsample()
            if drawn.sum() > 0:
                drawn = -drawn
            return drawn + normal.log_prob(x)

    network = traced(Sampled(), IMAGE)
    assert not network.raised
    (assumption,) = network.assumptions
    assert assumption.frames[0].code.co_name == "forward"
