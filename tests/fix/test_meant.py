"""Real faults, made small: what is written is what somebody meant, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fix.conftest import Convlint

HEAD = """\
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
"""

EINSUM = """\
    def __init__(self, inputs=40, outputs=24):
        super().__init__()
        self.weights = nn.Parameter(torch.rand(12, inputs, 2))
        self.head = nn.Linear(2 * outputs, 1)

    def forward(self, x):
        return self.head(torch.einsum("bix,iox->box", x, self.weights).flatten(1))
"""
HIDDEN = """\
    def __init__(self, rep=32, hidden=96):
        super().__init__()
        self.first = nn.Linear(rep, hidden)
        self.norm = nn.BatchNorm1d(rep)
        self.last = nn.Linear(hidden, rep)

    def forward(self, x):
        return self.last(self.norm(self.first(x)))
"""
JOINED = """\
    def __init__(self, users=50, items=40, factors=8):
        super().__init__()
        self.users = nn.Embedding(users, factors)
        self.items = nn.Embedding(items, factors)
        self.predict = nn.Linear(factors, 1)

    def forward(self, users, items):
        joined = torch.cat([self.users(users), self.items(items)], dim=-1)
        return self.predict(joined).view(-1)
"""
REDUCED = """\
    def __init__(self, tokens=100, emb_dim=32, dim=64):
        super().__init__()
        self.emb = nn.Embedding(tokens, emb_dim)
        self.project = nn.Linear(emb_dim, dim)
        self.norm = nn.LayerNorm(emb_dim)
        self.out = nn.Linear(dim, tokens)

    def forward(self, x):
        return self.out(self.norm(self.project(self.emb(x))))
"""
STATE = """\
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(8, 16)
        self.fc = nn.Linear(16, 1)

    def forward(self, x):
        _, (hidden, _) = self.rnn(x)
        return self.fc(hidden[-1].squeeze(0)).squeeze(1)
"""
CLIP = """\
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv3d(3, 16, 3, padding=1)
        self.pool1 = nn.MaxPool3d((1, 2, 2))
        self.pool2 = nn.MaxPool3d(4)

    def forward(self, clip):
        return self.pool2(self.pool1(self.conv1(clip)))
"""
RESIDUAL = """\
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 64, 3, padding=1), nn.BatchNorm2d(64))
        self.narrow = nn.Conv2d(64, 32, 1)
        self.wide = nn.Sequential(nn.Conv2d(32, 256, 1), nn.BatchNorm2d(256))

    def forward(self, x):
        x = self.stem(x)
        return self.wide(self.narrow(x)) + x
"""
READ = """\
    def __init__(self, hidden=24):
        super().__init__()
        self.gru = nn.GRU(64, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 2)

    def forward(self, x):
        return self.head(self.gru(x)[0])
"""
SAFE = {
    "the size of a recurrent layer": (READ, ("2,9,32",), "GRU(64", "GRU(32"),
    "a name in scope": (HIDDEN, ("20,32",), "BatchNorm1d(rep)", "BatchNorm1d(hidden)"),
    "a name several times": (
        JOINED, ("users=16:int64", "items=16:int64"), "Linear(factors, 1)",
        "Linear(2 * factors, 1)",
    ),
    "a name, though the features are on another axis": (
        REDUCED, ("2,32:int64",), "LayerNorm(emb_dim)", "LayerNorm(dim)",
    ),
    "channels on another axis": (
        CLIP, ("2,16,3,32,32",), "self.conv1(clip)", "self.conv1(clip.transpose(1, 2))",
    ),
    "behind what cannot be mended": (EINSUM, ("12,40,2",), "", ""),
    "a flag that nobody asks for": (STATE, ("9,1,8",), "", ""),
    "which of two is wrong": (RESIDUAL, ("2,3,8,8",), "", ""),
}  # fmt: skip


def _fixed(folder: Path, convlint: Convlint, text: str, inputs: tuple[str, ...], *more: str) -> str:
    (folder / "net.py").write_text(HEAD + text)
    words = [word for one in inputs for word in ("--input", one)]
    convlint("net.py:Net", *words, "--fix", *more)
    return (folder / "net.py").read_text().removeprefix(HEAD)


@pytest.mark.parametrize("name", SAFE)
def test_what_is_safe_is_meant(name: str, project: Path, convlint: Convlint) -> None:
    text, inputs, before, after = SAFE[name]
    assert _fixed(project, convlint, text, inputs) == text.replace(before, after)


MASKED = """\
    def __init__(self, dim=64, heads=8):
        super().__init__()
        self.attention = nn.MultiheadAttention(dim, heads, batch_first=True)

    def forward(self, x, mask):
        mixed, _ = self.attention(x, x, x, attn_mask=mask, need_weights=False)
        return mixed
"""
HEADS = """\
    def __init__(self, dim=64, heads=8):
        super().__init__()
        self.heads = heads
        self.out = nn.Linear(dim, dim)

    def forward(self, x):
        B, L, _ = x.shape
        x = self.out(x).view(B, L, self.heads, -1)
        return x.view(B, self.heads, L, -1).softmax(-2)
"""
STATES = """\
    def __init__(self, hidden=64):
        super().__init__()
        self.rnn = nn.GRU(16, hidden, batch_first=True, bidirectional=True)
        self.mean = nn.Linear(2 * hidden, 8)

    def forward(self, x):
        _, state = self.rnn(x)
        return self.mean(state.view(x.size(0), 128))
"""
SAMPLED = """\
    def __init__(self):
        super().__init__()
        self.mean = nn.Linear(17, 6)
        self.value = nn.Linear(6, 1)

    def forward(self, x):
        action = self.mean(x)
        if action.sum() > 0:
            action = action * 2
        return (action.sum(1, keepdim=True) - self.value(action).view(-1)).mean()
"""
FOLDED = """\
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.AdaptiveAvgPool2d(14))
        self.classify = nn.Linear(16 * 7 * 7, 10)

    def forward(self, x, target):
        logits = self.classify(self.features(x).view(-1, 16 * 7 * 7))
        return F.cross_entropy(logits, target)
"""
DEPTH = """\
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 1, 3, padding=1)

    def forward(self, image, depth):
        return F.smooth_l1_loss(self.conv(image), depth, reduction="sum")
"""
TURNED = """\
    def __init__(self):
        super().__init__()
        self.value = nn.Conv2d(8, 8, 1)

    def forward(self, x):
        B, C, H, W = x.shape
        flow = self.value(x).view(B, C, H * W).softmax(-1).view(B, -1, W, H)
        return 2 * flow + x
"""
LAST = """\
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[-1])
"""
ENDED = """\
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 5)

    def forward(self, x):
        y = self.fc(x)
        return y.t() + torch.zeros(5, -1)
"""
UNSAFE = {
    "where the code ended nothing was answered": (ENDED, ("3,4",), "(5, -1)", "(5, 1)"),
    "the last step of every sample": (LAST, ("6,9,8",), "out[-1]", "out[:, -1]"),
    "height and width": (TURNED, ("2,8,6,4",), "W, H", "H, W"),
    "a call on the tensor that the help names": (
        DEPTH, ("3,3,32,48", "depth=3,32,48"), "depth, red", "depth.unsqueeze(1), red",
    ),
    "a mask for every head": (
        MASKED, ("4,10,64", "mask=4,10,10:bool"), "attn_mask=mask",
        "attn_mask=mask.repeat_interleave(self.attention.num_heads, 0)",
    ),
    "axes as the help says": (
        HEADS, ("4,24,64",), "x.view(B, self.heads, L",
        "x.permute(0, 2, 1, 3).reshape(B, self.heads, L",
    ),
    "states, of which the batch is the second axis": (
        STATES, ("4,12,16",), "state.view(", "state.permute(1, 0, 2).reshape(",
    ),
    "what the data decide": (
        SAMPLED, ("8,17",), "keepdim=True)", "keepdim=True).squeeze(1)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", UNSAFE)
def test_what_is_unsafe_is_meant(name: str, project: Path, convlint: Convlint) -> None:
    text, inputs, before, after = UNSAFE[name]
    fixed = _fixed(project, convlint, text, inputs, "--unsafe-fixes")
    assert fixed == text.replace(before, after)


def test_a_batch_is_not_compared_with_itself(project: Path, convlint: Convlint) -> None:
    fixed = _fixed(project, convlint, FOLDED, ("2,3,28,28", "target=2:int64"), "--unsafe-fixes")
    assert fixed != FOLDED
    assert fixed.endswith("F.cross_entropy(logits, target)\n")


RESTORED = """\
    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(1, 8, 3, stride=2)
        self.up = nn.ConvTranspose2d(8, 1, 3, stride=2)

    def forward(self, image):
        return F.mse_loss(self.up(self.down(image)), image)
"""
POSITIONS = """\
    def __init__(self, image_size=32, dim=16):
        super().__init__()
        self.position = nn.Parameter(torch.zeros(1, (image_size // 4) ** 2, dim))
        self.patch = nn.Conv2d(3, dim, 4, stride=4)

    def forward(self, x):
        return self.patch(x).flatten(2).transpose(1, 2) + self.position
"""
WEIGHTS = """\
    def __init__(self):
        super().__init__()
        self.attn = nn.Linear(16, 10)

    def forward(self, query, memory):
        weights = F.softmax(self.attn(query), dim=1)
        return torch.bmm(weights.unsqueeze(1), memory)
"""
CUT = {
    "target": (RESTORED, ("4,1,28,28",)),
    "parameter": (POSITIONS, ("2,3,24,32",)),
    "weights": (WEIGHTS, ("query=3,16", "memory=3,9,16")),
}


@pytest.mark.parametrize("name", CUT)
def test_nothing_is_cut_off_that_counts(name: str, project: Path, convlint: Convlint) -> None:
    text, inputs = CUT[name]
    fixed = _fixed(project, convlint, text, inputs, "--unsafe-fixes")
    assert "[..., :" not in fixed
