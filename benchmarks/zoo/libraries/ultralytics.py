"""ultralytics: every network that one of its yaml files describes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from torch import nn

from benchmarks.zoo import shims
from benchmarks.zoo.model import Model, image

_KINDS = {
    "-cls": "ClassificationModel",
    "-seg": "SegmentationModel",
    "-pose": "PoseModel",
    "-obb": "OBBModel",
    "-sem": "SemanticSegmentationModel",
    "-depth": "DepthModel",
}


def models() -> Iterator[Model]:
    """One for every file."""
    shims.torchvision()
    import ultralytics

    root = Path(ultralytics.__file__).parent / "cfg" / "models"
    for path in sorted(root.rglob("*.yaml")):
        size = 224 if "-cls" in path.stem else 640
        yield Model("ultralytics", path.stem, _making(path), lambda model, s=size: image(3, s))


def _making(path: Path) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        from ultralytics.nn import tasks

        described = tasks.yaml_model_load(path)
        for layer in described["backbone"]:  # a backbone of torchvision, without its weights
            layer[-1] = [None if a == "DEFAULT" else a for a in layer[-1]]
        return getattr(tasks, _kind(path.stem))(described, verbose=False)

    return make


def _kind(name: str) -> str:
    if "rtdetr" in name:
        return "RTDETRDetectionModel"
    if name.startswith("yoloe"):
        return "YOLOESegModel" if "-seg" in name else "YOLOEModel"
    if "world" in name:
        return "WorldModel"
    return next((kind for part, kind in _KINDS.items() if part in name), "DetectionModel")
