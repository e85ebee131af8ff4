"""The Markdown report, read back by markdown-it with GitHub's tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from markdown_it import MarkdownIt
from markdown_it.token import Token

from convlint import report
from convlint.job import Result, Row
from convlint.report import Style
from tests.report.drawn import results, styles
from tests.report.examples import FULL, HERE, PLACELESS, ROOT, real
from tests.sampling import sampled

OWN_HTML = re.compile(r"<details><summary>(?:[^<>]|<!-- -->)*</summary>\n?|</details>\n?|<!-- -->")


def _tokens(text: str) -> list[Token]:
    blocks = MarkdownIt("commonmark").enable("table").parse(text)
    return [token for block in blocks for token in (block, *(block.children or ()))]


def _tables(text: str) -> list[list[list[str]]]:
    """Every table's rows of cells; a cell is what a reader sees of it."""
    tables: list[list[list[str]]] = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append([])
        elif token.type == "inline" and tables and token.level > 2:
            parts = [child.content for child in token.children or () if child.type != "html_inline"]
            tables[-1][-1].append("".join(parts))
    return tables


def test_the_whole_report() -> None:
    rows = (Row("conv", "nn.Conv2d", ("[1, 3, 8, 8]",), "[1, 4, 6, 6]", "a | b"),)
    result = Result("nets/model.py:Net", (replace(FULL, location=None), PLACELESS), rows)
    assert report.render("markdown", [result], Style(directory=HERE)) == (
        "**convlint**: Found 2 errors in 1 target; 1 target was not checked to the end.\n\n"
        "| severity | code | place | message |\n"
        "| --- | --- | --- | --- |\n"
        "| error | CL102 feature-mismatch | `nets/model.py:Net` "
        "| `fc1` takes 400 features, but 576 arrive |\n"
        "| error | CL001 cannot-import | `nets/x.py:Net` | there is no such name |\n\n"
        "<details><summary>Details</summary>\n\n"
        "```text\n"
        "error[CL102 feature-mismatch]: `fc1` takes 400 features, but 576 arrive\n"
        "  --> nets/model.py:Net (fc1)\n"
        "   = formula: 16 · 6 · 6 = 576\n"
        "   = note: a note\n"
        "   = help: write nn.Linear(576, 120)\n"
        "   = help: or pad\n\n"
        "error[CL001 cannot-import]: there is no such name\n"
        "  --> nets/x.py:Net\n"
        "```\n\n"
        "</details>\n\n"
        "<details><summary>Shapes of nets/model.py:Net</summary>\n\n"
        "| layer | op | input | output | formula |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| `conv` | `nn.Conv2d` | `[1, 3, 8, 8]` | `[1, 4, 6, 6]` | `a \\| b` |\n\n"
        "</details>\n\n"
    )


def test_quiet_and_statistics() -> None:
    found = [Result("t", (FULL, FULL, PLACELESS))]
    assert "convlint" not in report.render("markdown", found, Style(quiet=True, directory=HERE))
    assert report.render("markdown", [Result("t")], Style(quiet=True)) == ""
    assert report.render("markdown", found, Style(quiet=True, statistics=True)) == (
        "| findings | code | name |\n| --- | --- | --- |\n"
        "| 2 | CL102 | feature-mismatch |\n| 1 | CL001 | cannot-import |\n\n"
    )


def test_nothing_in_a_message_is_markdown_but_its_code() -> None:
    message = "*a* <b> [c](d) | @user #12 :smile: `x | y` \\"
    text = report.render("markdown", [Result("t", (replace(FULL, message=message),))], Style())
    assert "@<!-- -->user" in text
    assert _tables(text)[0][1][3] == message.replace("`", "")


def test_a_fence_inside_does_not_end_the_details() -> None:
    found = replace(FULL, message="````\n```", location=None)
    text = report.render("markdown", [Result("t", (found,))], Style())
    (fence,) = [token for token in _tokens(text) if token.type == "fence"]
    assert "or pad" in fence.content


def test_real_networks() -> None:
    text = report.render("markdown", real(), Style(directory=ROOT))
    findings, lenet, residual, first = _tables(text)
    assert [row[2].partition(":")[0] for row in findings[1::2]] == [
        "examples/lenet.py", "examples/article.py", str(ROOT / "examples/gone.py"),
    ]  # fmt: skip
    assert lenet[0][:4] == ["layer", "op", "input", "output"]
    assert ["CL302" in row[-1] for row in residual].count(True) == 1
    assert len(first) == 3


@sampled(50)
@given(results, styles)
def test_any_result(found: Sequence[Result], style: Style) -> None:
    text = report.render("markdown", found, style)
    text.encode()
    for token in _tokens(text):
        if token.type in ("html_block", "html_inline"):
            assert OWN_HTML.fullmatch(token.content), token.content
        assert token.type not in ("link_open", "image", "em_open", "heading_open")
    tables = _tables(text)
    assert all(len(row) == len(table[0]) for table in tables for row in table)
    count = sum(len(result.diagnostics) for result in found)
    if count and not style.statistics:
        assert len(tables[0]) == 1 + count
        shown = [result for result in found if result.rows]
        assert [len(table) - 1 for table in tables[1:]] == [len(one.rows) for one in shown]
