"""A line on a terminal that tells what is being checked, once the user has to wait."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final

from convlint.terminal import is_terminal

if TYPE_CHECKING:
    from rich.live import Live

_PATIENCE: Final = 1.5


class Progress:
    """Shown on stderr where that is a terminal: for several names at once, for one after 1.5 s.

    It has no thread of its own, since processes are forked while it is shown: `tick` draws it.
    """

    def __init__(self, names: Sequence[str], wanted: bool = True, doing: str = "checking") -> None:
        self._names = names
        self._doing = doing
        self._done = 0
        self._wanted = wanted and bool(names) and is_terminal(sys.stderr)
        self._since = time.monotonic()
        self._live: Live | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.stop()

    def advance(self) -> None:
        """One more is done."""
        self._done = min(self._done + 1, len(self._names) - 1)

    def tick(self) -> None:
        """Draw the line anew, where it is time."""
        seconds = time.monotonic() - self._since
        if not self._wanted or (len(self._names) == 1 and seconds < _PATIENCE):
            return
        from rich.text import Text

        of = f" ({self._done + 1} of {len(self._names)})" if len(self._names) > 1 else ""
        name = self._names[self._done]
        line = Text(f"{self._doing} {name}{of}, {seconds:.0f} s", "dim", no_wrap=True)
        if self._live is None:
            from rich.console import Console
            from rich.live import Live

            self._live = Live(
                console=Console(stderr=True),
                auto_refresh=False,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        self._live.update(line, refresh=True)
