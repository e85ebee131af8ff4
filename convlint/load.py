"""Import the code of a target, as running it would."""

from __future__ import annotations

import contextlib
import difflib
import importlib
import importlib.util
import os
import sys
import sysconfig
import time
import traceback
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final

from convlint import memory
from convlint.diagnostic import Location
from convlint.quote import described, quote, shorten, told
from convlint.surroundings import kept
from convlint.target import AbsentError, Target, TargetError

_OWN: Final = str(Path(__file__).parent)


def load(target: Target) -> object:
    """The object that `target` names, not called yet."""
    if target.is_recipe:
        from convlint.recipe.entry import read

        if not target.path.exists():
            raise TargetError(_no_file(target.source, target.path))
        return read(target, load)
    module = _from_file(target) if target.is_file else _from_module(target)
    found: object = module
    for depth, part in enumerate(target.name.split(".")):
        try:
            found = getattr(found, part)
        except AttributeError:
            owner = target.source if depth == 0 else f"{target.name.split('.')[depth - 1]}"
            raise TargetError(_missing(owner, part, found, module)) from None
        except Exception as error:
            raise TargetError(
                f"reading {quote(part)} of {target.source} failed: {described(error)}"
            ) from error
    return found


def _from_file(target: Target) -> ModuleType:
    path = target.path
    try:
        if path.is_dir():
            raise TargetError(f"{quote(target.source)} is a folder; write the file in it")
        if not path.exists():
            raise TargetError(_no_file(target.source, path))
    except (OSError, ValueError) as error:
        raise TargetError(f"cannot read {quote(target.source)}: {described(error)}") from None
    if path.suffix != ".py":
        raise TargetError(f"{quote(target.source)} is not a Python file (.py)")
    path = path.absolute()
    member = package(path)
    if member:
        root, name = member
        # Behind all else: run as a part of its package, the folder of a file is not importable,
        # and a `types.py` or `random.py` in it must not hide the standard library's.
        _importable([root, *here(target)], [str(path.parent)])
        module = _guarded(target, lambda: importlib.import_module(name))
        if _is_same(getattr(module, "__file__", None), path):
            return module
    else:
        _importable([str(path.parent), *here(target)], [])
    return _guarded(target, lambda: _execute(path))


def _from_module(target: Target) -> ModuleType:
    _importable(here(target), [])
    return _guarded(target, lambda: importlib.import_module(target.source))


def _execute(path: Path) -> ModuleType:
    """Run the file as a module of its own name, compiled afresh.

    A cached `.pyc` is told from its source by seconds and length, and an editor or a test that
    saves twice within one second would be shown its first version.
    """
    name = path.stem
    if not name.isidentifier() or name in sys.modules:
        name = f"_convlint_{len(sys.modules)}_{name}"
    loader = SourceFileLoader(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    code = loader.source_to_code(loader.get_data(str(path)), str(path))
    sys.modules[name] = module
    try:
        exec(code, module.__dict__)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return sys.modules.get(name, module)


def write_settled_bytecode_only() -> None:
    """Let this process keep no compiled code of a file that was saved within two seconds.

    Python tells a `.pyc` from its source by seconds and length: of a helper that is saved twice
    within one second, the first version would be run for ever.
    """
    plain = SourceFileLoader.set_data

    def set_data(self: SourceFileLoader, path: str, data: bytes, **options: Any) -> None:
        with contextlib.suppress(OSError, ValueError, NotImplementedError):
            source = importlib.util.source_from_cache(path)
            if time.time() - os.stat(source).st_mtime < 2:
                return
        plain(self, path, data, **options)

    SourceFileLoader.set_data = set_data  # type: ignore[method-assign,assignment]


def exiting(error: SystemExit) -> str:
    """The call of `sys.exit` that raised `error`."""
    return f"sys.exit({'' if error.code is None else told(repr, error.code)})"


def _guarded(target: Target, run: Callable[[], object]) -> ModuleType:
    importlib.invalidate_caches()
    try:
        with kept():
            module = run()
    except (KeyboardInterrupt, MemoryError):
        raise
    except SystemExit as error:
        where = _user_line(error)
        raise TargetError(
            f"importing {quote(target.source)} called {exiting(error)}{_at(where)}; put what "
            'only a script should do under `if __name__ == "__main__":`',
            where,
        ) from error
    except SyntaxError as error:
        raise _syntax(target, error) from error
    except BaseException as error:
        if isinstance(error, ModuleNotFoundError) and _is_absent(target, error):
            raise AbsentError(_no_module(target.source, str(error.name))) from None
        if memory.is_exhausted(error):
            raise
        where = _user_line(error)
        raise TargetError(
            f"importing {quote(target.source)} failed{_at(where)}: {described(error)}", where
        ) from error
    if not isinstance(module, ModuleType):
        raise TargetError(f"{quote(target.source)} put something else in the place of its module")
    return module


def _syntax(target: Target, error: SyntaxError) -> TargetError:
    message = shorten(error.msg or "invalid syntax")
    if not error.filename or not error.lineno:
        return TargetError(f"{quote(target.source)} is not valid Python: {message}")
    row, column = max(1, error.lineno), max(1, error.offset or 1)
    end_row, end_column = error.end_lineno or row, error.end_offset or 0
    if (end_row, end_column) <= (row, column):
        end_row, end_column = row, column + 1
    where = Location(error.filename, row, column, end_row, end_column)
    return TargetError(f"syntax error at {_place(where)}: {message}", where)


def package(path: Path) -> tuple[str, str] | None:
    """The folder a file's package lies in and the file's full name, where it is in a package."""
    folder, parts = path.parent, [] if path.stem == "__init__" else [path.stem]
    while (folder / "__init__.py").is_file() and "." not in folder.name and folder.name:
        parts.insert(0, folder.name)
        folder = folder.parent
    is_member = folder != path.parent and "." not in path.stem
    return (str(folder), ".".join(parts)) if is_member else None


def here(target: Target) -> list[str]:
    """The folders in which its modules are looked for first."""
    root = [target.root] if target.root else []
    try:
        return [*root, os.getcwd()]
    except OSError:  # the folder was deleted
        return root


def _importable(first: list[str], last: list[str]) -> None:
    rest = [entry for entry in sys.path if entry not in first and entry not in last]
    sys.path[:] = [*dict.fromkeys(first), *rest, *(e for e in last if e not in first)]


def _is_same(filename: str | None, path: Path) -> bool:
    try:
        return filename is not None and Path(filename).samefile(path)
    except OSError:
        return False


def _is_absent(target: Target, error: ModuleNotFoundError) -> bool:
    """Whether the target's own module is what was not found, rather than an import in it."""
    name = error.name or ""
    return not target.is_file and (target.source == name or target.source.startswith(f"{name}."))


def _no_module(name: str, absent: str) -> str:
    part = "" if absent == name else f" ({quote(absent)} was not found)"
    file = Path(*name.split(".")).with_suffix(".py")
    if file.is_file():
        return f"there is no module {quote(name)}{part}; a file is written {quote(file.as_posix())}"
    return f"there is no module {quote(name)}{part} here or among the installed packages"


def _no_file(text: str, path: Path) -> str:
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.suffix == path.suffix]
    except OSError:
        names = []
    near = difflib.get_close_matches(path.name, names, n=1)
    hint = f"; did you mean {quote((path.parent / near[0]).as_posix())}?" if near else ""
    return f"there is no file {quote(text)}{hint}"


def _missing(owner: str, name: str, holder: object, module: ModuleType) -> str:
    names = [
        key
        for key, value in list(vars(holder).items() if hasattr(holder, "__dict__") else ())
        if isinstance(key, str) and not key.startswith("_") and _is_buildable(value, module)
    ]
    message = f"{owner} has no {quote(name)}"
    lowered = {key.lower(): key for key in names}
    near = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.5)
    if near:
        return f"{message}; did you mean {quote(lowered[near[0]])}?"
    if names:
        return f"{message}; it has " + ", ".join(quote(key) for key in names[:8])
    return message


def _is_buildable(value: object, module: ModuleType) -> bool:
    """Whether `value` may be a network or make one, and was written in `module`."""
    if isinstance(value, (type, FunctionType)):
        return value.__module__ == module.__name__
    torch_nn = sys.modules.get("torch.nn")
    return torch_nn is not None and isinstance(value, torch_nn.Module)


def _user_line(error: BaseException) -> Location | None:
    """The innermost line of the user's own code that `error` came through."""
    foreign = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})
    found = None
    for frame in traceback.extract_tb(error.__traceback__):
        own = frame.filename.startswith(_OWN + os.sep)
        if frame.lineno and not own and not frame.filename.startswith(("<", *foreign)):
            found = Location(frame.filename, frame.lineno)
    return found


def _at(where: Location | None) -> str:
    return f" at {_place(where)}" if where else ""


def _place(where: Location) -> str:
    try:
        name = Path(where.filename).relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError):
        name = where.filename
    return f"{name}:{where.row}"
