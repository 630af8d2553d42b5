"""Requests and replies of the small httpbin."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(slots=True)
class Request:
    """A request; ``headers`` are lists by canonical name, as go-httpbin shows them."""

    method: str
    target: str
    version: str
    headers: dict[str, list[str]]
    peer: str
    body: bytes = b""

    def header(self, name: str) -> str:
        """The first value of a header given by its canonical name; empty when there is none."""
        return self.headers.get(name, [""])[0]

    @property
    def path(self) -> str:
        """The path, decoded."""
        return unquote(urlsplit(self.target).path)

    @property
    def args(self) -> dict[str, list[str]]:
        """The query, decoded."""
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def url(self) -> str:
        """The whole URL as the client wrote it, by its Host and the forwarded scheme."""
        if self.target.startswith("http"):
            return self.target
        return f"{self.header('X-Forwarded-Proto') or 'http'}://{self.header('Host')}{self.target}"

    @property
    def keep_alive(self) -> bool:
        """Whether the connection outlives this request."""
        connection = self.header("Connection").lower()
        return connection == "keep-alive" if self.version == "HTTP/1.0" else connection != "close"


@dataclass(slots=True)
class Reply:
    """A response, complete in memory."""

    status: int = 200
    body: bytes = b""
    content_type: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(cls, value: Any, status: int = 200) -> Reply:
        """Indented by two, as go-httpbin writes it."""
        body = json.dumps(value, indent=2).encode() + b"\n"
        return cls(status=status, body=body, content_type="application/json; charset=utf-8")

    def head(self, keep: bool) -> bytes:
        """Status line and headers. A status that has no body has no length either."""
        lines = [f"HTTP/1.1 {self.status} {_reason(self.status)}", f"Date: {formatdate(usegmt=True)}"]
        if self.content_type:
            lines.append(f"Content-Type: {self.content_type}")
        if self.status >= 200 and self.status not in (204, 304):
            lines.append(f"Content-Length: {len(self.body)}")
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines.append(f"Connection: {'keep-alive' if keep else 'close'}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Status"


def canonical(name: str) -> str:
    """A header name as Go writes it: ``x-request-id`` is ``X-Request-Id``."""
    return "-".join(part.capitalize() for part in name.split("-"))


def parse_head(line: bytes, fields: list[bytes], peer: str) -> Request:
    """A request line and its header lines; :class:`ValueError` for what is none."""
    parts = line.decode("latin-1").split()
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise ValueError("bad request line")
    headers: dict[str, list[str]] = {}
    for text in fields:
        name, colon, value = text.decode("latin-1").partition(":")
        if not colon or not name or name != name.strip():
            raise ValueError("bad header line")
        headers.setdefault(canonical(name), []).append(value.strip())
    return Request(method=parts[0], target=parts[1], version=parts[2], headers=headers, peer=peer)
