"""What ``-f`` names."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from kgwcore.sources import Document, Source


def sources(names: Sequence[str] | None) -> list[Source]:
    """One source per ``-f``.

    Standard input is read here; a path object is never taken for a text, whatever its name.
    """
    return [_standard_input() if name == "-" else Path(name) for name in names or ()]


def _standard_input() -> Document:
    return Document(file="-", text=sys.stdin.buffer.read(), from_file=False)
