"""The configuration that a project may begin with: a table for every network in it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from convlint.config import FILES
from convlint.project.outlook import Unlisted


class ProposalError(Exception):
    """A file that the proposal cannot be added to; the message is one line."""


def proposal(found: Iterable[Unlisted], file: Path, alone: bool) -> str:
    """The text to add to a configuration file; what is not known stands in comments.

    Args:
        alone: whether the file has no configuration yet.
    """
    prefix = "" if file.name == FILES[0] else "tool.convlint."
    entries = [_entry(one, f"[[{prefix}targets]]") for one in found]
    head = [f"[{prefix.rstrip('.')}]\n"] if alone and prefix else []
    return "\n".join(head + entries)


def added(text: str, addition: str) -> str:
    """The text of a file with an addition at its end, in the file's own line ends.

    Raises:
        ProposalError: the result would not be the same file with more in it.
    """
    end = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text else end if text.endswith("\n") else 2 * end
    result = text + gap + addition.replace("\n", end)
    try:
        tomllib.loads(result.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise ProposalError(f"nothing can be added to it: {error}") from None
    return result


def _entry(found: Unlisted, header: str) -> str:
    """One table, as comments where it could not be linted as it stands."""
    use, network = found.use, found.network
    arguments = use.arguments if use is not None else ""
    missing = ", ".join(network.needed) if not arguments else ""
    known = use is not None and arguments is not None and not missing
    lines = [header, f"model = {_quoted(network.target.display + (arguments or ''))}"]
    if arguments is None:
        lines[-1] += "  # and its arguments"
    elif missing:
        lines[-1] += f"  # and its arguments: {missing}"
    lines += _inputs(found)
    mark = "" if known else "# "
    return "".join(f"{mark}{line}\n" for line in lines)


def _inputs(found: Unlisted) -> Iterator[str]:
    use = found.use
    if use is None:
        yield "inputs = []  # no call with sizes was found; without this line they are inferred"
    elif use.inputs is None:
        yield f"# inputs: from {use.origin}"
    else:
        texts = ", ".join(_quoted(str(one)) for one in use.inputs)
        yield f"inputs = [{texts}]  # {use.origin}"


def _quoted(text: str) -> str:
    """A text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
