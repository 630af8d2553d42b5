"""One connection of the small httpbin: HTTP/1.1 with keep-alive, bodies by length or chunked."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import BinaryIO

from kgwcore._httpbin.pages import answer
from kgwcore._httpbin.request import Reply, Request, parse_head

_MAX_LINE = 65536
_MAX_BODY = 16 * 1024 * 1024


class BadRequest(Exception):
    """The peer does not speak HTTP/1.1."""


class Connection:
    """Answers the requests of one client, one after the other."""

    def __init__(self, client: socket.socket, stopping: threading.Event) -> None:
        self._client = client
        self._peer = client.getpeername()[0] if client.family != socket.AF_UNIX else ""
        self._reader: BinaryIO = client.makefile("rb")
        self._stopping = stopping

    def serve(self) -> None:
        """Until the client leaves, or :meth:`shut`."""
        try:
            while not self._stopping.is_set() and self._exchange():
                pass
        except OSError:
            pass  # the client left, or shut() was called
        finally:
            self.close()

    def shut(self) -> None:
        """From another thread: ends a read or write that waits."""
        with suppress(OSError):  # closed meanwhile
            self._client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Ends the connection, also where a forked child has a copy of the socket."""
        self.shut()
        with suppress(OSError):
            self._reader.close()
            self._client.close()

    def _exchange(self) -> bool:
        try:
            request = self._read()
        except BadRequest as problem:
            reply = Reply(status=400, body=f"{problem}\n".encode(), content_type="text/plain; charset=utf-8")
            self._write(reply, "GET", False)
            return False
        if request is None:
            return False
        reply = answer(request, self._stopping)
        keep = request.keep_alive and not self._stopping.is_set()
        self._write(reply, request.method, keep)
        return keep

    def _read(self) -> Request | None:
        line = self._line()
        if not line:
            return None
        fields = []
        while (field := self._line()) not in (b"\r\n", b"\n", b""):
            fields.append(field)
        try:
            request = parse_head(line, fields, self._peer)
        except ValueError as error:
            raise BadRequest(str(error)) from None
        if request.header("Expect").lower() == "100-continue":
            self._client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.body = self._body(request)
        return request

    def _line(self) -> bytes:
        line = self._reader.readline(_MAX_LINE + 1)
        if len(line) > _MAX_LINE:
            raise BadRequest("line too long")
        return line

    def _body(self, request: Request) -> bytes:
        if request.header("Transfer-Encoding").lower() == "chunked":
            return self._chunks()
        length = request.header("Content-Length") or "0"
        if not length.isdecimal() or int(length) > _MAX_BODY:
            raise BadRequest("bad content-length")
        return self._exactly(int(length))

    def _chunks(self) -> bytes:
        body = bytearray()
        while (size := self._chunk_size()) > 0:
            if len(body) + size > _MAX_BODY:
                raise BadRequest("body too large")
            body += self._exactly(size)
            self._line()
        while self._line() not in (b"\r\n", b"\n", b""):
            pass  # trailers
        return bytes(body)

    def _chunk_size(self) -> int:
        try:
            return int(self._line().split(b";")[0].strip(), 16)
        except ValueError:
            raise BadRequest("bad chunk size") from None

    def _exactly(self, size: int) -> bytes:
        body = self._reader.read(size)
        if len(body) < size:
            raise ConnectionError("the client left in the middle of a body")
        return body

    def _write(self, reply: Reply, method: str, keep: bool) -> None:
        self._client.sendall(reply.head(keep) + (b"" if method == "HEAD" else reply.body))
