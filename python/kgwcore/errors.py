"""Exceptions of kgwcore, and what a load reports.

Every failure of the library is a :class:`KgwError` with the stable number and name of the C API. Where Python has a
word for the failure, the class is that exception too: ``except OSError`` catches a port in use, ``except KeyError`` an
object that is not there.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from kgwcore import _core

Status = enum.IntEnum("Status", [(name, number) for name, number, _, _ in _core.statuses()])  # type: ignore[misc]
Status.__doc__ = "Every status of the C API by name; the numbers are stable."


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One problem of a document.

    ``severity`` is ``"error"`` or ``"warning"``; ``code`` one stable word such as ``"unknown_field"``; ``line`` and
    ``column`` count from 1 and are 0 when there is no position; ``object`` is ``KIND NAMESPACE/NAME``; ``path`` the
    field. ``str()`` gives the whole line, ``FILE:LINE:COL: OBJECT: PATH: TEXT``.
    """

    severity: str
    code: str
    file: str
    line: int
    column: int
    object: str
    path: str
    text: str
    full: str

    def __str__(self) -> str:
        return self.full

    def as_dict(self) -> dict[str, Any]:
        """The fields as a new dict, without the composed line."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "full"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one document of an ``apply``.

    ``outcome`` is ``created``, ``configured``, ``unchanged``, ``ignored``, ``rejected`` or (by a reload) ``deleted``.
    ``kind``, ``namespace`` and ``name`` are set as far as they could be read; ``resource`` is what kubectl prints.
    ``str()`` gives kubectl's line.
    """

    outcome: str
    kind: str
    namespace: str
    name: str
    resource: str
    diagnostics: tuple[Diagnostic, ...]

    def __str__(self) -> str:
        return f"{self.resource} {self.outcome}"


class KgwError(Exception):
    """A call of the library failed.

    ``code`` is the number (see :class:`Status`), ``name`` its word, for example ``"not_found"``, and ``message`` the
    sentence.
    """

    def __init__(self, message: str, *, code: int = 0x0101, name: str = "usage") -> None:
        super().__init__(message)
        self.code = code
        self.name = name
        self.message = message

    def __str__(self) -> str:
        return self.message


class ConfigError(KgwError, ValueError):
    """The configuration breaks a rule.

    ``diagnostics`` has every problem of every document; ``results`` what became of each document (empty when the call
    has none).
    """

    def __init__(
        self,
        message: str,
        *,
        code: int = 0x0201,
        name: str = "config",
        diagnostics: Sequence[Diagnostic] = (),
        results: Sequence[Result] = (),
    ) -> None:
        super().__init__(message, code=code, name=name)
        self.diagnostics = tuple(diagnostics)
        self.results = list(results)


class BindError(KgwError, OSError):
    """A socket or the access log could not be opened; ``errno`` says why where the operating system refused."""

    def __init__(
        self, message: str, *, code: int = 0x0301, name: str = "address_in_use", errno: int | None = None
    ) -> None:
        super().__init__(message, code=code, name=name)
        self.errno = errno


class NotFoundError(KgwError, KeyError):
    """There is no such object, or no such listener."""

    def __init__(self, message: str, *, code: int = 0x0203, name: str = "not_found") -> None:
        super().__init__(message, code=code, name=name)


class ClosedError(KgwError):
    """The gateway is closed, was not started, or was inherited by a forked process."""

    def __init__(self, message: str, *, code: int = 0x0701, name: str = "state") -> None:
        super().__init__(message, code=code, name=name)


class InternalError(KgwError):
    """A defect of kgwcore, or no memory. Please report it with the message."""


_CLASSES: dict[str, type[KgwError]] = {
    "KgwError": KgwError,
    "ConfigError": ConfigError,
    "BindError": BindError,
    "NotFoundError": NotFoundError,
    "ClosedError": ClosedError,
    "InternalError": InternalError,
}
_BY_CODE = {number: _CLASSES[exception] for _, number, _, exception in _core.statuses() if exception}


def to_results(rows: Sequence[Mapping[str, Any]]) -> list[Result]:
    """Results from the rows of the extension."""
    return [Result(**{**row, "diagnostics": to_diagnostics(row["diagnostics"])}) for row in rows]


def to_diagnostics(rows: Sequence[Mapping[str, Any]]) -> tuple[Diagnostic, ...]:
    """Diagnostics from the rows of the extension."""
    return tuple(Diagnostic(**row) for row in rows)


def from_native(
    code: int,
    name: str,
    message: str,
    os_error: int,
    diagnostics: Sequence[Mapping[str, Any]],
    results: Sequence[Mapping[str, Any]] | None,
) -> KgwError:
    """The exception for a failed call; the extension calls this and raises what it returns."""
    kind = _BY_CODE.get(code, InternalError)
    if issubclass(kind, ConfigError):
        outcomes = to_results(results or ())
        problems = to_diagnostics(diagnostics) or tuple(
            problem for result in outcomes for problem in result.diagnostics
        )
        return kind(message, code=code, name=name, diagnostics=problems, results=outcomes)
    if issubclass(kind, BindError):
        return kind(message, code=code, name=name, errno=os_error or None)
    return kind(message, code=code, name=name)
