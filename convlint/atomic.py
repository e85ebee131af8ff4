"""Writing a file so that nobody ever reads half of it."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path


def write(file: Path, content: str | bytes) -> None:
    """Put `content` in place of what `file` held, at once.

    What is no file (`/dev/stdout`, a pipe) is written to as it is, and a link stays one.

    Raises:
        OSError: it cannot be written; then the file is as it was.
    """
    data = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
    if file.exists() and not file.is_file():
        file.write_bytes(data)
        return
    file = Path(os.path.realpath(file))
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name[:100]}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        _permit(Path(name), file)
        os.replace(name, file)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _permit(made: Path, file: Path) -> None:
    """Give `made` the mode of the file that it replaces, or that of any new file."""
    if file.exists():
        shutil.copymode(file, made)
        return
    mask = os.umask(0)
    os.umask(mask)
    made.chmod(0o666 & ~mask)
