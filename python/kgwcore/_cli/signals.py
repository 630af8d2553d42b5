"""What tells ``run`` to do something: signals, changed files, the end of a drain."""

from __future__ import annotations

import queue
import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from kgwcore.gateway import Gateway
from kgwcore.sources import Source, stamps

_STOP = (signal.SIGTERM, signal.SIGINT)
_LOOK_SECONDS = 0.5


class Events:
    """A context that turns signals into words and gives the handlers back at its end. It needs the main thread."""

    def __init__(self) -> None:
        # SimpleQueue is the one queue whose put() may run in a signal handler.
        self._words: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._handlers: dict[signal.Signals, Any] = {}
        self._ended = threading.Event()
        self._stamps = stamps(None)
        self._watcher: threading.Thread | None = None

    def __enter__(self) -> Events:
        for number in _STOP:
            self._handle(number, "stop")
        self._handle(signal.SIGHUP, "reload")
        self._handle(signal.SIGUSR1, "reopen")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._watcher:
            self._watcher.join()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _handle(self, number: signal.Signals, word: str) -> None:
        def put(_: int, __: FrameType | None) -> None:
            self._words.put(word)

        self._handlers[number] = signal.signal(number, put)

    def next(self) -> str:
        """Waits for ``stop``, ``reload`` or ``reopen``."""
        return self._words.get()

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
                self._words.put("reload")
            before = now

    def closing(self, gateway: Gateway) -> None:
        """Drains and closes the gateway; a second ``stop`` meanwhile cuts the drain short."""

        def drain() -> None:
            gateway.close()
            self._words.put("closed")

        thread = threading.Thread(target=drain, name="kgwcore-drain")
        thread.start()
        while (word := self._words.get()) != "closed":
            if word == "stop":
                gateway.close(drain=0)
        thread.join()
