"""Random results, with every text that a network, a file name or a message could bring."""

from __future__ import annotations

from hypothesis import strategies as st

from convlint.diagnostic import Diagnostic, Edit, Fix, Label, Location, Severity
from convlint.job import Result, Row, Unseen
from convlint.report import Style

NASTY = (
    "", " ", "a\nb\r\nc\rd", "\x00\x1b[31m\x07\x7f\x85\u2028", "\ud800", "\udc80\ud83d", "😀",
    "a|b\\|c\\", "```\n````", "`", "``a`b``", "<script>&amp;</script>", "]]>", "@user #12 :smile:",
    "[a](1) ![b](c) *d* _e_ ~~f~~ $g$", "{0} {{", "%0A::error::x", "a,b:c=d", "\ufffe\uffff",
    "]\x0b\x0c[", "x" * 2_000, "::stop-commands::x", "größe 図形 \u202e", "- 1. # > |---|",
)  # fmt: skip
PATHS = (
    "model.py", "/project/nets/model.py", "/project/a b/größe 図.py", "C:\\nets\\model.py",
    "../x.py", "/else/where.py", "//host/share.py", "nets\\model.py", "a%20b,c:d#e?f.py",
    "<string>", "", "pkg.module", "/project",
)  # fmt: skip

texts = st.sampled_from(NASTY) | st.text(st.characters(), max_size=30)
numbers = st.sampled_from([-1, 0, 1, 2, 7, 2**31, 10**20])
locations = st.builds(Location, st.sampled_from(PATHS) | texts, numbers, numbers, numbers, numbers)
# Rules have codes and names that are words, also those that are not ours.
codes = st.sampled_from(["CL001", "CL102", "CL302", "CL560", "XY12"])
diagnostics = st.builds(
    Diagnostic,
    codes,
    st.sampled_from(["cannot-import", "feature-mismatch", "other"]),
    st.sampled_from(Severity),
    texts,
    st.none() | locations,
    texts,
    st.lists(st.builds(Label, texts, locations), max_size=3).map(tuple),
    st.none() | texts,
    st.lists(texts, max_size=2).map(tuple),
    st.lists(texts, max_size=2).map(tuple),
    st.sampled_from(["nets/model.py:Net", "pkg.module:Net(width=64)", "C:\\m.py:Net"]) | texts,
    texts,
    st.lists(texts, max_size=2).map(tuple),
    st.none() | texts,
    st.none() | texts,
    st.none()
    | st.builds(
        Fix,
        st.sampled_from(["safe", "unsafe", "display"]),
        texts,
        st.lists(st.builds(Edit, texts, locations), max_size=2).map(tuple),
    ),
)
rows = st.builds(
    Row,
    texts,
    texts,
    st.lists(texts, max_size=2).map(tuple),
    st.none() | texts,
    st.none() | texts,
    st.none() | locations,
    st.lists(codes, max_size=2).map(tuple),
)
unseen = st.builds(Unseen, texts, texts, st.lists(st.integers(1, 99), max_size=3).map(tuple))
results = st.lists(
    st.builds(
        Result,
        texts | st.just("nets/model.py:Net"),
        st.lists(diagnostics, max_size=3).map(tuple),
        st.lists(rows, max_size=3).map(tuple),
        st.booleans(),
        st.integers(0, 99),
        st.lists(unseen, max_size=2).map(tuple),
    ),
    max_size=3,
)
styles = st.builds(Style, st.booleans(), st.booleans(), st.booleans())
