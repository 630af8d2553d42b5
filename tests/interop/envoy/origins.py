"""The endpoints of a case: scripted origins, dead ports, black holes.

An attempt is one step, or a list of steps that are played one after another:

    503                      an empty response with that status
    {503: {...}}             arguments of support.origin.respond, body or body_bytes; delay_ms passes before it
    {interim: 103}           a 1xx head; the next step gives the final response
    {raw: TEXT}              these bytes
    {chunk: TEXT}            one chunk more of a response that was left open; end_chunks: the last one
    {pause_ms: N}            time passes
    after_client             once the client has the answer of the request before
    close, rst, half_close   the connection ends: FIN, RST, FIN of one direction until the peer closes
    stall                    nothing more until the peer gives up
    slam                     the connection is closed as soon as it is accepted
    {close: {when: W}}       when: headers, body_started, complete

The origins of a cluster that speaks HTTP/2 are in h2_origins.py, and what they may do in h2_steps.py.
"""

import contextlib
import threading
from collections.abc import Iterator

from support import origin as steps
from support.origin import BlackHole, Origin, Request
from support.wire import chunk

from .h2_origins import ScriptedH2Origin, SeenRequest
from .table import Case

Step = object


def respond(status: int, delay_ms: int = 0, body: str = "", body_bytes: int = 0, **arguments: object) -> list[Step]:
    when = arguments.get("when", "complete")
    wait = [steps.pause(delay_ms / 1000, when=when)] if delay_ms else []
    return [*wait, steps.respond(status, body=body.encode() + b"x" * body_bytes, **arguments)]


def sending(data: bytes) -> Step:
    return lambda exchange: exchange.send(data)


PLAIN = {
    "close": steps.close,
    "rst": steps.rst,
    "half_close": steps.half_close,
    "stall": steps.stall,
    "garbage": steps.garbage,
    "end_chunks": lambda: sending(b"0\r\n\r\n"),
}


def steps_of(entry: object, answered: threading.Event) -> list[Step]:
    if isinstance(entry, list):
        return [step for part in entry for step in steps_of(part, answered)]
    name, value = next(iter(entry.items())) if isinstance(entry, dict) else (entry, None)
    if isinstance(name, int):
        return respond(name, **(value or {}))
    if name == "slam":
        return [steps.slam]
    if name == "interim":
        return [steps.informational(value)]
    if name == "raw":
        return [steps.garbage(value.encode())]
    if name == "chunk":
        return [sending(chunk(value.encode()))]
    if name == "pause_ms":
        return [steps.pause(value / 1000)]
    if name == "after_client":
        return [steps.wait_for(answered)]
    return [PLAIN[name](**(value or {}))]


def arrived_at(origin: Origin | ScriptedH2Origin) -> list[Request | SeenRequest]:
    return list(origin.seen if isinstance(origin, ScriptedH2Origin) else origin.requests)


class Endpoints:
    """Their ports are known at once; they listen from `open` on. A script is that of the requests in their order."""

    def __init__(self, case: Case) -> None:
        self.answered = threading.Event()
        self.origins: list[Origin | ScriptedH2Origin] = []
        self.addresses: list[str] = []
        self._scripted: list[Origin | ScriptedH2Origin] = []
        self._holes: list[BlackHole] = []
        for host in case.hosts:
            if host == "blackhole":
                self._holes.append(BlackHole())
                self.addresses.append(f"127.0.0.1:{self._holes[-1].port}")
                continue
            self.origins.append(self._origin(case, [] if host == "dead" else host))
            self.addresses.append(self.origins[-1].address)
            if host != "dead":
                self._scripted.append(self.origins[-1])

    def _origin(self, case: Case, script: list[object]) -> Origin | ScriptedH2Origin:
        if case.cluster.get("protocol") == "h2":
            return ScriptedH2Origin(
                script, self.answered, case.cluster.get("originStreams"), case.cluster.get("originUpgrades", False)
            )
        return Origin(*[steps_of(attempt, self.answered) for attempt in script], listening=False)

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        for origin in self._scripted:
            origin.open()
        yield
        if errors := [error for origin in self.origins for error in origin.errors]:
            raise errors[0]

    def close(self) -> None:
        for origin in self.origins:
            origin.close()
        while self._holes:
            self._holes.pop().__exit__()

    def requests(self) -> list[tuple[str, Request | SeenRequest]]:
        """What arrived, in order, with the address of the endpoint."""
        seen = [(origin.address, request) for origin in self.origins for request in arrived_at(origin)]
        return sorted(seen, key=lambda pair: pair[1].arrived)
