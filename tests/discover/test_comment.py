"""The comment that declares a target."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convlint.discover.comment import CommentError, read
from tests.discover.conftest import NET, Run, Write

COMMENT = "# convlint: target Net(3) x=2,3,8,8"


def _commented(*comments: str) -> str:
    return NET.replace("class Net", "".join(f"{one}\n" for one in comments) + "class Net")


def test_what_it_says() -> None:
    line = read("# noqa  # convlint: target Net('a b', w=(1, 2)) x=2,3 f:=[1, 2] --expect=N,* # so")
    assert line is not None
    assert line.target == "Net('a b', w=(1, 2))"
    assert [str(one) for one in line.inputs] == ["x=2,3", "f:=[1, 2]"]
    assert ([str(one) for one in line.expected], line.modes) == (["N,*"], ("eval",))
    both = read("#convlint:target Net 1,3 --mode train --mode eval --expect N,10")
    assert both is not None
    assert both.modes == ("train", "eval")
    for other in ("# convlint: ignore[CL101]", "# convlint: targets", "# convlint: target-x", "#"):
        assert read(other) is None


@pytest.mark.parametrize(
    ("comment", "line"),
    [
        ("", "the comment names no target; write # convlint: target Net 2,3,224,224"),
        ("Net 2,3,?", "size 3 of `2,3,?` is `?`"),
        ("Net 2, 3", "size 2 of `2,` is empty"),
        ("Net x=1 x=2", "`x` is given twice"),
        ("Net 2,3 --expect N,Q/2", "nothing says what `Q` is"),
        ("Net 2,3 --expect", "the expectation is empty"),
        ("Net 2,3 --mode trian", "the mode is `trian`; it may be eval, train"),
        ("Net 2,3 --timeout 3", "`--timeout` cannot stand here"),
        ("Nte 2,3", "this file defines no `Nte`; did you mean `Net`?"),
        ("net.py:Net 2,3", "`net.py:Net` is no name of a class"),
        ("Net(f()) 2,3", "is not a literal"),
        ("Net(3 2,3", "cannot read the target"),
        ("2,3,8,8", "cannot read the target"),
    ],
)
def test_what_is_wrong_is_one_line_with_its_place(
    write: Write, run: Run, comment: str, line: str
) -> None:
    write("src/net.py", _commented(f"# convlint: target {comment}".rstrip()))
    for words in ([], ["src/net.py:Net"], ["targets"], ["init"]):
        status, out, err = run(*words)
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert err.startswith("convlint: src/net.py:6: ")
        assert line in err


def test_it_is_linted_without_words_and_says_so(write: Write, run: Run) -> None:
    write("src/net.py", _commented(COMMENT, "# convlint: target Net(4) 2,4,9,9 --expect N,4,7,7"))
    write("venv/net.py", _commented("# convlint: target Absent 1"))
    write("env/pyvenv.cfg", "")
    write("env/net.py", _commented("# convlint: target Absent 1"))
    write("text.py", '"""\n# convlint: target Absent 1\n"""\n')
    status, out, _ = run()
    assert status == 0
    assert out.splitlines() == [
        "All checks passed: 2 targets, 2 layers.",
        "src/net.py:Net(3) was called with x=2,3,8,8, from the comment at src/net.py:6.",
        "src/net.py:Net(4) was called with 2,4,9,9, from the comment at src/net.py:7.",
    ]
    assert "was called" in run("shapes")[1]
    assert "was called" not in run("-q")[1]
    status, out, err = run("--output-format", "json")
    assert (status, out, err.count("\n")) == (0, "[]\n", 2)
    assert "convlint: src/net.py:Net(4) was called with 2,4,9,9, from the comment" in err
    assert run("--output-format", "json", "-q")[2] == ""


@pytest.mark.parametrize("word", ["src/net.py:Net", "src.net:Net", "./src/net.py:Net"])
def test_a_network_is_named_alone(write: Write, run: Run, word: str) -> None:
    write("src/net.py", NET.replace("(nn.Module):", f"(nn.Module):  {COMMENT} --expect N,4,9,9"))
    status, out, _ = run(word)
    assert status == 1  # by --expect
    assert f"{word}(3) was called with x=2,3,8,8, from the comment at src/net.py:6." in out


def test_the_command_line_comes_first(write: Write, run: Run) -> None:
    write("net.py", NET.replace("(nn.Module):", f"(nn.Module):  {COMMENT}"))
    for words, told in (
        (["net.py:Net", "--input", "1,3,5,5"], "passed: net.py:Net(3), 1 layer.\n"),
        (["net.py:Net(3, 5)"], "net.py:Net(3, 5) was called with x=2,3,8,8, from the comment"),
        (["net.py:Net", "--arg", "width=5"], "net.py:Net(3, width=5) was called with x=2"),
    ):
        status, out, _ = run(*words)
        assert status == 0
        assert told in out
        assert ("was called" in out) == ("--input" not in words)


def test_configuration_comes_second_and_both_are_linted(write: Write, run: Run) -> None:
    write("net.py", _commented("# convlint: target Net 2,3,8,8", "# convlint: target Net 1,3,5,5"))
    entry = '[[targets]]\nname = "net"\nmodel = "net.py:Net"\n'
    write("convlint.toml", f"{entry}inputs = ['2,3,7,7']\n")
    assert "passed: net, 1 layer.\n" in run("net.py:Net")[1]
    assert "3 targets, 3 layers." in run()[1]
    write("convlint.toml", f"{entry}inputs = ['2,3,8,8']\n")
    assert "2 targets, 2 layers." in run()[1]  # what both say is one
    write("convlint.toml", entry)
    assert "passed: net, 1 layer.\n" in run("net", "--input", "1,3,6,6")[1]
    for words in ([], ["net"], ["net.py:Net"]):
        out = run(*words)[1]
        assert "2 targets, 2 layers." in out
        assert "net 2,3,8,8 was called with 2,3,8,8, from the comment at net.py:6." in out


def test_excluded_files_declare_nothing(write: Write, run: Run) -> None:
    write("a/net.py", _commented("# convlint: target Absent 1"))
    write("b/old_net.py", _commented("# convlint: target Absent 1"))
    write("net.py", _commented(COMMENT))
    for patterns in (["a", "old_*.py"], ["a/", "b/*"], ["./a/net.py", "b"]):
        write("convlint.toml", f"exclude = {patterns}\n")
        assert "passed: net.py:Net(3), " in run()[1]


def test_a_file_that_is_no_python_is_a_finding_where_it_is_named(write: Write, run: Run) -> None:
    write("net.py", _commented(COMMENT) + "    def\n")
    status, out, _ = run("net.py:Net", "--input", "1,3,8,8")
    assert (status, "CL001" in out) == (2, True)


def test_files_that_cannot_be_read(write: Write, run: Run) -> None:
    path = write("net.py", _commented(COMMENT) + "    def\n")
    assert run()[::2] == (2, "convlint: net.py:14: syntax error: invalid syntax\n")
    path.write_bytes(b"# convlint: target Net 1\n\xff\n")
    status, out, err = run()
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("convlint: net.py")
    path.unlink()
    path.symlink_to("nowhere.py")
    assert "what should be checked?" in run()[2]


@given(st.text(max_size=40) | st.lists(st.sampled_from(
    ["Net", "(", ")", "'", '"', " ", "[", "x=", "2,3", "--expect", "N,10", "--mode", "eval", "#",
     ":=", "{", "\\", "\x00", "\u2028"]), max_size=9).map("".join)
)  # fmt: skip
def test_any_words_are_read_or_refused_in_one_line(words: str) -> None:
    assert "\n" not in _outcome(f"# convlint: target {words}")


def _outcome(comment: str) -> str:
    try:
        line = read(comment)
    except CommentError as error:
        return str(error)
    assert line is not None
    return ""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_any_comment_in_a_file_ends_with_a_status(write: Write, run: Run, words: str) -> None:
    write("net.py", "").write_text(f"Net = 0  # convlint: target {words}\n", encoding="utf-8")
    status, _, err = run("targets")
    assert status in (0, 2)
    assert err.count("\n") <= 1
    assert "internal error" not in err
