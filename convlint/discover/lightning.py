"""Lightning's `example_input_array`, an attribute of the class or of the instance.

https://lightning.ai/docs/pytorch/stable/common/lightning_module.html#example-input-array: a tensor
is the only argument of `forward`, a tuple has them in order, a dict by name.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from convlint.discover import Given, Use
from convlint.project import literal
from convlint.project.literal import Tensor, Unclear
from convlint.project.network import Network
from convlint.project.source import Source
from convlint.spec import InputSpec

RANK: Final = 2

NAME: Final = "example_input_array"


def uses(networks: Sequence[Network], sources: Iterable[Source]) -> Iterator[Use]:
    """The networks that set the attribute; what it is may be known only when they are built."""
    for network in networks:
        found = next(_assigned(network), None)
        if found is not None:
            inputs: tuple[InputSpec, ...] | None = None
            with contextlib.suppress(Unclear):
                inputs = _inputs(literal.value(found.value, {}), _names(network))
            origin = f"{network.source.name}:{found.lineno} ({NAME})"
            yield Use(network, inputs, origin, by_itself=True)


def given(module: Any) -> Given | None:
    """What the attribute of a built network holds, where that can be an input at all."""
    with contextlib.suppress(Exception):  # a property of the user's may raise anything
        example = _described(getattr(module, NAME, None))
        if example is not None:
            names = list(inspect.signature(module.forward).parameters)
            return Given(_inputs(example, names), f"its {NAME}")
    return None


def _assigned(network: Network) -> Iterator[ast.Assign]:
    """Where the class or one of its methods sets the attribute."""
    for node in (network.node, *network.bases):
        for one in ast.walk(node):
            if isinstance(one, ast.Assign):
                for target in one.targets:
                    if getattr(target, "id", getattr(target, "attr", "")) == NAME:
                        yield one


def _names(network: Network) -> list[str]:
    forward = network.method("forward")
    assert forward is not None
    return [one.arg for one in (*forward.args.posonlyargs, *forward.args.args)[1:]]


def _described(example: Any) -> Any:
    """An example with the sizes of its tensors in place of them."""
    if isinstance(example, Mapping):
        return {str(name): _described(one) for name, one in example.items()}
    if isinstance(example, (tuple, list)):
        return tuple(_described(one) for one in example)
    if hasattr(example, "shape") and hasattr(example, "dtype"):
        sizes = tuple(int(size) for size in example.shape)
        return Tensor(sizes, str(example.dtype).removeprefix("torch."))
    return example


def _inputs(example: object, names: Sequence[str]) -> tuple[InputSpec, ...]:
    if isinstance(example, Tensor):
        return (literal.spec(None, example),)
    if isinstance(example, Mapping):
        return tuple(literal.spec(str(name), one) for name, one in example.items())
    if not isinstance(example, tuple) or len(example) > len(names):
        raise Unclear
    return tuple(
        literal.spec(None if isinstance(one, Tensor) else name, one)
        for name, one in zip(names, example, strict=False)
    )
