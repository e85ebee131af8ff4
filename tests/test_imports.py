"""Imports point one way, and each heavy library is used in one room only."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "convlint").rglob("*.py"))
RULES = sorted((ROOT / "rules").glob("*.py"))


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """(module, name) of every import that is executed, also inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            typing_only.update(n for child in node.body for n in ast.walk(child))
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def graph() -> dict[str, set[str]]:
    names = {name_of(path) for path in FILES}
    edges: dict[str, set[str]] = {name: set() for name in names}
    for path in FILES:
        for module, name in imported(path):
            inner = f"{module}.{name}"
            target = inner if inner in names else module
            if target in names and target != name_of(path):
                edges[name_of(path)].add(target)
    return edges


def test_no_cycle() -> None:
    edges = graph()
    edges.pop("convlint")  # what users import: it knows all, and only rules import it
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name in done:
            return
        for other in sorted(edges.get(name, ())):
            # A package's own __init__ gathers its modules, which import one another by name.
            if other != name.rpartition(".")[0]:
                visit(other, (*trail, name))
        done.add(name)

    for name in sorted(edges):
        visit(name, ())


@pytest.mark.parametrize(
    ("library", "room"),
    [
        ("networkx", "convlint.network"),
        ("click", "convlint.cli"),
        ("torch.fx", "convlint.trace"),
        ("pytest", "convlint.pytest"),
        ("matplotlib", "convlint.sizes.picture"),
        ("libcst", "convlint.fix"),
    ],
)
def test_one_room_each(library: str, room: str) -> None:
    users = {
        name_of(path)
        for path in FILES
        for module, _ in imported(path)
        if module == library or module.startswith(library + ".")
    }
    assert users, f"nobody uses {library}"
    assert all(user == room or user.startswith(room + ".") for user in users), users


@pytest.mark.parametrize("path", RULES, ids=lambda p: p.stem)
def test_rules_import_only_public_names(path: Path) -> None:
    import convlint

    for module, name in imported(path):
        if module == "convlint":
            assert name in convlint.__all__, name
        elif module.startswith("convlint."):
            assert module.startswith(("convlint.arithmetic.", "convlint.advice.")), module
            assert not name.startswith("_"), name
        else:
            assert module.partition(".")[0] in sys.stdlib_module_names, module


def test_nothing_imports_the_rules() -> None:
    for path in FILES:
        for module, name in imported(path):
            assert not f"{module}.{name}".startswith(("rules", "convlint.rules")), path


# What is found, how it is drawn, and what it is recognised by.
REPORTS = {
    "convlint.diagnostic", "convlint.job", "convlint.snippet", "convlint.terminal",
    "convlint.fingerprint", "convlint.report",
}  # fmt: skip
# What one format tells besides: SARIF the pages of the rules, Markdown the table of shapes.
MORE = {
    "convlint.report.sarif": {"convlint", "convlint.rule", "convlint.page"},
    "convlint.report.markdown": {"convlint.table"},
}


def test_reports_see_only_what_was_found() -> None:
    for name, others in graph().items():
        if name.startswith("convlint.report."):
            others = {one for one in others if not one.startswith("convlint.report.")}
            assert others <= REPORTS | MORE.get(name, set()), name


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["rule", "CL101"]])
def test_light_commands_import_neither_torch_nor_networkx(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from convlint.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end\n"
        "assert not {'torch', 'networkx'} & set(sys.modules), 'imported'\n"
    )
    subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, cwd=ROOT, stdout=subprocess.DEVNULL
    )
