"""The awaitable twin."""

from __future__ import annotations

import asyncio
import inspect

import kgwcore
import pytest
from kgwcore import aio
from kgwcore.httpbin import Server
from support import ANY_PORT, BASE, GATEWAY, ROUTE, fetch


def test_it_has_the_names_of_the_other_one() -> None:
    def names(kind: type) -> set[str]:
        return {name for name, _ in inspect.getmembers(kind) if not name.startswith("_")}

    assert names(kgwcore.Gateway) - names(aio.Gateway) == set()
    assert names(aio.Gateway) - names(kgwcore.Gateway) == {"wrap"}


@pytest.mark.parametrize("kind", [kgwcore.Gateway, aio.Gateway])
def test_a_whole_life(kind: type, origin: Server) -> None:
    async def live() -> str:
        async with kind(BASE, listen=ANY_PORT, backend={"*": origin.address}) as gateway:
            assert isinstance(gateway, aio.Gateway)
            (result,) = await gateway.apply(ROUTE)
            assert result.outcome == "created"
            reply = await asyncio.to_thread(fetch, gateway.url("http") + "/status/201")
            assert reply.status == 201
            assert [request["response_code"] for request in await gateway.attempts()] == [201]
            assert (await gateway.stats()).as_dict()
            assert len(await gateway.routes()) == 1
            assert (await gateway.get("httproute", "all", namespace="app"))["kind"] == "HTTPRoute"
            assert await gateway.reload() == []
            assert len(gateway.listeners) == 1
            await gateway.delete("httproute", "all", namespace="app")
            with pytest.raises(kgwcore.NotFoundError):
                await gateway.get("httproute", "all", namespace="app")
            return repr(gateway)

    assert asyncio.run(live()) == "<kgwcore.aio.Gateway running>"


def test_start_and_close_can_be_awaited() -> None:
    async def live() -> None:
        gateway = aio.Gateway(GATEWAY, listen=ANY_PORT)
        await gateway.start()
        await gateway.close()
        await gateway.close()
        with pytest.raises(kgwcore.ClosedError):
            await gateway.stats()

    asyncio.run(live())


def test_a_cancelled_start_leaves_nothing_open() -> None:
    async def live() -> aio.Gateway:
        gateway = aio.Gateway(GATEWAY, listen=ANY_PORT)
        task = asyncio.ensure_future(gateway.start())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return gateway

    assert repr(asyncio.run(live())) == "<kgwcore.aio.Gateway closed>"


def test_a_url_needs_no_manifest(origin: Server) -> None:
    async def live() -> int:
        async with aio.Gateway.to(origin.url, retry_on="5xx") as gateway:
            return (await asyncio.to_thread(fetch, gateway.url("http") + "/status/204")).status

    assert asyncio.run(live()) == 204
