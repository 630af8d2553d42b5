"""What tells ``run`` to do something: signals, changed files, the end of a drain."""

from __future__ import annotations

import os
import signal
import threading
from types import TracebackType
from typing import Any

from kgwcore.gateway import Gateway
from kgwcore.sources import Source, stamps

_CLOSED = 0  # is no signal
_WORDS = {
    signal.SIGTERM: "stop",
    signal.SIGINT: "stop",
    signal.SIGHUP: "reload",
    signal.SIGUSR1: "reopen",
    _CLOSED: "closed",
}
_LOOK_SECONDS = 0.5


class Events:
    """A context that turns signals into words and gives the handlers back at its end. It needs the main thread."""

    def __init__(self) -> None:
        # Bytes in a pipe, which the interpreter writes where the signal arrives. A handler in Python would have to wait
        # until the main thread wakes up, which it does not if the signal came just before it went to sleep.
        self._pipe = os.pipe()
        os.set_blocking(self._pipe[1], False)
        self._wakeup_before = -1
        self._handlers: dict[int, Any] = {}
        self._ended = threading.Event()
        self._stamps = stamps(None)
        self._watcher: threading.Thread | None = None

    def __enter__(self) -> Events:
        self._wakeup_before = signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)
        for number in _WORDS:
            if number != _CLOSED:
                self._handlers[number] = signal.signal(number, lambda *_: None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._watcher:
            self._watcher.join()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        for end in self._pipe:
            os.close(end)

    def _put(self, number: int) -> None:
        os.write(self._pipe[1], bytes([number]))

    def next(self) -> str:
        """Waits for ``stop``, ``reload`` or ``reopen``."""
        while (number := os.read(self._pipe[0], 1)[0]) not in _WORDS:
            pass  # somebody else's signal
        return _WORDS[number]

    def remember(self, source: Source) -> None:
        """Before the files are read: notes their state, so that a change from then on is seen."""
        self._stamps = stamps(source)

    def watch(self, source: Source) -> None:
        """After :meth:`remember`: from now on a change of the files of ``source`` is a ``reload``."""
        self._watcher = threading.Thread(target=self._look, args=(source,), name="kgwcore-watch", daemon=True)
        self._watcher.start()

    def _look(self, source: Source) -> None:
        before = self._stamps
        while not self._ended.wait(_LOOK_SECONDS):
            now = stamps(source)
            # Two looks have to agree: a file that is just being written may be empty, which would delete all it had.
            if now == before and now != self._stamps:
                self._stamps = now
                self._put(signal.SIGHUP)
            before = now

    def closing(self, gateway: Gateway) -> None:
        """Drains and closes the gateway; a second ``stop`` meanwhile cuts the drain short."""

        def drain() -> None:
            gateway.close()
            self._put(_CLOSED)

        thread = threading.Thread(target=drain, name="kgwcore-drain")
        thread.start()
        while (word := self.next()) != "closed":
            if word == "stop":
                gateway.close(drain=0)
        thread.join()
