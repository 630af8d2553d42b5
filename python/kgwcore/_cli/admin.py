"""HTTP to the admin address of a running gateway."""

from __future__ import annotations

import argparse
import http.client
import json
import re
import sys
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from kgwcore._cli.exit import Exit

_WARNING = re.compile(r'299 \S+ "((?:[^"\\]|\\.)*)"')


def base_url(address: str) -> str:
    """``http://ADDR:PORT`` of what ``--admin-address`` says, which may be that already."""
    return address.rstrip("/") if address.startswith("http://") else f"http://{address}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: its status and its JSON."""

    status: int
    body: Any

    @property
    def failed(self) -> bool:
        """Whether the request was refused."""
        return self.status >= 400

    @property
    def message(self) -> str:
        """What kubectl would print for this failure."""
        reason, message = self.body.get("reason") or self.status, self.body.get("message", "")
        causes = self.body.get("details", {}).get("causes", [])
        if reason == "Invalid" and len(causes) > 1:
            lines = "".join(f"\n* {cause['field']}: {cause['message']}" for cause in causes)
            return f"{message.split(' is invalid')[0]} is invalid:{lines}"
        return f"error from the gateway ({reason}): {message}"


class Admin:
    """One keep-alive connection. Every failure to get an answer ends the command with code 3."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._url = base_url(arguments.admin_address)
        self._token: str | None = arguments.admin_token
        try:
            parts = urlsplit(self._url)
            self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=60)
        except ValueError as error:
            raise Exit(2, f"--admin-address {arguments.admin_address}: {error}") from None

    def __enter__(self) -> Admin:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._connection.close()

    def request(self, method: str, path: str, body: Any = None, *, accept: str = "application/json") -> Answer:
        """Sends one request and prints the warnings of its answer to standard error."""
        headers = {"Accept": accept}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            self._connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Exit(3, f"no gateway answers at {self._url}: {error}; `kgwcore run` starts one") from None
        for warning in response.headers.get_all("Warning", []):
            for quoted in _WARNING.findall(warning):
                print("Warning: " + re.sub(r"\\(.)", r"\1", quoted), file=sys.stderr)
        return Answer(response.status, self._json(text))

    def get(self, path: str, *, accept: str = "application/json") -> Any:
        """The JSON of a path; a refusal ends the command with code 1."""
        answer = self.request("GET", path, accept=accept)
        if answer.failed:
            raise Exit(1, answer.message)
        return answer.body

    def _json(self, text: bytes) -> Any:
        try:
            return json.loads(text)
        except ValueError:
            raise Exit(3, f"what answers at {self._url} is no kgwcore admin address") from None
