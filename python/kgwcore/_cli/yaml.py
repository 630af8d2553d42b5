"""JSON-like data as YAML. Reading YAML is the library's business; this only prints."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

# What every YAML reads back as the same text without quotes: letters first, nothing that means something else anywhere.
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_/.()+-]*(?:(?: |:(?=[^\s:]))[A-Za-z0-9_/.()+-]+)*")
_WORDS = frozenset(["null", "true", "false", "yes", "no", "on", "off", "y", "n"])
_UNPRINTABLE = r"\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff"
_BLOCK = re.compile(rf"[^\s{_UNPRINTABLE}][^{_UNPRINTABLE}]*")


def dump(value: Any) -> str:
    """One document, keys in their order, with a line break at the end."""
    return "".join(line + "\n" for line in _lines(value))


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _entry(_scalar(str(key)) + ":", item, "" if isinstance(item, list) else "  ")
    elif isinstance(value, list) and value:
        for item in value:
            yield from _item(item)
    elif isinstance(value, str) and _is_block(value):
        yield from _block("", value)
    else:
        yield _scalar(value)


def _entry(key: str, item: Any, indent: str) -> Iterator[str]:
    if isinstance(item, (dict, list)) and item:
        yield key
        yield from (indent + line for line in _lines(item))
    elif isinstance(item, str) and _is_block(item):
        yield from _block(key + " ", item)
    else:
        yield f"{key} {_scalar(item)}"


def _item(item: Any) -> Iterator[str]:
    lead = "- "
    for line in _lines(item):
        yield lead + line
        lead = "  "


def _is_block(text: str) -> bool:
    one_break_ends_it = text.endswith("\n") and not text.endswith("\n\n")
    return one_break_ends_it and " \n" not in text and _BLOCK.fullmatch(text) is not None


def _block(lead: str, text: str) -> Iterator[str]:
    yield lead + "|"
    for line in text[:-1].split("\n"):
        yield "  " + line if line else ""


def _scalar(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return _quoted(value)


def _quoted(text: str) -> str:
    return '"' + "".join(_character(character) for character in text) + '"'


def _character(character: str) -> str:
    code = ord(character)
    if code > 0xFFFF and not character.isprintable():
        return f"\\U{code:08x}"  # JSON would take two escapes, which YAML reads as two characters
    return character if code > 0x7E and character.isprintable() else json.dumps(character)[1:-1]
