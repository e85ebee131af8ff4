"""diffusers: UNets, autoencoders, transformers and ControlNets, as their constructors make them."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from benchmarks.zoo import shims
from benchmarks.zoo.model import Call, Model, tensor
from convlint.tensor import TensorSpec

_FOLDERS = ("unets", "autoencoders", "transformers", "controlnets")
_PARTS = re.compile("Adapter|Multi")
"""Parts of networks, and networks that are made of others."""
_VIDEO = re.compile(
    "3D(?!iT)|Motion|SpatioTemporal|I2VGen|SparseControl|QwenImage21|Cosmos|Video|H3$|Allegro"
)
"""Networks over videos, also where their layers are 2-D."""
_FRAMES_FLAT = re.compile("Motion|SparseControl")
"""Networks that take a text for every frame."""
_BUNDLED = re.compile("BriaFibo2|SanaWM")
"""Networks that take the outputs of several layers of the one that encodes the text."""
_FRAMES_FIRST = re.compile("SpatioTemporal|CogVideoX|ConsisID|AnyFlow")
"""Networks that take the frames before the channels."""
_BATCH, _WORDS, _FRAMES, _LATENT, _IMAGE, _SOUND = 2, 16, 8, 32, 128, 2**16
_REQUIRED = {
    "in_channels": 3,
    "out_channels": 3,
    "latent_channels": 64,
    "block_out_channels": (128, 256, 512, 512, 1024, 1024),
    "layers_per_block": 2,
    "spatial_compression_ratio": 32,
    "sample_size": 384,
}
"""What constructors are given where they have no default."""
_LACKING: dict[str, dict[str, Any]] = {
    "(DreamLite)?Transformer(2D|Temporal)Model$": {"in_channels": 32},
    "ControlNetUnion": {"addition_time_embed_dim": 256},
    "EasyAnimate": {"in_channels": 16, "out_channels": 16, "patch_size": 2},
    "HunyuanDiT2D": {"in_channels": 4, "patch_size": 2, "attention_head_dim": 72},
    "Latte": {"in_channels": 4, "patch_size": 2, "caption_channels": 64},
    "UNet1DModel": {"extra_in_channels": 64},
}
"""What a network cannot be built or run without, and its defaults do not have."""
_TILED = re.compile("AutoencoderKLAllegro")
"""Networks that only take their input in tiles."""
_ALIGNED = re.compile("MiniMaxMusic3")
"""Networks that take a word for every sample of a sound."""
_TIMED = re.compile("AnyFlow|LTX2")
"""Networks that take a time for every frame or token."""
_TEXT = (
    "encoder_hid_dim",
    "caption_channels",
    "crossattn_proj_in_channels",
    "cross_attention_input_dim",
    "joint_attention_dim",
    "cross_attention_dim",
    "text_embed_dim",
    "text_hidden_dim",
    "text_in_dim",
    "text_dim",
    "cap_feat_dim",
    "context_in_dim",
    "llm_features_dim",
    "dit_text_dim",
    "cond_token_dim",
    "in_text_dim",
    "encoder_hidden_size",
    "condition_dim",
    "embedding_dim",
)
"""What configs call the width of the encoded text, the one of the input first."""
_LENGTHS = ("num_embeddings", "max_text_seq_length", "text_len")
"""What configs call the number of words, where it is fixed."""


def models() -> Iterator[Model]:
    """Every network; the call of one that takes what no config tells raises ValueError."""
    shims.torchvision()
    from diffusers.models.modeling_utils import ModelMixin

    for folder in _FOLDERS:
        module = importlib.import_module(f"diffusers.models.{folder}")
        for name, made in sorted(vars(module).items()):
            is_network = inspect.isclass(made) and issubclass(made, ModelMixin)
            if is_network and not _PARTS.search(name):
                yield Model("diffusers", name, _making(made), _calling(folder))


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Those without a default."""
    named = inspect.signature(function).parameters.values()
    return [p for p in named if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]


def _making(made: Any) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        needed = [p.name for p in _parameters(made.__init__) if p.name != "self"]
        given = {n: _REQUIRED[n] for n in needed if n in _REQUIRED}
        lacking = (v for name, v in _LACKING.items() if re.match(name, made.__name__))
        module: nn.Module = made(**given | next(lacking, {}))
        if _TILED.search(made.__name__):
            module.enable_tiling()  # type: ignore[operator]
        return module

    return make


def _calling(folder: str) -> Callable[[nn.Module], Call]:
    def call(model: nn.Module) -> Call:
        needed = {p.name for p in _parameters(model.forward)}
        if folder != "autoencoders":
            needed |= _USUAL
        takes = inspect.signature(model.forward).parameters
        if strange := ", ".join(n for n in takes if n in needed and n not in _INPUTS):
            raise ValueError(f"`forward` takes {strange}, which no config tells")
        sample = _sound_or_video(model) if folder == "autoencoders" else _latent(model)
        given = {n: _INPUTS[n](model, sample) for n in takes if n in needed}
        return Call((), {name: value for name, value in given.items() if value is not None})

    return call


def _config(model: nn.Module) -> dict[str, Any]:
    config: dict[str, Any] = model.config  # type: ignore[assignment]
    return config


def _first(model: nn.Module) -> nn.Conv1d | nn.Conv2d | nn.Conv3d | None:
    made = (m for m in model.modules() if isinstance(m, (nn.Conv1d, nn.Conv2d, nn.Conv3d)))
    return next(made, None)


def _is_video(model: nn.Module) -> bool:
    return bool(_VIDEO.search(type(model).__name__)) or isinstance(_first(model), nn.Conv3d)


def _sound_or_video(model: nn.Module) -> TensorSpec:
    """What an autoencoder takes, which is what it gives."""
    config, first = _config(model), _first(model)
    channels = config.get("out_channels") or config.get("in_channels") or 3
    if _is_video(model) and not isinstance(first, nn.Conv1d):
        frames = 2 * config.get("clip_length", _FRAMES) + 1
        frames = 1 if "Image" in type(model).__name__ else frames
        return tensor(_BATCH, channels, frames, _IMAGE, _IMAGE)
    if "sampling_rate" in config or isinstance(first, nn.Conv1d):
        sounds = [n for n in ("audio_channels", "dec_out_channels", "in_channels") if n in config]
        if "mel_bins" in config:  # one sound for each, which is made a spectrum of
            return tensor(_BATCH, _SOUND)
        return tensor(_BATCH, config[sounds[0]] if sounds else first.in_channels, _SOUND)  # type: ignore[union-attr]
    return tensor(_BATCH, channels, _IMAGE, _IMAGE)


def _latent(model: nn.Module) -> TensorSpec:
    """What is denoised: a latent image, the patches of one, or a latent video."""
    config, first = _config(model), _first(model)
    takes = inspect.signature(model.forward).parameters
    if wide := config.get("in_visual_dim"):  # with a latent video and a mask to go by
        wide = 2 * wide + 1 if config.get("visual_cond", True) else wide
        return tensor(_BATCH, _FRAMES, _LATENT, _LATENT, wide)
    if wide := config.get("latent_dim"):
        return tensor(_BATCH, _FRAMES * _LATENT, wide)
    wide = config.get("latent_channels") or config.get("in_channels")
    channels = wide or (first.in_channels if first is not None else config.get("embedding_dim"))
    if "proj_embedding" in takes:
        return tensor(_BATCH, channels)
    if channels is None:
        raise ValueError("its config does not say what it takes")
    if "num_frames" in takes and "height" not in takes:
        return tensor(_BATCH * _FRAMES, channels, _LATENT, _LATENT)
    if "num_frames" in takes:
        return tensor(_BATCH, _FRAMES * _LATENT * _LATENT, channels)
    if "shape_list" in takes:
        return tensor(_BATCH, _LATENT * _LATENT // 4, channels, *config["patch_size"])
    if {"img_ids", "img_shapes", "position_ids"} & set(takes):
        return tensor(_BATCH, _LATENT * _LATENT // 4, channels)
    if _FRAMES_FIRST.search(type(model).__name__):
        return tensor(_BATCH, _FRAMES, channels, _LATENT, _LATENT)
    if _is_video(model):
        frames = config.get("video_length") or _FRAMES
        return tensor(_BATCH, channels, frames, _LATENT, _LATENT)
    if isinstance(first, nn.Conv1d) or "1D" in type(model).__name__:
        return tensor(_BATCH, channels, _SOUND // 4)
    return tensor(_BATCH, channels, _LATENT, _LATENT)


def _text(model: nn.Module, sample: TensorSpec) -> TensorSpec | None:
    """The encoded words, for each frame of a video where the frames have become the batch."""
    config = _config(model)
    wide = next((config[name] for name in _TEXT if config.get(name)), None)
    if wide is None:
        return None
    is_flat = bool(_FRAMES_FLAT.search(type(model).__name__))
    many = _BATCH * _FRAMES if is_flat else _BATCH
    words = next((config[n] for n in _LENGTHS if config.get(n)), _WORDS)
    if _ALIGNED.search(type(model).__name__):
        words = sample.shape[-1]  # type: ignore[index]
    width = wide if isinstance(wide, int) else wide[0]
    if _BUNDLED.search(type(model).__name__):
        return tensor(many, 1 + len(config.get("injection_layer_ids", ())), words, width)
    return tensor(many, words, width)


def _second_text(
    words: str, width: str, dtype: torch.dtype = torch.float32
) -> Callable[[nn.Module, TensorSpec], TensorSpec | None]:
    """The words of another encoder, or the mask of them, if the config says how wide they are."""

    def made(model: nn.Module, sample: TensorSpec) -> TensorSpec | None:
        config = _config(model)
        if not (wide := config.get(width)):
            return None
        rest = () if dtype is torch.bool else (wide,)
        return tensor(_BATCH, config.get(words) or _WORDS, *rest, dtype=dtype)

    return made


def _images(model: nn.Module, sample: TensorSpec) -> TensorSpec | list[TensorSpec]:
    """What is denoised, where a network takes it as a list of images."""
    if "cap_feats" not in inspect.signature(model.forward).parameters:
        return sample
    return [tensor(_config(model)["in_channels"], 1, _LATENT, _LATENT)] * _BATCH


def _times(model: nn.Module, sample: TensorSpec) -> TensorSpec:
    assert sample.shape is not None
    if _TIMED.search(type(model).__name__):
        return tensor(_BATCH, sample.shape[1])  # type: ignore[arg-type]
    return tensor(_BATCH)


def _conditions(model: nn.Module, sample: TensorSpec) -> TensorSpec | list[TensorSpec]:
    """An image that says what is to be made, or a list of them."""
    many = "control_type_idx" in inspect.signature(model.forward).parameters
    return [_condition(model, sample)] if many else _condition(model, sample)


def _condition(model: nn.Module, sample: TensorSpec) -> TensorSpec:
    """An image that says what is to be made: pixels for UNets, else a latent one."""
    config, sizes = _config(model), sample.shape
    assert sizes is not None
    wide = next((v for n, v in config.items() if n.endswith("conditioning_channels") and v), None)
    if wide is None or {"extra_conditioning_channels", "text_len_t5"} & set(config):
        return sample
    scale = 1 if config.get("use_simplified_condition_embedding") else 8
    return tensor(sizes[0], wide, *sizes[2:-2], scale * _LATENT, scale * _LATENT)  # type: ignore[arg-type]


def _positions(model: nn.Module, count: int) -> TensorSpec:
    config = _config(model)
    axes = config.get("axes_dims_rope") or config.get("axes_dims") or (0,) * 3
    return tensor(count, len(axes))


def _sized(*names: str) -> Callable[[nn.Module, TensorSpec], TensorSpec | None]:
    """A vector as wide as the config says, if it does."""

    def made(model: nn.Module, sample: TensorSpec) -> TensorSpec | None:
        wide = next((w for name in names if (w := _config(model).get(name))), None)
        return wide and tensor(_BATCH, wide)

    return made


def _always(*sizes: int, dtype: torch.dtype = torch.float32) -> Callable[..., TensorSpec]:
    return lambda model, sample: tensor(_BATCH, *sizes, dtype=dtype)


_INPUTS: dict[str, Callable[[nn.Module, TensorSpec], Any]] = {
    "self": lambda model, sample: None,
    **dict.fromkeys(("sample", "hidden_states", "image_latents"), lambda model, sample: sample),
    "x": _images,
    **dict.fromkeys(("timestep", "r_timestep"), _times),
    **dict.fromkeys(("timesteps", "t", "fps", "timestep_ratio", "timestep_r"), _always()),
    **dict.fromkeys(("encoder_hidden_states", "audio_encoder_hidden_states", "text_bth"), _text),
    "encoder_hidden_states_2": _second_text("", "text_embed_2_dim"),
    "encoder_attention_mask_2": _second_text("", "text_embed_2_dim", torch.bool),
    "encoder_hidden_states_t5": _second_text("text_len_t5", "cross_attention_dim_t5"),
    "text_embedding_mask": _second_text("text_len", "cross_attention_dim", torch.bool),
    "text_embedding_mask_t5": _second_text("text_len_t5", "cross_attention_dim_t5", torch.bool),
    "image_embeds": _second_text("", "image_embed_dim"),
    "cap_feats": lambda model, sample: [tensor(_WORDS, _config(model)["cap_feat_dim"])] * _BATCH,
    "image_meta_size": _always(6),
    "style": _always(dtype=torch.int64),
    **dict.fromkeys(
        ("encoder_attention_mask", "encoder_hidden_states_mask"), _always(_WORDS, dtype=torch.bool)
    ),
    **dict.fromkeys(("original_size", "target_size", "crop_coords"), _always(2)),
    "controlnet_cond": _conditions,
    "control_type": _sized("num_control_type"),
    "control_type_idx": lambda model, sample: [0],
    "conditioning_scale": lambda model, sample: 1.0,
    "class_labels": lambda model, sample: (
        tensor(_BATCH, dtype=torch.int64) if _config(model).get("num_embeds_ada_norm") else None
    ),
    "pooled_projections": _sized("pooled_projection_dim", "in_text_dim2"),
    "pooled_text_emb": _sized("cond_embed_dim"),
    "input_ids": _always(_LATENT, _LATENT, dtype=torch.int64),
    "micro_conds": lambda model, sample: tensor(
        _BATCH, _config(model)["micro_cond_embed_dim"] // _config(model)["micro_cond_encode_dim"]
    ),
    "prior_token_id": _always(_LATENT * _LATENT // 4, dtype=torch.int64),
    "prior_token_drop": _always(_LATENT * _LATENT // 4, dtype=torch.bool),
    "audio_hidden_states": lambda model, sample: tensor(
        _BATCH, _LATENT, _config(model)["audio_in_channels"]
    ),
    "visual_rope_pos": lambda model, sample: [
        torch.arange(size // patch)
        for size, patch in zip(
            (_FRAMES, _LATENT, _LATENT), _config(model)["patch_size"], strict=True
        )
    ],
    "text_rope_pos": lambda model, sample: torch.arange(_WORDS),
    "latents": lambda model, sample: tensor(_BATCH, _config(model)["latent_channels"], _LATENT),
    "z": lambda model, sample: tensor(_BATCH, _config(model)["latent_channels"], 4, 8, 8),
    "mel": lambda model, sample: tensor(_BATCH, _config(model)["num_mels"], _LATENT),
    "shape_list": lambda model, sample: [[(1, _LATENT // 2, _LATENT // 2)]] * _BATCH,
    "proj_embedding": _sized("embedding_proj_dim", "embedding_dim"),
    "clip_text_pooled": lambda model, sample: tensor(
        _BATCH, 1, _config(model)["clip_text_pooled_in_channels"]
    ),
    "added_time_ids": _always(3),
    "added_cond_kwargs": lambda model, sample: {
        "resolution": tensor(_BATCH, 2),
        "aspect_ratio": tensor(_BATCH, 1),
    },
    "guidance": lambda model, sample: (
        tensor(_BATCH) if _config(model).get("guidance_embeds") else None
    ),
    "img_ids": lambda model, sample: _positions(model, sample.shape[1]),  # type: ignore[index, arg-type]
    "txt_ids": lambda model, sample: _positions(model, _WORDS),
    "img_shapes": lambda model, sample: [[(1, _LATENT // 2, _LATENT // 2)]] * _BATCH,
    "image_embeddings": _sized("cross_attention_dim"),
    "text_encoder_layers": lambda model, sample: (
        [tensor(_BATCH, _WORDS, _config(model)["text_encoder_dim"])]
        * (_config(model)["num_layers"] + _config(model)["num_single_layers"])
    ),
    "padding_mask": lambda model, sample: tensor(1, 1, _LATENT, _LATENT),
    "conditioning_mask": lambda model, sample: tensor(_BATCH, 1, _FRAMES, _LATENT, _LATENT),
    "control_hidden_states": lambda model, sample: tensor(
        _BATCH, _config(model)["vace_in_channels"], _FRAMES, _LATENT, _LATENT
    ),
    "global_hidden_states": lambda model, sample: (
        tensor(_BATCH, 1, wide)
        if (wide := _config(model).get("global_states_input_dim"))
        else tensor(_BATCH, _config(model)["global_cond_dim"])
    ),
    "num_frames": lambda model, sample: _FRAMES,
    "audio_timestep": _always(_LATENT),
    "audio_num_frames": lambda model, sample: _LATENT,
    **dict.fromkeys(("height", "width"), lambda model, sample: _LATENT),
    "text_lens": _always(dtype=torch.int64),
}
"""The inputs by the names of the parameters of `forward`; None where a network does without."""
_USUAL = {
    "encoder_hidden_states_2",
    "encoder_attention_mask_2",
    "encoder_hidden_states_t5",
    "text_embedding_mask",
    "text_embedding_mask_t5",
    "image_embeds",
    "image_meta_size",
    "style",
    "shape_list",
    "audio_num_frames",
    "audio_timestep",
    "encoder_hidden_states",
    "encoder_attention_mask",
    "encoder_hidden_states_mask",
    "text_encoder_layers",
    "timestep",
    "class_labels",
    "pooled_projections",
    "added_cond_kwargs",
    "guidance",
    "img_ids",
    "txt_ids",
    "img_shapes",
    "image_embeddings",
    "padding_mask",
    "controlnet_cond",
    "conditioning_mask",
    "control_hidden_states",
    "global_hidden_states",
    "num_frames",
    "height",
    "width",
}
"""Those that are given even where they have a default."""
