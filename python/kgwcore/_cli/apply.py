"""``kgwcore apply``."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from kgwcore._cli.admin import Admin, Answer
from kgwcore._cli.discovery import Discovery
from kgwcore._cli.manifests import load
from kgwcore.errors import Result


def apply(arguments: argparse.Namespace) -> int:
    """Checks the manifests here, then stores each good one; 1 when one was rejected here or there."""
    good, rejected = load(arguments.filename, arguments.namespace)
    for result in rejected:
        for problem in result.diagnostics:
            print(problem, file=sys.stderr)
    if not good:
        return 1 if rejected else 0
    with Admin(arguments) as admin:
        kinds = Discovery(admin)
        stored = [_store(admin, kinds, result, document) for result, document in good]
    return 1 if rejected or not all(stored) else 0


def _store(admin: Admin, kinds: Discovery, result: Result, document: dict[str, Any] | None) -> bool:
    if document is None:
        print(result)
        return True
    kind = kinds.of(document)
    metadata = document["metadata"]
    namespace = metadata.get("namespace", result.namespace)
    path = kind.path(namespace, metadata["name"])
    before = admin.request("GET", path)
    if before.status == 404:
        answer = admin.request("POST", kind.path(namespace), document)
    else:
        answer = before if before.failed else admin.request("PUT", path, document)
    if answer.failed:
        print(f"{kind.resource(metadata['name'])}: {answer.message}", file=sys.stderr)
        return False
    print(kind.resource(metadata["name"]), _outcome(result, before, answer))
    return True


def _outcome(result: Result, before: Answer, after: Answer) -> str:
    if result.outcome == "ignored":
        return "ignored"
    if before.status == 404:
        return "created"
    same = before.body["metadata"]["resourceVersion"] == after.body["metadata"]["resourceVersion"]
    return "unchanged" if same else "configured"
