"""CL560: what is read as a shape, what is not, and that only stale comments are told.

Networks are drawn with their comments; what really comes out is asked of torch.
"""

from __future__ import annotations

import importlib.util
import tempfile
import textwrap
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from convlint.arithmetic.notation import notation
from convlint.diagnostic import Diagnostic
from convlint.job import Job
from convlint.lint import run
from convlint.selection import Selection
from convlint.spec import parse
from convlint.target import parse as parse_target
from tests.sampling import sampled

SHAPES = {
    "# (N, 16, 8, 8)": "N 16 8 8",
    "#(N,16,8,8)": "N 16 8 8",
    "# [B, C, H/2, W/2]": "B C H/2 W/2",
    "# -> 1 x 64 x 56 x 56": "1 64 56 56",
    "# => [1, 64, 56, 56]": "1 64 56 56",
    "# → (1, 64)": "1 64",
    "# torch.Size([1, 128, 32, 32])": "1 128 32 32",
    "# Size([1, 128])": "1 128",
    "# 1x64x56x56": "1 64 56 56",
    "# 64×56×56": "64 56 56",
    "# BxCxHxW": "B C H W",
    "# N x (512*7*7)": "N (512*7*7)",
    "# batch x 64 x 7 x 7": "batch 64 7 7",
    "# N, 16, 8, 8": "N 16 8 8",
    "# x: (N, 10)": "N 10",
    "# x.shape = (N, 10)": "N 10",
    "# shape: (B, 3)": "B 3",
    "# Output shape: [B, 3].": "B 3",
    "# output size (B, 3)": "B 3",
    "# [b, 3, c] shape": "b 3 c",
    "# (N, C, H, W) -> (N, C)": "N C",
    "# [B, C, H, W] => [B, H*W, C]": "B H*W C",
    "# 6@28x28": "6 28 28",
    "# (batch=1, channels=3, 8, 8)": "1 3 8 8",
    "# [N, 64, ...]": "N 64 ...",
    "# (B, ?, 10)": "B ? 10",
    "# (-1, 400)": "-1 400",
    "# (None, 28, 28, 3)": "None 28 28 3",
    "# (N, (64+64), 8, 8)": "N (64+64) 8 8",
    "# (N, 2C, H // 4, W // 4)": "N 2C H // 4 W // 4",
    "# now (N, 4)": "N 4",
}
OTHERS = (
    "# 3x3 conv", "# 3x3", "# 1x1", "# 32x32 image", "# [0, 1]", "# [-1.0, 1.0]", "# (0.5, 0.5)",
    "# 2024-01-02", "# (see above)", "# (N)", "# [3]", "# 10", "# input: (N, 3, 32, 32)",
    "# in: (N, 3)", "# expected (N, 3)", "# was: [N, 3]", "# kernel: (3, 3)", "# stride = (2, 2)",
    "# padding=(1, 1)", "# bchw,bc->bhw", "# b c h w -> b (h w) c", "# x = self.conv(x)",
    "# x = F.pad(x, (1, 1))", "# return x, y", "# noqa: E501", "# type: ignore[arg-type, misc]",
    "# (N, C, H, W) or (N, H, W, C)", "# each (B, N)", "# [0, 1] -> [-1, 1]",
    "# 1, 2, 3", "# a, b, c", "# see [1, 2], p. 3", "# (1, 2, 3) after sorting",
    "# 2 x 3 kernels", "# 10x faster", "# max(1, 2)", "# torch.Size", "# shape", "# (N, C, H, W",
    "# tensor([1, 2])", "# O(n, m)", "# TODO(me, you): x", "# lr = 0.1, 0.2", "# 50 %, 20 %",
    "# N, C", "# (N, 64, 2048->32)", "# logits (B, C), labels (B,)", "# #1, #2",
)  # fmt: skip


@pytest.mark.parametrize(("comment", "items"), SHAPES.items())
def test_is_a_shape(comment: str, items: str) -> None:
    found = notation(comment)
    assert found is not None
    assert " ".join(item.term.text for item in found.items) == items
    assert all(comment[item.start : item.end] == item.term.text for item in found.items)


@pytest.mark.parametrize("comment", OTHERS)
def test_is_no_shape(comment: str) -> None:
    assert notation(comment) is None


@given(st.text(alphabet="#()[],x×*/+-.@>=: \tNBCHW0123456789ab?'…", max_size=40))
@sampled(100)
def test_reads_anything(text: str) -> None:
    found = notation("#" + text)
    if found is not None:
        assert len(found.items) >= 2
        assert all(("#" + text)[i.start : i.end] == i.term.text for i in found.items)


def checked(source: str, size: str, folder: Path) -> list[Diagnostic]:
    path = folder / "model.py"
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    job = Job(parse_target(f"{path}:Net"), (parse(size),), "eval", Selection(select=("CL560",)))
    return list(run(job).diagnostics)


NET = """
import torch, torch.nn as nn, torch.nn.functional as F
class Net(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, width, 3, padding=1, stride=2)
        self.conv3 = nn.Conv2d(width, 64, 3)
        self.head = nn.Linear(64, 10)
    def forward(self, x):
{forward}
"""


def findings(forward: str, folder: Path, size: str = "2,3,32,32") -> list[Diagnostic]:
    body = textwrap.indent(textwrap.dedent(forward).strip("\n"), " " * 8)
    return checked(NET.format(forward=body), size, folder)


SILENT = {
    "true": "x = self.conv1(x)  # (N, 16, 32, 32)\nreturn x.sum()",
    "another batch": "x = self.conv1(x)  # (8, 16, 32, 32)\nreturn x",
    "without batch": "x = self.conv1(x)  # 16 x 32 x 32\nreturn x",
    "another input size": """
        x = self.conv1(x)  # (N, 16, 224, 224)
        x = self.conv2(x)  # (N, 32, 112, 112)
        x = self.conv3(x)  # (N, 64, 110, 110)
        return x.sum()
        """,
    "another width": "x = self.conv2(self.conv1(x))  # (N, 48, 16, 16)\nreturn x",
    "channels last": "x = self.conv1(x)  # (N, 32, 32, 16)\nreturn x",
    "channels last at another size": "x = self.conv1(x)  # 224x224x16\nreturn x",
    "what goes in": "x = self.conv1(x)  # (N, 3, 32, 32)\nreturn x",
    "on the way": "x = F.max_pool2d(self.conv1(x), 2)  # (N, 16, 32, 32)\nreturn x",
    "values": "x = self.conv1(x)  # [1, 2, 3, 4]\nreturn x",
    "a kernel": "x = self.conv1(x)  # (3, 3)\nreturn x",
    "another variable": "x = self.conv1(x)  # y: (N, 99, 32, 32)\nreturn x",
    "several outputs": "x, y = self.conv1(x), x  # (N, 99, 32, 32)\nreturn x, y",
    "a list of outputs": "return [self.conv1(x), x]  # (N, 99)",
    "a string": "x = self.conv1(x) if '# (N, 99, 32, 32)' else x\nreturn x",
    "on its own line": "# (N, 99, 32, 32)\nx = self.conv1(x)\nreturn x",
    "loose letters": """
        x = self.conv1(x)  # (N, C, H, W)
        x = self.conv2(x)  # (N, C, H, W)
        return x
        """,
    "halves of what came in": """
        x = F.max_pool2d(self.conv1(x), 2)  # (N, 16, H/2, W/2)
        x = F.max_pool2d(x, 2)  # (N, 16, H/2, W/2)
        x = F.max_pool2d(x, 2)  # (N, 16, H/2, W/2)
        return x
        """,
    "letters that the code changes": """
        x = self.conv1(x)  # (N, 16, H, W)
        H, W = x.shape[2:]
        x = F.max_pool2d(x, 2)  # (N, 16, H/2, W/2)
        x = F.relu(x)  # (N, 16, H/2, W/2)
        H, W = H // 2, W // 2
        x = F.relu(x)  # (N, 16, H, W)
        return x
        """,
    "in a loop": """
        x = self.conv1(x)
        for _ in range(3):
            x = F.max_pool2d(x, 2)  # (N, 16, 8, 8)
        return x
        """,
    "as many channels as places": """
        x = F.avg_pool2d(self.conv1(x), 8)
        x = x.flatten(2).transpose(1, 2)  # (N, 49, 16)
        return x
        """,
    "many branches": """
        x = self.conv1(x)
        for _ in range(40):
            x = torch.cat([x[:, :8], x[:, 8:]], 1)
            x = torch.cat([F.max_pool2d(x, 3, 1), F.avg_pool2d(x, 3, 1)], 1)[:, :16]
            x = F.pad(x, (1, 1, 1, 1))
        return x.flatten(2)  # (N, 16, 50176)
        """,
    "sides of 1": "x = self.conv1(x).mean((2, 3), keepdim=True)  # (N, 16)\nreturn x",
    "the same elements": "x = self.conv1(x).flatten(1)  # (N, 16, 32, 32)\nreturn x",
    "any": "x = self.conv1(x)  # (N, ?, 32, -1)\nreturn x",
    "in front of an arrow": "x = self.conv1(x)  # (N, 99, 32, 32) -> (N, 16, 32, 32)\nreturn x",
    "a slice": "x = self.conv1(x)\nx[:, 0] = 0  # (N, 99, 32, 32)\nreturn x",
}


@pytest.mark.parametrize("forward", SILENT.values(), ids=SILENT)
def test_silent(forward: str, tmp_path: Path) -> None:
    assert [d.message for d in findings(forward, tmp_path)] == []


STALE = {
    "channels": ("x = self.conv1(x)  # (N, 32, 32, 32)\nreturn x", "# (N, 16, 32, 32)"),
    "channels at another size": (
        "x = self.conv1(x)  # (N, 12, 224, 224)\nreturn x", "# (N, 16, 224, 224)",
    ),
    "no batch": ("x = self.conv1(x)  # -> 12 x 32 x 32\nreturn x", "# -> 16 x 32 x 32"),
    "torch.Size": (
        "x = self.conv1(x)  # torch.Size([1, 12, 64, 64])\nreturn x",
        "# torch.Size([1, 16, 64, 64])",
    ),
    "behind an arrow": (
        "x = self.conv1(x)  # [N, 3, H, W] -> [N, 12, H, W]\nreturn x",
        "# [N, 3, H, W] -> [N, 16, H, W]",
    ),
    "returned": (
        "x = self.conv1(x)\nx = x.mean((2, 3))\nreturn self.head(x.repeat(1, 4))  # (N, 12)",
        "# (N, 10)",
    ),
    "a variable is returned": (
        "x = self.conv1(x)\ny = self.head(x.mean((2, 3)).repeat(1, 4))\nreturn y  # [N, 12]",
        "# [N, 10]",
    ),
    "noqa behind it": ("x = self.conv1(x)  # (N, 12, 8, 8)  # noqa\nreturn x", "# (N, 16, 8, 8)"),
    "several lines": (
        "x = self.conv1(\n    x\n)  # (N, 12, 32, 32)\nreturn x", "# (N, 16, 32, 32)",
    ),
    "in a loop": (
        "for _ in range(3):\n    y = self.conv1(x)  # (N, 12, 32, 32)\n    x = y[:, :3]\nreturn y",
        "# (N, 16, 32, 32)",
    ),
    "a size that is not kept": (
        "x = self.conv2(self.conv1(x))\nx = self.conv3(x)  # (N, 64, 16, 16)\nreturn x",
        "# (N, 64, 14, 14)",
    ),
    "the one that is wrong": (
        """
        x = self.conv1(x)  # (N, 16, 32, 32)
        x = self.conv2(x)  # (N, 32, 16, 16)
        x = F.max_pool2d(x, 2)  # (N, 32, 4, 4)
        return x
        """,
        "# (N, 32, 8, 8)",
    ),
    "letters": (
        """
        x = self.conv1(x)  # (N, 16, H, W)
        x = self.conv2(x)  # (N, 32, H/2, W/2)
        x = F.relu(x)  # (N, 32, H/2, W/2)
        x = F.max_pool2d(x, 2)  # (N, 32, H/2, W/2)
        return x
        """,
        "# (N, 32, H/4, W/4)",
    ),
    "rank": (
        """
        x = self.conv1(x)  # (N, 16, 32, 32)
        x = self.conv2(x)  # (N, 32, 16, 16)
        x = F.max_pool2d(x, 2)  # (N, 32, 8, 8)
        x = F.max_pool2d(x, 2)  # (N, 32)
        return x
        """,
        "# (N, 32, 4, 4)",
    ),
    "after letters that are wide": ("x = self.conv1(x) if 'ää' else x  # (N, 12, 32, 32)\nreturn x",
        "# (N, 16, 32, 32)"),
}  # fmt: skip


@pytest.mark.parametrize(("forward", "help"), STALE.values(), ids=STALE)
def test_stale(forward: str, help: str, tmp_path: Path) -> None:
    (found,) = findings(forward, tmp_path)
    assert found.help[0] == f"write `{help}`"
    assert found.location is not None
    lines = (tmp_path / "model.py").read_text(encoding="utf-8").split("\n")
    line = lines[found.location.row - 1]
    marked = line[found.location.column - 1 : found.location.end_column - 1]
    assert found.message.startswith(f"the comment `{marked}` is stale: ")


STYLES = (
    "# (N, {})", "# [B, {}]", "# torch.Size([1, {}])", "# -> {}", "# shape: (8, {})", "# N x {}",
)  # fmt: skip
STEPS = ("conv", "same", "dilated", "strided", "pool")


@st.composite
def networks(draw: st.DrawFn) -> tuple[list[str], list[int], str]:
    """The steps of a network, their widths (at most what the constructor is given), a style."""
    steps = [draw(st.sampled_from(STEPS)) for _ in range(draw(st.integers(4, 7)))]
    widths = draw(st.lists(st.sampled_from((5, 7, 11, 13, 17)), min_size=8, max_size=8))
    return steps, widths, draw(st.sampled_from(STYLES))


def written(steps: list[str], widths: list[int], comments: list[str], own: bool) -> str:
    """Its source; `own` where the widths stand in it as numbers."""
    arguments = {
        "conv": "3", "same": "3, padding=1", "dilated": "3, dilation=2, padding=1",
        "strided": "5, stride=2, padding=2",
    }  # fmt: skip
    lines, body, before = [], [], "3"
    for place, (step, comment) in enumerate(zip(steps, comments, strict=True)):
        if step == "pool":
            lines.append(f"self.step{place} = nn.MaxPool2d(2)")
        else:
            width = str(widths[place]) if own else f"widths[{place}]"
            lines.append(f"self.step{place} = nn.Conv2d({before}, {width}, {arguments[step]})")
            before = width
        body.append(f"x = self.step{place}(x)  {comment}")
    head = f"def __init__(self, widths={widths}):\n    super().__init__()\n"
    forward = "def forward(self, x):\n" + textwrap.indent("\n".join([*body, "return x"]), "    ")
    inside = head + textwrap.indent("\n".join(lines), "    ") + "\n" + forward
    return "from torch import nn\nclass Net(nn.Module):\n" + textwrap.indent(inside, "    ")


def real_shapes(steps: list[str], widths: list[int], size: int) -> list[list[int]]:
    """What torch gives at every step."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "real.py")
        path.write_text(written(steps, widths, [""] * len(steps), True))
        spec = importlib.util.spec_from_file_location("real", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        net, x, shapes = module.Net(), torch.zeros(1, 3, size, size), []
        for place in range(len(steps)):
            x = getattr(net, f"step{place}")(x)
            shapes.append(list(x.shape[1:]))
    return shapes


def commented(style: str, shapes: list[list[int]]) -> list[str]:
    sign = " x " if style in ("# -> {}", "# N x {}") else ", "
    return [style.format(sign.join(map(str, shape))) for shape in shapes]


def told(
    network: tuple[list[str], list[int], str], comments: list[str], size: int, own: bool
) -> list[Diagnostic]:
    steps, widths, _ = network
    with tempfile.TemporaryDirectory() as folder:
        source = written(steps, widths, comments, own)
        return checked(source, f"2,3,{size},{size}", Path(folder))


@given(networks(), st.booleans(), st.sampled_from((96, 112, 128, 224)))
@sampled(15)
def test_true_comments_are_silent(
    network: tuple[list[str], list[int], str], own: bool, size: int
) -> None:
    steps, widths, style = network
    comments = commented(style, real_shapes(steps, widths, 112))
    assert told(network, comments, 112, own) == []
    found = told(network, comments, size, own)  # written for another size
    assert [d.message for d in found] == []


@given(networks(), st.integers(0, 3), st.integers(0, 2), st.booleans())
@sampled(25)
def test_one_wrong_number_is_found(
    network: tuple[list[str], list[int], str], place: int, axis: int, own: bool
) -> None:
    steps, widths, style = network
    shapes = real_shapes(steps, widths, 128)
    comments = commented(style, shapes)
    wrong = [list(shape) for shape in shapes]
    wrong[place][axis] = 997
    stale = [*comments]
    stale[place] = commented(style, wrong)[place]
    (found,) = told(network, stale, 128, own)
    assert found.location is not None
    assert found.help[0] == f"write `{comments[place]}`"


@given(networks())
@sampled(10)
def test_another_width_is_silent(network: tuple[list[str], list[int], str]) -> None:
    steps, widths, style = network
    shapes = real_shapes(steps, [2 * width for width in widths], 128)
    comments = commented(style, shapes)
    found = told(network, comments, 128, own=False)
    assert [d.message for d in found] == []
