# inputs: 2,3,32,48
import torch
from torch import nn
from dataclasses import dataclass, field, asdict
from typing import NamedTuple, Tuple
from enum import Enum
import abc


class Kind(str, Enum):
    PLAIN = "plain"
    RES = "res"


@dataclass
class StageCfg:
    channels: int
    depth: int = 1
    kind: Kind = Kind.PLAIN


@dataclass(frozen=True)
class Cfg:
    stages: Tuple[StageCfg, ...] = (StageCfg(8), StageCfg(16, 2, Kind.RES), StageCfg(32, 1, Kind.RES))
    stem: int = 8
    classes: int = 4


class Out(NamedTuple):
    logits: torch.Tensor
    feats: Tuple[torch.Tensor, ...]


class Base(nn.Module, abc.ABC):
    @property
    @abc.abstractmethod
    def out_channels(self) -> int: ...

    @property
    def num_params(self):
        return sum(p.numel() for p in self.parameters())

    @abc.abstractmethod
    def body(self, x): ...

    def forward(self, x):
        return self.act(self.body(x))

    @property
    def act(self):
        return torch.relu


class Plain(Base):
    def __init__(self, i, o):
        super().__init__()
        self.conv = nn.Conv2d(i, o, 3, padding=1)

    @property
    def out_channels(self):
        return self.conv.out_channels

    def body(self, x):
        return self.conv(x)


class Res(Plain):
    def __init__(self, i, o):
        super().__init__(i, o)
        self.short = nn.Conv2d(i, o, 1) if i != o else nn.Identity()

    def body(self, x):
        return super().body(x) + self.short(x)


REGISTRY = {Kind.PLAIN: Plain, Kind.RES: Res}


@dataclass
class Loss:
    value: torch.Tensor
    items: dict = field(default_factory=dict)

    def __add__(self, o):
        return Loss(self.value + o.value, {**self.items, **o.items})


class Net(nn.Module):
    def __init__(self, cfg: Cfg = Cfg()):
        super().__init__()
        self.cfg = cfg
        self.stem = nn.Conv2d(3, cfg.stem, 4, 4)
        stages, c = [], cfg.stem
        for s in cfg.stages:
            blocks = []
            for _ in range(s.depth):
                blocks.append(REGISTRY[s.kind](c, s.channels))
                c = blocks[-1].out_channels
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)
        self.head = nn.Linear(self.feature_dim, cfg.classes)

    @property
    def feature_dim(self):
        return sum(s[-1].out_channels for s in self.stages)

    @property
    def device(self):
        return next(self.parameters()).device

    def forward(self, x) -> Out:
        x = self.stem(x.to(self.device))
        feats = []
        for i, s in enumerate(self.stages):
            x = s(x)
            feats.append(x)
        pooled = torch.cat([f.mean((2, 3)) for f in feats], -1)
        out = Out(self.head(pooled), tuple(feats))
        return out._replace(logits=out.logits.log_softmax(-1)), Loss(out.logits.mean()) + Loss(pooled.sum(), {"p": pooled})
