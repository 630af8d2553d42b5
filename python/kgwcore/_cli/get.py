"""``kgwcore get``."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from kgwcore._cli.admin import Admin, Answer
from kgwcore._cli.delete import DEFAULT_NAMESPACE, split_names
from kgwcore._cli.discovery import Discovery, Kind
from kgwcore._cli.exit import Exit
from kgwcore._cli.table import table
from kgwcore._cli.yaml import dump

_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


def get(arguments: argparse.Namespace) -> int:
    """Shows objects as a table or in full; 1 when one that was named is not there."""
    namespace = None if arguments.all_namespaces else arguments.namespace or DEFAULT_NAMESPACE
    as_table = arguments.output in (None, "wide")
    with Admin(arguments) as admin:
        wanted = _wanted(Discovery(admin), [arguments.kind, *arguments.names])
        answers = [
            (kind, admin.request("GET", kind.path(namespace, name), accept=_TABLE if as_table else "application/json"))
            for kind, name in wanted
        ]
    found = [(kind, answer.body) for kind, answer in answers if not answer.failed]
    named = any(name for _, name in wanted)
    _print(found, arguments, named=named)
    missing = [answer for _, answer in answers if answer.failed and not _ignored(answer, arguments)]
    for answer in missing:
        print(f"kgwcore: {answer.message}", file=sys.stderr)
    return 1 if missing else 0


def _ignored(answer: Answer, arguments: argparse.Namespace) -> bool:
    return bool(answer.status == 404 and arguments.ignore_not_found)


def _wanted(kinds: Discovery, words: list[str]) -> list[tuple[Kind, str]]:
    if words == ["all"]:
        return [(kind, "") for kind in kinds.in_category("all")]
    pairs = split_names(words) or [(words[0], "")]
    if pairs[0][0] == "all":
        raise Exit(2, "all takes no NAME")
    return [(kinds.named(kind), name) for kind, name in pairs]


def _print(found: list[tuple[Kind, Any]], arguments: argparse.Namespace, *, named: bool) -> None:
    if arguments.output in (None, "wide"):
        _print_tables(found, arguments, several=arguments.kind == "all")
    else:
        objects = [item for _, body in found for item in body.get("items", [body])]
        _print_objects(objects, arguments.output, single=named and len(objects) == 1)


def _print_objects(objects: list[Any], form: str, *, single: bool) -> None:
    if form == "name":
        for item in objects:
            group = item["apiVersion"].rpartition("/")[0]
            print(f"{item['kind'].lower()}{'.' + group if group else ''}/{item['metadata']['name']}")
        return
    if single:
        whole = objects[0]
    else:
        whole = {"apiVersion": "v1", "kind": "List", "items": objects, "metadata": {"resourceVersion": ""}}
    print(json.dumps(whole, indent=4) + "\n" if form == "json" else dump(whole), end="")


def _print_tables(found: list[tuple[Kind, Any]], arguments: argparse.Namespace, *, several: bool) -> None:
    tables = [(kind, body) for kind, body in found if body["rows"]]
    if found and not tables:
        where = "" if arguments.all_namespaces else f" in {arguments.namespace or DEFAULT_NAMESPACE} namespace"
        print(f"No resources found{where}.", file=sys.stderr)
    if several or not tables:
        print("\n\n".join(_table(body, arguments, kind) for kind, body in tables), end="\n" if tables else "")
        return
    # Several names of one kind came as one table each.
    kind, first = tables[0]
    rows = [row for other, body in tables if other == kind for row in body["rows"]]
    rest = [_table(body, arguments, other) for other, body in tables if other != kind]
    print("\n\n".join([_table({**first, "rows": rows}, arguments, None), *rest]))


def _table(body: Any, arguments: argparse.Namespace, kind: Kind | None) -> str:
    wide = arguments.output == "wide"
    shown = [index for index, column in enumerate(body["columnDefinitions"]) if wide or not column["priority"]]
    header = [body["columnDefinitions"][index]["name"].upper() for index in shown]
    rows = [[str(row["cells"][index]) for index in shown] for row in body["rows"]]
    if kind:
        rows = [[kind.resource(cells[0]), *cells[1:]] for cells in rows]
    if arguments.all_namespaces:
        header = ["NAMESPACE", *header]
        rows = [
            [row["object"]["metadata"].get("namespace", ""), *cells]
            for row, cells in zip(body["rows"], rows, strict=True)
        ]
    return table(header, rows)
