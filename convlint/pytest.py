"""A plugin for pytest: every configured target is a test.

    pytest --convlint                 # or `convlint = true` in pytest's own configuration
    pytest --convlint -k unet

A target with findings is a failed test, whose failure is the report; one that could not be checked
is an error.  Nothing happens where it is not asked for.

Each target is linted by the command line in a process of its own, so that what the tests have
imported, patched or switched on does not change what is found.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from convlint.config import Config
    from convlint.task import Task

NAME: Final = "convlint"
"""The option, the ini key, the marker, and the node between the file and its targets."""

_FILE: Final = pytest.StashKey[Path]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--convlint`, and `convlint = true` for those who want it always."""
    group = parser.getgroup(NAME, "shapes of PyTorch networks")
    group.addoption("--convlint", action="store_true", help="also lint every configured target")
    parser.addini(NAME, "lint every configured target, as --convlint does", "bool", False)


def pytest_configure(config: pytest.Config) -> None:
    """Let the file with the targets be collected, if that is asked for."""
    config.addinivalue_line("markers", f"{NAME}: a target of convlint, linted by --convlint")
    asked = config.getoption("convlint")
    if not (asked or config.getini(NAME)):
        return
    file = _configured(config).file
    assert file is not None
    config.stash[_FILE] = file
    # Who names files wants those; unless he names the option too.
    named = config.args_source is pytest.Config.ArgsSource.ARGS
    if (asked or not named) and not any(_holds(argument, file, config) for argument in config.args):
        config.args.append(str(file))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The file with the targets."""
    if file_path != parent.config.stash.get(_FILE, None):
        return None
    return ConfigFile.from_parent(parent, path=file_path)


class ConfigFile(pytest.File):
    """`pyproject.toml` or `convlint.toml`."""

    def collect(self) -> Iterator[Targets]:
        """One node, which tells its targets from what other plugins find in the file."""
        yield Targets.from_parent(self, name=NAME)


class Targets(pytest.Collector):
    """The targets of a file."""

    def collect(self) -> Iterator[Target]:
        """One test for each."""
        for task in _configured(self.config).targets:
            yield Target.from_parent(self, name=task.display, task=task)


class Target(pytest.Item):
    """One target, linted with all its modes."""

    def __init__(self, *, task: Task, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self.row = int(task.origin.rpartition(":")[2])
        self.add_marker(NAME)
        self.report = ""
        self.found = False

    def setup(self) -> None:
        """Lint it.  What cannot be checked is an error, so it shows before the test begins."""
        done = subprocess.run(
            [sys.executable, "-m", "convlint", "check", f"--config={self.path}",
             "--output-format=text", "--color=never", "--", self.name],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            cwd=self.config.rootpath,
        )  # fmt: skip
        self.report = done.stdout.rstrip()
        if done.stderr:
            self.add_report_section("setup", "stderr", done.stderr)
        if done.returncode not in (0, 1):
            pytest.fail(self.report or done.stderr.rstrip(), pytrace=False)
        self.found = done.returncode == 1

    def runtest(self) -> None:
        """Fail with what was found."""
        if self.found:
            pytest.fail(self.report, pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the target is configured."""
        return self.path, self.row - 1, f"{NAME} {self.name}"


def _configured(config: pytest.Config) -> Config:
    """The configuration that holds for the root of the tests.

    Raises:
        pytest.UsageError: it cannot be read, or has no targets.
    """
    from convlint.config import ConfigError, find, load

    try:
        file = find(config.rootpath)
        found = load(file) if file is not None else None
    except ConfigError as error:
        raise pytest.UsageError(f"convlint: {error}") from None
    if found is None or not found.targets:
        raise pytest.UsageError(
            "convlint: no targets are configured: add [[tool.convlint.targets]] to pyproject.toml"
        )
    return found


def _holds(argument: str, file: Path, config: pytest.Config) -> bool:
    """Whether pytest comes to `file` by an argument."""
    named = config.invocation_params.dir / argument.partition("::")[0]
    return named.resolve() in (file.resolve(), *file.resolve().parents)
