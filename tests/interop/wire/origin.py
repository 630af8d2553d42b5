"""An origin that keeps every byte: one case at a time, on any number of connections."""

import contextlib
import selectors
import socket
import threading
import time

from .cases import Case
from .message import Message, parse_request

MARKER = "/marker"  # the target of the request that shows whether a connection is still sane
PATIENCE = 3  # seconds until a proxy has closed what the origin closed


class Connection:
    def __init__(self, sock: socket.socket) -> None:
        self.sock, self.rest, self.finished = sock, b"", False
        sock.settimeout(PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def finish(self) -> None:
        """No more is sent; the proxy has to close."""
        self.finished = True
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)


class Origin:
    """`play` sets the case, `finish` ends it: all connections are closed, and what came is complete."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._wake, self._woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._woken, selectors.EVENT_READ, self._command)
        self._connections: list[Connection] = []
        self._seen: list[Message] = []
        self._parts = b""
        self._case: Case | None = None
        self._deadline: float | None = None  # of the end of a case
        self._at_rest = threading.Event()
        self._closed = threading.Event()
        self._running = True
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def play(self, case: Case) -> None:
        self._case, self._seen, self._parts = case, [], b""
        self._closed.clear()

    def wait_for_close(self, patience: float) -> None:
        """Until the proxy has closed the connection that the case closed."""
        self._closed.wait(patience)

    def finish(self) -> tuple[list[Message], bytes]:
        """-> the complete requests that came, in order, and what came of others."""
        self._at_rest.clear()
        self._wake.send(b"f")
        assert self._at_rest.wait(2 * PATIENCE), "the origin does not come to rest"
        return self._seen, self._parts

    def close(self) -> None:
        self._wake.send(b"c")
        self._thread.join(PATIENCE)
        for sock in (self._listener, self._wake, self._woken):
            sock.close()

    def _run(self) -> None:
        while self._running:
            for key, _ in self._selector.select(0.1 if self._deadline else None):
                key.data()
            if self._deadline and (not self._connections or time.monotonic() > self._deadline):
                for connection in list(self._connections):
                    self._drop(connection)
                self._deadline = None
                self._at_rest.set()

    def _command(self) -> None:
        if self._woken.recv(1) == b"c":
            self._running = False
            return
        self._accept()
        self._deadline = time.monotonic() + PATIENCE
        for connection in self._connections:
            connection.finish()

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                connection = Connection(self._listener.accept()[0])
                self._connections.append(connection)
                self._selector.register(connection.sock, selectors.EVENT_READ, lambda at=connection: self._read(at))
                if self._deadline:
                    connection.finish()

    def _drop(self, connection: Connection) -> None:
        self._selector.unregister(connection.sock)
        self._connections.remove(connection)
        connection.sock.close()
        self._parts += connection.rest
        if connection.finished:
            self._closed.set()

    def _read(self, connection: Connection) -> None:
        try:
            data = connection.sock.recv(1 << 20)
        except OSError:
            data = b""
        if not data:
            return self._drop(connection)
        connection.rest += data
        try:
            while parsed := parse_request(connection.rest):
                message, connection.rest = parsed
                self._take(connection, message)
        except ValueError:
            self._seen.append(Message("no request at all"))
            connection.finish()

    def _take(self, connection: Connection, message: Message) -> None:
        line, _, version = message.start.rpartition(" ")
        method, _, target = line.partition(" ")
        marker = target == MARKER
        if not marker:
            message.start = line if version == "HTTP/1.1" else message.start
            self._seen.append(message)
        if connection.finished or not version.startswith("HTTP/"):
            return
        body = b"" if method == "HEAD" else target.encode("latin-1")
        answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(target), body)
        case = self._case
        if case is not None and case.answer is not None and not marker:
            answer = case.answer
        with contextlib.suppress(OSError):
            connection.sock.sendall(answer)
        if case is not None and case.close and not marker:
            connection.finish()
