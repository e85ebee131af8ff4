"""--select, --ignore, --extend-select."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from convlint.selection import Selection, SelectionError, split


@dataclass(frozen=True)
class Known:
    code: str
    name: str
    default: bool = True


RULES = [
    Known("CL001", "cannot-import"),
    Known("CL101", "channel-mismatch"),
    Known("CL102", "feature-mismatch"),
    Known("CL201", "kernel-exceeds-map", default=False),
    Known("CL202", "collapsed-map"),
]


@pytest.mark.parametrize(
    ("select", "ignore", "extend", "codes"),
    [
        ("", "", "", "101 102 202"),
        ("default", "", "", "101 102 202"),
        ("ALL", "", "", "101 102 201 202"),
        ("all", "", "", "101 102 201 202"),
        ("CL1", "", "", "101 102"),
        ("cl1", "", "", "101 102"),
        ("CL", "", "", "101 102 201 202"),
        ("CL201", "", "", "201"),
        ("kernel-exceeds-map", "", "", "201"),
        ("Channel-Mismatch,CL2", "", "", "101 201 202"),
        ("", "CL1", "", "202"),
        ("", "channel-mismatch", "", "102 202"),
        ("", "", "CL201", "101 102 201 202"),
        ("CL1", "", "CL2", "101 102 201 202"),
        ("ALL", "default", "", "201"),
        ("ALL", "ALL", "", ""),
        ("CL101", "CL1", "", "101"),
        ("CL101", "ALL", "", "101"),
        ("CL1", "CL101", "", "102"),
        ("CL101", "CL101", "", ""),
        ("", "CL2", "CL201", "101 102 201"),
        ("CL1", "CL0", "", "101 102"),
    ],
)
def test_selects(select: str, ignore: str, extend: str, codes: str) -> None:
    selection = Selection(split([select]), split([ignore]), split([extend]))
    wanted = {f"CL{code}" for code in codes.split()}
    assert selection.codes(RULES) == wanted | {"CL001"}


@pytest.mark.parametrize(
    ("selector", "hint"),
    [
        ("CL9", ""),
        ("CL103", "`CL10"),
        ("chanel-mismatch", "`channel-mismatch`"),
        ("nonsense", ""),
        ("CL1011", "`CL101`"),
        ("1", ""),
    ],
)
def test_refuses_what_selects_nothing(selector: str, hint: str) -> None:
    for selection in (
        Selection((selector,)),
        Selection(ignore=(selector,)),
        Selection(extend_select=(selector,)),
    ):
        with pytest.raises(SelectionError) as error:
            selection.codes(RULES)
        assert f"no rule is called `{selector}`" in str(error.value)
        assert ("did you mean" in str(error.value)) == bool(hint)
        assert hint in str(error.value)


def test_splits_at_commas() -> None:
    assert split(["CL1, CL2", "", "a-b ,"]) == ("CL1", "CL2", "a-b")
