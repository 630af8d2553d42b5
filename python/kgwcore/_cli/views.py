"""Verbs that show what a running gateway does."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import Any

from kgwcore._cli.admin import Admin
from kgwcore._cli.table import table

_ROUTE = ("listener", "hostname", "path_kind", "path", "method", "conditions", "rule", "target", "budget")
_REQUEST = ("START", "METHOD", "AUTHORITY", "PATH", "CODE", "FLAGS", "MS", "TRIES", "ROUTE")


def routes(arguments: argparse.Namespace) -> int:
    """Prints the route table in match order."""
    with Admin(arguments) as admin:
        rows = admin.get("/kgw/v1/routes")
    if arguments.output == "json":
        print(json.dumps(rows, indent=2))
    else:
        print(table([name.upper() for name in _ROUTE], [[row[name] or "-" for name in _ROUTE] for row in rows]))
    return 0


def attempts(arguments: argparse.Namespace) -> int:
    """Prints the last requests, each with its tries and, in words, why no other try followed."""
    if arguments.limit < 0:
        arguments.usage_error("--limit: need 0 or more")
    with Admin(arguments) as admin:
        rows = admin.get(f"/kgw/v1/attempts?limit={arguments.limit}")
    if arguments.output == "json":
        print(json.dumps(rows, indent=2))
    else:
        for line in _lines(rows):
            print(line)
    return 0


def _lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    header, *requests = table(_REQUEST, [_request(row) for row in rows]).splitlines()
    yield header
    for line, row in zip(requests, rows, strict=True):
        yield line
        for number, attempt in enumerate(row["attempts"], 1):
            yield f"  {number}. {_attempt(attempt)}"


def _request(row: dict[str, Any]) -> list[str]:
    duration = f"{row['duration']:.1f}"
    fields = ("start_time", "method", "authority", "path", "response_code", "response_flags")
    return [
        *(str(row[name]) for name in fields),
        duration,
        str(row["upstream_request_attempt_count"]),
        row["route_name"] or "-",
    ]


def _attempt(attempt: dict[str, Any]) -> str:
    answered = attempt.get("status")
    outcome = str(answered) if answered else attempt.get("reset_reason") or "no answer"
    reused = " on a kept connection" if attempt["reused"] else ""
    took = "" if attempt["end_ms"] is None else f" after {attempt['end_ms'] - attempt['start_ms']:.1f} ms"
    delay = "" if attempt["delay_ms"] is None else f" in {attempt['delay_ms']:.1f} ms"
    reason = attempt.get("decision_text") or attempt["decision"]
    return f"{attempt['endpoint'] or 'no endpoint'}{reused}: {outcome}{took}: {reason}{delay}"
