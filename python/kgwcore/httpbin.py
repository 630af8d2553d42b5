"""A small httpbin on a free loopback port: an origin to try retries on, with answers in the form of go-httpbin.

Headers and arguments are lists in JSON. Paths: ``/headers``, ``/get``, ``/post``, ``/anything`` (and below),
``/status/CODE``, ``/delay/SECONDS``, ``/unstable?failure_rate=RATE&seed=N``, ``/bytes/N?seed=N``; ``/`` lists them.
"""

from __future__ import annotations

import threading
from types import TracebackType

from kgwcore._httpbin.server import OriginServer
from kgwcore.views import socket_address


class Server:
    """The origin; ``with`` starts and stops it. It answers from its own threads and keeps connections alive.

    Parameters:
        host: Numeric address to listen on. Default ``127.0.0.1``.
        port: Default 0: any free one.
    """

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._server = OriginServer((host, port))
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def address(self) -> str:
        """``HOST:PORT`` as bound, for ``backend=``."""
        host, port = self._server.server_address[:2]
        return socket_address(host, port)

    @property
    def url(self) -> str:
        """``http://HOST:PORT``."""
        return f"http://{self.address}"

    def start(self) -> Server:
        """Answers from now on; connections made before wait in the backlog."""
        self._thread = threading.Thread(target=self._server.serve, name="kgwcore-httpbin", daemon=True)
        self._thread.start()
        return self

    def close(self) -> None:
        """Stops listening, ends delays, closes every connection and joins the threads. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        self._server.stop()
        if self._thread:
            self._thread.join()
        self._server.finish()

    def inherited(self) -> None:
        """In a forked child, which has the sockets but not the threads: lets go of them."""
        self._closed = True
        self._server.abandon()

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
