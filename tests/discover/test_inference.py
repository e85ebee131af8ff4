"""Inputs that nobody has given are found from the network; torch says whether they are right."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from benchmarks.inference.measure import Inference
from benchmarks.zoo import libraries, shims
from benchmarks.zoo.libraries.timm import _call, _making
from benchmarks.zoo.model import Model
from convlint.discover import Untold
from convlint.discover.inference import inferred
from tests.discover.conftest import NET, Run, Write


class Called(nn.Module):
    """A network that is a function of its inputs and some layers."""

    def __init__(self, forward: Callable[..., Any], **layers: nn.Module) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.forward = forward.__get__(self)


def lenet(side: int, linear: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(linear, 10), nn.Flatten(side),
    )  # fmt: skip


def unpacked(self: Any, clip: torch.Tensor) -> Any:
    n, t, c, h, w = clip.shape
    return self.conv(clip.reshape(n * t, c, h, w)).reshape(n, t, -1)


def checked(self: Any, x: torch.Tensor) -> Any:
    if x.shape[2] != 48:
        raise ValueError(f"Input height {x.shape[2]} doesn't match model (48)")
    return self.patch(x).flatten(2).transpose(1, 2) + torch.zeros(1, 9, 8)


NETWORKS = {
    "1,3,224,224": nn.Sequential(nn.ZeroPad2d(1), nn.Conv2d(3, 8, 3)),
    "1,4,32": nn.Sequential(nn.ReLU(), nn.Conv1d(4, 8, 3)),
    "1,2,224,224,224": nn.Conv3d(2, 8, 3),
    "1,1,28,28": lenet(1, 16 * 4 * 4),
    "1,1,32,32": lenet(1, 16 * 5 * 5),
    "1,1,44,44": lenet(1, 16 * 8 * 8),
    "1,1,56,28": lenet(1, 16 * 11 * 4),
    "1,64": nn.Sequential(nn.Dropout(), nn.Linear(64, 3)),
    "1,32:int64": nn.Sequential(nn.Embedding(10, 4), nn.LSTM(4, 5)),
    "1,32,7": nn.GRU(7, 5, batch_first=True),
    "1,16": nn.LSTMCell(16, 5),
    "1,32,8": nn.TransformerEncoderLayer(8, 2, batch_first=True),
    "1,12,224,224": nn.Sequential(nn.GroupNorm(3, 12), nn.ConvTranspose2d(12, 3, 2)),
    "1,224,224,3": Called(lambda self, x: self.c(x.permute(0, 3, 1, 2)), c=nn.Conv2d(3, 4, 3)),
    "1,784": Called(lambda self, x: self.c(x.view(-1, 1, 28, 28)), c=nn.Conv2d(1, 4, 3)),
    "1,32,32": Called(lambda self, x: self.c(x.unsqueeze(1)), c=nn.Conv2d(1, 4, (9, 3))),
    "1,3,48,48": Called(checked, patch=nn.Conv2d(3, 8, 16, 16)),
    "a=1,3,224,224 b=1,5,224,224": Called(
        lambda self, a, b, mask=None: self.c(torch.cat([a, b], 1)), c=nn.Conv2d(8, 4, 3)
    ),
    "a=1,32,16 keep=1,32:bool": Called(
        lambda self, a, keep: self.mix(a, a, a, key_padding_mask=~keep)[0],
        mix=nn.MultiheadAttention(16, 2, batch_first=True),
    ),
}


def fed(dtype: str, shape: tuple[int, ...]) -> torch.Tensor:
    return torch.ones(shape, dtype=getattr(torch, dtype))


@pytest.mark.parametrize("wanted", list(NETWORKS))
def test_what_is_inferred_runs(wanted: str) -> None:
    module = NETWORKS[wanted].eval()
    found = inferred(module)
    assert found is not None
    if "b=1,5" not in wanted:  # of two that are joined, any channels will do that add up
        assert " ".join(map(str, found.inputs)) == wanted
    given = {one.name: fed(one.dtype, one.shape or ()) for one in found.inputs}
    module(*[given.pop(None)] if None in given else [], **given)


def test_clips_are_unpacked() -> None:
    module = Called(unpacked, conv=nn.Conv2d(3, 4, 3))
    found = inferred(module)
    assert found is not None
    (clip,) = found.inputs
    assert clip.shape is not None
    assert (len(clip.shape), clip.shape[2]) == (5, 3)


def test_two_samples_where_one_is_refused() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(4))
    assert [str(one) for one in inferred(module, True).inputs] == ["2,3,224,224"]  # type: ignore[union-attr]
    assert [str(one) for one in inferred(module).inputs] == ["1,3,224,224"]  # type: ignore[union-attr]


def test_a_fault_at_every_size_is_told_at_the_usual_one() -> None:
    broken = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(5, 4, 3), nn.Flatten())
    assert [str(one) for one in inferred(broken).inputs] == ["1,3,224,224"]  # type: ignore[union-attr]


def test_a_default_is_replaced_only_where_it_must_be() -> None:
    def forward(self: Any, pixels: Any = None, mask: Any = None) -> Any:
        if pixels is None:
            raise ValueError("You have to specify pixels")
        return self.conv(pixels)

    found = inferred(Called(forward, conv=nn.Conv2d(3, 4, 3)))
    assert [str(one) for one in found.inputs] == ["1,3,224,224"]  # type: ignore[union-attr]
    assert inferred(Called(lambda self, x=None: x)) is None


def test_of_what_nothing_takes_nothing_is_told() -> None:
    module = Called(lambda self, x, y: (self.conv(x), y), conv=nn.Conv2d(3, 4, 3))
    with pytest.raises(Untold, match=r"nothing tells what `y` of Called\.forward\(x, y\) is"):
        inferred(module)


def test_what_was_inferred_is_printed_first(write: Write, run: Run) -> None:
    write("net.py", NET)
    said = "inferred input 1,3,224,224: `x` goes into `conv`, nn.Conv2d(3, 4, ...)"
    status, out, _ = run("net.py:Net")
    assert (status, out.splitlines()[0]) == (0, said)
    assert run("net.py:Net", "-q")[1].strip() == said
    assert run("shapes", "net.py:Net")[1].splitlines()[0] == said
    status, out, err = run("net.py:Net", "--output-format", "json")
    assert (status, json.loads(out)) == (0, [])
    assert said in err
    assert said not in run("net.py:Net", "--input", "1,3,9,9")[1]


def test_what_is_configured_without_inputs_is_inferred(write: Write, run: Run) -> None:
    write("net.py", NET)
    write("convlint.toml", '[[targets]]\nmodel = "net.py:Net"\n')
    assert run()[1].startswith("inferred input 1,3,224,224: ")
    assert "net.py:Net  inferred when it is built  convlint.toml:1" in run("targets")[1]
    write("other.py", NET)
    assert "other.py" not in run()[1]  # what nobody names is not linted


def test_an_example_is_written_where_it_cannot_be_told(write: Write, run: Run) -> None:
    write("net.py", NET.replace("(self, x)", "(self, x, y)"))
    status, out, _ = run("net.py:Net", "--output-format", "concise")
    assert status == 2
    assert "`y` of Net.forward(x, y) is; give it: convlint net.py:Net --input x=1,3,224,224" in out


@pytest.mark.zoo
@pytest.mark.parametrize("name", ["resnet18", "vgg11", "inception_v3", "convnext_atto"])
def test_networks_of_timm(name: str) -> None:
    if not libraries.installed("timm"):
        pytest.skip("not installed")
    shims.torchvision()
    outcome = Inference(Model("timm", name, _making(name), _call)).run()
    assert (outcome.skipped, outcome.wrong) == ("", "")


def test_a_size_that_torch_asserts_is_the_one() -> None:
    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        torch._assert(x.shape[2] == 48, f"Wrong image height! Expected 48 but got {x.shape[2]}!")
        torch._assert(x.shape[3] == 64, f"Wrong image width! Expected 64 but got {x.shape[3]}!")
        made: torch.Tensor = self.patch(x)
        return made

    found = inferred(Called(forward, patch=nn.Conv2d(3, 8, 16, 16)))
    assert [str(one) for one in found.inputs] == ["1,3,48,64"]  # type: ignore[union-attr]
