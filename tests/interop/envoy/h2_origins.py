"""The origins of a case that speak HTTP/2 in clear text; what they do with an attempt is in h2_steps.py."""

import socket
import threading
import time

from support import h2_peer
from support.h2_peer import Exchange, H2Origin
from support.tunnels import EXTENDED_CONNECT
from support.wire import Closed, Fields

from .h2_steps import code_name, slam, steps_of

OF_THE_LINE = (":method", ":path")


class SeenRequest:
    """A stream with the words that a request of HTTP/1 has for it, see support/origin.py."""

    def __init__(self, stream: h2_peer.Request) -> None:
        self.stream, self.arrived = stream, time.monotonic()
        self.outcome, self.ended = "open", 0.0

    def settle(self, outcome: str) -> None:
        self.ended = self.ended or time.monotonic()
        self.outcome = outcome

    @property
    def connection(self) -> int:
        return self.stream.connection

    @property
    def method(self) -> str:
        return self.stream.method

    @property
    def target(self) -> str:
        return self.stream.path

    @property
    def headers(self) -> Fields:
        return Fields((name, value) for name, value in self.stream.headers if name not in OF_THE_LINE)

    @property
    def body(self) -> bytes:
        return bytes(self.stream.body)

    @property
    def trailers(self) -> Fields:
        return self.stream.trailers

    @property
    def complete(self) -> bool:
        return self.stream.complete


class ScriptedH2Origin(H2Origin):
    def __init__(
        self, script: list[object], answered: threading.Event, streams: int | None, upgrades: bool = False
    ) -> None:
        settings = {h2_peer.CONCURRENT_STREAMS: streams} if streams else {}
        if upgrades:
            settings[EXTENDED_CONNECT] = 1
        entries = [steps_of(attempt, answered) for attempt in script]
        super().__init__(*entries, settings=settings, listening=False)
        self.seen: list[SeenRequest] = []

    def takes(self, sock: socket.socket, number: int) -> bool:
        """A connection that is slammed counts as an attempt that never said anything."""
        if self.steps(len(self.requests)) != [slam]:
            return True
        self.begin_seen(h2_peer.Request(len(self.requests), number, 0)).settle("connection_closed")
        self.requests.append(self.seen[-1].stream)
        sock.close()
        return False

    def begin(self, *arguments: object) -> h2_peer.Request:
        request = super().begin(*arguments)
        self.begin_seen(request)
        return request

    def begin_seen(self, request: h2_peer.Request) -> SeenRequest:
        self.seen.append(SeenRequest(request))
        return self.seen[-1]

    def _play(self, exchange: Exchange) -> None:
        seen = next(seen for seen in self.seen if seen.stream is exchange.request)
        exchange.over = False  # this side has reset the stream
        try:
            for step in self.steps(exchange.request.number):
                step(exchange)
            seen.ended = time.monotonic()
            if not exchange.over:
                exchange.read_request()
            seen.settle("complete")
        except (Closed, OSError):
            code = exchange.request.reset
            seen.settle("connection_closed" if code is None else f"reset {code_name(code)}")
        except Exception as error:  # pylint: disable=broad-except
            self.errors.append(error)
            seen.settle("connection_closed")
