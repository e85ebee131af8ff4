"""The tool measures, and its page tells what it has measured."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.speed.__main__ import main
from benchmarks.speed.comparison import Row
from benchmarks.speed.model import models
from benchmarks.speed.page import Measured, page
from benchmarks.speed.process import Failed, Usage, measure, together
from benchmarks.speed.stages import Stages

MODELS = {model.name: model for model in models()}


TOOLS = ("built", "torchinfo", "fake", "export", "forward")


def staged(analysis: float, median: float) -> Stages:
    seconds = {"import torch": 1.0, "build": analysis, "trace": 0.0, "judge": 0.001}
    parts = {"build": {"all else": 1.0}, "trace": {"all else": 1.0}}
    return Stages(seconds, 100, median, 2 * median, parts)


def measured(time: float, growth: float, failure: str = "", median: float = 40e-6) -> str:
    model = MODELS["resnet50"]
    rows = [
        Row("resnet50", "bare", 0.8, 0.75, 1.0, rounds=3),
        Row("resnet50", "convlint", time, time, 1.05, 1.08, rounds=3),
    ]
    rows += [Row("resnet50", tool, 2.0, 2.0, 1.5, rounds=1, failure=failure) for tool in TOOLS]
    stages = {"resnet50": staged(0.1, median)}
    pair = [staged(1.0, median), staged(growth, median)]
    return page(Measured([model], rows, stages, stages, pair, [("sympy", "", 0.2)], 3))


def test_bounds_are_told() -> None:
    kept = measured(0.9, 2.0)
    assert "| ResNet-50, whole process | 1.10 | 0.90 | kept |" in kept
    assert "| 2,000 layers over 1,000 | 2.20 | 2.00 | kept |" in kept
    assert "| a layer is traced in (median, µs) | 60 | 40 | kept |" in kept
    assert "| a layer is traced and judged in (µs) | 60 | 50 | kept |" in kept
    assert "not kept" not in kept
    missed = measured(1.101, 2.3, median=60.1e-6)
    assert "| ResNet-50, whole process | 1.10 | 1.10 | **not kept** |" in missed
    assert "| 2,000 layers over 1,000 | 2.20 | 2.30 | **not kept** |" in missed
    assert "| a layer is traced in (median, µs) | 60 | 60 | **not kept** |" in missed


def test_the_import_that_saves_as_much_is_told_too() -> None:
    assert "| ResNet-50 | 1,3,224,224 | 0.80 | 0.90 |" in measured(0.9, 2.0)
    assert " | 2.00 | 1.12 |" in measured(0.9, 2.0)  # 0.90 / 0.80


def test_what_no_tool_can_save_is_told() -> None:
    assert "Of the 1.05 of ResNet-50, 1.50 are torch and the modules" in measured(0.9, 2.0)
    assert "are torch and the modules" not in measured(0.9, 2.0, failure="over 300 s")


def test_what_could_not_be_measured_has_its_reason() -> None:
    text = measured(0.9, 2.0, failure="over 300 s")
    assert "| ResNet-50 | 1,3,224,224 | 0.80 | 0.90 | — | — | — | — | — | 1.12 |" in text
    assert "* — torch.export (meta), ResNet-50: over 300 s" in text


def test_what_was_measured_once_is_told() -> None:
    assert (
        "* Measured once, for it takes over 20 s: torch builds it (meta), ResNet-50;"
        in measured(1, 2)
    )


def test_a_command_is_measured() -> None:
    usage = measure([sys.executable, "-c", "x = bytearray(50_000_000)"], 60.0)
    assert isinstance(usage, Usage)
    assert usage.peak > 50
    assert 0 < usage.cpu < 60
    with pytest.raises(Failed, match="ValueError: no"):
        measure([sys.executable, "-c", "raise ValueError('no')"], 60.0)
    with pytest.raises(Failed, match="over 1 s"):
        measure([sys.executable, "-c", "import time; time.sleep(30)"], 1.0)


_HOLDS = "x = bytearray(50_000_000); import os, time; {}; time.sleep(0.5)"


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="Linux tells")
def test_what_processes_share_is_counted_once() -> None:
    held = [
        together([sys.executable, "-c", _HOLDS.format(code)])
        for code in ("pass", "os.fork()", "os.fork(); y = bytes(bytearray(50_000_000))")
    ]
    assert all(held)
    alone, shared, each = (size or 0.0 for size in held)
    assert alone > 50
    assert shared - alone < 25
    assert each - alone > 75


def test_the_tool(tmp_path: Path) -> None:
    file = tmp_path / "speed.md"
    done = CliRunner().invoke(
        main,
        ["--repeat", "1", "--model", "unet", "--tool", "fake", "--page", str(file)],
        catch_exceptions=False,
    )
    assert done.exit_code == 0, done.output
    text = file.read_text(encoding="utf-8")
    for title in ("Wall time", "Processor time", "Bounds", "A layer", "Where the time goes"):
        assert f"\n## {title}\n" in text
    assert "| U-Net, whole process | 1.30 | " in text
    for stage in ("start Python", "import torch", "build", "trace", "judge", "write the report"):
        assert f"\n| {stage} | " in text
    for tool in ("bare", "convlint", "fake"):
        (line,) = [one for one in done.output.splitlines() if one.startswith(f"unet {tool}: ")]
        assert float(line.split()[-1]) > 0.1


@pytest.mark.parametrize("words", [["--model", "nothing"], ["--repeat", "0"]])
def test_what_cannot_be_measured_is_refused(words: list[str]) -> None:
    assert CliRunner().invoke(main, words).exit_code == 2
