"""Random examples are the same at every run (see `tests/sampling.py` for sweeps), and nothing is
answered from a cache where a test does not ask for it."""

import os

from hypothesis import settings

os.environ["CONVLINT_NO_CACHE"] = "1"

settings.register_profile("same", derandomize=True, database=None, deadline=None)
settings.load_profile("same")
