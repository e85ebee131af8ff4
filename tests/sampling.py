"""How many random examples a test runs, and which.

The examples are the same at every run, so that a red test is a change's doing.  A sweep is asked
for by `CONVLINT_EXAMPLES=2000`: that many, and others every time.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_SWEEP = os.environ.get("CONVLINT_EXAMPLES")


def sampled(examples: int = 50) -> settings:
    """The settings of a test over `examples` random examples (or as many as a sweep asks for)."""
    return settings(
        max_examples=int(_SWEEP or examples),
        derandomize=_SWEEP is None,
        database=None,
        deadline=None,
        print_blob=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
