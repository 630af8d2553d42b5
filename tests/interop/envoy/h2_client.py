"""The client of a case over HTTP/2: one connection, one stream."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from support import h2_peer
from support.client import HOST, Response
from support.h2_peer import H2Client
from support.wire import Closed

from .h2_steps import CODES, code_name


@dataclass
class H2Response(Response):
    reset: str = ""  # the code of RST_STREAM


def parts_of(request: dict) -> list[bytes]:
    if "chunks" in request:
        return [text.encode() for text in request["chunks"]]
    body = b"x" * request["body_bytes"] if "body_bytes" in request else request.get("body", "").encode()
    return [body] if body else []


def send(client: H2Client, request: dict, path: str, fields: list[tuple[str, object]]) -> int:
    """-> the stream. An answer or a reset ends the sending."""
    parts, trailers = parts_of(request), request.get("trailers")
    bodiless = not parts and not trailers and not request.get("leave_open") and "chunks" not in request
    if parts and "chunks" not in request:
        fields = [*fields, ("content-length", len(parts[0]))]
    method, authority = request.get("method", "GET"), request.get("host", HOST)
    stream = client.open(method, path, fields, end=bodiless, authority=authority)
    for number, part in enumerate(parts):
        if number:
            time.sleep(request.get("gap_ms", 0) / 1000)
        last = number == len(parts) - 1 and not trailers and not request.get("leave_open")
        client.send_data(stream, part, last)
    if trailers:
        client.send_head(stream, trailers, True)
    elif not parts and "chunks" in request and not request.get("leave_open"):
        client.send_data(stream, end=True)
    return stream


def ask_and_reset(
    port: int, request: dict, path: str, fields: list[tuple[str, object]], seen: Callable[[], None]
) -> None:
    """Resets its stream once `seen` is over, and goes when the gateway has read that."""
    with H2Client(port) as client:
        stream = send(client, request, path, fields)
        seen()
        client.reset(stream, CODES.index(request["reset"]))
        client.ping()


def ask(port: int, request: dict, path: str, fields: list[tuple[str, object]], silence: float) -> H2Response:
    start = time.monotonic()
    with H2Client(port, timeout=silence) as client:
        stream = None
        try:
            stream = send(client, request, path, fields)
            seen = client.response(stream)
            if request.get("leave_open"):  # an early answer: what becomes of the rest of the request
                client.read_until(lambda: seen.reset is not None)
        except (Closed, OSError):  # nobody answers, or the connection ended
            seen = client.responses[stream] if stream else h2_peer.Response()
        return H2Response(
            status=seen.status,
            headers=seen.headers,
            body=bytes(seen.body),
            trailers=seen.trailers,
            interim=[status for status, _ in seen.interim],
            complete=seen.complete,
            elapsed=time.monotonic() - start,
            reset="" if seen.reset is None else code_name(seen.reset),
        )
