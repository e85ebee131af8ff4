"""`--fix`, `--diff` and `--show-fixes`: what can be mended of what was found."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import stat
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from convlint import atomic, repository
from convlint.cli.call import Call, jobs, run
from convlint.cli.status import Failure
from convlint.diagnostic import Diagnostic, Edit, Fix, Severity
from convlint.job import Job, Result

if TYPE_CHECKING:
    from convlint.fix.bench import Key, State
    from convlint.fix.mender import Mended, Mender
    from convlint.fix.patch import Source
    from convlint.server import Server


_LEAST: Final = 5.0
_SLOWER: Final = 10.0
"""Seconds that a trial may take, and how much longer than the checks before it."""


@dataclass(frozen=True, slots=True)
class Mending:
    """The findings with what mends them, and the files with the edits in them.

    `mended` are findings and their fixes, in the order in which they were made; `withheld` counts
    those that `--unsafe-fixes` might mend besides.
    """

    results: tuple[Result, ...]
    mended: tuple[Diagnostic, ...] = ()
    texts: Mapping[str, str] | None = None
    sources: Mapping[str, Source] | None = None
    count: int = 0
    """How many findings are gone with the edits: one edit may mend several."""
    withheld: int = 0
    left: int = 0
    """How many of the findings nothing mends that was tried."""
    refused: tuple[str, ...] = ()
    """Why files were not edited, a line for each."""

    def diff(self) -> bytes:
        """What would be written, every line in the encoding of its file."""
        from convlint.fix import patch

        if not self.texts or not self.sources:
            return b""
        before = {name: _escaped(self.sources[name].content) for name in self.texts}
        after = {n: _escaped(self.sources[n].encoded(text)) for n, text in self.texts.items()}
        return patch.diff(before, after, _names(self.texts)).encode("utf-8", "surrogateescape")

    def write(self) -> None:
        """Write the files, all of them or none.

        Raises:
            Failure: one of them cannot be written, or is not any more as it was.
        """
        from convlint.fix.patch import PatchError

        if not self.texts or not self.sources:
            return
        made = {}
        try:
            for name, text in self.texts.items():
                source = self.sources[name]
                made[name] = source.encoded(text)
                _refuse(source)
        except PatchError as error:
            raise Failure(str(error)) from None
        done: list[str] = []
        for name, content in made.items():
            try:
                atomic.write(Path(name), content)
            except OSError as error:
                for other in done:  # where a disk is full, what was there has room
                    with contextlib.suppress(OSError):
                        atomic.write(Path(other), self.sources[other].content)
                raise Failure(f"cannot write {name}: {error.strerror or error}") from None
            done.append(name)


def mending(
    call: Call, found: Sequence[Result], unsafe: bool, server: Server | None = None
) -> Mending:
    """Look for what mends the findings of a call.

    Raises:
        Failure: libcst is not there.
    """
    if importlib.util.find_spec("libcst") is None:
        raise Failure("fixes need libcst: pip install 'convlint[fix]'")
    told = [d for one in found for d in one.diagnostics if d.severity is not Severity.INFO]
    if not told:
        return Mending(tuple(found))
    from convlint import child
    from convlint.fix.bench import Bench, key
    from convlint.fix.mender import Mender
    from convlint.rule import silent
    from convlint.server import Server

    asked = jobs(call)
    shown = {(d.target, key(d)) for d in told}
    refused: dict[str, None] = {}
    root = repository.root(Path.cwd())

    def may_edit(name: str) -> bool:
        path = Path(os.path.realpath(name))
        inside = any(path.is_relative_to(folder.resolve()) for folder in (Path.cwd(), root))
        if not inside:
            refused[f"{name} is not edited: it lies outside of the working tree"] = None
        return inside

    with contextlib.ExitStack() as stack:
        if server is None and child.can_fork():
            server = stack.enter_context(Server())
        patience = call.timeout

        def tried(trials: Sequence[Job]) -> list[Result]:
            return run(replace(call, timeout=patience), trials, server, "trying fixes for")

        bench = Bench(tuple(asked), tried)
        began = time.monotonic()
        first = bench.first()
        # What a proposal makes endless should not take the whole time of a check each time.
        patience = min(patience, _LEAST + _SLOWER * (time.monotonic() - began))
        # What is suppressed is left alone; what an edit brings to light is not.
        off = [
            {key(d) for d in result.diagnostics if (job.display, key(d)) not in shown}
            for job, result in zip(asked, first.results, strict=True)
        ]
        mender = Mender(
            bench,
            silent(),
            unsafe,
            lambda place, one: key(one) not in off[place],
            may_edit,
        )
        state = mender.mend(first)
    fixes = _of_the_source(mender)
    before, after = (_count(asked, one, shown) for one in (first, state))
    withheld = mender.withheld(state)
    return Mending(
        tuple(_with_fixes(one, fixes) for one in found),
        tuple(replace(one.found, fix=fix) for one, fix in fixes),
        {name: text for name, text in state.texts.items() if text != bench.sources[name].text},
        bench.sources,
        before - after,
        withheld,
        max(0, after - withheld),
        (*refused, *_unread(told)) if not mender.mended else (),
    )


def _count(jobs: Sequence[Job], state: State, shown: Collection[tuple[str, Key]]) -> int:
    """How many of the findings that were shown there are; what both modes find is one."""
    from convlint.fix.bench import keys

    found: dict[str, Counter[Key]] = {}
    for job, result in zip(jobs, state.results, strict=True):
        found[job.display] = found.get(job.display, Counter()) | keys(result)
    return sum(
        count
        for target, counts in found.items()
        for one, count in counts.items()
        if (target, one) in shown
    )


def _unread(found: Sequence[Diagnostic]) -> Iterator[str]:
    """Which of the files that something was found in cannot be read: Python reads comments less."""
    from convlint.fix import patch

    for name in sorted({d.location.filename for d in found if d.location is not None}):
        try:
            patch.read(Path(name))
        except patch.PatchError as error:
            yield f"{name} is not edited: {error}"


def _of_the_source(mender: Mender) -> list[tuple[Mended, Fix]]:
    """Every fix with its places as the files are now: each was tried on the result of the last."""
    from convlint.fix import patch

    found: list[tuple[Mended, Fix]] = []
    edits: tuple[Edit, ...] = ()
    for one in mender.mended:
        texts = {}
        for name in {e.location.filename for e in (*edits, *one.fix.edits)}:
            source = mender.bench.sources[name].text
            texts[name] = (source, one.before.get(name, source))
        both = patch.united(edits, one.fix.edits, texts)
        own = both[len(edits) :] if both is not None else ()
        edits = both if both is not None else edits
        found.append((one, replace(one.fix, edits=own)))
    return found


def _with_fixes(result: Result, fixes: Sequence[tuple[Mended, Fix]]) -> Result:
    """The findings of a target with what mends them."""
    return replace(
        result, diagnostics=tuple(_with_fix(found, fixes) for found in result.diagnostics)
    )


def _with_fix(found: Diagnostic, fixes: Sequence[tuple[Mended, Fix]]) -> Diagnostic:
    from convlint.fix.bench import key

    for mended, fix in fixes:
        if mended.found.target == found.target and key(mended.found) == key(found):
            flag = "--fix" if fix.applicability == "safe" else "--fix --unsafe-fixes"
            first = f"{flag}: {fix.message}"
            return replace(found, fix=fix, help=(first, *mended.others, *found.help))
    if found.help and found.severity is not Severity.INFO:
        return replace(found, fix=Fix("display", found.help[0], ()))
    return found


def told(mending: Mending, written: bool, show: bool) -> Iterator[str]:
    """What was done, or would be done, in lines."""
    verb = "fixed" if written else "would fix"
    for found in mending.mended if show else ():
        place = found.location
        where = f"{_shown(place.filename)}:{place.row}: " if place is not None else ""
        message = found.fix.message if found.fix is not None else ""
        yield f"{verb} {where}{found.code} {found.name}: {message}"
    if mending.mended:
        yield f"{verb} {_counted(mending.count)}"
    if mending.withheld:
        yield f"--unsafe-fixes may fix {_counted(mending.withheld)} more"
    if mending.left and not mending.refused:
        yield f"no fix was found for {_counted(mending.left)}"
    yield from mending.refused


def _counted(count: int) -> str:
    return f"{count} {'finding' if count == 1 else 'findings'}"


def _refuse(source: Source) -> None:
    """Let nobody's work be lost: what has changed meanwhile, or may not be written, stays."""
    from convlint.fix.patch import PatchError

    path = source.path
    try:
        now = path.read_bytes()
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise PatchError(f"cannot write {path}: {error.strerror or error}") from None
    if now != source.content:
        raise PatchError(f"{path} has changed meanwhile; nothing was written")
    if not mode & 0o222 or not os.access(path, os.W_OK):
        raise PatchError(f"cannot write {path}: it is read-only; nothing was written")


def _escaped(content: bytes) -> str:
    """What is not UTF-8 can at least be told from the rest."""
    return content.decode("utf-8", "surrogateescape")


def _names(files: Iterable[str]) -> dict[str, str]:
    """How files are called in a diff: from here, or from the repository where one lies above."""
    paths = [Path(name) for name in files]
    above = (Path.cwd(), repository.root(Path.cwd()))
    folder = next((f for f in above if all(p.is_relative_to(f) for p in paths)), Path("/"))
    return {str(path): path.relative_to(folder).as_posix() for path in paths}


def _shown(name: str) -> str:
    try:
        return Path(name).relative_to(Path.cwd()).as_posix()
    except ValueError:
        return Path(name).as_posix()
