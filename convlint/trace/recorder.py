"""What is recorded while `forward` runs: fx nodes, layers, and which tensor is which."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

import torch
import torch.fx
from torch.fx.node import map_aggregate

from convlint.dims import Unknown, guess
from convlint.frame import Frame, FrameFilter
from convlint.shapes import explanation
from convlint.network import Assumption, Guard, Layer, Raised
from convlint.tensor import CONTIGUOUS, TensorSpec
from convlint.trace.size import Ratio, Size, dim_of

SMALL: Final = 20_000
"""Elements up to which a tensor that depends on no input is really computed."""


class Value:
    """A tensor of the user's program: the stand-in that the program holds, and what it stands for."""

    __slots__ = ("_node", "concrete", "spec", "tensor")

    def __init__(self, tensor: torch.Tensor, spec: TensorSpec, node: Any, concrete: bool) -> None:
        self.tensor = tensor
        self.spec = spec
        self._node = node
        self.concrete = concrete

    @property
    def node(self) -> torch.fx.Node:
        """The fx node; an item of a tuple gets its own only when it is used."""
        if not isinstance(self._node, torch.fx.Node):
            self._node = self._node()
        return self._node

    @node.setter
    def node(self, node: torch.fx.Node) -> None:
        self._node = node


class Recorder:
    """The growing graph.  Without `root` nothing is recorded: shapes only (construction)."""

    def __init__(self, root: torch.nn.Module | None) -> None:
        self.root = root
        self.graph = torch.fx.Graph()
        self.filter = FrameFilter()
        self.layers: list[Layer] = []
        self.raised: list[Raised] = []
        self.assumptions: list[Assumption] = []
        self.guards: list[Guard] = []
        self.constants: dict[str, torch.Tensor] = {}
        self.paths: list[str] = [""]
        self.blind = 0
        """How often the user's code looked at something that is not known."""
        self._values: dict[int, Value] = {}
        self._modules: dict[int, str] = {}
        self._stored: dict[int, tuple[str, str]] = {}
        if root is not None:
            self._register(root)

    def _register(self, root: torch.nn.Module) -> None:
        for path, module in root.named_modules():
            self._modules.setdefault(id(module), path)
            prefix = path + "." if path else ""
            for name, held in module._parameters.items():
                if held is not None:
                    self._stored.setdefault(id(held), (prefix + name, "parameter"))
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    self._stored.setdefault(id(buffer), (prefix + name, "buffer"))

    # -- tensors

    def value(self, tensor: torch.Tensor) -> Value:
        """What `tensor` stands for; a parameter, buffer or outside tensor is taken up here."""
        found = self._values.get(id(tensor))
        if found is None:
            found = self._values[id(tensor)] = self._take_up(tensor)
        return found

    def _take_up(self, tensor: torch.Tensor) -> Value:
        name, kind = self._stored.get(id(tensor), ("", "constant"))
        if not name and self.root is not None:
            name = self._late_name(tensor) or ""
            kind = "parameter" if name and isinstance(tensor, torch.nn.Parameter) else kind
        shape = tuple(tensor.shape)
        strides = CONTIGUOUS if tensor.is_contiguous() else tuple(tensor.stride())
        spec = TensorSpec(shape, tensor.dtype, strides)
        concrete = (
            not tensor.is_meta
            and not isinstance(tensor, torch.nn.Parameter)
            and tensor.numel() <= SMALL
        )
        if self.root is None:
            return Value(tensor, spec, None, concrete)
        if not name:
            name = f"_tensor_constant{len(self.constants)}"
            self.constants[name] = tensor
        node = self.graph.create_node("get_attr", name)
        layer = self._layer(node.name, kind, name, {}, spec, path=name)
        return Value(tensor, self._sourced(spec, layer), node, concrete)

    def _late_name(self, tensor: torch.Tensor) -> str | None:
        """The path of a parameter or buffer that was registered while `forward` ran."""
        if self.root is None or not isinstance(tensor, torch.nn.Parameter):
            return None
        for name, held in self.root.named_parameters(remove_duplicate=False):
            if held is tensor:
                return name
        return None

    def hold(self, spec: TensorSpec, node: Any, layer: Layer | None) -> torch.Tensor:
        """A new data-less tensor that stands for `spec`."""
        shape = (1, 1, 1, 1) if spec.shape is None else [max(0, guess(d)) for d in spec.shape]
        tensor = torch.empty(shape, dtype=spec.dtype or torch.float32, device="meta")
        return self.tie(tensor, spec, node, layer, concrete=False)

    def tie(
        self,
        tensor: torch.Tensor,
        spec: TensorSpec,
        node: Any,
        layer: Layer | None,
        concrete: bool,
    ) -> torch.Tensor:
        """Let `tensor` stand for `spec`, made by `layer`."""
        if layer is not None:
            spec = self._sourced(spec, layer)
        self._values[id(tensor)] = Value(tensor, spec, node, concrete)
        return tensor

    def rebind(self, value: Value, spec: TensorSpec, node: Any, layer: Layer | None) -> None:
        """`value` was changed in place by `layer`."""
        value.spec = self._sourced(spec, layer) if layer is not None else spec
        if node is not None:
            value.node = node

    @staticmethod
    def _sourced(spec: TensorSpec, layer: Layer) -> TensorSpec:
        return TensorSpec(spec.shape, spec.dtype, spec.strides, layer)

    # -- arguments

    def specs(self, value: Any) -> Any:
        """An argument as the shape functions see it: specs for tensors, dims for sizes."""
        if isinstance(value, torch.Tensor):
            return self.value(value).spec
        if type(value) in (Size, Ratio):
            return dim_of(value)
        if isinstance(value, (list, tuple)):
            items = [self.specs(v) for v in value]
            if isinstance(value, tuple):
                return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
            return items
        if isinstance(value, dict):
            return {k: self.specs(v) for k, v in value.items()}
        if isinstance(value, slice):
            return slice(self.specs(value.start), self.specs(value.stop), self.specs(value.step))
        return value

    def nodes(self, value: Any) -> Any:
        """An argument as fx records it: nodes for tensors and for sizes with an origin."""
        return map_aggregate(_fx_ready(value), self._node)

    def _node(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return self.value(value).node
        if type(value) is Size or type(value) is Ratio:
            return self.origin_node(value)
        return value

    def origin_node(self, value: Size | Ratio) -> Any:
        """The fx node that computes a size, made when it is first used."""
        origin = value.origin
        if origin[0] == "node":
            return origin[1]
        if origin[0] == "size":
            node = self.graph.call_method("size", (origin[1].node, origin[2]))
        elif origin[0] == "op":
            node = self.graph.call_function(
                origin[1], tuple(self._node(operand) for operand in origin[2])
            )
        else:
            return int(value) if isinstance(value, int) else float(value)
        value.origin = ("node", node)
        return node

    # -- layers

    def frames(self) -> tuple[Frame, ...]:
        """The user's frames at this moment, innermost first."""
        return self.filter.user_frames(sys._getframe(1))

    def _layer(
        self,
        name: str,
        op: str,
        written: str,
        args: Mapping[str, Any],
        output: Any,
        **more: Any,
    ) -> Layer:
        layer = Layer(name, op, written, args, output, **more)
        self.layers.append(layer)
        return layer

    def layer(
        self,
        op: str,
        written: str,
        args: Mapping[str, Any],
        output: Any,
        node: torch.fx.Node | None,
        module: torch.nn.Module | None = None,
        definition: tuple[Frame, ...] = (),
        rejected: str | None = None,
    ) -> Layer | None:
        """Record one call; None while nothing is recorded."""
        if self.root is None or node is None:
            return None
        path = self.paths[-1] if module is None else self.module_path(module)
        return self._layer(
            node.name,
            op,
            written,
            args,
            output,
            path=path,
            module=module,
            frames=self.frames(),
            definition_frames=definition,
            rejected=rejected,
            explain=explanation(op),
            exact=not _autocast(),
        )

    def module_path(self, module: torch.nn.Module) -> str:
        """The module's path from the root; a made-up one for a module that is not registered."""
        path = self._modules.get(id(module))
        if path is None and self.root is not None:
            for name, held in self.root.named_modules():
                if held is module:
                    path = name
            if path is None:
                path = f"{self.paths[-1]}.<{type(module).__name__}>".lstrip(".")
            self._modules[id(module)] = path
        return path or ""

    def input(self, name: str, spec: TensorSpec) -> torch.Tensor:
        """A new input of the network."""
        node = self.graph.placeholder(name)
        return self.hold(spec, node, self._layer(node.name, "input", name, {}, spec, path=name))

    # -- what the user's code looked at

    def guard(self, op: str, left: Any, right: Any, answer: bool, unknown: bool) -> None:
        """A comparison of sizes was answered."""
        if self.root is None:
            return
        self.guards.append(Guard(op, left, right, answer))
        if unknown:
            self.blind += 1

    def assume(self, what: str, assumed: str) -> None:
        """A decision was taken that shapes cannot take."""
        self.blind += 1
        if self.root is not None:
            self.assumptions.append(Assumption(what, assumed, self.paths[-1], self.frames()))

    def size(self, value: Value, dim: int) -> int:
        """Side `dim` of a tensor, as the user's code reads it."""
        shape = value.spec.shape
        size = Unknown(value.tensor.shape[dim]) if shape is None else shape[dim]
        return Size(size, ("size", value, dim), self)


def _fx_ready(value: Any) -> Any:
    """fx takes plain containers only."""
    if isinstance(value, torch.Size):
        return tuple(value)
    if isinstance(value, list) and type(value) is not list:
        return list(value)
    return value


def _autocast() -> bool:
    return torch.is_autocast_enabled("cpu") or torch.is_autocast_enabled("cuda")


def item_of(node: Any, index: Any, recorder: Recorder) -> Callable[[], Any]:
    """The fx node of an item of a tuple, made when it is used."""
    return lambda: recorder.graph.call_function(operator.getitem, (node(), index))
