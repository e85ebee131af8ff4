"""`convlint sizes`: for which inputs a network works."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from convlint.cli.group import Command
from convlint.cli.options import formats, network_options, option
from convlint.cli.output import UNCONCERNED, emit, say, style, written
from convlint.cli.status import UNCHECKED, Failure

if TYPE_CHECKING:
    from convlint import lock
    from convlint.cli.call import Call
    from convlint.job import Result
    from convlint.report import Style


@click.command(cls=Command)
@network_options
@option(
    "--format",
    "sizes_format",
    type=click.Choice(formats("sizes")),
    default="text",
    show_default=True,
    section="Output",
    help="How the answer is written; a picture is SVG. A file that is called .svg or .png gets a "
    "picture in any case.",
)
@option(
    "--lock",
    "wants_lock",
    is_flag=True,
    section="Output",
    help="Keep the answer in convlint.lock, beside the configuration: from then on convlint is an "
    "error where the network fails for a size that works now.",
)
def command(sizes_format: str, wants_lock: bool, **options: Any) -> None:
    """Say for which sizes of its inputs a network works.

    Write letters for sizes, as in --input N,3,H,W.  The exit status is 1 where no size works, 2
    where the network could not be followed, else 0.
    """
    from convlint.cli.call import asked, results

    call = asked(**options)
    _lettered(call)
    file = options["output_file"]
    is_picture = sizes_format == "picture" or _ending(file)
    if is_picture:
        _drawable(call)
    old = _locked(call) if wants_lock else {}
    if wants_lock:  # each mode has an entry of its own
        modes = (replace(task, modes=(mode,)) for task in call.tasks for mode in task.modes)
        call = replace(call, tasks=tuple(modes))
    found = results(call, want_sizes=True)
    if wants_lock:
        _lock(call, found, old)
        found = list({(one.target, one.sizes): one for one in found}.values())
    shown = style(**options)
    lost = any(one.sizes is None for one in found)
    if is_picture and not lost:
        _draw(found, file, shown)
    else:
        _write("text" if is_picture else sizes_format, found, None if is_picture else file, shown)
    status = UNCHECKED if lost else 0
    if not status and any(not one.sizes.works for one in found if one.sizes):
        status = 1
    click.get_current_context().exit(status)


def _lettered(call: Call) -> None:
    """Refuse a target whose inputs are given and leave nothing to be asked."""
    for task in call.tasks:
        if task.inputs and not any(one.is_symbolic for one in task.inputs):
            given = " ".join(map(str, task.inputs))
            by = f", from {task.by}" if task.by else ""
            raise Failure(
                f"{task.display} is called with {given}{by}: write letters for the sizes that are "
                "asked for, as --input N,3,H,W"
            )


def _locked(call: Call) -> lock.Lock:
    """The lock as it is; what cannot be read is not replaced."""
    from convlint import lock

    try:
        found = lock.read(call.lock)
    except lock.LockError as error:
        raise Failure(str(error)) from None
    names = [one.display for one in (*call.tasks, *call.config.targets)]
    return lock.without_absent(found, call.lock, names)


def _lock(call: Call, found: Sequence[Result], old: lock.Lock) -> None:
    """Write what works; entries of what could not be followed, or works for no size, stay."""
    from convlint import lock

    new = {
        lock.key(task.display, mode, call.lock): one.sizes.extent
        for task, one in zip(call.tasks, found, strict=True)
        for mode in task.modes
        if one.sizes is not None and one.sizes.works and one.sizes.extent is not None
    }
    try:
        lock.write(call.lock, {**old, **new})
    except lock.LockError as error:
        raise Failure(str(error)) from None
    if not call.quiet:
        say(f"wrote {lock.shown(call.lock)}: {len(new)} {'entry' if len(new) == 1 else 'entries'}")


def _ending(file: Path | None) -> str:
    """The ending of a file that gets a picture; empty where it gets none."""
    suffix = file.suffix.lower() if file is not None else ""
    return suffix if suffix in (".svg", ".png") else ""


def _drawable(call: Call) -> None:
    """Refuse what cannot be drawn, before the long work."""
    from convlint.sizes import picture

    try:
        picture.check(call.tasks)
    except picture.PictureError as error:
        raise Failure(str(error)) from None


def _draw(found: Sequence[Result], file: Path | None, shown: Style) -> None:
    from convlint import atomic
    from convlint.sizes import picture

    ending = _ending(file)
    try:
        if file is None or not ending:
            emit(picture.render(found, shown), file)
            return
        data = picture.drawn(found, ending)
    except picture.PictureError as error:
        raise Failure(str(error)) from None
    written(file, lambda: atomic.write(file, data))


def _write(name: str, found: Sequence[Result], file: Path | None, shown: Style) -> None:
    render = importlib.import_module(f"convlint.sizes.{name}").render
    emit(render(found, shown) if found else UNCONCERNED, file, shown.color)
