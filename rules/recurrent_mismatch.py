"""# recurrent-mismatch

## What it does
Finds LSTM, GRU and RNN layers and cells whose input has another number of features than
`input_size`, another number of axes than they take, or whose states do not fit the input's
batch, the hidden size or the number of layers; the commonest reason is `batch_first`.

## Why is this bad?
torch raises `Expected hidden[0] size (2, 1, 64), got [2, 8, 64]`, or `input.size(-1) must be
equal to input_size`.  An LSTM takes (time, batch, features), with `batch_first=True` (batch,
time, features); its states are always (layers, batch, hidden):
[torch.nn.LSTM](https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html).

## Example
```python
# convlint: target Net 8,20,48
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(32, 64, batch_first=True)  # error: CL107

    def forward(self, x):
        return self.lstm(x)[0]
```
```python
# convlint: target Net 1,8,48 1,8,64
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(48, 64, batch_first=True)  # error: CL107

    def forward(self, step, h):
        return self.gru(step, h)
```

## Use instead
```python
# convlint: target Net 1,8,48 1,8,64
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(48, 64)

    def forward(self, step, h):
        return self.gru(step, h)
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convlint import Dim, Finding, Layer, Network, Shape, TensorSpec, origin, rule, show
from convlint.advice.whence import whence

_CELLS = frozenset({"lstm_cell", "gru_cell", "rnn_cell"})


@rule("CL107", "lstm", "gru", "rnn", *_CELLS)
def recurrent_mismatch(layer: Layer, network: Network) -> Iterator[Finding]:
    check = _cell if layer.op in _CELLS else _layer
    finding = check(layer)
    if finding is not None:
        yield finding


# -- layers


def _layer(layer: Layer) -> Finding | None:
    shape = layer.args["input"].shape
    if shape is None:
        return _form(layer)
    packed = layer.args["batch_sizes"] is not None
    if not packed and len(shape) not in (2, 3):
        return _rank(layer, shape)
    found = _features(layer, shape)
    if found is not None:
        return found
    if _form(layer) is not None:
        return _form(layer)
    if layer.args["hx"] is None or packed:
        return _packed_states(layer) if packed else None
    return _states(layer, shape)


def _rank(layer: Layer, shape: Shape) -> Finding:
    taken = "(N, L, F)" if layer.args["batch_first"] else "(L, N, F)"
    helps = []
    size = layer.args["input_size"]
    if len(shape) == 4 and shape[1] * shape[2] == size:
        helps.append("put permute(0, 3, 1, 2).flatten(2) before it")
    elif len(shape) == 4:
        helps.append(f"put flatten(2) before it: {show((*shape[:2], shape[2] * shape[3]))}")
    elif len(shape) == 1:
        helps.append("put unsqueeze(0) before it")
    return Finding(
        f"`{layer.title}` takes {taken} or (L, F), but {show(shape)} has "
        f"{len(shape)} {'axis' if len(shape) == 1 else 'axes'}",
        at=layer.call,
        label=f"{show(shape)} arrives here",
        help=tuple(helps),
    )


def _features(layer: Layer, shape: Shape) -> Finding | None:
    wanted = layer.args["input_size"]
    arrives = shape[-1] if shape else 0
    return _other_features(layer, shape, arrives, wanted) if arrives != wanted else None


def _other_features(layer: Layer, shape: Shape, arrives: Dim, wanted: Dim) -> Finding:
    tensor = layer.args["input"]
    axis = next((i for i in range(len(shape) - 2, -1, -1) if shape[i] == wanted), None)
    if axis is not None and len(shape) == 3:
        return Finding(
            f"`{layer.title}` takes {wanted} features on the last axis, but {tensor} has them on "
            f"axis {axis}; the last has {arrives}",
            at=layer.call,
            label=f"{tensor} arrives here",
            related=whence(tensor, -1, f"{arrives} come from here"),
            help=(f"put transpose({axis}, {len(shape) - 1}) before it", _write(layer, arrives)),
        )
    return Finding(
        f"`{layer.title}` takes {wanted} features, but {arrives} arrive",
        label=f"input_size is {wanted}",
        related=whence(tensor, -1, f"{arrives} features come from here"),
        help=(_write(layer, arrives), *_producer(tensor, wanted)),
    )


def _form(layer: Layer) -> Finding | None:
    """An LSTM has two states, the others one."""
    states = layer.args["hx"]
    if layer.op.startswith("lstm"):
        if isinstance(states, TensorSpec):
            return _state_count(layer, "a pair of states (h_0, c_0)", "one tensor", "(h_0, c_0)")
        if isinstance(states, (tuple, list)) and len(states) != 2:
            return _state_count(
                layer, "a pair of states (h_0, c_0)", f"{len(states)} tensors", "(h_0, c_0)"
            )
    elif isinstance(states, (tuple, list)):
        return _state_count(layer, "one state h_0", f"{len(states)} tensors", "h_0")
    return None


def _state_count(layer: Layer, takes: str, arrive: str, write: str) -> Finding:
    return Finding(
        f"`{layer.title}` takes {takes}, but {arrive} arrive" + ("s" if "one" in arrive else ""),
        at=layer.call,
        label=f"takes {write}",
        help=(f"hand it {write}",),
    )


def _states(layer: Layer, shape: Shape) -> Finding | None:
    args = layer.args
    unbatched = len(shape) == 2
    rows = args["num_layers"] * (2 if args["bidirectional"] else 1)
    time, batch = (1, 0) if args["batch_first"] else (0, 1)
    for name, state, size in _named_states(layer):
        if state.shape is None:
            continue
        wanted: Shape = (rows, size) if unbatched else (rows, shape[batch], size)
        if len(state.shape) != len(wanted):
            return _state_rank(layer, name, state, wanted)
        if not any(a != b for a, b in zip(state.shape, wanted, strict=True)):
            continue
        swapped = not unbatched and (state.shape[0], state.shape[2]) == (rows, size)
        if swapped and state.shape[1] == shape[time]:
            return _batch_first(layer, state, shape, wanted)
        return _state_shape(layer, name, state, wanted, unbatched)
    return None


def _named_states(layer: Layer) -> Iterator[tuple[str, TensorSpec, Dim]]:
    """The states that were handed over, and the size of each."""
    states, hidden = layer.args["hx"], layer.args["hidden_size"]
    out = layer.args.get("proj_size") or hidden
    if isinstance(states, TensorSpec):
        yield "h_0", states, out
    elif isinstance(states, (tuple, list)) and len(states) == 2:
        for name, state, size in zip(("h_0", "c_0"), states, (out, hidden), strict=True):
            if isinstance(state, TensorSpec):
                yield name, state, size


def _batch_first(layer: Layer, state: TensorSpec, shape: Shape, wanted: Shape) -> Finding:
    """The states' batch is where the layer reads the time."""
    assert state.shape is not None
    first = layer.args["batch_first"]
    batch, steps = (shape[0], shape[1]) if first else (shape[1], shape[0])
    helps = [
        f"write batch_first={not first}: then it is {state.shape[1]} sequences of {batch} steps",
        "or put transpose(0, 1) before it",
    ]
    if first and batch == 1:
        helps[1] = f"or unsqueeze(1) instead of unsqueeze(0): {show((steps, 1, shape[2]))}"
    return Finding(
        f"`{layer.title}` with batch_first={first} reads {show(shape)} as batch {batch}, "
        f"{steps} steps, but its states {state} have batch {state.shape[1]}",
        label=f"batch_first is {first}",
        formula=f"h_0 is (layers, batch, hidden) = {show(wanted)}, got {state}",
        help=tuple(helps),
    )


def _state_shape(
    layer: Layer, name: str, state: TensorSpec, wanted: Shape, unbatched: bool
) -> Finding:
    assert state.shape is not None
    axes = ("layers", "hidden size") if unbatched else ("layers", "batch", "hidden size")
    what = "; ".join(
        f"{axis} {got} instead of {want}"
        for axis, got, want in zip(axes, state.shape, wanted, strict=True)
        if got != want
    )
    sizes = enumerate(zip(state.shape, wanted, strict=True))
    wrong = next(axis for axis, (got, want) in sizes if got != want)
    helps = [f"{name} must be {show(wanted)}"]
    if len(wanted) == 3 and (state.shape[1], state.shape[0]) == wanted[:2]:
        helps.insert(0, f"put transpose(0, 1) on {name}: batch_first does not turn the states")
    elif state.shape[0] != wanted[0] and layer.args["bidirectional"]:
        helps.append("bidirectional=True needs two states for every layer")
    return Finding(
        f"`{layer.title}` takes {name} of {show(wanted)}, but {state} arrives: {what}",
        at=layer.call,
        label=f"{name} is {state}",
        related=whence(state, wrong, f"{name} comes from here"),
        help=tuple(helps),
    )


def _state_rank(layer: Layer, name: str, state: TensorSpec, wanted: Shape) -> Finding:
    assert state.shape is not None
    helps = [f"{name} must be {show(wanted)}"]
    if len(wanted) == 3 and len(state.shape) == 2 and wanted[0] == 1:
        helps.insert(0, f"put unsqueeze(0) on {name}: {show((1, *state.shape))}")
    source = state.source
    if source is not None and source.op == "unsqueeze" and source.tensors[0].shape == wanted:
        helps.insert(0, "leave out the unsqueeze: it is right before it")
    return Finding(
        f"`{layer.title}` takes {name} of {len(wanted)} axes with "
        f"{'batches' if len(wanted) == 3 else 'a single sequence'}, but {state} has "
        f"{len(state.shape)}",
        at=layer.call,
        label=f"{name} is {state}",
        related=whence(state, 0, f"{name} comes from here"),
        help=tuple(helps),
    )


def _packed_states(layer: Layer) -> Finding | None:
    """Of a packed sequence's states, only what does not depend on the batch."""
    args = layer.args
    rows = args["num_layers"] * (2 if args["bidirectional"] else 1)
    batch = _packed_batch(layer)
    for name, state, size in _named_states(layer):
        if state.shape is None:
            continue
        if len(state.shape) != 3:
            return _state_rank(layer, name, state, (rows, batch, size))
        if any(a != b for a, b in zip(state.shape, (rows, batch, size), strict=True)):
            return _state_shape(layer, name, state, (rows, batch, size), False)
    return None


def _packed_batch(layer: Layer) -> Any:
    """The batch as the shape function told it: that of the states which come out."""
    return layer.outputs[-1].shape[1] if layer.outputs[-1].shape else None


# -- cells


def _cell(layer: Layer) -> Finding | None:
    shape = layer.args["input"].shape
    if shape is None:
        return _form(layer)
    if len(shape) not in (1, 2):
        return Finding(
            f"`{layer.title}` takes (N, F) or (F), one step, but {show(shape)} has "
            f"{len(shape)} axes",
            at=layer.call,
            label=f"{show(shape)} arrives here",
            help=("hand it one step at a time: x[:, t]",) if len(shape) == 3 else (),
        )
    found = _features(layer, shape)
    if found is not None:
        return found
    if _form(layer) is not None:
        return _form(layer)
    for name, state, size in _named_states(layer):
        wanted = (*shape[:-1], size)
        if state.shape is None:
            continue
        if len(state.shape) != len(wanted):
            return _state_rank_of_cell(layer, name, state, wanted)
        if any(a != b for a, b in zip(state.shape, wanted, strict=True)):
            axes = ("hidden size",) if len(wanted) == 1 else ("batch", "hidden size")
            what = "; ".join(
                f"{axis} {got} instead of {want}"
                for axis, got, want in zip(axes, state.shape, wanted, strict=True)
                if got != want
            )
            return Finding(
                f"`{layer.title}` takes a state {name} of {show(wanted)}, but {state} arrives: "
                f"{what}",
                at=layer.call,
                label=f"{name} is {state}",
                help=(f"{name} must be {show(wanted)}",),
            )
    return None


def _state_rank_of_cell(layer: Layer, name: str, state: TensorSpec, wanted: Shape) -> Finding:
    return Finding(
        f"`{layer.title}` takes a state {name} of {show(wanted)}, but {state} arrives",
        at=layer.call,
        label=f"{name} is {state}",
        help=(f"{name} must be {show(wanted)}",),
    )


# -- what they are told with


def _write(layer: Layer, size: Dim) -> str:
    return f"write {layer.written}({size}, {layer.args['hidden_size']}, ...): input_size={size}"


def _producer(tensor: TensorSpec, wanted: Dim) -> list[str]:
    source = origin(tensor, -1)
    if source is None or source.module is None or source.op not in ("linear", "embedding"):
        return []
    name = "out_features" if source.op == "linear" else "embedding_dim"
    return [f"or let `{source.title}` give them: {name}={wanted}"]
