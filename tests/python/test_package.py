"""The package as a whole: types, stubs, documentation, examples."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import kgwcore
import pytest
from kgwcore import _core, errors

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "python" / "kgwcore"


def test_the_stub_names_what_the_extension_has() -> None:
    tree = ast.parse((PACKAGE / "_core.pyi").read_text())
    stated: dict[str, set[str]] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            stated[node.name] = {item.name for item in node.body if isinstance(item, ast.FunctionDef)} - {"__init__"}
        elif isinstance(node, ast.FunctionDef):
            stated[node.name] = set()
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            stated[node.target.id] = set()
    real = {
        name: {member for member in vars(value) if not member.startswith("_")} if inspect.isclass(value) else set()
        for name, value in vars(_core).items()
        if not name.startswith("_")
    }
    assert stated == real


def test_every_status_has_an_exception_of_ours() -> None:
    for name, number, meaning, exception in _core.statuses():
        assert errors.Status[name] == number
        assert meaning
        if number:
            raised = errors.from_native(number, name.lower(), "text", 0, [], None)
            assert type(raised).__name__ == exception
            assert (raised.code, raised.name, str(raised)) == (number, name.lower(), "text")


def test_errors_are_what_python_calls_them() -> None:
    assert issubclass(kgwcore.ConfigError, ValueError)
    assert issubclass(kgwcore.BindError, OSError)
    assert issubclass(kgwcore.NotFoundError, KeyError)
    bind = errors.from_native(0x0301, "address_in_use", "text", 98, [], None)
    assert isinstance(bind, OSError)
    assert bind.errno == 98


def test_everything_public_is_documented() -> None:
    missing = []
    for info in pkgutil.walk_packages(kgwcore.__path__, "kgwcore."):
        if info.name in ("kgwcore.__main__", "kgwcore._core"):
            continue
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            own = getattr(value, "__module__", "") == info.name and not name.startswith("_")
            if not own or not (inspect.isclass(value) or inspect.isfunction(value)):
                continue
            members = [value]
            if inspect.isclass(value):
                members += [
                    member for key, member in vars(value).items() if inspect.isfunction(member) and key[0] != "_"
                ]
            missing += [f"{info.name}.{member.__qualname__}" for member in members if not member.__doc__]
    assert missing == []


@pytest.mark.parametrize("example", sorted((ROOT / "python" / "examples").glob("*.py")), ids=lambda path: path.name)
def test_an_example_runs(example: Path) -> None:
    ended = subprocess.run([sys.executable, "-W", "error", example], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_types_are_right() -> None:
    pytest.importorskip("mypy", reason="mypy is not installed")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.devnull, str(PACKAGE)]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=ROOT)
    assert checked.returncode == 0, checked.stdout
