"""The list of differences, differences.yaml: a reason, and below it by peer and verdict the cases it explains.

    KGW_WIRE_UPDATE=1 pytest tests/interop/wire_test.py

writes it anew from what is seen; what has no reason yet is put under UNEXPLAINED, and somebody has to find one. The
verdict ANY is for cases that a peer does not decide the same way each time.
"""

import json
import re
from collections import defaultdict

import yaml

from .cases import CASES_FOLDER

FILE = CASES_FOLDER / "differences.yaml"
UNEXPLAINED = "UNEXPLAINED"
ANY = "ANY"
COLUMNS = 110
HEAD = "# What other proxies do where kgwcore does something else, and why. differences.py says how to write it anew.\n"

Reasons = list[dict]


def load() -> Reasons:
    return yaml.safe_load(FILE.read_text(encoding="utf-8")) or []


def known(peer: str, reasons: Reasons) -> dict[str, str]:
    """-> case, verdict of that peer where it is not kgwcore's."""
    verdicts: dict[str, str] = {}
    for reason in reasons:
        for verdict, names in reason.get(peer, {}).items():
            for name in names:
                assert name not in verdicts, f"{peer}: {name} is listed twice"
                verdicts[name] = str(verdict)
    return verdicts


def unlisted(found: dict[str, str], listed: dict[str, str]) -> dict[str, str]:
    """-> where the two are not the same, with both verdicts."""
    names = [name for name in {**found, **listed} if listed.get(name) != ANY]
    return {
        name: f"listed: {listed.get(name)}, seen: {found.get(name)}"
        for name in names
        if listed.get(name) != found.get(name)
    }


def updated(peer: str, found: dict[str, str], reasons: Reasons) -> Reasons:
    """The list with what was found of that peer. A case stays below the reason that it had, and ANY stays ANY."""
    reason_of = {name: r["reason"] for r in reasons for names in r.get(peer, {}).values() for name in names}
    groups: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    anyhow = {name: ANY for name, verdict in known(peer, reasons).items() if verdict == ANY}
    for name, verdict in {**found, **anyhow}.items():
        groups[reason_of.get(name, UNEXPLAINED)][verdict].append(name)
    texts = [reason["reason"] for reason in reasons]
    others = {r["reason"]: {key: value for key, value in r.items() if key != peer} for r in reasons}
    for text in [*texts, *(text for text in groups if text not in texts)]:
        others.setdefault(text, {"reason": text})
        if text in groups:
            others[text][peer] = groups[text]
    return [reason for reason in others.values() if len(reason) > 1]


def write(reasons: Reasons) -> None:
    lines = [HEAD]
    for reason in reasons:
        lines.append(f"\n- reason: {json.dumps(reason['reason'])}\n")
        for peer in sorted(reason.keys() - {"reason"}):
            lines.append(f"  {peer}:\n")
            for verdict, names in reason[peer].items():
                shown = ", ".join(map(json.dumps, names))
                lines += [f"    {json.dumps(verdict)}:\n", *(f"      {line}\n" for line in wrapped(f"[{shown}]"))]
    FILE.write_text("".join(lines), encoding="utf-8")


def wrapped(text: str) -> list[str]:
    """Lines that are broken between two elements of a list only."""
    lines = [""]
    for part in re.split('(?<=", )(?=")', text):
        if lines[-1] and len(lines[-1]) + len(part) > COLUMNS:
            lines.append("")
        lines[-1] += part
    return [line.rstrip() for line in lines]
