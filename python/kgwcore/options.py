"""Keyword options as the library takes them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, Union

from kgwcore.logging import level_number
from kgwcore.views import socket_address

Address = str | int
Listen = Mapping[str, Address] | Iterable[str]
Backend = Mapping[str, str | Iterable[str]] | Iterable[str]
Path = Union[str, "os.PathLike[str]"]
Settings = Mapping[str, str | int | bool] | Iterable[str]


def native_options(
    *,
    host: str | None,
    listen: Listen | None,
    backend: Backend | None,
    settings: Settings | None,
    edge: bool,
    concurrency: int,
    admin_address: str | None,
    admin_token: str | None,
    log_level: str,
    keep_going: bool,
    access_log: Path | None = None,
    access_log_headers: Iterable[str] | None = None,
    internal_cidr: Iterable[str] | None = None,
) -> dict[str, Any]:
    """The options of the extension's gateway. What is None stays the library's default."""
    values: dict[str, Any] = {
        "host": host,
        "listen": pairs(listen, lambda address: _address(address, host)),
        "backend": pairs(backend, _joined),
        "settings": pairs(settings, _setting),
        "edge": edge,
        "concurrency": concurrency,
        "admin_address": None if admin_address == "off" else admin_address,
        "admin_token": admin_token,
        "log_level": level_number(log_level),
        "log": log_level != "off",
        "keep_going": keep_going,
        "access_log": None if access_log is None else os.fsencode(access_log),
        "access_log_headers": _names(access_log_headers),
        "internal_cidr": _names(internal_cidr),
    }
    return {key: value for key, value in values.items() if value is not None}


def pairs(values: Mapping[str, Any] | Iterable[str] | None, to_text: Any) -> list[str] | None:
    """``NAME=VALUE`` texts of a mapping; a list of such texts stays as it is."""
    if values is None:
        return None
    if isinstance(values, str):
        return [values]
    if isinstance(values, Mapping):
        return [f"{name}={to_text(value)}" for name, value in values.items()]
    return list(values)


def _names(names: Iterable[str] | None) -> list[str] | None:
    if names is None:
        return None
    return [names] if isinstance(names, str) else list(names)


def _address(address: Address, host: str | None) -> str:
    return socket_address(host or "127.0.0.1", address) if isinstance(address, int) else address


def _joined(endpoints: str | Iterable[str]) -> str:
    return endpoints if isinstance(endpoints, str) else ",".join(endpoints)


def _setting(value: str | int | bool) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
