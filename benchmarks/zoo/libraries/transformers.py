"""transformers: every class of its auto classes for images and videos, with its default config."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from benchmarks.zoo import shims
from benchmarks.zoo.model import Call, Model, tensor
from convlint.tensor import TensorSpec

_TASKS = re.compile(
    "IMAGE|VIDEO|DETECTION|SEGMENTATION|DEPTH|NORMAL|POINTMAP|POSE|KEYPOINT|BACKBONE"
    "|MASK_GENERATION|TABLE_RECOGNITION"
)
_NAMES = "_MAPPING_NAMES"
_VIDEO = re.compile("video|vivit|timesformer|vjepa")
_BATCH, _SIZE, _WORDS, _FRAMES = 2, 224, 16, 16
_LACKING: dict[str, dict[str, Any]] = {
    "BeitForSemanticSegmentation": {"out_indices": [3, 5, 7, 11]},
    "LwDetr": {"projector_scale_factors": [1.0]},
    "PerceiverForImageClassification(Fourier|Conv)": {"num_cross_attention_heads": 1},
    "PPDocLayoutV2": {"class_thresholds": [0.5] * 25, "class_order": [*range(25)]},
    "PPOCRV(5Server|6Medium)Det": {
        "kernel_list": [3, 2, 2],
        "scale_factor_list": [1, 2, 4, 8],
        "intraclass_block_config": {
            "reduce_channel": [1, 1, 0],
            "return_channel": [1, 1, 0],
            **{
                f"{direction}_{name}ratio": [window, [1, 1], [side // 2 for side in window]]
                for name, long in (("long", 7), ("mid", 5), ("short", 3))
                for direction, window in (
                    ("vertical_long_to_small_conv", [long, 1]),
                    ("horizontal_small_to_long_conv", [1, long]),
                    ("symmetric_conv_long", [long, long]),
                )
            },
        },
    },
    "Sapiens2For": {
        "head_config": {
            "upsample_out_channels": [64, 64],
            "conv_out_channels": [64],
            "scale_conv_out_channels": [64, 32],
            "scale_final_hidden_sizes": [32, 32],
        }
    },
    "TimmBackbone": {"backbone": "resnet18"},
}
"""What a network cannot be built or run without, and its default config does not have."""
_LARGE = {"depth_pro": 1536}
"""Sides of images that no config tells, by the type of the network."""
_SEEN = ("vision_config", "backbone_config", "encoder", "perception_encoder_config")
"""Where a config has the config of the part that takes the images."""


def models() -> Iterator[Model]:
    """Those that take `pixel_values`; images that stand within a text are left out."""
    shims.torchvision()
    import transformers
    from transformers.models.auto import modeling_auto

    found: dict[str, None] = {}
    for name, mapping in sorted(vars(modeling_auto).items()):
        if name.endswith(_NAMES) and _TASKS.search(name) and "TEXT" not in name:
            for classes in mapping.values():
                found |= dict.fromkeys([classes] if isinstance(classes, str) else classes)
    for name in found:
        if inspect.isclass(made := getattr(transformers, name, None)):
            takes = inspect.signature(made.forward).parameters
            written = any("image_token" in entry for entry in dir(made.config_class))
            if any(p.startswith("pixel_values") for p in takes) and not written:
                yield Model("transformers", name, _making(made), _call)


def _making(made: Any) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        lacking = (v for name, v in _LACKING.items() if re.match(name, made.__name__))
        module: nn.Module = made(_configured(made.config_class(**next(lacking, {}))))
        return module

    return make


def _configured(config: Any) -> Any:
    """The config without a backbone that would be downloaded, and with lists as a file has them."""
    for name, value in list(vars(config).items()):
        if name in ("use_pretrained_backbone", "use_timm_backbone"):
            setattr(config, name, False)
        elif isinstance(value, tuple):
            setattr(config, name, list(value))
        elif hasattr(value, "to_json_string"):
            _configured(value)
    return config


def _call(model: nn.Module) -> Call:
    config: Any = model.config
    takes = inspect.signature(model.forward).parameters
    pixels = next(name for name in takes if name.startswith("pixel_values"))
    kwargs: dict[str, Any] = {pixels: _pixels(model, config, pixels)}
    if "spatial_shapes" in takes:  # patches of images of several sizes
        patches = config.vision_config.num_patches
        kwargs[pixels] = tensor(_BATCH, patches, 3 * config.vision_config.patch_size**2)
        kwargs["pixel_attention_mask"] = tensor(_BATCH, patches, dtype=torch.int64)
        side = math.isqrt(patches)
        kwargs["spatial_shapes"] = torch.tensor([[side, side]] * _BATCH)
    if "aspect_ratio_ids" in takes:  # tiles of images
        tiles, pixels_of = config.max_num_tiles, kwargs[pixels].shape[1:]
        kwargs[pixels] = tensor(_BATCH, 1, tiles, *pixels_of)
        kwargs["aspect_ratio_ids"] = tensor(_BATCH, 1, dtype=torch.int64)
        kwargs["aspect_ratio_mask"] = tensor(_BATCH, 1, tiles, dtype=torch.int64)
    if "task_inputs" in takes:
        kwargs["task_inputs"] = tensor(_BATCH, config.task_seq_len, dtype=torch.int64)
    if "classes_structure" in takes:  # one word for each image
        for name in ("classes_input_ids", "tasks_input_ids"):
            kwargs[name] = tensor(_BATCH, _WORDS, dtype=torch.int64)
            kwargs[name.replace("input_ids", "attention_mask")] = kwargs[name]
        kwargs["classes_structure"] = torch.ones(_BATCH, dtype=torch.int64)
    if "input_ids" in takes and hasattr(config, "text_config"):
        kwargs["input_ids"] = tensor(_BATCH, _WORDS, dtype=torch.int64)
    return Call((), kwargs)


def _pixels(model: nn.Module, config: Any, name: str) -> TensorSpec:
    size = _LARGE.get(config.model_type) or _found(config, "image_size") or _SIZE
    if (windows := _found(config, "num_windows")) and not isinstance(size, (list, tuple)):
        step = windows * _found(config, "patch_size")
        size = size // step * step
    height, width = size if isinstance(size, (list, tuple)) else (size, size)
    channels = _found(config, "num_channels") or 3
    if "Matching" in type(model).__name__:  # of two images
        return tensor(_BATCH, 2, channels, height, width)
    if "video" in name or _VIDEO.search(config.model_type):
        frames = _found(config, "num_frames") or _found(config, "frames_per_clip") or _FRAMES
        return tensor(_BATCH, frames, channels, height, width)
    return tensor(_BATCH, channels, height, width)


def _found(config: Any, name: str) -> Any:
    """An entry of the config, or of the config of its part for images."""
    if value := getattr(config, name, None):
        return value
    for part in _SEEN:
        if (inner := getattr(config, part, None)) is not None and not isinstance(inner, str):
            return _found(inner, name)
    return None
