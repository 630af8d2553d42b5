"""A raw HTTP/1.1 client: sends what it is told, and tells a whole answer from a cut one."""

import socket
import time
from dataclasses import dataclass, field

from .wire import Closed, Cut, Fields, Reader, chunk, head_bytes, items

HOST = "test.example"


@dataclass
class Response:
    status: int = 0
    headers: Fields = field(default_factory=Fields)
    body: bytes = b""
    trailers: Fields = field(default_factory=Fields)
    interim: list = field(default_factory=list)  # statuses of the 1xx before it
    complete: bool = False  # False: reset, or cut after the status
    elapsed: float = 0.0  # seconds from the start of the request


class Client:
    """One connection."""

    def __init__(self, port, host="127.0.0.1", timeout=30):
        self.sock = socket.create_connection((host, port), timeout=timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = Reader(self.sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def send_head(self, method="GET", target="/", headers=None, host=HOST):
        fields = items(headers)
        if not any(name.lower() == "host" for name, _ in fields):
            fields.insert(0, ("host", host))
        self.send(head_bytes(f"{method} {target} HTTP/1.1", fields))

    def request(self, method="GET", target="/", headers=None, body=None, host=HOST):
        """One request, one answer. `body`: bytes with a content-length, or an iterable of chunks."""
        start = time.monotonic()
        fields = items(headers)
        if isinstance(body, bytes):
            self.send_head(method, target, [*fields, ("content-length", len(body))], host)
            self.send(body)
        elif body is not None:
            self.send_head(method, target, [*fields, ("transfer-encoding", "chunked")], host)
            for part in body:
                self.send(chunk(part))
            self.send(b"0\r\n\r\n")
        else:
            self.send_head(method, target, fields, host)
        response = self.read_response(method)
        response.elapsed = time.monotonic() - start
        return response

    def read_response(self, method="GET", sink=None):
        """The next answer, 1xx before it included. With `sink` its body goes there instead."""
        response, parts = Response(), []
        sink = sink or parts.append
        try:
            while True:
                start, headers, _ = self.reader.head()
                status = int(start.split(" ")[1])
                if status >= 200 or status == 101:
                    break
                response.interim.append(status)
            response.status, response.headers = status, headers
            if method == "HEAD" or status in (101, 204, 304):
                pass
            elif headers.get("transfer-encoding") == "chunked":
                response.trailers = self.reader.chunks(sink)
            elif headers.get("content-length") is not None:
                self.reader.exactly(int(headers.get("content-length")), sink)
            else:
                self.reader.until_closed(sink)
            response.complete = True
        except (Cut, Closed, ConnectionError):
            pass
        response.body = b"".join(parts)
        return response

    def closed_by_peer(self):
        """True once the peer has closed; waits for it."""
        try:
            return not self.reader.buffer and self.sock.recv(1) == b""
        except ConnectionError:
            return True


def get(port, target="/", headers=None, host=HOST):
    """One GET on a connection of its own."""
    with Client(port) as client:
        return client.request("GET", target, headers, host=host)
