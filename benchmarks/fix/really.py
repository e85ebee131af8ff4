"""Run a network really: `python -m benchmarks.fix.really FILE train|eval INPUT...`."""

from __future__ import annotations

import importlib.util
import sys
import warnings

import torch

from convlint.spec import parse


def main() -> None:
    """Exit status 0 where `Net()` of FILE takes the inputs."""
    path, mode, *inputs = sys.argv[1:]
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    spec = importlib.util.spec_from_file_location("net", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["net"] = module
    spec.loader.exec_module(module)
    network = module.Net().train(mode == "train")
    with torch.no_grad():
        network(*(_made(text) for text in inputs))


def _made(text: str) -> torch.Tensor:
    spec = parse(text)
    dtype = getattr(torch, spec.dtype)
    if dtype.is_floating_point:
        return torch.randn(spec.concrete, dtype=dtype)
    return torch.randint(0, 2, spec.concrete).to(dtype)


if __name__ == "__main__":
    main()
