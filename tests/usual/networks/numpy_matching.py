# inputs: 2,3,32,32
import numpy as np
import torch
from torch import nn


def assignment(cost):
    """The cheapest rows first: each takes a column."""
    cost = np.asarray(cost)
    rows = np.arange(min(cost.shape))
    return rows, np.argsort(cost.sum(0))[:len(rows)]


class Net(nn.Module):
    """A set of boxes is matched with what is sought, and their features are whitened, in NumPy."""

    def __init__(self):
        super().__init__()
        self.f, self.boxes, self.head = nn.Conv2d(3, 8, 3, 2, 1), nn.Linear(8, 4), nn.Linear(8, 5)

    @torch.no_grad()
    def match(self, boxes, sought):
        cost = torch.cdist(boxes, sought.expand(len(boxes), -1, -1), p=1).cpu()
        found = [assignment(one) for one in cost]
        return [(torch.as_tensor(i, dtype=torch.int64), torch.as_tensor(j, dtype=torch.int64))
                for i, j in found]

    def whitened(self, x):
        a = x.detach().cpu().numpy()
        b, n, d = a.shape
        a = a.reshape(-1, d)
        a = (a - a.mean(axis=0, keepdims=True)) / np.sqrt(a.var(0, keepdims=True) + 1e-5)
        kept = a[np.abs(a).max(1) < 10]
        scale = float(np.linalg.norm(kept)) if len(kept) > 0 else 1.0
        out = np.zeros((b * n, d), dtype=np.float32)
        for i in range(b):
            order = np.argsort(-a[i * n:(i + 1) * n].sum(1))
            out[i * n:(i + 1) * n] = a[i * n:(i + 1) * n][order] / scale
        assert out.dtype == np.float32 and isinstance(out, np.ndarray)
        return torch.from_numpy(out.reshape(b, n, d)).to(x)

    def forward(self, x):
        f = self.f(x).flatten(2).mT
        boxes = self.boxes(f).sigmoid()
        sought = torch.rand(3, 4, device=x.device)
        pairs = self.match(boxes, sought)
        loss = sum((boxes[k, i] - sought[j]).abs().sum() for k, (i, j) in enumerate(pairs))
        return self.head(self.whitened(f) + f), loss
