"""Whatever the user's code does: one clear finding about it, and the other targets are checked.

Every piece of code is put into a small network of one known fault and checked by the real command
line, with a harmless network of the same fault behind them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from convlint import stream

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="signals, fork and /proc are used"
)

FAULT = "`head` takes 5 features, but 4 arrive"

_NETWORK = """\
import os, signal, sys, threading, time
import torch
from torch import nn
{module}

class Net(nn.Module):
{body}
    def __init__(self):
        super().__init__()
{init}
        self.fc = nn.Linear(8, 4)
        self.head = nn.Linear(5, 2)

    def forward(self, x):
{forward}
        return self.head(self.fc(x))

{end}
"""
_INDENT = {"module": "", "body": "    ", "init": " " * 8, "forward": " " * 8, "end": ""}
_PLACES = ("module", "init", "forward")


def network(place: str = "", code: str = "") -> str:
    """The source of the network, with `code` at `place`."""
    held = dict.fromkeys(_INDENT, "")
    if place:
        held[place] = textwrap.indent(textwrap.dedent(code).strip(), _INDENT[place])
    return _NETWORK.format(**held)


@dataclass(frozen=True)
class Case:
    """Code at a place, and words of the one finding that is to come of it."""

    place: str
    code: str
    told: str = FAULT

    def __str__(self) -> str:
        return f"{self.place}: {' '.join(self.code.split())[:50]}"


def everywhere(code: str, told: str = FAULT) -> Iterator[Case]:
    """The code when the file is imported, the network is built, and `forward` runs."""
    return (Case(place, code, told) for place in _PLACES)


OUT_OF_TIME = "the check was ended after 2 s"
OUT_OF_MEMORY = "the check ran out of memory: its limit is 1G"
RECURSION = "RecursionError: maximum recursion depth exceeded"
_IGNORE_SIGNALS = """
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
"""
_HOARD = "held = []\nwhile True: held.append(bytes(10**7))"
_FORK_AND_GO_ON = "print('one of two', os.fork())"
_PATCH_BUILTIN = "import builtins; builtins.{}"
_NO_GPU = "Torch not compiled with CUDA enabled"
_TRACER = "def f(*args): raise ValueError('traced')\nsys.{}(f)"


def _endless() -> Iterator[Case]:
    yield from everywhere("while True: pass", OUT_OF_TIME)
    yield Case(
        "init", "while True:\n    try: time.sleep(9)\n    except BaseException: pass", OUT_OF_TIME
    )
    yield Case("forward", _IGNORE_SIGNALS + "while True: pass", OUT_OF_TIME)


def _recursive() -> Iterator[Case]:
    yield from everywhere("def f(): return f()\nf()", RECURSION)
    yield Case("forward", "self(x)", RECURSION)
    yield Case("init", "type(self)()", RECURSION)
    yield Case("body", "def __getattr__(self, name): return self.missing", RECURSION)
    # The stack of C ends first.
    yield Case(
        "forward",
        "sys.setrecursionlimit(10**9)\nclass A:\n    def __repr__(s): return repr([s])\nrepr(A())",
        "killed by SIGSEGV",
    )


def _ending() -> Iterator[Case]:
    yield from everywhere("os._exit(0)", "the network's code ended the process with status 0")
    yield Case("forward", "os._exit(3)", "the network's code ended the process with status 3")
    yield from everywhere("sys.exit(0)", "called sys.exit(0)")
    yield Case("init", "raise SystemExit", "called sys.exit()")
    yield from everywhere("raise KeyboardInterrupt", "the network's code raised KeyboardInterrupt")
    yield from everywhere("raise GeneratorExit", "GeneratorExit")
    yield from everywhere("import ctypes; ctypes.string_at(0)", "killed by SIGSEGV")
    yield from everywhere("os.abort()", "killed by SIGABRT")
    yield Case("forward", "os.kill(os.getpid(), signal.SIGKILL)", "killed by SIGKILL")
    yield Case("forward", "os.killpg(0, signal.SIGTERM)", "killed by SIGTERM")
    yield Case("init", "signal.alarm(1); time.sleep(60)", "killed by SIGALRM")
    yield Case("forward", "input()", "EOFError: EOF when reading a line")
    yield Case("init", "os.kill(os.getppid(), signal.SIGKILL)", "killed by SIGKILL")


def _hungry() -> Iterator[Case]:
    yield from everywhere(_HOARD, OUT_OF_MEMORY)
    yield Case("forward", "held = []\nwhile True: held.append([x])", OUT_OF_MEMORY)
    yield from everywhere("import numpy; held = numpy.ones(10**10, bool)", OUT_OF_MEMORY)
    yield Case("module", "held = torch.empty(10**10, dtype=torch.uint8)", OUT_OF_MEMORY)
    for place in ("init", "forward"):  # no data is held there
        yield Case(place, "held = torch.ones(10**10, dtype=torch.uint8)")


def _branching() -> Iterator[Case]:
    yield from everywhere(_FORK_AND_GO_ON)
    yield Case("forward", "if os.fork() == 0: os._exit(1)\nos.wait()")
    yield Case("module", "if os.fork() == 0:\n    while True: pass")
    yield Case("module", "if os.fork() == 0: raise ValueError('only the other one')")
    yield Case("init", "import subprocess; subprocess.run(['echo', 'ECHO'])")
    yield Case("init", "import multiprocessing\nmultiprocessing.Pool(2).map(abs, [1, -1])")
    yield Case("forward", "import subprocess; subprocess.Popen(['sleep', '600'])")
    yield from everywhere("os.execv('/bin/true', ['true'])", "ended the process with status 0")
    yield Case("module", "import multiprocessing; multiprocessing.set_start_method('spawn')")
    yield from everywhere("threading.Thread(target=time.sleep, args=(600,)).start()")
    yield Case("init", "def f():\n    while True: print('x')\nthreading.Thread(target=f).start()")
    yield Case(
        "module", "import atexit\natexit.register(time.sleep, 600); atexit.register(print, 'bye')"
    )


def _loud() -> Iterator[Case]:
    yield Case("forward", "for _ in range(100): print('x' * 10**6)")
    yield from everywhere("sys.__stdout__.write('RAW'); os.write(1, b'RAW')")
    yield from everywhere("sys.stdout.close(); sys.stderr.close()")
    yield from everywhere("os.close(0); os.close(1); os.close(2)")
    yield Case("module", "sys.stdout = sys.stderr = sys.stdin = None")
    yield Case("forward", "os.closerange(0, 256)", "ended the process with status 1")
    yield Case(
        "forward",
        "for number in range(3, 64):\n    try: os.write(number, b'RUBBISH' * 99)\n"
        "    except OSError: pass",
        "the network's code",
    )


def _upsetting() -> Iterator[Case]:
    for code in (
        "os.chdir('/')",
        "import tempfile; os.chdir(tempfile.mkdtemp()); os.rmdir(os.getcwd())",
        "sys.path.clear()",
        "sys.path.insert(0, '/nowhere')",
        "open('written.txt', 'w').write('x')",
        "torch.set_default_device('cuda')",
        "torch.set_grad_enabled(False)",
        "torch.use_deterministic_algorithms(True)",
        "import warnings; warnings.simplefilter('error')",
        "import gc; gc.disable()",
        "sys.modules.pop('torch')",
        "sys.modules.clear()",
        "os.environ.clear()",
        "sys.settrace(print); sys.settrace(None); sys.setprofile(lambda *args: None)",
        _PATCH_BUILTIN.format("print = None"),
        "signal.signal(signal.SIGALRM, signal.SIG_IGN)",
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
    ):
        yield from everywhere(code)
    yield Case("module", _PATCH_BUILTIN.format("len = lambda value: 7"))
    yield Case("forward", "torch.set_default_dtype(torch.float64)")
    yield Case("init", _PATCH_BUILTIN.format("open = None"))
    yield Case("forward", _PATCH_BUILTIN.format("Exception = None"))
    yield Case("module", _TRACER.format("settrace"), "ValueError: traced")
    yield Case("init", _TRACER.format("setprofile"), "ValueError: traced")
    yield Case("forward", "import contextlib; contextlib.suppress = None")
    yield Case("module", "open('/proc/none/x', 'w')", "FileNotFoundError: [Errno 2]")


def _odd() -> Iterator[Case]:
    for name in ("__repr__", "__bool__", "__len__", "__iter__", "__deepcopy__"):
        yield Case("body", f"def {name}(self, *args): raise ValueError('odd')")
    for name in ("__hash__", "__call__", "modules", "train", "__new__", "__setattr__"):
        yield Case("body", f"def {name}(self, *args): raise ValueError('odd')", "ValueError: odd")
    yield Case("body", "def __eq__(self, other): raise ValueError\n__hash__ = nn.Module.__hash__")
    yield Case("body", "def __eq__(self, other): return True", "unhashable type: 'Net'")
    meta = "class Meta(type):\n    def {}(cls, *args): raise ValueError('odd')\n{}\n"
    meta += "class Net(Net, metaclass=Meta): pass"
    for name, told in (("__call__", "ValueError: odd"), ("__hash__", "ValueError: odd"),
                       ("__repr__", FAULT), ("__instancecheck__", FAULT)):  # fmt: skip
        yield Case("end", meta.format(name, ""), told)
    yield Case("end", meta.format("__eq__", "    __hash__ = type.__hash__"))
    yield Case("end", "def __getattr__(name): raise ValueError('odd')\ndel Net", "ValueError: odd")
    yield Case("end", "sys.modules[__name__] = None", "something else in the place of its module")
    silent = "class Odd(Exception):\n    def __str__(self): raise ValueError\nraise Odd"
    yield from everywhere(silent, "Odd")
    yield from everywhere("raise ValueError('x' * 10**7)", "ValueError: xxx")
    yield from everywhere("raise ValueError('a\\x1b[31m')", "ValueError: a")


def _cuda() -> Iterator[Case]:
    for code in (
        "torch.device('cuda')",
        "torch.cuda.is_available()",
        "torch.cuda.current_device()",
        "torch.cuda.set_device(0)",
        "torch.cuda.synchronize()",
        "torch.cuda.empty_cache(); torch.cuda.reset_peak_memory_stats()",
        "with torch.cuda.device(0), torch.cuda.stream(torch.cuda.Stream()): pass",
        "a = torch.cuda.Event(enable_timing=True); a.record(); f'{a.elapsed_time(a):.1f}'",
        "torch.cuda.init(); torch.cuda.nvtx.range_end(torch.cuda.nvtx.range_start('a'))",
        "assert not torch.cuda.is_current_stream_capturing()",
        "torch.ones(8, device='cuda').record_stream(torch.cuda.current_stream())",
        "assert isinstance(torch.cuda.current_stream(), torch.cuda.Stream)",
        "with torch.autocast('cuda'): pass",
        "with torch.cuda.amp.autocast(enabled=False): pass",
        "assert torch.ones(8).cuda().shape == torch.cuda.FloatTensor(8).shape",
        "assert torch.ones(8, device='cuda:0').to('cuda').sum() == 8",
        "nn.Linear(8, 8, device='cuda').cuda().to('cuda:0')",
    ):
        yield Case("init", code)
        yield Case("forward", code)
    yield Case("init", "assert isinstance(torch.cuda.get_device_name(), str)")
    yield Case("init", "assert torch.cuda.get_device_capability() < (100, 0)")
    yield Case("forward", "x = x.cuda() + torch.zeros(8, device='cuda')")
    yield Case("forward", "self.cuda(); x = x.type(torch.cuda.FloatTensor)")
    for place in ("init", "forward"):
        yield Case(place, "torch.cuda.get_device_properties(0).total_memory", _NO_GPU)
    yield Case("module", "nn.Linear(8, 8).cuda()", _NO_GPU)


def _patched() -> Iterator[Case]:
    for code in (
        "torch.add = lambda *args, **kwargs: None",
        "torch.Tensor.view = lambda *args: args[0]",
        "torch.device = None",
        "import torch.fx; torch.fx.Graph = None",
        "nn.Conv2d = type('MyConv', (nn.Conv2d,), {})",
        "nn.Linear = type('MyLinear', (nn.Linear,), {})",
    ):
        yield from everywhere(code)
    right = "nn.Linear.forward = lambda self, x: x"  # `head` would fit: nothing is to be told
    yield from everywhere(f"{right}\nraise ValueError('none but this')", "none but this")
    yield Case("module", "nn.Linear.__init__ = None", "'NoneType' object is not callable")
    yield Case("module", "torch.empty = None", "'NoneType' object is not callable")


THEMES = [
    _endless, _recursive, _ending, _hungry, _branching, _loud, _upsetting, _odd, _cuda, _patched,
]  # fmt: skip


def _checked(folder: Path, cases: Iterable[Case], *options: str) -> tuple[int, list[Any], str]:
    """Exit status, findings and stderr of one call, with a harmless target behind the cases."""
    (folder / "good.py").write_text(network())
    words = []
    for number, case in enumerate(cases):
        (folder / f"bad{number}.py").write_text(network(case.place, case.code))
        words.append(f"bad{number}.py:Net")
    words += ["good.py:Net", "--input", "1,8", "--output-format", "json", *options]
    with (folder / "stderr").open("w+", encoding="utf-8", errors="replace") as stderr:
        done = subprocess.run(
            [sys.executable, "-m", "convlint", *words],
            cwd=folder, stdout=subprocess.PIPE, stderr=stderr, timeout=120,
        )  # fmt: skip
        stderr.seek(0)
        return done.returncode, json.loads(done.stdout), stderr.read()


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.__name__.strip("_"))
def test_one_clear_finding_and_the_others_are_checked(theme: Any, tmp_path: Path) -> None:
    cases = list(theme())
    timeout = "2" if theme is _endless else "30"
    status, found, _ = _checked(tmp_path, cases, "--timeout", timeout, "--memory-limit", "1G")
    wrong = {}
    for number, case in enumerate(cases):
        about = [one["message"] for one in found if one["target"] == f"bad{number}.py:Net"]
        if len(about) != 1 or case.told not in about[0] or len(about[0]) > 500 or "\n" in about[0]:
            wrong[str(case)] = about
    assert not wrong
    assert [one["message"] for one in found if one["target"] == "good.py:Net"] == [FAULT]
    assert status == (1 if all(case.told == FAULT for case in cases) else 2)


@pytest.mark.parametrize(
    ("case", "options"),
    [
        (Case("forward", "while True: pass", "the check was ended after 4 s"), ["--timeout", "4"]),
        (Case("init", _HOARD, OUT_OF_MEMORY), ["--memory-limit", "1G"]),
        (Case("forward", "self(x)", RECURSION), []),
        (Case("forward", "torch.cuda.get_device_properties(0)", _NO_GPU), []),
        (Case("module", "os._exit(0)", "ended the process with status 0"), []),
        (Case("forward", "import ctypes; ctypes.string_at(0)", "killed by SIGSEGV"), []),
    ],
    ids=str,
)
def test_alone_it_is_one_line_for_people_too(
    case: Case, options: list[str], tmp_path: Path
) -> None:
    (tmp_path / "bad.py").write_text(network(case.place, case.code))
    done = subprocess.run(
        [sys.executable, "-m", "convlint", "bad.py:Net", "--input", "1,8", *options],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    headings = [line for line in done.stdout.splitlines() if "[CL" in line]
    assert done.returncode == 2
    assert len(headings) == 1
    assert case.told in headings[0]
    assert "not checked to the end" in done.stdout
    assert done.stderr == ""


def test_what_was_forked_says_nothing_and_ends(tmp_path: Path) -> None:
    going_on = "other = os.fork()\nopen('pid', 'a').write(f'{other or os.getpid()}\\n')"
    case = Case("module", f"{going_on}\nif not other: time.sleep(600)")
    status, found, stderr = _checked(tmp_path, [case])
    assert status == 1
    assert [one["message"] for one in found] == [FAULT, FAULT]
    assert stderr == ""
    since = time.monotonic()
    (pid,) = set((tmp_path / "pid").read_text().split())
    while _is_running(int(pid)) and time.monotonic() < since + 10:
        time.sleep(0.05)
    assert not _is_running(int(pid))


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("place", _PLACES)
def test_a_flood_is_cut(place: str, tmp_path: Path) -> None:
    flood = "for _ in range(30): print('x' * 10**6)\nsys.stderr.write('y' * 10**7)"
    status, found, stderr = _checked(tmp_path, [Case(place, flood)])
    assert status == 1
    assert [one["message"] for one in found] == [FAULT, FAULT]
    assert stderr.count("... (output cut)\n") == 2
    assert (stderr.count("x"), stderr.count("y")) == (stream.MOST, stream.MOST)


def test_output_that_is_not_too_much_is_whole(tmp_path: Path) -> None:
    code = f"for _ in range({stream.MOST // 100}): print('x' * 99)"
    _, _, stderr = _checked(tmp_path, [Case("init", code)])
    assert stderr == ("x" * 99 + "\n") * (stream.MOST // 100)
