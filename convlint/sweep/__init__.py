"""One network at all candidate sizes at once, exactly.

The shape functions and the rules run once for all sizes that they treat alike: a `Swept` size is
an int with the value of one candidate, the representative, that knows its values for all others.
Arithmetic is done for all of them; a comparison that they do not answer alike splits them, and
the others are followed later.  So what holds at the representative holds for its whole region.
"""

from convlint.sweep.answer import Answer, Failure, Works
from convlint.sweep.grid import Axis, Grid
from convlint.sweep.solve import solve

__all__ = ["Answer", "Axis", "Failure", "Grid", "Works", "solve"]
