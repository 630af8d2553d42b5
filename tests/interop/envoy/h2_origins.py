"""The origins of a case that speak HTTP/2 in clear text. A step of an attempt is one of

    503                      a head that ends the stream
    {503: {...}}             arguments of support.h2_peer.respond, body or body_bytes; delay_ms passes before it
    {interim: 103}           a 1xx head; the next step gives the final response
    {long: N}, {many: N}     a head with a field of N bytes, with N fields
    {fields: [[N, V], ...]}  a head of exactly these fields, :status included, in HEADERS; more: the stream stays open
    {data: TEXT}             one frame of DATA more of a response that was left open; end: an empty one that ends it
    {trailers: {...}}        the head that ends it
    {reset: CODE}            RST_STREAM, by the name of RFC 9113 7 or a number; {reset: {code: CODE, when: W}}
    {goaway: {...}}          behind: how many streams above (negative: below) this one it ends, code, when
    {raw: HEX}               these bytes, instead of frames
    {pause_ms: N}            time passes
    after_client             once the client has the answer of the request before
    close, rst               the connection ends: FIN, RST
    stall                    nothing more until the peer gives up
    slam                     the connection is closed as soon as it is accepted
    {close: {when: W}}       when: headers, body_started, complete
"""

import socket
import struct
import threading
import time

from hyperframe.frame import ContinuationFrame, HeadersFrame
from support import h2_peer
from support.h2_peer import Exchange, H2Origin
from support.wire import Closed, Fields

Step = object

CODES = (
    "NO_ERROR PROTOCOL_ERROR INTERNAL_ERROR FLOW_CONTROL_ERROR SETTINGS_TIMEOUT STREAM_CLOSED FRAME_SIZE_ERROR "
    "REFUSED_STREAM CANCEL COMPRESSION_ERROR CONNECT_ERROR ENHANCE_YOUR_CALM INADEQUATE_SECURITY HTTP_1_1_REQUIRED"
).split()
OF_THE_LINE = (":method", ":path")


def code_of(name: object) -> int:
    return name if isinstance(name, int) else CODES.index(name)


def code_name(code: int) -> str:
    return CODES[code] if code < len(CODES) else str(code)


# ---- Steps ---------------------------------------------------------------------------------------


def respond(status: int, delay_ms: int = 0, body: str = "", body_bytes: int = 0, **arguments: object) -> list[Step]:
    when = arguments.get("when", "complete")
    wait = [pause(delay_ms, when=when)] if delay_ms else []
    return [*wait, h2_peer.respond(status, body=body.encode() + b"x" * body_bytes, **arguments)]


def pause(milliseconds: int, *, when: str = "headers") -> Step:
    def step(exchange: Exchange) -> None:
        if when == "complete":
            exchange.read_request()
        exchange.origin.closing.wait(milliseconds / 1000)

    return step


def fields(lines: list) -> Step:
    def step(exchange: Exchange) -> None:
        exchange.read_request()
        exchange.head([(name, value) for name, value in lines])

    return step


def long_head(size: int) -> Step:
    """Not by Huffman's code, which takes hpack seconds."""

    def step(exchange: Exchange) -> None:
        exchange.read_request()
        wire = exchange.connection
        with wire.lock:
            data = wire.encoder.encode([(b":status", b"200"), (b"x-long", b"x" * size)], huffman=False)
            parts = [data[at : at + h2_peer.FRAME_BYTES] for at in range(0, len(data), h2_peer.FRAME_BYTES)]
            frames = [HeadersFrame(exchange.stream, parts[0], flags=["END_STREAM"])]
            frames += [ContinuationFrame(exchange.stream, part) for part in parts[1:]]
            frames[-1].flags.add("END_HEADERS")
            wire.send(*frames)

    return step


def rst_stream(code: object, when: str = "complete") -> Step:
    send = h2_peer.rst(code_of(code), when=when)

    def step(exchange: Exchange) -> None:
        send(exchange)
        exchange.over = True

    return step


def hang_up(how: object, when: str = "complete") -> Step:
    """The end of the connection, and the wait until its reader has noticed."""
    stall = h2_peer.stall(when="headers")

    def step(exchange: Exchange) -> None:
        if when == "complete":
            exchange.read_request()
        elif when == "body_started":
            exchange.wait_for(lambda: exchange.request.body or exchange.request.complete)
        how(exchange.connection.sock)
        stall(exchange)

    return step


def fin(sock: socket.socket) -> None:
    sock.shutdown(socket.SHUT_RDWR)


def rst(sock: socket.socket) -> None:
    """The reader's close, which this makes it do, is a RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.shutdown(socket.SHUT_RD)


def slam(_: Exchange) -> None:
    raise AssertionError("comes before there is a stream")


def steps_of(entry: object, answered: threading.Event) -> list[Step]:  # pylint: disable=too-many-return-statements
    if isinstance(entry, list):
        return [step for part in entry for step in steps_of(part, answered)]
    name, value = next(iter(entry.items())) if isinstance(entry, dict) else (entry, None)
    if isinstance(name, int):
        return respond(name, **(value or {}))
    made = {
        "interim": lambda: h2_peer.informational(value),
        "fields": lambda: fields(value),
        "long": lambda: long_head(value),
        "many": lambda: h2_peer.respond(200, {f"x-{n}": n for n in range(value)}),
        "data": lambda: lambda exchange: exchange.data(value.encode()),
        "end": lambda: lambda exchange: exchange.data(end=True),
        "trailers": lambda: lambda exchange: exchange.head(value, True),
        "reset": lambda: rst_stream(**value) if isinstance(value, dict) else rst_stream(value),
        "goaway": lambda: h2_peer.goaway(**{**value, "code": code_of(value.get("code", "NO_ERROR"))}),
        "raw": lambda: h2_peer.raw(bytes.fromhex(value)),
        "pause_ms": lambda: pause(value),
        "after_client": lambda: lambda exchange: exchange.wait(answered),
        "close": lambda: hang_up(fin, **(value or {})),
        "rst": lambda: hang_up(rst, **(value or {})),
        "stall": lambda: h2_peer.stall(**(value or {})),
        "slam": lambda: slam,
    }
    return [made[name]()]


# ---- The origin ----------------------------------------------------------------------------------


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
    def __init__(self, script: list[object], answered: threading.Event, streams: int | None) -> None:
        settings = {h2_peer.CONCURRENT_STREAMS: streams} if streams else None
        entries = [steps_of(attempt, answered) for attempt in script]
        super().__init__(*entries, settings=settings, listening=False)
        self.seen: list[SeenRequest] = []

    def attempt(self, number: int) -> list[Step]:
        return self.script[min(number, len(self.script) - 1)]

    def takes(self, sock: socket.socket, number: int) -> bool:
        """A connection that is slammed counts as an attempt that never said anything."""
        if self.attempt(len(self.requests)) != [slam]:
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
            for step in self.attempt(exchange.request.number):
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
