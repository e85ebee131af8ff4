"""Famous networks that work: each must be traced completely, without a single error.

    python benchmarks/zoo.py            # all of them; writes docs/zoo.md
    python benchmarks/zoo.py resnet18   # some, to the terminal

timm: one architecture of every family (its source files), and more of the largest families up to
100.  torchvision: one of every source file.  What is compared: the output shape with the network's
own (run by torch on the meta device), and for small ones the output of the recorded graph on real
data, as `torch.fx.GraphModule(model, graph)`, with the model's own.
"""

from __future__ import annotations

import contextlib
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from convlint.diagnostic import Severity  # noqa: E402
from convlint.judge import judge  # noqa: E402
from convlint.network import Network  # noqa: E402
from convlint.tensor import TensorSpec  # noqa: E402
from convlint.trace import build, trace  # noqa: E402

COUNT = 100
SMALL = 30_000_000
"""Weights up to which a network is run on real data."""


@dataclass(frozen=True)
class Model:
    """One architecture of a zoo."""

    zoo: str
    name: str
    make: Callable[[], nn.Module]

    @property
    def inputs(self) -> list[tuple[int, ...]]:
        """The shapes it takes."""
        if self.zoo == "timm":
            import timm

            config = timm.get_pretrained_cfg(self.name.split(".")[0])
            size = config.input_size if config is not None else (3, 224, 224)
            return [(1, *size)]
        if self.name.startswith("raft"):
            return [(1, 3, 128, 128)] * 2
        if self.name in _VIDEO:
            return [(1, 3, 16, 224, 224)]
        return [(1, 3, 299, 299)] if "inception" in self.name else [(1, 3, 224, 224)]


_VIDEO: set[str] = set()


def timm_models() -> list[Model]:
    """One model of every family of timm, then second ones of the largest, up to 100."""
    prepare()
    import timm
    from timm.models import _registry

    families: dict[str, list[str]] = defaultdict(list)
    for name in timm.list_models():
        families[_registry._model_to_module[name]].append(name)
    names = [family[0] for family in families.values()]
    largest = sorted(families.values(), key=len, reverse=True)
    names += [family[len(family) // 2] for family in largest][: COUNT - len(names)]

    def making(name: str) -> Callable[[], nn.Module]:
        return lambda: timm.create_model(name)

    return [Model("timm", name, making(name)) for name in sorted(names)]


def torchvision_models() -> list[Model]:
    """One model of every source file of torchvision (detection needs its compiled operators)."""
    prepare()
    from torchvision import models

    spaces = [models, models.segmentation, models.video, models.optical_flow]
    _VIDEO.update(models.list_models(module=models.video))
    families: dict[str, str] = {}
    for space in spaces:
        for name in models.list_models(module=space):
            families.setdefault(models.get_model_builder(name).__module__, name)

    def making(name: str) -> Callable[[], nn.Module]:
        more = {} if "classification" in name else _WITHOUT_WEIGHTS
        return lambda: models.get_model(name, weights=None, **_accepted(name, more))

    return [Model("torchvision", name, making(name)) for name in sorted(families.values())]


_WITHOUT_WEIGHTS = {"weights_backbone": None, "init_weights": False}


def _accepted(name: str, wanted: dict[str, Any]) -> dict[str, Any]:
    import inspect

    from torchvision import models

    parameters = inspect.signature(models.get_model_builder(name)).parameters
    found = {key: value for key, value in wanted.items() if key in parameters}
    if name in ("googlenet", "inception_v3"):
        found |= {"init_weights": False}
    return found


def prepare() -> None:
    """Let torchvision be imported where its compiled part does not fit torch.

    The wheels of torch for the CPU and of torchvision come from two places; without the compiled
    part, two operators that its Python code refers to are not declared.
    """
    if "torchvision" in sys.modules:
        return
    try:
        import torchvision  # noqa: F401
    except ImportError:
        return
    except RuntimeError:
        for name in [n for n in sys.modules if n.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "DEF")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _KEPT.append(library)


_KEPT: list[Any] = []


@dataclass(frozen=True)
class Outcome:
    """What came of one model; `faults` is empty where all is well."""

    model: Model
    layers: int
    weights: int
    build_seconds: float
    trace_seconds: float
    faults: tuple[str, ...]
    graph: bool | None
    """Whether the recorded graph gives the model's own output; None where it was not run."""


def examine(model: Model, real: bool = False) -> Outcome:
    """Trace and judge a model and compare it with torch; `real`: on real data, too."""
    with _quiet():
        start = time.perf_counter()
        module = build(model.make)
        built = time.perf_counter()
        network = traced(module, model)
        done = time.perf_counter()
        faults = list(_faults(network))
        shapes = _shapes(network.outputs)
        own = _shapes(_on_meta(module, model))
        if shapes != own:
            faults.append(f"gives {shapes}, but its own is {own}")
        weights = sum(p.numel() for p in module.parameters())
        graph = graph_is_true(model) if real and weights <= SMALL else None
        if graph is False:
            faults.append("the recorded graph gives another output")
    layers = len(network.layers)
    return Outcome(model, layers, weights, built - start, done - built, tuple(faults), graph)


def traced(module: nn.Module, model: Model) -> Network:
    """The network of a module."""
    return trace(module, [TensorSpec(shape, torch.float32) for shape in model.inputs])


def graph_is_true(model: Model) -> bool:
    """Whether `GraphModule(model, graph)` on real data gives the model's own output."""
    torch.manual_seed(0)
    module = model.make().eval()
    graph = torch.fx.GraphModule(module, traced(module, model).fx_graph).eval()
    data = [torch.randn(shape) for shape in model.inputs]
    with torch.no_grad():
        torch.manual_seed(1)
        own = _tensors(module(*data))
        torch.manual_seed(1)
        recorded = _tensors(graph(*data))
    return len(own) == len(recorded) and all(
        torch.allclose(a, b, rtol=1e-4, atol=1e-5, equal_nan=True)
        for a, b in zip(own, recorded, strict=True)
    )


def _faults(network: Network) -> Iterator[str]:
    for raised in network.raised:
        yield f"{raised.path} ended with {raised.exception}: {raised.message}"
    for found in judge(network):
        if found.severity is Severity.ERROR:
            yield f"{found.code} {found.layer}: {found.message}"


def _on_meta(module: nn.Module, model: Model) -> Any:
    with torch.no_grad():
        return module.to("meta").eval()(*[torch.empty(s, device="meta") for s in model.inputs])


def _tensors(value: Any) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    items = value.values() if isinstance(value, dict) else value
    return [t for item in items for t in _tensors(item)] if items is not None else []


def _shapes(value: Any) -> list[Any]:
    if isinstance(value, (torch.Tensor, TensorSpec)):
        return [None if value.shape is None else tuple(value.shape)]
    items = value.values() if isinstance(value, dict) else value
    return [s for item in items for s in _shapes(item)] if items is not None else []


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _row(outcome: Outcome) -> str:
    graph = {True: "equal", False: "**differs**", None: ""}[outcome.graph]
    faults = "; ".join(outcome.faults) or "none"
    return (
        f"| {outcome.model.name} | {outcome.layers} | {outcome.weights / 1e6:.1f} | "
        f"{1000 * outcome.build_seconds:.0f} | {1000 * outcome.trace_seconds:.0f} | "
        f"{faults} | {graph} |"
    )


def main() -> int:
    """Examine the zoos; 1 if anything is wrong."""
    torch.set_num_threads(2)
    wanted = sys.argv[1:]
    models = [m for m in (*timm_models(), *torchvision_models()) if not wanted or m.name in wanted]
    outcomes: list[Outcome] = []
    for model in models:
        outcomes.append(examine(model, real=True))
        print(_row(outcomes[-1]), flush=True)
    good = sum(not o.faults for o in outcomes)
    print(f"{good} of {len(outcomes)} without a fault")
    if not wanted:
        (ROOT / "docs" / "zoo.md").write_text(_page(outcomes), encoding="utf-8")
    return int(good < len(outcomes))


def _page(outcomes: list[Outcome]) -> str:
    lines = [
        "# The zoos",
        "",
        "Written by `python benchmarks/zoo.py`. Good networks: each must be traced to its end,",
        "without a single error, and its output shape must be what torch gives on the meta device.",
        f"Networks of up to {SMALL // 10**6} million weights are also run on real data: as they",
        "are, and as `torch.fx.GraphModule(model, graph)` of the recorded graph.",
    ]
    for zoo in dict.fromkeys(o.model.zoo for o in outcomes):
        mine = [o for o in outcomes if o.model.zoo == zoo]
        good, run = sum(not o.faults for o in mine), [o for o in mine if o.graph is not None]
        version = sys.modules[zoo].__version__
        lines += [
            "",
            f"## {zoo} {version}, torch {torch.__version__}",
            "",
            f"{good} of {len(mine)} without a fault; {sum(o.graph is True for o in run)} of "
            f"{len(run)} recorded graphs give the model's own output.",
            "",
            "| architecture | layers | million weights | built in ms | traced in ms | faults "
            "| graph on real data |",
            "|---|---:|---:|---:|---:|---|---|",
            *(_row(o) for o in mine),
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
