"""What becomes of what rules say: places, folding, a `try` around it, a rule that fails."""

from __future__ import annotations

import linecache
from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import convlint
from convlint import Finding, Layer, Network, Severity
from convlint.judge import judge
from convlint.rule import Rule


class Twins(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(4, 2) for _ in range(3))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        return [head(x) for head in self.heads]


class Guarded(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        try:
            return self.head(x)
        except RuntimeError:
            return x


class Anything(nn.Module):
    """`nn.Identity` hands on whatever it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.conv = nn.Conv2d(3, 8, 3, stride=2), nn.Conv2d(8, 8, 3)
        self.norm, self.same = nn.BatchNorm2d(8), nn.Identity()

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        y = self.norm(self.stem(x))
        (y,) = self.same((y,))
        named = self.same({"map": self.same([y, None])[0]})
        self.same(None)
        made: tuple[torch.Tensor, ...] = self.same((self.conv(named["map"]), y))
        return made


def block(cin: int, cout: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(cin, cout, 3), nn.ReLU())


class Blocks(nn.Sequential):
    def __init__(self, width: int = 8) -> None:
        super().__init__(block(3, 16), block(width, 32))


def test_numbers_that_are_parameters_are_told_where_they_are_given() -> None:
    report = convlint.check(lambda: Blocks(8), "2,3,32,32")
    (found,) = report.diagnostics
    assert found.code == "CL101"
    lines = {
        linecache.getline(one.location.filename, one.location.row).strip(): one.message
        for one in found.related
        if one.location is not None and "given" in one.message
    }
    assert lines == {
        "super().__init__(block(3, 16), block(width, 32))": "`cin`, `cout` are given here",
        'report = convlint.check(lambda: Blocks(8), "2,3,32,32")': "`width` is given here",
    }


def test_every_rule_can_be_asked_about_what_is_no_tensor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVLINT_STRICT", "1")
    assert convlint.check(Anything, "2,3,32,32", select=("ALL",)).ok


def test_twins_are_told_once_and_named() -> None:
    (found,) = convlint.check(Twins, "1,3").diagnostics
    assert found.layer == "heads.0"
    assert "`heads.1`, `heads.2`" in found.note[-1]


def test_the_call_and_the_definition_are_both_told() -> None:
    (found,) = convlint.check(Twins, "1,3").diagnostics
    assert found.location is not None
    rows = {found.location.row, *(label.location.row for label in found.related)}
    first = Twins.__init__.__code__.co_firstlineno
    assert rows == {first + 2, first + 5}


def test_what_stands_in_a_try_is_no_error() -> None:
    (found,) = convlint.check(Guarded, "1,3").diagnostics
    assert found.severity is Severity.INFO
    assert "try" in found.note[-1]


def test_a_failing_rule_does_not_silence_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(layer: Layer, network: Network) -> Iterator[Finding]:
        yield Finding("said before")
        raise KeyError("oops")

    rule = Rule("CL998", "broken", Severity.ERROR, True, "", frozenset({"linear"}), broken)
    network = convlint.check(Twins, "1,3").network
    assert network is not None
    monkeypatch.setattr("convlint.judge.rules", lambda: (rule,))
    monkeypatch.delenv("CONVLINT_STRICT", raising=False)
    found = list(judge(network))
    assert {d.message.partition(":")[0] for d in found if d.code == "CL998"} == {
        "said before",
        "this rule itself failed",
    }
    monkeypatch.setenv("CONVLINT_STRICT", "1")
    with pytest.raises(KeyError):
        list(judge(network))


class Flat(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(x, torch.ones(3))


class Emptied(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        values, indices = F.max_pool2d(x, 2, return_indices=True)
        return F.max_unpool2d(values, indices, 0)


class Lazy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head, self.forgotten = nn.Linear(8, 2), nn.LazyLinear(3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(x)  # type: ignore[no-any-return]


@pytest.mark.parametrize(("kind", "code"), [(Flat, "CL199"), (Emptied, "CL207"), (Lazy, "CL550")])
def test_no_rule_fails_over_what_is_odd(
    kind: type[nn.Module], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A weight without axes, a window of nothing, a layer that is never made."""
    monkeypatch.setenv("CONVLINT_STRICT", "1")
    assert [d.code for d in convlint.check(kind, "1,3,8,8").diagnostics] == [code]
