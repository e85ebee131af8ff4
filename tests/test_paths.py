"""The sides of a branch that the declared check does not take, with torch as the judge."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import pytest
import torch
from torch import nn

import convlint
from convlint import paths
from convlint.lint import Report
from convlint.network import Network
from tests import forks

torch.set_num_threads(1)
IMAGE = "1,3,32,32"
BRIGHT = torch.full((1, 3, 32, 32), 2.0)
DARK = -BRIGHT
MIXED = torch.cat([BRIGHT[..., :20], DARK[..., 20:]], 3)


def checked(net: type[nn.Module], inputs: object = IMAGE) -> Report:
    return convlint.check(net, inputs, ignore=("CL55",))  # all inherit layers, and use some


def told(report: Report, severity: str = "error") -> list[str]:
    return [note for d in report.diagnostics if d.severity == severity for note in d.note]


def raises(net: type[nn.Module], *inputs: torch.Tensor) -> bool:
    torch.manual_seed(0)
    try:
        with torch.no_grad():
            net().eval()(*inputs)
    except (RuntimeError, ValueError):
        return True
    return False


@pytest.mark.parametrize(
    ("name", "guilty", "innocent", "condition"),
    [
        ("WrongIfTrue", BRIGHT, DARK, "when `x.mean() > 0` at line N is true"),
        ("WrongIfFalse", DARK, BRIGHT, "when `x.mean() > 0` at line N is false"),
        ("WrongInTernary", BRIGHT, DARK, "when `x.mean() > 0` at line N is true"),
        ("WrongIfNot", MIXED, BRIGHT, "when `(x > 0).all()` at line N is false"),
        ("WrongBehind", BRIGHT, DARK, "when `x.mean() > 0` at line N is true"),
        ("WrongByNumber", BRIGHT, DARK, "when `level > 0.5` at line N is true"),
        ("Unpacking", BRIGHT, DARK, "when `x.mean() > 0` at line N is true"),
        ("WrongInHelper", BRIGHT, DARK, "when `y.amax() > 0` at line N is true"),
        ("EarlyReturn", BRIGHT, DARK, "when `x.mean() > 0` at line N is true"),
        ("WhileData", BRIGHT, DARK, "when `x.amax() > 1` at line N is true"),
        (
            "WrongByCount",
            BRIGHT,
            DARK,
            "when `len(bright) == 0` at line N is false and "
            "`bright.shape[0] > 10` at line N is true",
        ),
        (
            "Nested",
            BRIGHT,
            DARK,
            "when `x.mean() > 0` at line N is true and `x.amax() > 1` at line N is true and "
            "`x.amin() > 0.5` at line N is true",
        ),
    ],
)
def test_a_fault_on_the_side_that_data_take(
    name: str, guilty: torch.Tensor, innocent: torch.Tensor, condition: str
) -> None:
    net = getattr(forks, name)
    assert raises(net, guilty)
    assert not raises(net, innocent)
    report = checked(net)
    errors = [d for d in report.diagnostics if d.severity == "error"]
    assert len(errors) == 1, str(report)
    notes = [re.sub(r"\bline \d+", "line N", note) for note in errors[0].note]
    assert notes[:1] == [condition]
    row = int(re.findall(r"line (\d+)", errors[0].note[0])[-1])
    source = Path(forks.__file__).read_text().splitlines()[row - 1]
    assert re.findall("`(.*?)`", condition)[-1] in source


@pytest.mark.parametrize(
    "name",
    ["BothFine", "Contradiction", "Related", "Where", "Checked", "WideFine", "OneSize", "Odd",
     "Trained", "Exiting", "Endless"],
)  # fmt: skip
def test_a_good_network_stays_good(name: str) -> None:
    report = checked(getattr(forks, name))
    assert {d.severity for d in report.diagnostics} <= {"info"}, str(report)


def test_what_may_not_meet_is_no_error() -> None:
    report = checked(forks.Related)
    notes = told(report, "info")
    assert any("whether data can decide so" in note for note in notes)
    for data in (BRIGHT, DARK, MIXED):
        assert not raises(forks.Related, data)


def test_what_every_round_must_decide_alike_is_no_error() -> None:
    report = checked(forks.EmptyIfNoRound)
    assert report.ok, str(report)
    assert told(report, "info")[-1] == "whether data can decide so at once is not known"
    assert report.network is not None
    assert not report.network.raised, "another path comes to its end"


def test_what_one_round_decides_is_an_error() -> None:
    (note,) = told(checked(forks.WrongInOneRound))
    assert note.startswith("when `channel.mean() > 0` at line ")


def test_what_two_inputs_decide_can_meet() -> None:
    inputs = {"x": IMAGE, "z": IMAGE}
    assert raises(forks.Apart, BRIGHT, DARK)
    for x, z in ((BRIGHT, BRIGHT), (DARK, DARK), (DARK, BRIGHT)):
        assert not raises(forks.Apart, x, z)
    (note,) = told(checked(forks.Apart, inputs))
    assert re.sub(r"\d{2,}", "N", note) == (
        "when `x.mean() > 0` at line N is true and `z.mean() > 0` at line N is false"
    )


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> list[Network]:
    """The networks of all other paths, as they are traced."""
    seen: list[Network] = []
    follow = paths._Tracks.follow

    def following(*args: object, **kwargs: object) -> Network | None:
        network = follow(*args, **kwargs)  # type: ignore[arg-type]
        if network is not None:
            seen.append(network)
        return network

    monkeypatch.setattr(paths._Tracks, "follow", following)
    return seen


@pytest.mark.parametrize(
    ("name", "others"),
    [("BothFine", 2), ("Where", 0), ("Checked", 0), ("Trained", 0), ("Nested", 3)],
)
def test_each_side_is_traced_once(name: str, others: int, traced: list[Network]) -> None:
    checked(getattr(forks, name))
    assert len(traced) == others
    answers = {
        (d.frame.location, d.answer) for network in traced for d in network.decisions if d.answer
    }
    assert len(answers) == others


def test_many_decisions_do_not_explode(traced: list[Network]) -> None:
    report = checked(forks.Many)
    assert len(traced) <= paths.MOST - 1 + 8
    (note,) = told(report)
    assert re.fullmatch(r"when `x\[:, :, 6\].mean\(\) > 0` at line \d+ is true", note)
    (unseen,) = report.unseen
    assert unseen.function == "Many.forward"
    assert len(unseen.rows) == 20 - (paths.MOST - 1)


def test_a_loop_on_data(traced: list[Network]) -> None:
    small = torch.zeros(1, 3, 32, 32)
    assert raises(forks.DataLoop, small) or not raises(forks.DataLoop, BRIGHT)
    report = checked(forks.DataLoop)
    (note,) = told(report)
    assert "`y.abs().amax() < 1`" in note
    assert len(traced) < 8
    assert not any(one.rows for one in report.unseen)


def test_a_fault_that_another_size_reaches() -> None:
    report = checked(forks.Wide)
    assert raises(forks.Wide, torch.zeros(1, 3, 32, 33))
    assert not raises(forks.Wide, torch.zeros(1, 3, 33, 32))
    (found,) = report.diagnostics
    assert (found.severity, found.code) == ("warning", "CL101")
    assert re.sub(r"line \d+", "line N", found.note[0]) == (
        "for W > 32, where `x.shape[-1] > 32` at line N is true; seen with 1,3,64,64"
    )
    assert not any(one.rows for one in report.unseen)


def test_a_size_that_is_asked_of_a_layers_output() -> None:
    report = checked(forks.WideDeep)
    assert raises(forks.WideDeep, torch.zeros(1, 3, 80, 32))
    assert not raises(forks.WideDeep, torch.zeros(1, 3, 79, 32))
    (note,) = told(report, "warning")
    assert note.startswith("for H > 79, where `y.shape[-2] >= 20` at line ")


def test_a_fault_of_another_size_only_is_none() -> None:
    """The declared size is what the network is meant for."""
    assert raises(forks.Odd, torch.zeros(1, 3, 33, 33))
    assert checked(forks.Odd).diagnostics == ()
    assert checked(forks.OneSize).diagnostics == ()


def test_what_was_not_seen_is_told() -> None:
    (unseen,) = checked(forks.Trained).unseen
    source = Path(forks.__file__).read_text().splitlines()
    assert [source[row - 1].strip() for row in unseen.rows] == ["y = y + 1", "y = self.right(y)"]
    assert unseen.function == "Trained.forward"
    assert convlint.check(forks.Trained, IMAGE, training=True).unseen == ()
    for name in ("BothFine", "Checked", "Where"):
        assert checked(getattr(forks, name)).unseen == ()


def test_the_time_limit_holds_for_other_paths() -> None:
    from convlint.job import Job
    from convlint.lint import run
    from convlint.spec import parse
    from convlint.target import parse as target

    began = time.monotonic()
    job = Job(target(f"{forks.__file__}:Endless"), (parse(IMAGE),))
    result = run(job, deadline=began + 5)
    assert time.monotonic() - began < 20
    assert not result.incomplete
    assert {d.severity for d in result.diagnostics} <= {"info"}


def test_another_trace_function_is_left_alone() -> None:
    calls: list[str] = []

    def tracer(frame: object, event: str, argument: object) -> None:
        calls.append(event)

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        report = checked(forks.WrongIfTrue)
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(before)
    assert calls
    assert report.unseen == ()
    assert not report.ok
