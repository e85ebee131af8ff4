"""The tool measures, and its page tells what it has measured."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.speed.__main__ import main
from benchmarks.speed.comparison import Row
from benchmarks.speed.model import models
from benchmarks.speed.page import Measured, page
from benchmarks.speed.process import Failed, Usage, measure
from benchmarks.speed.stages import Stages

MODELS = {model.name: model for model in models()}


def staged(analysis: float, median: float) -> Stages:
    seconds = {"import torch": 1.0, "build": analysis, "trace": 0.0, "judge": 0.0}
    return Stages(seconds, 100, median, 2 * median, {"all else": 1.0})


def measured(time: float, growth: float, failure: str = "") -> str:
    model = MODELS["resnet50"]
    rows = [Row("resnet50", "convlint", time, time, 1.05, 1.08)]
    rows += [
        Row("resnet50", tool, 2.0, 2.0, 1.5, failure=failure)
        for tool in ("torchinfo", "fake", "export", "forward")
    ]
    stages = {"resnet50": staged(0.1, 50e-6)}
    pair = [staged(1.0, 50e-6), staged(growth, 50e-6)]
    return page(Measured([model], rows, stages, stages, pair, [("sympy", False, 0.2)], 3))


def test_bounds_are_told() -> None:
    kept = measured(0.9, 2.0)
    assert "| ResNet-50, whole process | 1.10 | 0.90 | kept |" in kept
    assert "| 2,000 layers over 1,000 | 2.20 | 2.00 | kept |" in kept
    assert "not kept" not in kept
    missed = measured(1.2, 2.3)
    assert "| ResNet-50, whole process | 1.10 | 1.20 | **not kept** |" in missed
    assert "| 2,000 layers over 1,000 | 2.20 | 2.30 | **not kept** |" in missed


def test_what_could_not_be_measured_has_its_reason() -> None:
    text = measured(0.9, 2.0, failure="over 300 s")
    assert "| ResNet-50 | 1,3,224,224 | 0.90 | — | — | — | — |" in text
    assert "— torch.export (meta), ResNet-50: over 300 s" in text


def test_a_command_is_measured(tmp_path: Path) -> None:
    usage = measure(["python3", "-c", "x = bytearray(50_000_000)"], tmp_path, 60.0)
    assert isinstance(usage, Usage)
    assert usage.peak > 50
    assert 0 < usage.cpu < 60
    with pytest.raises(Failed, match="ValueError: no"):
        measure(["python3", "-c", "raise ValueError('no')"], tmp_path, 60.0)
    with pytest.raises(Failed, match="over 1 s"):
        measure(["python3", "-c", "import time; time.sleep(30)"], tmp_path, 1.0)


def test_the_tool(tmp_path: Path) -> None:
    file = tmp_path / "speed.md"
    done = CliRunner().invoke(
        main,
        ["--rounds", "1", "--model", "unet", "--tool", "fake", "--page", str(file)],
        catch_exceptions=False,
    )
    assert done.exit_code == 0, done.output
    text = file.read_text(encoding="utf-8")
    assert "U-Net" in text
    assert "whole process" in text
    for tool in ("convlint", "fake"):
        (line,) = [one for one in done.output.splitlines() if one.startswith(f"unet {tool}: ")]
        assert float(line.split()[-1]) > 0.1
    assert CliRunner().invoke(main, ["--model", "nothing"]).exit_code == 2
