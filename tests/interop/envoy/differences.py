"""The list of differences, differences.yaml: a reason, below it what differs, and in which cases.

    KGW_ENVOY_UPDATE=1 pytest tests/interop/envoy_test.py

writes it anew from what is seen; what has no reason yet is put under UNEXPLAINED, and somebody has to find one. A case
stays below the reason that the same difference had before, in it or in another case.
"""

import json
from collections import defaultdict
from collections.abc import Iterable

import yaml

from .table import FOLDER

FILE = FOLDER / "differences.yaml"
UNEXPLAINED = "UNEXPLAINED"
HEAD = "# Where kgwcore does something else than Envoy, and why. differences.py says how to write it anew.\n"

Found = dict[str, list[str]]  # by case: lines of outcome.differences


def load() -> list[dict]:
    return yaml.safe_load(FILE.read_text(encoding="utf-8")) or [] if FILE.exists() else []


def known(reasons: list[dict]) -> Found:
    lines: Found = defaultdict(list)
    for reason in reasons:
        for line, names in reason["differences"].items():
            for name in names:
                assert line not in lines[name], f"{name}: {line} is listed twice"
                lines[name].append(line)
    return {name: sorted(found) for name, found in lines.items()}


def updated(found: Found, reasons: list[dict], compared: Iterable[str]) -> list[dict]:
    """The list with what was found of the cases that were compared."""
    of_case, of_line = {}, {}
    found = found | {name: lines for name, lines in known(reasons).items() if name not in compared}
    for reason in reasons:
        for line, names in reason["differences"].items():
            of_line.setdefault(line, reason["reason"])
            of_case.update({(name, line): reason["reason"] for name in names})
    groups: dict[str, dict[str, list[str]]] = {reason["reason"]: defaultdict(list) for reason in reasons}
    for name, lines in sorted(found.items()):
        for line in lines:
            reason = of_case.get((name, line), of_line.get(line, UNEXPLAINED))
            groups.setdefault(reason, defaultdict(list))[line].append(name)
    return [{"reason": reason, "differences": dict(lines)} for reason, lines in groups.items() if lines]


def write(reasons: list[dict]) -> None:
    lines = [HEAD]
    for reason in reasons:
        lines.append(f"\n- reason: {json.dumps(reason['reason'])}\n  differences:\n")
        for line, names in reason["differences"].items():
            lines.append(f"    {json.dumps(line)}:\n")
            lines += [f"    - {json.dumps(name)}\n" for name in names]
    FILE.write_text("".join(lines), encoding="utf-8")
