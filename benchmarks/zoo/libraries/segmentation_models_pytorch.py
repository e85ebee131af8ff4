"""segmentation_models_pytorch: every architecture on usual encoders, and every encoder."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch import nn

from benchmarks.zoo import shims
from benchmarks.zoo.model import Model, image

_USUAL = (
    "resnet34", "resnext50_32x4d", "densenet121", "vgg16_bn", "efficientnet-b0", "mobilenet_v2",
    "se_resnet50", "timm-regnetx_002", "mit_b0", "xception", "inceptionv4", "tu-convnext_tiny",
)  # fmt: skip
_OF_TRANSFORMERS = ("tu-vit_base_patch16_224.augreg_in21k", "tu-vit_small_patch16_224")


def models() -> Iterator[Model]:
    """Those pairs that the library itself can build."""
    shims.torchvision()
    import segmentation_models_pytorch as smp

    for architecture in smp.MODEL_ARCHITECTURES_MAPPING:
        encoders = _OF_TRANSFORMERS if architecture == "dpt" else _USUAL
        yield from (_model(architecture, encoder) for encoder in encoders)
    for encoder in smp.encoders.get_encoder_names():
        if encoder not in _USUAL:
            yield _model("unet", encoder)


def _model(architecture: str, encoder: str) -> Model:
    size = 224 if architecture == "dpt" else 256
    return Model(
        "segmentation_models_pytorch",
        f"{architecture} on {encoder}",
        _making(architecture, encoder),
        lambda model: image(3, size),
    )


def _making(architecture: str, encoder: str) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        import segmentation_models_pytorch as smp

        return smp.create_model(architecture, encoder, encoder_weights=None, classes=4)

    return make
