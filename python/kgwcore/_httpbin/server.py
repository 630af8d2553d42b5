"""Threads and sockets of the small httpbin: one thread accepts, one per connection answers."""

from __future__ import annotations

import socket
import threading
from selectors import EVENT_READ, DefaultSelector
from typing import Any

from kgwcore._httpbin.connection import Connection


class OriginServer:
    """A listening socket and the connections that came from it."""

    def __init__(self, address: tuple[str, int]) -> None:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._listener = socket.create_server(address, family=family, backlog=1024)
        self._listener.setblocking(False)
        self.server_address: tuple[Any, ...] = self._listener.getsockname()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._connections: dict[Connection, threading.Thread] = {}

    def serve(self) -> None:
        """Accepts until :meth:`stop`."""
        with DefaultSelector() as selector:
            selector.register(self._listener, EVENT_READ)
            selector.register(self._wake_reader, EVENT_READ)
            while not self._stopping.is_set():
                selector.select()
                self._accept()

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:  # woken up, or the client left
            return
        client.setblocking(True)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(client, self._stopping)
        thread = threading.Thread(target=self._run, args=(connection,), name="kgwcore-httpbin-connection", daemon=True)
        with self._lock:
            self._connections[connection] = thread
        thread.start()

    def _run(self, connection: Connection) -> None:
        try:
            connection.serve()
        finally:
            with self._lock:
                self._connections.pop(connection, None)

    def stop(self) -> None:
        """Ends :meth:`serve` and every wait of a connection."""
        self._stopping.set()
        self._wake_writer.send(b"x")

    def finish(self) -> None:
        """After :meth:`serve` has ended: closes what is left and joins its threads."""
        with self._lock:
            left = dict(self._connections)
        for connection in left:
            connection.shut()
        for thread in left.values():
            thread.join()
        self._close_sockets()

    def abandon(self) -> None:
        """In a forked child: closes what no thread of the parent may be reading from under a lock."""
        self._close_sockets()

    def _close_sockets(self) -> None:
        for end in (self._listener, self._wake_reader, self._wake_writer):
            end.close()
