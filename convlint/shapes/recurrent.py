"""Recurrent layers and cells, and packed sequences.

Reference: https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence

from convlint.arithmetic.broadcast import broadcast, clashes
from convlint.dims import Dim, Unknown, guess, known
from convlint.shapes.registry import Rejected, lowers, operator, parameter
from convlint.tensor import CONTIGUOUS, Strides, TensorSpec

RECURRENT = ("lstm", "gru", "rnn")


def _layers(
    input: TensorSpec,
    hx: Any,
    weight: TensorSpec | None,
    hidden_size: int,
    num_layers: int,
    bidirectional: bool,
    batch_first: bool,
    out_size: int,
    batch_sizes: TensorSpec | None,
) -> tuple[Any, TensorSpec, TensorSpec]:
    """Output, and the states of size `out_size` and `hidden_size`, of a stack of layers."""
    dtype = weight.dtype if weight is not None else input.dtype
    directions = 2 if bidirectional else 1
    shape = input.shape
    batch: Dim
    if batch_sizes is not None:
        lead = shape[:1] if shape is not None else (Unknown(),)
        batch = packed_batch(batch_sizes)
        output = TensorSpec((*lead, directions * out_size), dtype)
    elif shape is None:
        output, batch = TensorSpec(None, dtype, None), Unknown()
    elif len(shape) == 2:
        state = (num_layers * directions,)
        return (
            TensorSpec((shape[0], directions * out_size), dtype),
            TensorSpec((*state, out_size), dtype),
            TensorSpec((*state, hidden_size), dtype),
        )
    elif len(shape) == 3:
        time, batch = (shape[1], shape[0]) if batch_first else (shape[0], shape[1])
        if time == 0:
            raise Rejected("Expected sequence length to be larger than 0 in RNN")
        width = directions * out_size
        turned: Strides = (width, batch * width, 1) if batch_first else CONTIGUOUS
        output = TensorSpec((*shape[:2], width), dtype, turned)
        batch = _with_state(batch, time, hx, batch_first)
    else:
        output, batch = TensorSpec(None, dtype, None), Unknown()
    shape_h = (num_layers * directions, batch, out_size)
    shape_c = (num_layers * directions, batch, hidden_size)
    if shape is None and batch_sizes is None:
        return output, TensorSpec(None, dtype, None), TensorSpec(None, dtype, None)
    return output, TensorSpec(shape_h, dtype), TensorSpec(shape_c, dtype)


def _with_state(batch: Dim, time: Dim, hx: Any, batch_first: bool) -> Dim:
    """The batch that the states have: theirs, where the input's two axes are swapped."""
    first = hx[0] if isinstance(hx, (tuple, list)) and hx else hx
    if isinstance(first, TensorSpec) and first.shape is not None and len(first.shape) == 3:
        given = first.shape[1]
        if given != batch and given == time:
            return given
    return batch


def packed_batch(batch_sizes: TensorSpec) -> Dim:
    """The batch size of a packed sequence: that of the padded one it was made of."""
    source = batch_sizes.source
    while source is not None and source.op in RECURRENT:
        inner = source.args.get("batch_sizes")
        if not isinstance(inner, TensorSpec):
            return Unknown()
        source = inner.source
    if source is None or source.op != "_pack_padded_sequence":
        return Unknown()
    shape = source.args["input"].shape
    if shape is None or len(shape) < 2:
        return Unknown()
    found: Dim = shape[0 if source.args["batch_first"] else 1]
    return found


def _packed(output: TensorSpec, rest: Any) -> Any:
    return tuple.__new__(PackedSequence, (output, *rest))


@operator(only=True)
def lstm(
    input: TensorSpec,
    hx: Any,
    weight: TensorSpec | None,
    input_size: int,
    hidden_size: int,
    num_layers: int,
    bidirectional: bool,
    batch_first: bool,
    proj_size: int,
    batch_sizes: TensorSpec | None,
    indices: Any,
) -> Any:
    output, h, c = _layers(
        input,
        hx,
        weight,
        hidden_size,
        num_layers,
        bidirectional,
        batch_first,
        proj_size or hidden_size,
        batch_sizes,
    )
    if batch_sizes is not None:
        output = _packed(output, (batch_sizes, *indices))
    return output, (h, c)


def _one_state(
    input: TensorSpec,
    hx: Any,
    weight: TensorSpec | None,
    input_size: int,
    hidden_size: int,
    num_layers: int,
    bidirectional: bool,
    batch_first: bool,
    batch_sizes: TensorSpec | None,
    indices: Any,
) -> Any:
    output, h, _ = _layers(
        input,
        hx,
        weight,
        hidden_size,
        num_layers,
        bidirectional,
        batch_first,
        hidden_size,
        batch_sizes,
    )
    if batch_sizes is not None:
        output = _packed(output, (batch_sizes, *indices))
    return output, h


operator(only=True, name="gru")(_one_state)
operator(only=True, name="rnn")(_one_state)


def _call(module: Any, input: Any, hx: Any) -> dict[str, Any]:
    packed = isinstance(input, PackedSequence)
    shape = ((4 if isinstance(module, nn.LSTM) else 3) * module.hidden_size, module.input_size)
    return {
        "input": input[0] if packed else input,
        "hx": hx,
        "weight": parameter(module, "weight_ih_l0", shape),
        "input_size": module.input_size,
        "hidden_size": module.hidden_size,
        "num_layers": module.num_layers,
        "bidirectional": module.bidirectional,
        "batch_first": module.batch_first,
        "batch_sizes": input[1] if packed else None,
        "indices": tuple(input[2:]) if packed else (),
    }


@lowers(nn.LSTM, to="lstm")
def _lstm(module: nn.LSTM, input: Any, hx: Any = None) -> dict[str, Any]:
    return {**_call(module, input, hx), "proj_size": module.proj_size}


@lowers(nn.GRU, to="gru")
def _gru(module: nn.GRU, input: Any, hx: Any = None) -> dict[str, Any]:
    return _call(module, input, hx)


@lowers(nn.RNN, to="rnn")
def _rnn(module: nn.RNN, input: Any, hx: Any = None) -> dict[str, Any]:
    return _call(module, input, hx)


# -- cells


def _cell(input: TensorSpec, weight: TensorSpec | None, hidden_size: int) -> TensorSpec:
    dtype = weight.dtype if weight is not None else input.dtype
    if input.shape is None or len(input.shape) not in (1, 2):
        return TensorSpec(None, dtype, None)
    return TensorSpec((*input.shape[:-1], hidden_size), dtype)


@operator(only=True)
def lstm_cell(
    input: TensorSpec, hx: Any, weight: TensorSpec | None, input_size: int, hidden_size: int
) -> Any:
    out = _cell(input, weight, hidden_size)
    return out, out


def _plain_cell(
    input: TensorSpec, hx: Any, weight: TensorSpec | None, input_size: int, hidden_size: int
) -> Any:
    return _cell(input, weight, hidden_size)


operator(only=True, name="gru_cell")(_plain_cell)
operator(only=True, name="rnn_cell")(_plain_cell)


def _lower_cell(kind: type[nn.Module], to: str, gates: int) -> None:
    @lowers(kind, to=to)
    def lower(module: Any, input: TensorSpec, hx: Any = None) -> dict[str, Any]:
        shape = (gates * module.hidden_size, module.input_size)
        return {
            "input": input,
            "hx": hx,
            "weight": parameter(module, "weight_ih", shape),
            "input_size": module.input_size,
            "hidden_size": module.hidden_size,
        }


_lower_cell(nn.LSTMCell, "lstm_cell", 4)
_lower_cell(nn.GRUCell, "gru_cell", 3)
_lower_cell(nn.RNNCell, "rnn_cell", 1)


# -- packed sequences


@operator("_C._nn.pad_sequence", only=True)
def pad_sequence(
    sequences: Any,
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> TensorSpec:
    if not sequences:
        raise Rejected("received an empty list of sequences")
    shapes = [sequence.shape for sequence in sequences]
    first, dtype = shapes[0], sequences[0].dtype
    if any(shape is None for shape in shapes):
        return TensorSpec(None, dtype, None)
    for shape in shapes:
        row = shape[:1] + first[1:]  # each is copied into its row, and spread there
        if not shape or (
            known(*shape, *row) and (clashes(shape, row) or broadcast(shape, row) != row)
        ):
            raise Rejected(f"sequences differ in more than their length: {shape} and {first}")
    lengths = [shape[0] for shape in shapes]
    longest = max(lengths) if known(*lengths) else Unknown(max(map(guess, lengths)))
    batch = len(sequences)
    lead = (batch, longest) if batch_first else (longest, batch)
    return TensorSpec((*lead, *first[1:]), dtype)


@operator
def _pack_padded_sequence(input: TensorSpec, lengths: TensorSpec, batch_first: bool) -> Any:
    if input.shape is None or len(input.shape) < 2:
        return TensorSpec(None, input.dtype, None), TensorSpec((Unknown(),), torch.int64)
    batch, time = input.shape[0], input.shape[1]
    if not batch_first:
        batch, time = time, batch
    if lengths.shape is not None and len(lengths.shape) == 1 and lengths.shape[0] != batch:
        raise Rejected(
            f"Expected `len(lengths)` to be equal to batch_size, but got {lengths.shape[0]} "
            f"(batch_size={batch})"
        )
    total = batch * time
    rows = Unknown(total if isinstance(total, int) else 1)
    steps = Unknown(time if isinstance(time, int) else 1)
    data = TensorSpec((rows, *input.shape[2:]), input.dtype)
    return data, TensorSpec((steps,), torch.int64)


@operator
def _pad_packed_sequence(
    data: TensorSpec,
    batch_sizes: TensorSpec,
    batch_first: bool,
    padding_value: float,
    total_length: Dim,
) -> Any:
    if data.shape is None:
        return TensorSpec(None, data.dtype, None), TensorSpec((Unknown(),), torch.int64)
    batch = packed_batch(batch_sizes)
    lead = (batch, total_length) if batch_first else (total_length, batch)
    padded = TensorSpec((*lead, *data.shape[1:]), data.dtype, None if batch_first else CONTIGUOUS)
    return padded, TensorSpec((batch,), torch.int64)
