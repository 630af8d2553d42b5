"""The cases: raw bytes with the clause they are about and what kgwcore has to do with them, out of YAML.

A file is a list of entries. An entry with `each` stands for as many cases as it lists values, one per `{}`.

    name    unique; "{}" in it is the value
    rfc     the clause
    level   must: the clause binds every recipient; policy: a choice that is left open
    expect  the verdict on kgwcore (see verdict.py); a bare status means: answered with it, closed, nothing forwarded
    also    further verdicts (globs) with which the clause is kept as well, for the count of violations
    defect  what kgwcore lacks to do it: the case has to fail until it does
    see     names of fields that belong to the verdict: as the origin saw them, or the client

    line    request line, GET /a HTTP/1.1 if it is not given, POST with `body`
    host    lines in front of `head`, Host: h.test if it is not given
    head    more lines of the head
    body    what follows the head
    then    what follows the request in the same piece
    send    all of that as raw bytes

    answer  (responses) raw bytes of the origin
    close   (responses) the origin closes behind them

Characters are bytes (latin-1), escapes are YAML's ("\\0", "\\xff"); `<3*ab>` is ababab.
"""

import functools
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

CASES_FOLDER = Path(__file__).parent
REPEAT = re.compile(r"<(\d+)\*(.*?)>", re.DOTALL)


@dataclass(frozen=True)
class Case:
    name: str
    rfc: str
    level: str
    request: bytes
    expect: str
    also: tuple[str, ...] = ()
    see: tuple[str, ...] = ()
    answer: bytes | None = None  # of the origin; None: its own well-formed one
    close: bool = False
    defect: str = ""  # why kgwcore does not do it yet
    head: bool = False  # the answer has no body

    @property
    def about_response(self) -> bool:
        return self.answer is not None


def raw(text: str) -> bytes:
    return REPEAT.sub(lambda found: int(found[1]) * found[2], text).encode("latin-1")


def request_of(entry: dict) -> bytes:
    if "send" in entry:
        return raw(entry["send"])
    body = entry.get("body", "")
    line = entry.get("line", "POST /a HTTP/1.1" if body else "GET /a HTTP/1.1")
    lines = [line, *entry.get("host", ["Host: h.test"]), *entry.get("head", []), "", body]
    return raw("\r\n".join(lines) + entry.get("then", ""))


def expectation(value: object, about_response: bool) -> str:
    if not isinstance(value, int):
        return str(value)
    return f"{value}; next ok" if about_response else f"{value} closed"


def readable(value: str) -> str:
    return "".join(c if 0x20 <= ord(c) < 0x7F else f"\\x{ord(c):02x}" for c in value)


def filled(thing: object, value: str) -> object:
    """The entry with "{}" replaced by the value, everywhere."""
    if isinstance(thing, str):
        return thing.replace("{}", value)
    if isinstance(thing, list):
        return [filled(element, value) for element in thing]
    return {key: filled(element, value) for key, element in thing.items()} if isinstance(thing, dict) else thing


def variants(entry: dict) -> list[dict]:
    values = entry.pop("each", None)
    if values is None:
        return [entry]
    name = entry["name"]
    return [{**filled(entry, str(value)), "name": name.replace("{}", readable(str(value)))} for value in values]


def case_of(entry: dict) -> Case:
    answer = raw(entry["answer"]) if "answer" in entry else None
    request = request_of(entry)
    return Case(
        name=entry["name"],
        rfc=str(entry["rfc"]),
        level=entry["level"],
        request=request,
        expect=expectation(entry["expect"], answer is not None),
        also=tuple(entry.get("also", ())),
        see=tuple(entry.get("see", ())),
        answer=answer,
        close=entry.get("close", False),
        defect=entry.get("defect", ""),
        head=request.startswith(b"HEAD "),
    )


@functools.cache
def load() -> dict[str, Case]:
    entries = [entry for name in ("requests.yaml", "responses.yaml") for entry in yaml.safe_load(open_text(name))]
    cases = [case_of(variant) for entry in entries for variant in variants(entry)]
    names = [case.name for case in cases]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)
    return {case.name: case for case in cases}


def open_text(name: str) -> str:
    return (CASES_FOLDER / name).read_text(encoding="utf-8")
