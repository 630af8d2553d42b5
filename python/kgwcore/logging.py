"""Records of the library in Python's logging.

Each goes to the logger ``kgwcore.<module>``. The library's log thread only fills a bounded queue; one Python thread
empties it, so that a slow handler delays no request. Records that do not fit are counted (:func:`dropped`) and lost.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import traceback
from typing import Final

from kgwcore import _core
from kgwcore.errors import KgwError

TRACE: Final = 5

#: The names of levels, least important first; the position is the number of the C API.
LEVELS: Final = ("trace", "debug", "info", "warning", "error", "off")
_PYTHON_LEVELS: Final = (TRACE, logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)

logging.getLogger("kgwcore").addHandler(logging.NullHandler())

_lock = threading.Lock()
_dispatcher: threading.Thread | None = None


def level_number(name: str) -> int:
    """The C API's number of a level name; :class:`KgwError` for a name that is none."""
    if name not in LEVELS:
        raise KgwError(f"log_level: got {name!r}; need one of {', '.join(LEVELS)}")
    return LEVELS.index(name)


def dropped() -> int:
    """How many records were lost because the queue was full or already stopped."""
    return _core.log_dropped()


def flush(timeout: float = 1.0) -> bool:
    """Waits until the records that the gateways have passed on so far have been handed to their loggers; False if that
    takes longer than ``timeout`` seconds. A gateway passes its records on from a thread of its own; all of them have been
    when it is closed.
    """
    if _dispatcher is None or threading.current_thread() is _dispatcher:
        return True
    return _core.log_flush(int(timeout * 1000))


def ensure_dispatcher() -> None:
    """Starts the thread that empties the queue unless it runs."""
    global _dispatcher
    with _lock:
        if _dispatcher is None:
            # A daemon: other threads are joined before the atexit functions run, one of which ends this one.
            _dispatcher = threading.Thread(target=_dispatch, name="kgwcore-log", daemon=True)
            _dispatcher.start()


def _dispatch() -> None:
    loggers: dict[str, logging.Logger] = {}
    while (batch := _core.log_take()) is not None:
        for level, module, message in batch:
            logger = loggers.get(module)
            if logger is None:
                logger = loggers[module] = logging.getLogger(f"kgwcore.{module}")
            number = _PYTHON_LEVELS[level]
            try:
                if logger.isEnabledFor(number):
                    logger.log(number, "%s", message)
            except Exception:  # of a handler or a filter: the next record comes all the same
                if logging.raiseExceptions and sys.stderr:
                    traceback.print_exc()


def _stop() -> None:
    global _dispatcher
    _core.log_stop()
    if _dispatcher is not None:
        _dispatcher.join()
        _dispatcher = None


def _after_fork() -> None:
    global _dispatcher, _lock
    _core.log_replace()
    _lock = threading.Lock()
    _dispatcher = None


# Imported before the module that closes gateways at the end: atexit runs backwards, so their last records still come.
atexit.register(_stop)
os.register_at_fork(after_in_child=_after_fork)
