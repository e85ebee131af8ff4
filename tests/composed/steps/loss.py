"""Losses, which end a network."""

from __future__ import annotations

import torch

from tests.composed.draft import Draft
from tests.composed.steps.layer import filled
from tests.composed.steps.registry import Text, end


@end
def classified(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 6), fits=filled)
    classes = x.shape[:1] if x.dim() == 1 else (x.shape[0], *x.shape[2:])
    target = f"torch.zeros({list(classes[:0] if x.dim() == 1 else classes)}, dtype=torch.long)"
    if draft.chance(0.2):
        target = f"torch.rand({list(x.shape)})"
    options = draft.choice(["", "reduction='none'", "label_smoothing=0.1"])
    weight = f"weight=torch.ones({x.shape[0 if x.dim() == 1 else 1]})"
    if draft.chance(0.2):
        options = weight
    if draft.chance(0.5):
        return f"LAYER({name}, {target})", f"nn.CrossEntropyLoss({options})"
    if target.startswith("torch.rand") or options.startswith("label"):
        return f"F.cross_entropy({name}, {target})"
    rest = f", {options}" if options else ""
    return f"F.nll_loss({name}.log_softmax({min(1, x.dim() - 1)}), {target}{rest})"


_SAME = ["nn.MSELoss()", "nn.L1Loss()", "nn.SmoothL1Loss(reduction='none')", "nn.HuberLoss()",
         "nn.BCEWithLogitsLoss()", "nn.KLDivLoss(reduction='batchmean')", "nn.PoissonNLLLoss()",
         "nn.SoftMarginLoss()", "nn.HingeEmbeddingLoss()"]  # fmt: skip


@end
def compared(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 6), fits=filled)
    other = f"torch.ones({list(x.shape)})"
    if draft.chance(0.4):
        other, _ = draft.tensor((x.dim(),), fits=lambda y: y.shape == x.shape)
    return f"LAYER({name}, {other})", draft.choice(_SAME)


@end
def binary(draft: Draft) -> Text:
    name, x = draft.tensor(range(1, 6), fits=filled)
    # Sigmoids of what is not finite are none: only shapes are asked about.
    sure = f"torch.zeros_like({name}).sigmoid()"
    target = draft.choice([f"torch.ones({list(x.shape)})", f"torch.zeros_like({name})"])
    return draft.choice([f"F.binary_cross_entropy({sure}, {target})",
                         f"F.binary_cross_entropy_with_logits({name}, {target})",
                         f"F.mse_loss({name}, {target}, reduction='sum')",
                         f"F.l1_loss({name}, {target})"])  # fmt: skip


@end
def margins(draft: Draft) -> Text:
    name, x = draft.tensor((2,), fits=filled)
    n, c = x.shape
    forms = [(f"LAYER({name}, {name}, torch.ones({n}))", "nn.CosineEmbeddingLoss()"),
             (f"LAYER({name}, {name}, {name})", "nn.TripletMarginLoss()"),
             (f"LAYER({name}, torch.zeros({n}, dtype=torch.long))", "nn.MultiMarginLoss()"),
             (f"LAYER({name}, torch.ones({n}, {c}))", "nn.MultiLabelSoftMarginLoss()"),
             (f"LAYER({name}, {name}, torch.ones({n}, {c}))", "nn.MarginRankingLoss()"),
             (f"LAYER({name}, {name}, torch.ones({n}, {c}))", "nn.GaussianNLLLoss()")]  # fmt: skip
    return draft.choice(forms)


@end
def transcribed(draft: Draft) -> Text:
    name, x = draft.tensor((3,), fits=lambda x: filled(x) and x.shape[2] > 1)
    t, n, _ = x.shape
    long = "dtype=torch.long"
    rest = f"torch.ones({n}, 1, {long}), torch.full(({n},), {t}, {long}), torch.ones({n}, {long})"
    return f"F.ctc_loss({name}.log_softmax(2), {rest})"


@end
def labelled(draft: Draft) -> Text:
    """A class for every token."""
    name, x = draft.tensor((3,), fits=filled)
    flat = f"{name}.reshape(-1, {x.shape[-1]})"
    rows = draft.choice([f"{x.shape[0] * x.shape[1]}", f"{name}.size(0) * {name}.size(1)"])
    return f"F.cross_entropy({flat}, torch.zeros({rows}, dtype={torch.int64}))"
