"""An origin that does exactly what a script says, one entry per attempt, and remembers what arrived.

    with Origin(close(), respond(503), respond(200, body=b"fine")) as origin:
        ...
        assert [request.target for request in origin.requests] == ["/a", "/a", "/a"]

An entry is a step, or a list of steps that are played one after another. The last entry serves all later attempts
too. Waiting is done on gates (threading.Event), so that a test and not a clock decides when the origin goes on; `pause`
is there for cases that are about time itself.
"""

import http.client
import itertools
import socket
import threading
import time
from dataclasses import dataclass, field

from .scripted import PATIENCE, Scripted
from .wire import Closed, Cut, Fields, Reader, chunk, head_bytes, items, reset


@dataclass
class Request:
    """One attempt as it arrived."""

    number: int  # of the attempt at this origin, from 0
    connection: int  # of the connection it came on, from 0
    arrived: float  # time.monotonic() when its head was complete
    method: str = ""
    target: str = ""
    headers: Fields = field(default_factory=Fields)
    head: bytes = b""  # as it came
    body: bytes = b""  # as far as it was read
    trailers: Fields = field(default_factory=Fields)
    complete: bool = False  # the whole request was read
    outcome: str = "open"  # then "complete" or "connection_closed"
    ended: float = 0.0  # time.monotonic() when the last byte of the answer was sent or the connection closed


class Exchange:
    """What a step acts on: the request and its connection."""

    def __init__(self, origin, sock, reader, request):
        self.origin, self.sock, self.reader, self.request = origin, sock, reader, request
        self.closed = False

    def send(self, data):
        self.sock.sendall(data)

    def wait(self, gate):
        """Until the gate opens, or the origin closes."""
        deadline = time.monotonic() + PATIENCE
        while not gate.wait(0.02):
            if self.origin.closing.is_set() or time.monotonic() > deadline:
                raise Closed

    def read_request(self):
        """The rest of the request."""
        if self.request.complete:
            return
        request, body = self.request, []
        try:
            if request.headers.get("transfer-encoding") == "chunked":
                request.trailers = self.reader.chunks(body.append)
            else:
                self.reader.exactly(int(request.headers.get("content-length", 0)), body.append)
            request.complete = True
        finally:
            request.body += b"".join(body)

    def read_first_body_bytes(self):
        while not self.reader.buffer:
            self.reader.buffer = self.sock.recv(65536)

    def wait_for_peer(self):
        """Until the peer closes, or the origin does."""
        while not self.origin.closing.is_set():
            try:
                if not self.sock.recv(65536):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        raise Closed

    def hang_up(self, how):
        self.closed = True
        self.origin.settle(self.request, "connection_closed")
        how(self.sock)


# ---- Steps ---------------------------------------------------------------------------------------


def _read(exchange, when):
    if when == "complete":
        exchange.read_request()
    elif when == "body_started":
        exchange.read_first_body_bytes()


def respond(status=200, headers=None, body=b"", *, gate=None, when="complete", end=True, reason=None):
    """An answer, given once `when` of the request is read: headers, body_started, complete.

    With `end=False` a chunked body stays open.
    """

    def step(exchange):
        _read(exchange, when)
        if gate is not None:
            exchange.wait(gate)
        fields = items(headers)
        names = {name.lower() for name, _ in fields}
        framed = names & {"content-length", "transfer-encoding"} or status < 200 or status in (204, 304)
        if not framed:
            fields.append(("content-length", len(body)) if end else ("transfer-encoding", "chunked"))
        payload = body if exchange.request.method != "HEAD" else b""
        if payload and ("transfer-encoding", "chunked") in fields:
            payload = chunk(payload) + (b"0\r\n\r\n" if end else b"")
        text = reason if reason is not None else http.client.responses.get(status, "Unknown")
        exchange.send(head_bytes(f"HTTP/1.1 {status} {text}", fields) + payload)

    return step


def informational(status, headers=None):
    """A 1xx response; the next step gives the final one."""

    def step(exchange):
        exchange.read_request()
        exchange.send(
            head_bytes(f"HTTP/1.1 {status} {http.client.responses.get(status, 'Informational')}", items(headers))
        )

    return step


def garbage(raw=b"this is not HTTP\r\n\r\n"):
    """These bytes instead of an answer."""

    def step(exchange):
        exchange.read_request()
        exchange.send(raw)

    return step


def drip(data, *, gate=None, pause=0.0):
    """These bytes one by one; each after the gate opened (which is closed again), or after a pause."""

    def step(exchange):
        exchange.read_request()
        for byte in data:
            if gate is not None:
                exchange.wait(gate)
                gate.clear()
            exchange.origin.closing.wait(pause)
            exchange.send(bytes([byte]))

    return step


def stream(size, *, block=b"x" * 65536):
    """A body of `size` bytes with its content-length, never held in memory."""

    def step(exchange):
        exchange.read_request()
        exchange.send(head_bytes("HTTP/1.1 200 OK", [("content-length", size)]))
        left = size
        while left:
            exchange.send(block[:left])
            left -= min(left, len(block))

    return step


def swallow(status=200):
    """Reads a body of any size without keeping it, then answers with the number of its bytes."""

    def step(exchange):
        total = 0

        def count(data):
            nonlocal total
            total += len(data)

        if exchange.request.headers.get("transfer-encoding") == "chunked":
            exchange.reader.chunks(count)
        else:
            exchange.reader.exactly(int(exchange.request.headers.get("content-length", 0)), count)
        exchange.request.complete = True
        respond(status, body=str(total).encode())(exchange)

    return step


def pause(seconds, *, when="complete"):
    """Time passes. Ends early when the origin closes."""

    def step(exchange):
        _read(exchange, when)
        exchange.origin.closing.wait(seconds)

    return step


def wait_for(gate, *, when="complete"):
    def step(exchange):
        _read(exchange, when)
        exchange.wait(gate)

    return step


def stall(*, when="complete"):
    """Nothing more, until the peer gives up."""

    def step(exchange):
        _read(exchange, when)
        exchange.wait_for_peer()

    return step


def close(*, when="complete"):
    """FIN."""

    def step(exchange):
        _read(exchange, when)
        exchange.hang_up(lambda sock: (sock.shutdown(socket.SHUT_RDWR), sock.close()))

    return step


def rst(*, when="complete"):
    """RST."""

    def step(exchange):
        _read(exchange, when)
        exchange.hang_up(reset)

    return step


def half_close():
    """FIN for the answer's direction; the request's stays open until the peer closes it."""

    def step(exchange):
        exchange.sock.shutdown(socket.SHUT_WR)
        exchange.wait_for_peer()

    return step


class slam:
    """Accepts and closes at once, before anything is read."""


# ---- The origin ----------------------------------------------------------------------------------


class Origin(Scripted):
    def __init__(self, *script, listening=True, host="127.0.0.1"):
        self.connections = 0
        self._attempts = itertools.count()
        self._open = set()
        super().__init__(script or (respond(),), listening, host)

    def settle(self, request, outcome):
        if request.outcome == "open":
            request.outcome, request.ended = outcome, time.monotonic()

    def _hang_up(self):
        for sock in list(self._open):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the peer was faster

    def _accepted(self, sock, number):
        self.connections = number + 1
        if self.steps(len(self.requests)) == [slam]:
            self._remember(Request(next(self._attempts), number, time.monotonic(), outcome="connection_closed"))
            return sock.close()
        self._open.add(sock)
        self._start(self._serve, sock, number)

    def _serve(self, sock, number):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader, request = Reader(sock), None
        try:
            while not self.closing.is_set():
                sock.settimeout(None)
                start, headers, raw = reader.head()
                method, target, _ = start.split(" ", 2)
                request = Request(next(self._attempts), number, time.monotonic(), method, target, headers, raw)
                self._remember(request)
                if not self._play(Exchange(self, sock, reader, request)):
                    return
                self.settle(request, "complete")
        except (Cut, Closed, OSError):
            pass  # the peer left; the outcome says so
        except Exception as error:  # pylint: disable=broad-except
            self.errors.append(error)
        finally:
            if request is not None:
                self.settle(request, "connection_closed")
            self._open.discard(sock)
            sock.close()

    def _play(self, exchange):
        """-> the connection serves another request."""
        exchange.sock.settimeout(PATIENCE)
        for step in self.steps(exchange.request.number):
            if step is slam:
                exchange.hang_up(socket.socket.close)
            else:
                step(exchange)
            if exchange.closed:
                return False
        exchange.read_request()
        return True


class BlackHole:
    """A port whose connects never complete: its accept queue is full, and more SYNs are dropped."""

    def __init__(self):
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(0)
        self.host, self.port = self._listener.getsockname()
        self._fillers = [socket.socket() for _ in range(4)]
        for filler in self._fillers:
            filler.setblocking(False)
            filler.connect_ex((self.host, self.port))
        time.sleep(0.05)  # the handshakes that fit in

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for sock in [*self._fillers, self._listener]:
            sock.close()
