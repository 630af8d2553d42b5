"""The awaitable twin of :class:`kgwcore.Gateway`.

Names and parameters are equal; what can wait is awaited and runs in the event loop's executor. A call that is cancelled
goes on in its thread; :meth:`Gateway.start` then closes what it has opened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, TypeVar

from kgwcore import gateway
from kgwcore.errors import Result
from kgwcore.httpbin import Server
from kgwcore.quick import Duration
from kgwcore.sources import Source
from kgwcore.views import Listener, Stats

T = TypeVar("T")


class Gateway:
    """A gateway in this process, for asyncio. Parameters are those of :class:`kgwcore.Gateway`."""

    def __init__(self, source: Source | None = None, **options: Any) -> None:
        self._sync = gateway.Gateway(source, **options)

    @classmethod
    def wrap(cls, sync: gateway.Gateway) -> Gateway:
        """The twin of a gateway that exists; closing one closes both."""
        twin = cls.__new__(cls)
        twin._sync = sync
        return twin

    @classmethod
    def to(
        cls,
        url: str,
        *,
        retry_on: str | None = None,
        retries: int | None = None,
        per_try_timeout: Duration | None = None,
        timeout: Duration | None = None,
        port: int = 0,
        **options: Any,
    ) -> Gateway:
        """As :meth:`kgwcore.Gateway.to`."""
        limits: dict[str, Any] = {"per_try_timeout": per_try_timeout, "timeout": timeout}
        return cls.wrap(gateway.Gateway.to(url, retry_on=retry_on, retries=retries, port=port, **limits, **options))

    async def start(self) -> Gateway:
        """As :meth:`kgwcore.Gateway.start`. Cancelled, it closes the gateway."""
        task = asyncio.ensure_future(_wait(self._sync.start))
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.gather(task, return_exceptions=True)
            await self.close(drain=0)
            raise
        return self

    async def close(self, *, drain: float | None = None) -> None:
        """As :meth:`kgwcore.Gateway.close`."""
        await _wait(lambda: self._sync.close(drain=drain))

    async def __aenter__(self) -> Gateway:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return repr(self._sync).replace("kgwcore.", "kgwcore.aio.", 1)

    @property
    def listeners(self) -> Sequence[Listener]:
        """As :attr:`kgwcore.Gateway.listeners`."""
        return self._sync.listeners

    @property
    def results(self) -> Sequence[Result]:
        """As :attr:`kgwcore.Gateway.results`."""
        return self._sync.results

    @property
    def admin_url(self) -> str:
        """As :attr:`kgwcore.Gateway.admin_url`."""
        return self._sync.admin_url

    @property
    def httpbin(self) -> Server | None:
        """As :attr:`kgwcore.Gateway.httpbin`."""
        return self._sync.httpbin

    def url(self, name: str | None = None) -> str:
        """As :meth:`kgwcore.Gateway.url`."""
        return self._sync.url(name)

    async def apply(self, source: Source, *, namespace: str | None = None, check: bool = True) -> list[Result]:
        """As :meth:`kgwcore.Gateway.apply`."""
        return await _wait(lambda: self._sync.apply(source, namespace=namespace, check=check))

    async def reload(self) -> list[Result]:
        """As :meth:`kgwcore.Gateway.reload`."""
        return await _wait(self._sync.reload)

    async def delete(self, kind: str, name: str, *, namespace: str | None = None) -> None:
        """As :meth:`kgwcore.Gateway.delete`."""
        await _wait(lambda: self._sync.delete(kind, name, namespace=namespace))

    async def get(self, kind: str, name: str | None = None, *, namespace: str | None = None) -> Any:
        """As :meth:`kgwcore.Gateway.get`."""
        return await _wait(lambda: self._sync.get(kind, name, namespace=namespace))

    async def attempts(self, *, limit: int = 10) -> list[dict[str, Any]]:
        """As :meth:`kgwcore.Gateway.attempts`."""
        return await _wait(lambda: self._sync.attempts(limit=limit))

    async def stats(self) -> Stats:
        """As :meth:`kgwcore.Gateway.stats`."""
        return await _wait(self._sync.stats)

    async def reopen_access_log(self) -> None:
        """As :meth:`kgwcore.Gateway.reopen_access_log`."""
        await _wait(self._sync.reopen_access_log)

    async def routes(self) -> list[dict[str, str]]:
        """As :meth:`kgwcore.Gateway.routes`."""
        return await _wait(self._sync.routes)


async def _wait(call: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, call)
