"""`convlint targets`: what is linted, what is not, and how calls are read from the text."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convlint.discover import uses
from convlint.project.network import Network, networks
from convlint.project.source import Source
from tests.discover.conftest import NET, Run, Write

ROOT = Path(__file__).parents[2]


def test_what_is_listed(write: Write, run: Run) -> None:
    write("src/net.py", NET.replace("(nn.Module):", "(nn.Module):  # convlint: target Net 1,3,5,5")
          + "class Other(Net): ...\nclass _Private(Net): ...\nclass Plain(nn.Module): ...\n"
          "class Called(Net): ...\nclass Ext(timm.Model): ...\n")  # fmt: skip
    write(
        "tests/test_net.py",
        """
        import torch
        from src.net import Called

        class Fake(torch.nn.Module):
            def forward(self, x): ...

        def test_it():
            assert Called(3)(torch.randn(2, 3, 9, 9)) is not None
        """,
    )
    write("pyproject.toml", """
        [[tool.convlint.targets]]
        name = "yaml"
        model = "model.yaml#net"
        inputs = "1,3,7,7"
        modes = ["train"]
        """)  # fmt: skip
    status, out, err = run("targets")
    assert (status, err) == (0, "")
    assert out == (
        "2 targets:\n"
        "  yaml (model.yaml#net)  1,3,7,7 --mode train  pyproject.toml:2\n"
        "  src/net.py:Net         1,3,5,5               src/net.py:6 (comment)\n"
        "\n"
        "2 networks are in no target:\n"
        "  src/net.py:Other      -        src/net.py:13\n"
        "  src/net.py:Called(3)  2,3,9,9  tests/test_net.py:9 (call)\n"
        "\n"
        "convlint init proposes what to configure.\n"
    )
    found = json.loads(run("targets", "--output-format", "json")[1])
    assert found["targets"][1] == {
        "name": "src/net.py:Net", "model": "src/net.py:Net", "inputs": ["1,3,5,5"],
        "dims": [], "modes": ["eval"], "expect": [], "origin": "src/net.py:6 (comment)",
    }  # fmt: skip
    assert [one["inputs"] for one in found["unlisted"]] == [[], ["2,3,9,9"]]
    assert run("targets", "tests")[1] == "no targets\n"
    assert run("targets", "src/net.py")[1].startswith("1 target:\n  src/net.py:Net")
    assert run("targets", "absent")[0] == 2
    assert "yaml" not in run("targets", "--isolated")[1]


def test_a_target_without_inputs_tells_who_gives_them(write: Write, run: Run) -> None:
    write("net.py", NET + "class Lit(Net):\n    example_input_array = made()\n")
    write("convlint.toml", '[[targets]]\nmodel = "net.py:Lit"\n')
    line = "net.py:Lit  known when it is built  convlint.toml:1, net.py:14 (example_input_array)\n"
    assert line in run("targets")[1]


def test_neither_torch_nor_the_user_s_code_is_imported(write: Write) -> None:
    write("net.py", NET + "raise SystemExit(3)\n")
    code = (
        "import sys\nfrom convlint import cli\nstatus = cli.run(sys.argv[1:])\n"
        "assert not {'torch', 'networkx', 'net', 'yaml', 'jaxtyping'} & set(sys.modules)\n"
        "sys.exit(status)"
    )
    for words in (["targets"], ["init"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            env={"PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        assert (done.returncode, "net.py:Net" in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("Net()(torch.randn(2, 3, 8, 8))", "Net 2,3,8,8"),
        ("Net()(torch.zeros((2, 3)), flag=True, m=torch.ones([2]))", "Net 2,3 flag:=true m=2"),
        ("net = Net(3, width=-4)\nx = torch.rand(2, 3)\nnet(x)", "Net(3, width=-4) 2,3"),
        ("b = 2\nshape = (b, 3)\nNet()(torch.rand(shape))", "Net 2,3"),
        ("b, c = 2, 3\nNet()(torch.rand(b, c))", "Net 2,3"),
        ("Net().to(device).eval()(torch.rand(2, 3).cuda())", "Net 2,3"),
        ("Net()(torch.rand(2, 3, dtype=torch.half))", "Net 2,3:float16"),
        ("Net()(torch.rand(2, 3).to(torch.float64))", "Net 2,3:float64"),
        ("Net()(torch.randint(0, 9, (2, 3)))", "Net 2,3:int64"),
        ("Net()(torch.randn(size=(2, 3)).long())", "Net 2,3:int64"),
        ("net = Net()\nwith torch.no_grad():\n    y = [net.forward(torch.rand(1))]", "Net 1"),
        ("Net(config)(torch.rand(2, 3))", "? 2,3"),
        ("Net(**config)(torch.rand(2, 3))", "? 2,3"),
        ("import torchinfo\ntorchinfo.summary(Net(3), (1, 3, 8, 8))", "Net(3) 1,3,8,8"),
        ("from torchinfo import summary\nsummary(Net(), input_size=[(1, 3), (2,)])", "Net 1,3 2"),
        ("import torchinfo\nsummary(Net(), input_data=torch.rand(2, 3))", "Net 2,3"),
        ("from torchsummary import summary\nsummary(Net(), (3, 8, 8))", None),
        ("x = torch.rand(2)\nx = load()\nNet()(x)", None),
        ("for x in data:\n    Net()(x)", None),
        ("b = 2\nb += 1\nNet()(torch.rand(b))", None),
        ("Net()(torch.rand(2, n))", None),
        ("Net()(torch.rand(0))", None),
        ("Net()(torch.rand(2, dtype=kind))", None),
        ("Net()()", None),
        ("Net()(*inputs)", None),
        ("with pytest.raises(ValueError):\n    Net()(torch.rand(2))", None),
        ("Other()(torch.rand(2))", None),
    ],
)  # fmt: skip
def test_calls(write: Write, call: str, told: str | None) -> None:
    main = 'if __name__ == "__main__":\n' + "".join(f"    {one}\n" for one in call.splitlines())
    assert _told(write("net.py", NET + main)) == told
    body = f"import torch\nfrom net import Net\ndef test_it():\n{main.partition(chr(10))[2]}"
    write("net.py", NET)
    assert _told(write("test_net.py", body), Path("net.py").absolute()) == told
    write("test_net.py", body.replace("(device)", "(d)").replace("def test_it", "def f"))
    if told and "torchinfo" not in call:  # a function of a script is none of its main block
        assert _told(write("script.py", body), Path("net.py").absolute()) is None


def _told(file: Path, net: Path | None = None) -> str | None:
    root = file.parent
    files = [Source(one, root) for one in {net or file, file}]
    found = [one for source in files for one in networks(source) if one.name == "Net"]
    use = next(uses(found, files), None)
    if use is None:
        return None
    assert use.inputs is not None
    name = "?" if use.arguments is None else f"Net{use.arguments}"
    return " ".join([name, *map(str, use.inputs)])


@pytest.mark.parametrize(
    ("written", "file", "is_found"),
    [
        ("from shop.net import Net", "src/shop/net.py", True),
        ("from shop import Net", "shop/net.py", True),
        ("from .net import Net", "shop/net.py", True),
        ("from . import net\nNet = net.Net", "shop/net.py", False),
        ("from other import Net", "shop/net.py", False),
        ("from shop import nets", "shop/net.py", False),
    ],
)
def test_which_network_is_meant(write: Write, written: str, file: str, is_found: bool) -> None:
    net = write(file, NET)
    text = f"import torch\n{written}\ndef test_it():\n    Net()(torch.rand(2, 3))\n"
    test = write("tests/test_net.py", text)
    files = [Source(net, Path.cwd()), Source(test, Path.cwd())]
    assert bool(list(uses(list(networks(files[0])), files))) == is_found


def test_networks_of_other_libraries_are_none(write: Write) -> None:
    text = NET.replace("import torch\nfrom torch import nn", "from flax import linen as nn")
    assert list(networks(Source(write("net.py", text), Path.cwd()))) == []


@given(st.binary(max_size=40) | st.sampled_from([ast.unparse(ast.parse(NET))]).flatmap(
    lambda text: st.tuples(st.integers(0, len(text)), st.text(max_size=6)).map(
        lambda cut: (text[: cut[0]] + cut[1]).encode("utf-8", "replace"))))  # fmt: skip
def test_any_file_is_looked_through(data: bytes) -> None:
    class Held(Source):
        pass

    source = Held(Path("test_net.py"), Path())
    source.__dict__["data"] = data + b"\n# torch Module __main__"
    net = Source(Path("net.py"), Path())
    net.__dict__["data"] = NET.encode()
    (known,) = networks(net)
    assert isinstance(known, Network)
    list(uses([known], [source]))
