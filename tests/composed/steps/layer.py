"""Linear layers, norms, activations, dropout, embeddings."""

from __future__ import annotations

import torch

from tests.composed.draft import Draft, Unfit, divisors
from tests.composed.steps.convolution import image
from tests.composed.steps.registry import Text, kind


def filled(x: torch.Tensor) -> bool:
    """Whether it has elements at all."""
    return 0 not in x.shape


@kind(weight=6)
def linear(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 6), fits=lambda x: filled(x) and x.shape[-1] <= 1024)
    features, out = x.shape[-1], draft.between(1, 32)
    if draft.chance(0.15):
        return f"F.linear({name}, torch.ones({out}, {features}))"
    return f"LAYER({name})", f"nn.Linear({features}, {out})"


@kind(weight=3)
def flat_linear(draft: Draft) -> Text:
    """The head of a classifier."""
    name, x = draft.tensor((2, 3, 4, 5), fits=lambda x: filled(x) and x[0].numel() <= 2048)
    features, out = x[0].numel(), draft.between(1, 16)
    if draft.chance(0.5):
        return f"LAYER({name}.flatten(1))", f"nn.Linear({features}, {out})"
    return f"LAYER({name})", f"nn.Sequential(nn.Flatten(), nn.Linear({features}, {out}))"


@kind()
def bilinear(draft: Draft) -> Text:
    name, x = draft.tensor((2, 3), fits=lambda x: filled(x) and x.shape[-1] <= 32)
    other, y = draft.tensor(
        (x.dim(),), fits=lambda y: y.shape[:-1] == x.shape[:-1] and 1 <= y.shape[-1] <= 32
    )
    sizes = f"{x.shape[-1]}, {y.shape[-1]}, {draft.between(1, 8)}"
    return f"LAYER({name}, {other})", f"nn.Bilinear({sizes})"


@kind(weight=4)
def channel_norm(draft: Draft) -> Text:
    name, x, axes = image(draft)
    channels = x.shape[-axes - 1]
    match draft.choice(["batch", "group", "instance", "response"]):
        case "batch":
            if x.dim() == 2 and axes == 1:
                channels = x.shape[1]
            options = draft.choice(["", ", affine=False", ", track_running_stats=False"])
            return f"LAYER({name})", f"nn.BatchNorm{axes}d({channels}{options})"
        case "group":
            groups = draft.choice(divisors(x.shape[1]))
            return f"LAYER({name})", f"nn.GroupNorm({groups}, {x.shape[1]})"
        case "instance":
            options = draft.choice(["", ", affine=True", ", track_running_stats=True"])
            return f"LAYER({name})", f"nn.InstanceNorm{axes}d({channels}{options})"
    return f"LAYER({name})", f"nn.LocalResponseNorm({draft.between(1, 3)})"


@kind(weight=3)
def feature_norm(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 6), fits=filled)
    last = draft.between(1, min(2, x.dim()))
    shape = list(x.shape[-last:])
    which = draft.choice(["LayerNorm", "RMSNorm"])
    if draft.chance(0.2):
        read = draft.choice([str(shape), f"{name}.shape[-{last}:]", f"({name}.size(-1),)"])
        return f"F.{which.lower().replace('norm', '_norm')}({name}, {read})"
    written = str(shape[0]) if last == 1 and draft.chance(0.7) else str(shape)
    return f"LAYER({name})", f"nn.{which}({written})"


@kind()
def unit(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 6))
    return f"F.normalize({name}, dim={draft.written(draft.axis(x), x)})"


_ACTIVATIONS = ["ReLU()", "GELU()", "SiLU()", "LeakyReLU(0.1)", "Sigmoid()", "Tanh()", "ELU()",
                "Hardswish()", "Softplus()", "Mish()", "ReLU6()", "Identity()", "Hardtanh()",
                "LogSigmoid()", "Softsign()", "RReLU()", "CELU()", "Softshrink()",
                "ReLU(inplace=True)"]  # fmt: skip
_FUNCTIONS = ["F.relu({})", "F.gelu({})", "torch.sigmoid({})", "{}.tanh()", "{}.relu_()",
              "F.softplus({})", "{}.exp()", "{}.abs().sqrt()", "{}.clamp(0, 1)", "-{}", "{} * 2",
              "{} / 2", "1 - {}", "{} ** 2", "F.dropout({}, 0.1)", "{}.detach()", "{}.clone()",
              "{} > 0", "{}.long()", "{}.double()", "{}.float()", "{}.isnan()", "{}.round()",
              "{}.sign()", "torch.zeros_like({})", "torch.nan_to_num({})",
              "F.silu({})"]  # fmt: skip


@kind(weight=3)
def activation(draft: Draft) -> Text:
    name, _ = draft.tensor()
    return f"LAYER({name})", f"nn.{draft.choice(_ACTIVATIONS)}"


@kind(weight=3)
def function(draft: Draft) -> Text:
    name, _ = draft.tensor()
    return draft.choice(_FUNCTIONS).replace("{}", name)


@kind(weight=2)
def softmax(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 6))
    dim = draft.written(draft.axis(x), x)
    which = draft.choice(["Softmax", "LogSoftmax", "Softmin"])
    if draft.chance(0.5):
        return f"LAYER({name})", f"nn.{which}(dim={dim})"
    return draft.choice([f"F.softmax({name}, dim={dim})", f"{name}.softmax({dim})",
                         f"F.gumbel_softmax({name}, dim={dim})",
                         f"F.log_softmax({name}, {dim})"])  # fmt: skip


@kind()
def gated(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 6), fits=lambda x: any(n % 2 == 0 for n in x.shape))
    dim = draft.choice([d for d, n in enumerate(x.shape) if n % 2 == 0])
    dim = draft.written(dim, x)
    if draft.chance(0.5):
        return f"LAYER({name})", f"nn.GLU({dim})"
    return f"F.glu({name}, dim={dim})"


@kind()
def per_channel(draft: Draft) -> Text:
    """Layers that take the second axis for channels."""
    name, x = draft.tensor(range(2, 6), fits=filled)
    made = draft.choice([f"PReLU({x.shape[1]})", "PReLU()", "Dropout(0.2)"])
    if x.dim() == 4 and draft.chance(0.4):
        made = draft.choice(["Softmax2d()", "Dropout2d()", "FeatureAlphaDropout()"])
    if x.dim() == 3 and draft.chance(0.4):
        made = draft.choice(["Dropout1d()", "AlphaDropout()"])
    return f"LAYER({name})", f"nn.{made}"


@kind(weight=2)
def embedding(draft: Draft) -> Text:
    """Over indices that are all 0 or small: what is in the table is not a matter of shapes."""
    name, x = draft.tensor(range(4), dtypes=(torch.int64,))
    if x.numel() and (int(x.min()) < 0 or int(x.max()) >= 64):
        raise Unfit
    table = f"nn.Embedding(64, {draft.between(1, 16)})"
    if x.dim() == 2 and draft.chance(0.2):
        table = f"nn.EmbeddingBag(64, {draft.between(1, 16)}, mode='mean')"
    return f"LAYER({name})", table
