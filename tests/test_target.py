"""Targets: how they are read, and how their code is imported."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convlint.load import load
from convlint.target import Target, TargetError, parse, parse_argument


@pytest.mark.parametrize(
    ("text", "source", "is_file", "name", "args", "kwargs"),
    [
        ("model.py:Net", "model.py", True, "Net", (), {}),
        ("pkg.module:make_net", "pkg.module", False, "make_net", (), {}),
        ("model:Net", "model", False, "Net", (), {}),
        ("a/b c/model.py:Net", "a/b c/model.py", True, "Net", (), {}),
        ("model.py:Outer.Inner", "model.py", True, "Outer.Inner", (), {}),
        ("model.py:Net()", "model.py", True, "Net", (), {}),
        ("model.py:Net(3, width=64)", "model.py", True, "Net", (3,), {"width": 64}),
        (
            "m.py:Net([1, (2, 3)], d={'a': -1}, t=None)",
            *("m.py", True, "Net", ([1, (2, 3)],), {"d": {"a": -1}, "t": None}),
        ),
        ("m.py:Net('a:B(c)')", "m.py", True, "Net", ("a:B(c)",), {}),
        (r"C:\nets\model.py:Net", r"C:\nets\model.py", True, "Net", (), {}),
        ("C:model.py:Net(a='x:y')", "C:model.py", True, "Net", (), {"a": "x:y"}),
        ("C:/nets/model.py:Net.make", "C:/nets/model.py", True, "Net.make", (), {}),
    ],
)
def test_reads(
    text: str,
    source: str,
    is_file: bool,
    name: str,
    args: tuple[object, ...],
    kwargs: dict[str, object],
) -> None:
    target = parse(text)
    assert (target.text, target.source, target.is_file, target.name) == (
        text,
        source,
        is_file,
        name,
    )
    assert target.args == args
    assert dict(target.kwargs) == kwargs
    assert target.called == ("(" in text)


def test_arguments_of_options_are_added() -> None:
    target = parse("model.py:Net(3)", ["width=64", "act=relu"])
    assert target.args == (3,)
    assert target.kwargs == (("width", 64), ("act", "relu"))
    assert target.display == "model.py:Net(3, width=64, act='relu')"
    assert parse("model.py:Net").display == "model.py:Net"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=64", 64),
        ("a=true", True),
        ("a=True", True),
        ("a=null", None),
        ("a=None", None),
        ("a=[1, 2]", [1, 2]),
        ("a=(1, 2)", (1, 2)),
        ("a='x'", "x"),
        ('a="x"', "x"),
        ("a=resnet50", "resnet50"),
        ("a=b=c", "b=c"),
        ("a=", ""),
        ("a=1e-3", 1e-3),
        ("a=(" * 1, "("),
    ],
)
def test_values_of_arguments(text: str, value: object) -> None:
    name, read = parse_argument(text)
    assert name == "a"
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        ("", (), "the target is empty"),
        ("model.py", (), "names no network; write model.py:Net or pkg.module:Net, here `model.py:"),
        ("model.py:", (), "cannot read the target"),
        (":Net", (), "cannot read the target"),
        ("model.py:1", (), "cannot read the target"),
        ("model.py:Net(", (), "cannot read the target"),
        ("model.py:Net(1", (), "cannot read the target"),
        ("model.py:Net(1))", (), "not valid Python"),
        ("model.py:Net(a=)", (), "not valid Python"),
        ("model.py:Net()(3)", (), "not valid Python"),
        ("model.py:Net()+(3)", (), "not valid Python"),
        ("model.py:Net(act=nn.ReLU)", (), "`nn.ReLU` in `model.py:Net(act=nn.ReLU)`"),
        ("model.py:Net(*[1])", (), "is not a literal"),
        ("model.py:Net(**{})", (), "**"),
        ("model.py:Net(a=1, a=2)", (), "given twice"),
        ("model.py:Net(a=1)", ("a=2",), "given twice"),
        ("model.py:Net({[]: 1})", (), "is not a literal"),
        ("model.py:Net", ("width",), "--arg takes name=value"),
        ("model.py:Net", ("1=2",), "--arg takes name=value"),
        ("my-model:Net", (), "neither a .py file nor a module"),
        ("224", (), "1x3x224x224"),
        ("a\nb", (), "`a\\nb`"),
    ],
)
def test_refuses_with_one_clear_line(text: str, arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(TargetError) as error:
        parse(text, arguments)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


_PIECES = st.lists(
    st.sampled_from(["m.py", ":", "Net", "(", ")", "1", ",", "a=", "[", "]", "'", "\\", ".", "*"])
).map("".join)


@given(st.one_of(st.text(), _PIECES, _PIECES.map(lambda rest: f"m.py:Net({rest})")))
def test_any_text_is_read_or_refused(text: str) -> None:
    message = ""
    try:
        target = parse(text)
    except TargetError as error:
        message = str(error)
    else:
        assert all(part.isidentifier() for part in target.name.split("."))
    assert "\n" not in message


@given(st.text())
def test_any_argument_is_read_or_refused(text: str) -> None:
    message = ""
    try:
        name, _ = parse_argument(text)
    except TargetError as error:
        message = str(error)
    else:
        assert name.isidentifier()
    assert "\n" not in message


@pytest.mark.parametrize("depth", [200, 100_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    with pytest.raises(TargetError):
        parse(f"m.py:Net({'(' * depth}{')' * depth}+)")
    assert parse_argument(f"a={'(' * depth}")[1] == "(" * depth


@pytest.fixture(autouse=True)
def _clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    for name in ("model", "pkg", "net"):  # other tests load files of these names as well
        monkeypatch.delitem(sys.modules, name, raising=False)
    path, modules = list(sys.path), dict(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - set(modules):
        del sys.modules[name]


def _write(path: str, text: str = "class Net: pass\n") -> None:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def _load(text: str) -> object:
    target = parse(text)
    assert isinstance(target, Target)
    return load(target)


def _error(text: str) -> TargetError:
    with pytest.raises(TargetError) as error:
        _load(text)
    assert "\n" not in str(error.value)
    return error.value


def test_loads_from_a_file() -> None:
    _write("nets/model.py", "class Outer:\n    class Inner: pass\nname = __name__\n")
    assert getattr(_load("nets/model.py:Outer.Inner"), "__qualname__", "") == "Outer.Inner"
    _write("two/model.py", "name = __name__\n")
    assert _load("nets/model.py:name") != "__main__"
    _load("two/model.py:name")  # a second file of the same name


def test_loads_from_a_module() -> None:
    _write("model.py", "Net = 3\n")
    _write("pkg/sub/__init__.py", "")
    _write("pkg/sub/module.py", "Net = 4\n")
    assert _load("model:Net") == 3
    assert _load("pkg.sub.module:Net") == 4


def test_the_files_folder_and_the_working_directory_are_importable() -> None:
    _write("nets/helper.py", "A = 1\n")
    _write("other.py", "B = 2\n")
    _write("nets/model.py", "from helper import A\nfrom other import B\nNet = (A, B)\n")
    assert _load("nets/model.py:Net") == (1, 2)


def test_relative_imports_work_in_a_package() -> None:
    _write("src/pkg/__init__.py", "")
    _write("src/pkg/parts/__init__.py", "")
    _write("src/pkg/blocks.py", "A = 1\n")
    _write("src/pkg/parts/random.py", "Wrong = True\n")
    _write("src/pkg/parts/near.py", "C = 3\n")
    _write(
        "src/pkg/parts/net.py",
        "from ..blocks import A\nfrom pkg.blocks import A as B\nimport random\nimport near\n"
        "Net = (A, B, near.C, hasattr(random, 'Wrong'), __name__)\n",
    )
    assert _load("src/pkg/parts/net.py:Net") == (1, 1, 3, False, "pkg.parts.net")


def test_a_file_named_like_a_module_that_is_loaded() -> None:
    _write("types.py", "Net = 5\n")
    import types

    assert _load("types.py:Net") == 5
    assert sys.modules["types"] is types


def test_a_file_in_a_package_whose_name_is_taken() -> None:
    _write("convlint/__init__.py", "")
    _write("convlint/cli.py", "Net = 6\n")
    assert _load("convlint/cli.py:Net") == 6


def test_a_file_saved_twice_in_one_second_is_read_anew() -> None:
    _write("model.py", "Net = 1\n")
    assert _load("model.py:Net") == 1
    sys.modules.pop("model")
    _write("model.py", "Net = 2\n")
    assert _load("model.py:Net") == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("modle.py:Net", "there is no file `modle.py`; did you mean `model.py`?"),
        ("nowhere/x.py:Net", "there is no file `nowhere/x.py`"),
        ("folder.py:Net", "is a folder"),
        ("./model:Net", "there is no file"),
        ("./data.txt:Net", "is not a Python file"),
        ("nothing.here:Net", "there is no module `nothing.here` (`nothing` was not found)"),
        ("folder.nets.model:Net", "there is no module"),
        ("model.py:Nett", "model.py has no `Nett`; did you mean `Net`?"),
        ("model.py:net", "did you mean `Net`?"),
        ("model.py:zzz", "model.py has no `zzz`; it has `Net`, `make`"),
        ("model.py:Net.zzz", "Net has no `zzz`"),
        ("syntax.py:Net", "syntax error at syntax.py:2: "),
        ("raises.py:Net", "importing `raises.py` failed at raises.py:3: ValueError: no two lines"),
        ("needs.py:Net", "failed at needs.py:1: ModuleNotFoundError: No module named 'missing_x'"),
        ("exits.py:Net", "importing `exits.py` called sys.exit(3) at exits.py:2; put what"),
        ("binary.py:Net", "`binary.py` is not valid Python"),
        ("lazy.py:Net", "reading `Net` of lazy.py failed: RuntimeError: lazy"),
        ("uses.py:Net", "failed at raises.py:3"),
        ("base.py:Net", "failed at base.py:2: Stop: now"),
    ],
)
def test_refuses_to_load_with_one_clear_line(text: str, words: str) -> None:
    _write("model.py", "import re\nfrom os.path import join\nclass Net: pass\ndef make(): pass\n")
    _write("data.txt")
    Path("folder.py").mkdir()
    _write("syntax.py", "class Net:\n    def f(self:\n        pass\n")
    _write("raises.py", "class Net: pass\n\nraise ValueError('no\\ntwo\\nlines')\n")
    _write("uses.py", "import raises\n")
    _write("needs.py", "import missing_x\n")
    _write("exits.py", "import sys\nsys.exit(3)\n")
    _write("lazy.py", "def __getattr__(name):\n    raise RuntimeError('lazy')\n")
    _write("base.py", "class Stop(BaseException): pass\nraise Stop('now')\n")
    Path("binary.py").write_bytes(b"\x00\xff\xfe")
    assert words in str(_error(text))


def test_errors_know_their_line() -> None:
    _write("syntax.py", "x = 1\nx = = 2\n")
    where = _error("syntax.py:Net").location
    assert where is not None
    assert (Path(where.filename).name, where.row, where.column) == ("syntax.py", 2, 5)
    _write("raises.py", "import json\njson.loads('{')\n")
    where = _error("raises.py:Net").location
    assert where is not None
    assert (Path(where.filename).name, where.row) == ("raises.py", 2)


@given(text=st.text(alphabet="mod.py:/Net()~\0ä\ud800", max_size=20))
def test_any_target_is_loaded_or_refused(text: str) -> None:
    message = ""
    try:
        load(parse(text))
    except TargetError as error:
        message = str(error)
    assert "\n" not in message
