"""MONAI: every network of `monai.networks.nets`, over images and over volumes."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from benchmarks.zoo import shims
from benchmarks.zoo.model import Call, Model, tensor

_IN, _OUT, _SIZE, _BATCH, _HIDDEN = 1, 2, 64, 2, 16
_PARTS = re.compile(
    "^(Bert|Topology|(MultiModal|VISTA3D)$)"
    "|^(.*(Block|Bottleneck|Layer|Merging|MergingV2|Pooler|Adapter)$)"
    "|^(EfficientNet|ResNet|SENet)$"
)
"""Parts of networks, and the families of which the library has the members as well."""
_MAKERS = re.compile("^(resnet|MedNe|vista3d)")
"""Functions that make a network."""
_FLAT = {
    "CellSamWrapper": 64,
    "HoVerNet": 256,
    "MILModel": 224,
    "TorchVisionFCModel": 224,
    "Quicknat": 64,
}
"""Networks over images only, and the side of these."""
_BROAD = ("AHNet", "MultiScalePatchDiscriminator")
"""Networks that make their input too small otherwise."""
_DECISIVE = ("spatial_dims", "in_channels", "out_channels", "num_classes", "pretrained")
"""Parameters that are given even where they have a default."""


def _values(axes: int) -> dict[str, Any]:
    """What the library's constructors are given, by the names of their parameters."""
    sizes = (_SIZE,) * axes
    return {
        "spatial_dims": axes,
        "in_channels": _IN,
        "out_channels": _OUT,
        "num_classes": _OUT,
        "classes": _OUT,
        "pretrained": False,
        "img_size": sizes,
        "image_size": sizes,
        "input_image_size": sizes,
        "input_shape": sizes,
        "in_shape": (_IN, *sizes),
        "out_shape": (_OUT,),
        "patch_size": (16,) * axes,
        "channels": [32, 32, 64],
        "strides": [2, 2, 2],
        "kernel_size": [3, 3, 3],
        "upsample_kernel_size": [2, 2],
        "hidden_channels": (16, 8),
        "encode_channels": (16, 8),
        "decode_channels": (8, 16),
        "latent_size": _HIDDEN,
        "latent_shape": (_HIDDEN,),
        "start_shape": (8, *(8,) * axes),
        "num_channel_initial": 16,
        "depth": 3,
        "extract_levels": (0, 1, 2),
        "label_nc": 3,
        "backbone": "efficientnet-b0",
        "num_d": 2,
        "num_layers_d": 2,
        "num_tokens": 32,
        "max_seq_len": _HIDDEN,
        "attn_layers_dim": 32,
        "attn_layers_depth": 2,
        "attn_layers_heads": 2,
        "hidden_size": 64,
        "mlp_dim": 128,
        "num_layers": 2,
        **dict.fromkeys((f"num_{kind}_layers" for kind in ("language", "vision", "mixed")), 2),
        "num_heads": 2,
        "hyena_stages": [True, True, False, False],
    }


_BY_NETWORK: dict[str, dict[str, Any]] = {
    "DynUNet": {"strides": [1, 2, 2]},
    "EfficientNetBN": {"model_name": "efficientnet-b0"},
    "EfficientNetBNFeatures": {"model_name": "efficientnet-b0"},
    "EfficientNetEncoder": {"model_name": "efficientnet-b0"},
    "FullyConnectedNet": {"in_channels": _HIDDEN},
    "HoVerNet": {"in_channels": 3},
    "MultiScalePatchDiscriminator": {"channels": 16},
    "NaViT": {"patch_size": 16, "image_size": _SIZE},
    "PatchDiscriminator": {"channels": 16},
    "ResNetEncoder": {"model_name": "resnet18"},
    "ResNetFeatures": {"model_name": "resnet18"},
    "SPADENet": {"is_vae": False},
    "TorchVisionFCModel": {"in_channels": None},
    "VarFullyConnectedNet": {"in_channels": _HIDDEN},
    "VoxelMorphUNet": {
        "in_channels": 2,
        "unet_out_channels": 16,
        "channels": (16,) * 6,
        "final_conv_channels": (16, 16),
    },
}
"""What a parameter means in one network only."""


def models() -> Iterator[Model]:
    """Over images and over volumes, where a network does both."""
    shims.torchvision()
    for name, made in _found():
        is_class = inspect.isclass(made) and issubclass(made, nn.Module)
        if name != getattr(made, "__name__", "") or not (is_class or _MAKERS.search(name)):
            continue
        if not _PARTS.search(name):
            yield from _models(name, made)


def _found() -> Iterator[tuple[str, Any]]:
    """What the library offers by name, and the networks that a file of it is named after."""
    from monai.networks import nets

    offered = dict(vars(nets))
    for file in pkgutil.iter_modules(nets.__path__):
        inside = vars(importlib.import_module(f"{nets.__name__}.{file.name}"))
        wanted = file.name.replace("_", "")
        offered |= {name: made for name, made in inside.items() if name.lower() == wanted}
    yield from sorted(offered.items())


def _models(name: str, made: Any) -> Iterator[Model]:
    takes = inspect.signature(made).parameters
    if name in _FLAT:
        yield Model("monai", name, _making(name, made, 2), _calling(name, 2))
    elif "spatial_dims" in takes or "kwargs" in takes:
        for axes in (2, 3):
            made_by, called = _making(name, made, axes), _calling(name, axes)
            yield Model("monai", f"{name} in {axes}D", made_by, called)
    else:
        yield Model("monai", name, _making(name, made, 3), _calling(name, 3))


def _making(name: str, made: Any, axes: int) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        takes = inspect.signature(made).parameters
        given = {n: v for n, v in _values(axes).items() if n in takes and _is_asked(takes[n])}
        if name.startswith("resnet"):
            given |= {"spatial_dims": axes, "n_input_channels": _IN}
        elif name.startswith("SE") and "kwargs" in takes:
            given |= {"spatial_dims": axes, "in_channels": _IN}
        elif name == "DiNTS":
            from monai.networks import nets

            given["dints_space"] = nets.TopologyInstance(spatial_dims=axes)
        module: nn.Module = made(**given | _BY_NETWORK.get(name, {}))
        return module

    return make


def _is_asked(parameter: inspect.Parameter) -> bool:
    return parameter.default is parameter.empty or parameter.name in _DECISIVE


def _calling(name: str, axes: int) -> Callable[[nn.Module], Call]:
    def call(model: nn.Module) -> Call:
        if name in ("FullyConnectedNet", "VarFullyConnectedNet", "Generator"):
            return Call([tensor(_BATCH, _HIDDEN)])
        if name == "DecoderOnlyTransformer":
            return Call([tensor(_BATCH, _HIDDEN, dtype=torch.int64)])
        if name == "vista3d132":  # one volume, and the classes that are asked for
            asked = tensor(_BATCH, 1, dtype=torch.int64)
            return Call([tensor(1, _IN, *(_SIZE,) * 3)], {"class_vector": asked})
        if name == "MILModel":  # bags of images
            return Call([tensor(_BATCH, 4, 3, 224, 224)])
        sizes = (_FLAT.get(name, 2 * _SIZE if name in _BROAD else _SIZE),) * axes
        takes = inspect.signature(model.forward).parameters.values()
        needed = [p.name for p in takes if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
        return Call([_argument(n, model, sizes) for n in needed])

    return call


def _argument(name: str, model: nn.Module, sizes: tuple[int, ...]) -> Any:
    if name == "timesteps":
        return tensor(_BATCH, dtype=torch.int64)
    if name == "seg":
        return tensor(_BATCH, 3, *sizes)
    if name in ("moving", "fixed"):
        return tensor(_BATCH, 1, *sizes)
    if name == "controlnet_cond":
        return tensor(_BATCH, 1, *(8 * size for size in sizes))
    if name == "batched_images":
        return [[tensor(1, *sizes)] for _ in range(_BATCH)]
    channels = _IN if type(model).__name__ == "DiNTS" else _channels(model)
    return tensor(_BATCH, channels, *sizes)


def _channels(model: nn.Module) -> int:
    """What the network's first convolution takes."""
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Conv3d)):
            return module.in_channels
    return _IN
