"""``kgwcore delete``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from kgwcore._cli.admin import Admin
from kgwcore._cli.discovery import Discovery, Kind
from kgwcore._cli.exit import Exit
from kgwcore._cli.manifests import load

DEFAULT_NAMESPACE = "default"

Target = tuple[Kind, str, str]  # kind, namespace, name


def delete(arguments: argparse.Namespace) -> int:
    """Deletes objects by name or by document; 1 when one was not there or was refused."""
    if bool(arguments.names) == bool(arguments.filename):
        arguments.usage_error("need KIND NAME or -f")
    with Admin(arguments) as admin:
        kinds = Discovery(admin)
        targets = list(_named(kinds, arguments) if arguments.names else _documents(kinds, arguments))
        done = [_delete(admin, target, arguments.ignore_not_found) for target in targets]
    return 0 if all(done) else 1


def split_names(words: list[str]) -> list[tuple[str, str]]:
    """(kind, name) of ``KIND NAME…`` or of ``KIND/NAME…``."""
    if any("/" in word for word in words):
        pairs = [word.partition("/")[::2] for word in words]
        if not all(kind and name for kind, name in pairs):
            raise Exit(2, "KIND/NAME and KIND NAME cannot be mixed")
        return pairs
    return [(words[0], name) for name in words[1:]]


def _named(kinds: Discovery, arguments: argparse.Namespace) -> Iterator[Target]:
    pairs = split_names(arguments.names)
    if not pairs:
        arguments.usage_error("need a NAME after KIND")
    for kind, name in pairs:
        yield kinds.named(kind), arguments.namespace or DEFAULT_NAMESPACE, name


def _documents(kinds: Discovery, arguments: argparse.Namespace) -> Iterator[Target]:
    good, rejected = load(arguments.filename, arguments.namespace)
    for result in rejected:
        for problem in result.diagnostics:
            print(problem, file=sys.stderr)
    if rejected:
        raise Exit(1)
    for result, document in good:
        if document is not None:
            yield kinds.of(document), result.namespace, result.name


def _delete(admin: Admin, target: Target, ignore_not_found: bool) -> bool:
    kind, namespace, name = target
    answer = admin.request("DELETE", kind.path(namespace, name), {"propagationPolicy": "Background"})
    if answer.status == 404 and ignore_not_found:
        return True
    if answer.failed:
        print(f"kgwcore: {answer.message}", file=sys.stderr)
        return False
    print(f'{kind.full_singular} "{name}" deleted')
    return True
