"""The root of the repository: what the paths in a report for a service are relative to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_VARIABLES: Final = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")
"""Where GitHub Actions and GitLab CI have checked it out."""


def root(directory: Path) -> Path:
    """The checkout in which `directory` lies, or itself where it lies in none."""
    directory = directory.resolve()
    for variable in _VARIABLES:
        checkout = os.environ.get(variable)
        if checkout and directory.is_relative_to(Path(checkout).resolve()):
            return Path(checkout).resolve()
    above = (directory, *directory.parents)
    return next((folder for folder in above if (folder / ".git").exists()), directory)
