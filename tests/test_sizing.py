"""What `convlint sizes` says, as plain data and in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from convlint import cli, isolate, spec, target
from convlint.diagnostic import Diagnostic
from convlint.job import Job, Mode, Result
from convlint.sizes import Sizes
from convlint.symbol import parse as parse_dims
from tests.sweep import networks

FILE = Path(networks.__file__)


def result(
    name: str,
    *inputs: str,
    dims: tuple[str, ...] = (),
    mode: Mode = "eval",
    want_sizes: bool = True,
) -> Result:
    given = spec.united(tuple(spec.parse(text) for text in inputs))
    job = Job(
        target.parse(f"{FILE}:{name}"),
        given,
        mode,
        want_sizes=want_sizes,
        dims=parse_dims(dims).including(given),
    )
    (found,) = isolate.run([job])
    return found


def linted(name: str, *inputs: str, dims: tuple[str, ...] = ()) -> tuple[Diagnostic, ...]:
    return result(name, *inputs, dims=dims, want_sizes=False).diagnostics


def sizes(name: str, *inputs: str, **how: Any) -> Sizes:
    found = result(name, *inputs, **how).sizes
    assert found is not None
    return found


def words(found: Sizes) -> str:
    return "; ".join(one.text for one in found.works)


@pytest.mark.parametrize(
    ("name", "shape", "said", "gives"),
    [
        ("UNet", "N,3,H,W", "N ≥ 1; H and W: multiples of 4", "[N, 8, H, W]"),
        ("Padded", "N,3,H,W", "N, H and W ≥ 1", "[N, 8, H, W]"),
        ("Patches", "N,3,H,W", "N ≥ 1; ⌊H/8⌋·⌊W/8⌋ = 64", "[N, 12]"),
        ("Classifier", "N,3,H,W", "N ≥ 1; ⌊(H + 1)/8⌋·⌊(W + 1)/8⌋ = 49", "[N, 10]"),
    ],
)
def test_the_sizes_that_work(name: str, shape: str, said: str, gives: str) -> None:
    found = sizes(name, shape)
    assert words(found).startswith(said)
    assert found.outputs == (gives,)
    assert found.is_general
    assert found.proven


@pytest.mark.parametrize(
    ("name", "shape", "gives"),
    [("Paired", "N,3", "[1, 3]"), ("Lazy", "N,3,8,8", "[2, 2]")],
)
def test_what_one_expression_does_not_tell_is_told_for_an_example(
    name: str, shape: str, gives: str
) -> None:
    found = sizes(name, shape)
    assert (found.outputs, found.is_general, found.example) == ((gives,), False, (("N", 2),))


def test_lazy_weights_have_their_sizes_in_the_table_of_shapes() -> None:
    (found,) = isolate.run(
        [Job(target.parse(f"{FILE}:Lazy"), (spec.parse("N,3,H,8"),), want_shapes=True)]
    )
    assert not found.diagnostics
    assert found.rows[-1].output_shape == "[2, 2]"


def test_what_stands_at_the_borders() -> None:
    found = sizes("UNet", "2,3,H,W")
    pools = [one for one in found.borders if one.code == "CL201"]
    joins = [one for one in found.borders if one.code == "CL301"]
    assert {one.where for one in pools} == {"H or W = 1 only", "H or W: 2 to 3"}
    assert len(joins) == 2
    assert all("cannot join" in one.message for one in joins)
    rows = FILE.read_text(encoding="utf-8").splitlines()
    assert all(one.location and "torch.cat" in rows[one.location.row - 1] for one in joins)


def test_letters_that_are_one() -> None:
    found = sizes("Strict", "1,3,H,W", dims=("W=H",))
    assert words(found) == "H ≥ 10"
    assert found.proven


def test_declared_sizes_are_followed_to_their_end() -> None:
    found = sizes("UNet", "1,3,H,W", dims=("H=64..80", "W=32/36/38"))
    assert words(found) == "H: 64, 68, 72, 76, 80; W: 32, 36"
    assert found.proven
    assert not found.bounds[0].is_open


def test_a_wrong_declaration_is_an_error_where_the_fault_is() -> None:
    found = linted("UNet", "1,3,H,W", dims=("H=64..80%4", "W=64..66"))
    assert [one.code for one in found] == ["CL301", "CL301"]
    assert {one.message.partition(":")[0] for one in found} == {"at W = 65", "at W = 66"}
    assert all("works for W = 64 only" in one.note for one in found)


def test_what_another_letter_can_mend_is_no_fault() -> None:
    assert not linted("Strict", "1,3,H,W", dims=("H=20..60",))
    (found,) = linted("Strict", "1,3,H,W", dims=("H=5..60",))
    assert found.code == "CL190"
    assert "too small" in found.message


def test_letters_of_which_nothing_is_said_are_no_fault() -> None:
    assert not linted("UNet", "1,3,H,W")


def test_a_strided_window_leaves_rows_unread() -> None:
    found = sizes("Classifier", "1,3,H,W")
    assert found.read is not None
    assert found.even is not None


def test_the_mode_counts(tmp_path: Path) -> None:
    file = tmp_path / "normed.py"
    file.write_text(
        "from torch import nn\n\n"
        "def normed():\n    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))\n"
    )
    job = Job(target.parse(f"{file}:normed"), (spec.parse("N,3,3,3"),), want_sizes=True)
    evaluating, training = isolate.run([job, Job(job.target, job.inputs, "train", want_sizes=True)])
    assert evaluating.sizes is not None
    assert training.sizes is not None
    assert words(evaluating.sizes) == "N ≥ 1"
    assert words(training.sizes) == "N ≥ 2"


def test_a_network_without_layers_takes_anything() -> None:
    assert isinstance(nn.Identity(), nn.Module)
    job = Job(target.parse("torch.nn:Identity"), (spec.parse("A,B"),), want_sizes=True)
    (found,) = isolate.run([job])
    assert found.sizes is not None
    assert found.sizes.is_any


def test_where_no_size_works() -> None:
    found = sizes("UNet", "2,4,H,W")
    assert not found.works
    assert found.borders[0].code == "CL101"
    assert all(not one.where.startswith(("H or", "H and W ≥ 1")) for one in found.borders)


def test_inputs_without_letters_leave_nothing_to_be_asked(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert cli.run(["sizes", f"{FILE}:UNet", "--input", "1,3,8,8"]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert "write letters for the sizes" in line


def test_the_command_as_a_program_reads_it(capfd: pytest.CaptureFixture[str]) -> None:
    words_ = ["sizes", f"{FILE}:UNet", "--input", "N,3,H,W", "--format", "json", "--no-cache"]
    assert cli.run([*words_, "-q"]) == 0
    (found,) = json.loads(capfd.readouterr().out)
    assert found["proven"]
    assert found["works"][1]["ranges"] == [[4, 512, 4]]


def test_a_declared_size_fails_where_the_other_letters_are_as_they_should_be() -> None:
    (found,) = linted("UNet", "1,3,H,W", dims=("H=64..70",))[:1]
    assert found.code == "CL301"  # and not that a width of 1 is too small
    assert found.message.startswith("at H = ")
    assert {one.code for one in linted("UNet", "1,3,H,W", dims=("H=62..70",))} == {"CL301"}


def test_what_another_layer_reads_is_not_unread() -> None:
    found = sizes("Halves", "1,3,H,W")
    assert found.read is None  # even sides are read by one of the two, odd ones by the other
    assert sizes("Classifier", "1,3,H,W").read is not None


def test_sizes_that_come_again_are_few_ranges() -> None:
    one = sizes("Odd", "1,3,H,4")
    assert words(one) == "H: 4·k or 4·k + 3"
    assert one.extent is not None
    assert one.extent.blocks[0].boxes[0][0] == ((3, 511, 4), (4, 512, 4))
