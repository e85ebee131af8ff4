"""All sizes one by one: `python -m benchmarks.sizes.brute FILE CHANNELS LARGEST COUNT`.

Forwards of FakeTensors at so many random sizes, of H and W up to the largest; prints the seconds
that one of them takes.
"""

from __future__ import annotations

import random
import runpy
import sys
import time

import torch
from torch import nn


def seconds(make: type[nn.Module], channels: int, largest: int, count: int) -> float:
    """What one size takes on average; the first one, which imports much, does not count."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    rng = random.Random(0)
    with torch.device("meta"), torch.no_grad():
        model = make().eval()
        with FakeTensorMode(allow_non_fake_inputs=True):
            model(torch.empty(1, channels, largest, largest))
            began = time.perf_counter()
            for _ in range(count):
                image = torch.empty(1, channels, rng.randint(1, largest), rng.randint(1, largest))
                try:
                    model(image)
                except (RuntimeError, ValueError):  # a size for which it does not work
                    continue
            return (time.perf_counter() - began) / count


if __name__ == "__main__":
    path, *numbers = sys.argv[1:]
    print(seconds(runpy.run_path(path)["Net"], *map(int, numbers)))
