"""Verbs that need no gateway."""

from __future__ import annotations

import argparse
import json
from typing import Any

from kgwcore import _core
from kgwcore._cli.admin import base_url
from kgwcore._cli.inputs import sources
from kgwcore._cli.table import table
from kgwcore._cli.yaml import dump
from kgwcore.validation import validate as check


def validate(arguments: argparse.Namespace) -> int:
    """Prints every problem; 1 when one is an error."""
    problems = check(
        sources(arguments.filename),
        namespace=arguments.namespace,
        listen=arguments.listen,
        backend=arguments.backend,
        settings=arguments.set,
        edge=arguments.edge,
    )
    if arguments.output == "json":
        print(json.dumps([problem.as_dict() for problem in problems], indent=2))
    else:
        for problem in problems:
            print(problem)
    return 1 if any(problem.severity == "error" for problem in problems) else 0


def settings(arguments: argparse.Namespace) -> int:
    """Prints the table of settings."""
    rows = _core.settings()
    if arguments.output == "json":
        print(json.dumps(rows, indent=2))
        return 0
    header = ("NAME", "SCOPE", "UNIT", "DEFAULT", "EDGE", "RANGE", "MEANING")
    print(table(header, [_setting(row) for row in rows]))
    return 0


def _setting(row: dict[str, Any]) -> list[str]:
    default, edge, span = row["default"], row["edge"], f"{row['least']}..{row['most']}"
    if row["unit"] == "word":
        words = row["words"].split("|")
        default, edge, span = words[default], words[edge], row["words"]
    elif row["unit"] == "fields":
        default, edge, span = "none", "none", "-"
    return [row["name"], row["scope"], row["unit"] or "-", str(default), str(edge), span, row["meaning"]]


def kubeconfig(arguments: argparse.Namespace) -> int:
    """Prints a kubeconfig. kubectl never sends a token without TLS, so a token is the first part of the path."""
    server = base_url(arguments.admin_address) + (f"/{arguments.admin_token}" if arguments.admin_token else "")
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "kgwcore", "cluster": {"server": server}}],
        "contexts": [{"name": "kgwcore", "context": {"cluster": "kgwcore", "user": "kgwcore"}}],
        "users": [{"name": "kgwcore", "user": {}}],
        "current-context": "kgwcore",
    }
    print(dump(document), end="")
    return 0


def version(_: argparse.Namespace) -> int:
    """Prints versions."""
    print(f"kgwcore {_core.version()}")
    for library in _core.library_versions().split("; "):
        print(library)
    return 0
