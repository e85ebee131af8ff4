"""Random examples are the same at every run; see `tests/sampling.py` for sweeps."""

from hypothesis import settings

settings.register_profile("same", derandomize=True, database=None, deadline=None)
settings.load_profile("same")
