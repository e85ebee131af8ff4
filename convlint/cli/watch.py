"""`--watch`: check, and check again whenever something has changed."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Final, NoReturn, TypeAlias

import click

from convlint import config, stamp
from convlint.cli.output import say
from convlint.cli.status import Failure
from convlint.server import Server

_STEP: Final = 50
"""Milliseconds of silence after a change: an editor writes several times."""

_SURE: Final = 1000
"""Milliseconds after which is looked without a word from the system: not every folder gives it."""

_Stamps: TypeAlias = dict[str, object]


def watch(check: Callable[[Server], Iterable[str]]) -> NoReturn:
    """Call `check` again and again, until Ctrl-C.

    Args:
        check: reports, with a server that has imported torch, and gives the files that matter.
    """
    library = _watchfiles()
    files: set[str] = set()
    with Server() as server:
        while True:
            click.clear()  # where it is a terminal
            files |= set(_configuration())
            before = _stamps(files)
            try:
                files = {*_configuration(), *check(server)}
            except click.ClickException as error:
                say(error.format_message())
            stamps = {**_stamps(files), **{k: v for k, v in before.items() if k in files}}
            click.echo(f"[{time.strftime('%H:%M:%S')}] Watching; Ctrl-C ends.", err=True)
            server.start()
            _wait(library, stamps)


def _wait(library: ModuleType, before: _Stamps) -> None:
    """Return when what is known of the files is no longer true."""
    folders = {folder for name in before if os.path.isdir(folder := os.path.dirname(name))}
    try:
        for _ in library.watch(
            *sorted(folders),
            watch_filter=None,
            step=_STEP,
            rust_timeout=_SURE,
            yield_on_timeout=True,
            recursive=False,
        ):
            if _stamps(before) != before:
                return
    except OSError as error:
        raise Failure(f"cannot watch the files: {error.strerror or error}") from None


def _stamps(files: Iterable[str]) -> _Stamps:
    """What changes with every file, and with the modules in its folder."""
    folders = {os.path.dirname(name) for name in files}
    names = {folder: stamp.of_folder(folder) for folder in folders}
    return {name: (_stamp(name), names[os.path.dirname(name)]) for name in files}


def _stamp(name: str) -> object:
    try:
        about = os.stat(name)
    except OSError:
        return None
    return about.st_mtime_ns, about.st_ctime_ns, about.st_size


def _configuration() -> Iterator[str]:
    """Where configuration is, or may soon be."""
    try:
        folder = Path.cwd()
    except OSError:  # it was deleted
        return
    yield from (str(folder / name) for name in config.FILES)
    try:
        found = config.find(folder)
    except config.ConfigError:
        return
    if found is not None:
        yield str(found)


def _watchfiles() -> ModuleType:
    try:
        return importlib.import_module("watchfiles")
    except ImportError:
        raise Failure("--watch needs watchfiles: pip install 'convlint[watch]'") from None
