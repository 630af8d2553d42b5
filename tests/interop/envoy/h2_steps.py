"""What an origin that speaks HTTP/2 does with an attempt: one step, or a list of them. A step is one of

    503                      a head that ends the stream
    {503: {...}}             arguments of support.h2_peer.respond, body or body_bytes; delay_ms passes before it
    {interim: 103}           a 1xx head; the next step gives the final response
    {long: N}, {many: N}     a head with a field of N bytes, with N fields
    {fields: [[N, V], ...]}  a head of exactly these fields, :status included; the stream stays open
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

from hyperframe.frame import ContinuationFrame, HeadersFrame
from support import h2_peer
from support.h2_peer import Exchange

Step = object

CODES = (
    "NO_ERROR PROTOCOL_ERROR INTERNAL_ERROR FLOW_CONTROL_ERROR SETTINGS_TIMEOUT STREAM_CLOSED FRAME_SIZE_ERROR "
    "REFUSED_STREAM CANCEL COMPRESSION_ERROR CONNECT_ERROR ENHANCE_YOUR_CALM INADEQUATE_SECURITY HTTP_1_1_REQUIRED"
).split()


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


def steps_of(entry: object, answered: threading.Event) -> list[Step]:
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
