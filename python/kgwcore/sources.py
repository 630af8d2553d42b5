"""What a caller may give as configuration, as named texts for the library."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union

from kgwcore.errors import KgwError

_SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A text and the name that messages show for it."""

    file: str
    text: bytes
    from_file: bool

    @property
    def native(self) -> tuple[bytes, bytes]:
        """The pair that the library takes.

        A file name may hold bytes that are no UTF-8, and so may a text: the library says where.
        """
        return self.file.encode("utf-8", "surrogateescape"), self.text


Source = Union[str, "os.PathLike[str]", Mapping[str, Any], Document, Iterable[Any]]


def read(source: Source | None) -> list[Document]:
    """The texts of a source.

    A ``str`` with a line break is YAML or JSON text, any other ``str`` and every path object a path. A directory stands
    for all ``*.yaml``, ``*.yml`` and ``*.json`` below it, in the order of their paths. A mapping is one document; any
    other iterable is a list of sources. ``None`` is no text at all. A path that cannot be read raises :class:`OSError`.
    """
    if source is None:
        return []
    if isinstance(source, Document):
        return [source]
    if isinstance(source, str) and "\n" in source:
        return [Document(file="<text>", text=source.encode("utf-8", "surrogateescape"), from_file=False)]
    if isinstance(source, (str, os.PathLike)):
        return _read_path(Path(source))
    if isinstance(source, Mapping):
        return [Document(file="<dict>", text=json.dumps(source).encode(), from_file=False)]
    if isinstance(source, Iterable) and not isinstance(source, (bytes, bytearray)):
        return [document for item in source for document in read(item)]
    raise KgwError(f"a source is a path, a text, a dict or a list of these, not {type(source).__name__}")


def _read_path(path: Path) -> list[Document]:
    files = sorted(file for file in path.rglob("*") if _is_manifest(file)) if path.is_dir() else [path]
    return [Document(file=str(file), text=file.read_bytes(), from_file=True) for file in files]


def _is_manifest(file: Path) -> bool:
    return file.suffix in _SUFFIXES and file.is_file()


def stamps(source: Source | None) -> dict[str, tuple[int, int, int]]:
    """Identity, time and size of each file of a source: two answers differ when a reload would read something else."""
    found = {}
    for path in _paths(source):
        try:
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if file == path or _is_manifest(file):
                    state = file.stat()
                    found[str(file)] = (state.st_ino, state.st_mtime_ns, state.st_size)
        except OSError:
            continue  # the file is being replaced: the next look sees the new one
    return found


def _paths(source: Source | None) -> list[Path]:
    if source is None or isinstance(source, (Mapping, Document)):
        return []
    if isinstance(source, str) and "\n" in source:
        return []
    if isinstance(source, (str, os.PathLike)):
        return [Path(source)]
    return [path for item in source for path in _paths(item)]
