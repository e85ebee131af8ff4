# inputs: image=2,3,16,16 ids=2,7:int64 flag:=true scale:=0.5
import torch
from torch import nn


class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoders = nn.ModuleDict({"image": nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()), "ids": nn.Embedding(10, 8)})

    def forward(self, batch, *, keys=("image", "ids"), **kw):
        out = {}
        for k in keys:
            e = self.encoders[k](batch[k])
            if e.dim() == 3:
                e = e.mean(1)
            out[k] = e
        batch.update(out=out)
        return batch


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Inner()
        self.fuse = nn.Bilinear(8, 8, 4)

    def forward(self, *, image, ids, flag=False, scale=1.0, **unused):
        b = self.inner({"image": image, "ids": ids})
        o = b.pop("out")
        y = self.fuse(o["image"], o["ids"]) * scale
        return {"y": y, **o} if flag else y
