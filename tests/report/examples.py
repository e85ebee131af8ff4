"""The results that every format is shown: one with all its parts, and those of real networks."""

from __future__ import annotations

import functools
from pathlib import Path

from convlint import lint, spec, target
from convlint.diagnostic import Diagnostic, Edit, Fix, Label, Location, Severity
from convlint.job import Job, Result

ROOT = Path(__file__).resolve().parents[2]
HERE = Path("/project")
FULL = Diagnostic(
    "CL102",
    "feature-mismatch",
    Severity.ERROR,
    "`fc1` takes 400 features, but 576 arrive",
    Location("/project/nets/model.py", 13, 20, 13, 46),
    "in_features is 400",
    (Label("called here", Location("/else/model.py", 19, 16, 19, 27)),),
    "16 · 6 · 6 = 576",
    ("write nn.Linear(576, 120)", "or pad"),
    ("a note",),
    "nets/model.py:Net",
    "fc1",
    ("[1, 576]",),
    "[1, 120]",
    fix=Fix(
        "unsafe", "write 576", (Edit("576", Location("/project/nets/model.py", 13, 30, 13, 40)),)
    ),
)
PLACELESS = Diagnostic(
    *("CL001", "cannot-import", Severity.ERROR, "there is no such name"), target="nets/x.py:Net"
)
INFO = Diagnostic("CL005", "data-dependent", Severity.INFO, "assumed", target="a.b:Net")
WARNING = Diagnostic("CL560", "shape-comment", Severity.WARNING, "stale", FULL.location)


@functools.cache
def real() -> tuple[Result, ...]:
    """What is found in networks of examples/, and in one that is not there."""
    asked = [("lenet.py:LeNet", "1,1,28,28"), ("article.py:Residual", "1,64,32,32")]
    asked += [("article.py:First", "1,3,10,10"), ("gone.py:Net", "1")]
    return tuple(
        lint.run(
            Job(target.parse(f"{ROOT}/examples/{name}"), (spec.parse(sizes),), want_shapes=True)
        )
        for name, sizes in asked
    )
