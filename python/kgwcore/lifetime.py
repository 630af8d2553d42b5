"""Which gateways are open, for the two moments that an owner does not see: the end of the interpreter and a fork."""

from __future__ import annotations

import atexit
import os
import weakref
from typing import Protocol


class Owner(Protocol):
    """What the functions here need of a gateway."""

    def close(self, *, drain: float | None = None) -> None:
        """Stops and frees the gateway."""

    def _inherited(self) -> None:
        """This process is a child of the one that made the gateway."""


_open: weakref.WeakSet[Owner] = weakref.WeakSet()


def opened(owner: Owner) -> None:
    """Remembers a gateway until :func:`closed`, or until it is garbage."""
    _open.add(owner)


def closed(owner: Owner) -> None:
    """Forgets a gateway."""
    _open.discard(owner)


def _close_all() -> None:
    for owner in list(_open):
        owner.close(drain=0)


def _after_fork() -> None:
    for owner in list(_open):
        owner._inherited()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_after_fork)
