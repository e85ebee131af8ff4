"""The library call: class, factory, instance; what it returns; what it refuses."""

from __future__ import annotations

import networkx as nx
import pytest
import torch
from torch import nn

import convlint
from convlint.selection import SelectionError
from convlint.spec import SpecError


class Net(nn.Module):
    def __init__(self, channels: int = 3, features: int = 8 * 6 * 6) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 8, 3)
        self.head = nn.Linear(features, 10)

    def forward(self, x: torch.Tensor, scale: float = 1.0) -> torch.Tensor:
        return self.head(self.conv(x).flatten(1)) * scale


def test_a_class_a_factory_and_an_instance_are_checked() -> None:
    for model in (Net, lambda: Net(), Net()):
        report = convlint.check(model, "2,3,8,8")
        assert report.ok
        assert not report.diagnostics
        assert report.network is not None
        assert report.network.outputs.shape == (2, 10)


def test_how_a_network_shows_itself_is_not_asked() -> None:
    class Shy(Net):
        def __repr__(self) -> str:
            raise KeyError("alpha")

    assert convlint.check(Shy(), "2,3,8,8").ok
    (fault,) = convlint.check(Shy(), "2,3,8,8", args=(1,)).diagnostics
    assert "Shy` is a ready module" in fault.message


def test_arguments_go_to_the_constructor() -> None:
    assert convlint.check(Net, "2,1,8,8", kwargs={"channels": 1}).ok
    assert not convlint.check(Net, "2,1,8,8").ok
    assert not convlint.check(Net, "2,3,8,8", args=(3, 99)).ok


@pytest.mark.parametrize(
    "inputs",
    ["2,3,8,8", (2, 3, 8, 8), torch.zeros(2, 3, 8, 8), ["2,3,8,8"], {"x": "2,3,8,8"},
     {"x": (2, 3, 8, 8), "scale": 0.5}],
    ids=str,
)  # fmt: skip
def test_inputs_in_every_form(inputs: object) -> None:
    assert convlint.check(Net, inputs).ok


def test_findings_say_where_and_what() -> None:
    report = convlint.check(Net, "2,3,9,9")
    (fault,) = report.diagnostics
    assert fault.severity == "error"
    assert fault.location is not None
    assert fault.location.filename == __file__
    assert "392" in " ".join(fault.help)
    with pytest.raises(AssertionError, match=fault.code):
        report.raise_for_errors()


def test_an_instance_stays_usable() -> None:
    net = Net().train()
    data = torch.rand(2, 3, 8, 8)
    before = net(data)
    convlint.check(net, "4,3,8,8")
    assert net.training
    assert torch.equal(net(data), before)


def test_the_layer_graph_is_a_networkx_graph() -> None:
    report = convlint.check(Net, "2,3,8,8")
    assert report.network is not None
    graph = report.network.graph
    assert isinstance(graph, nx.MultiDiGraph)
    assert nx.is_directed_acyclic_graph(graph)
    assert nx.has_path(graph, "x", "head")
    assert graph.nodes["conv"]["layer"].output.shape == (2, 8, 6, 6)


def test_a_tensor_handed_over_twice_is_two_edges() -> None:
    class Twice(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([x, x], 1)

    network = convlint.check(Twice, "1,2").network
    assert network is not None
    assert network.graph.number_of_edges("x", "cat") == 2


def test_selection() -> None:
    assert convlint.check(Net, "2,3,9,9", ignore=["CL1"]).ok
    assert not convlint.check(Net, "2,3,9,9", select=["ALL"]).ok
    with pytest.raises(SelectionError):
        convlint.check(Net, "2,3,9,9", select=["CL9"])


def test_bad_input_is_an_error_of_one_line() -> None:
    with pytest.raises(SpecError):
        convlint.check(Net, "1,3,1e3")


@pytest.mark.parametrize(
    ("model", "inputs", "code"),
    [
        (Net, ["2,3,8,8", "2,3"], None),
        (Net, [], "CL004"),
        (Net, ["1,3,8,8", "1", "1"], "CL004"),
        (lambda: 3, "1,3,8,8", "CL002"),
        (3, "1,3,8,8", "CL002"),
        (lambda: nn.Linear("x", 3), "1,3", "CL002"),
    ],
)
def test_what_cannot_be_checked_is_said(model: object, inputs: object, code: str | None) -> None:
    report = convlint.check(model, inputs)
    if code is None:
        return
    (fault,) = report.diagnostics
    assert fault.code == code
    assert report.network is None
    assert "\n" not in fault.message


def test_training_mode_is_asked_for() -> None:
    def net() -> nn.Module:
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(3))

    assert convlint.check(net, "1,3,8,8").ok
    assert not convlint.check(net, "1,3,8,8", training=True).ok
