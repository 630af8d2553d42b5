"""The client of a case, against one proxy: the requests, and what is seen of them at both ends.

A request is described by

    method, path, host, headers
    body | body_bytes         with a content-length
    chunks, gap_ms            chunked, with a time between the chunks; an answer ends the sending; [] is no chunk
    last_byte_after_ms        with body_bytes: before the last byte
    leave_open                no end of the body
    leave_after_requests      goes away once the origins have seen that many (before: and waits until they know)
    leave_after_answers       or have answered that many
    leave_after_first_byte    goes away as soon as the answer begins
    protocol                  h2: over HTTP/2. Then chunks are frames of DATA, and there may be
    trailers                  behind them
    reset                     with leave_after_requests: its stream is reset with that code
    clients                   that many, some at once, each with its number in x-client
    until                     (before) repeated until that status comes
    closed                    (before) and until the origin's connection of it is gone
    until_requests            (beside) the main request starts once the origins have seen that many

Paths tell the requests of a case apart: / is the one that is looked at, /before and /beside are the others.
"""

import concurrent.futures
import contextlib
import select
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from support.client import HOST, Client, Response
from support.origin import Request
from support.process import until
from support.wire import chunk, head_bytes

from . import h2_client
from .h2_origins import SeenRequest
from .origins import Endpoints
from .table import Case

MAIN, BEFORE, BESIDE = "/", "/before", "/beside"
AT_ONCE = 24  # of many clients
SILENT = 0  # the status of no answer
MOST_REPEATS = 4
PATIENCE = 20
SILENCE = 6  # seconds after which no answer comes any more


Counters = dict[str, int]


@dataclass
class Play:
    """Of the main request, or of the many."""

    counters: Counters = field(default_factory=dict)  # before it
    responses: list[Response] = field(default_factory=list)
    arrived: list[tuple[str, Request | SeenRequest]] = field(default_factory=list)
    gone: bool = False  # the client left


def send_in_parts(client: Client, parts: list[bytes], gap_ms: int) -> None:
    answer = select.poll()
    answer.register(client.sock, select.POLLIN)
    for number, part in enumerate(parts):
        if number and answer.poll(gap_ms):
            return
        client.send(part)


def lines_of(headers: dict) -> list[tuple[str, object]]:
    """A list is as many lines of that name."""
    return [(name, line) for name, value in headers.items() for line in (value if isinstance(value, list) else [value])]


def head_of(request: dict, path: str, framing: list[tuple[str, object]]) -> bytes:
    fields = [("host", request.get("host", HOST)), *lines_of(request.get("headers", {})), *framing]
    return head_bytes(f"{request.get('method', 'GET')} {request.get('path', path)} HTTP/1.1", fields)


def send(client: Client, request: dict, path: str) -> None:
    """Head and body in one piece, unless there is time between them: what a proxy reads first is no race then."""
    if "chunks" in request:
        head = head_of(request, path, [("transfer-encoding", "chunked")])
        parts = [chunk(text.encode()) for text in request["chunks"]] or [b""]
        if not request.get("leave_open"):
            parts[-1] += b"0\r\n\r\n"
    else:
        body = b"x" * request["body_bytes"] if "body_bytes" in request else request.get("body", "").encode()
        head = head_of(request, path, [("content-length", len(body))] if body else [])
        parts = [body[:-1], body[-1:]] if "last_byte_after_ms" in request else [body]
    gap = request.get("gap_ms", request.get("last_byte_after_ms", 0))
    with contextlib.suppress(ConnectionError):  # an early answer: it is read all the same
        send_in_parts(client, [head + parts[0], *parts[1:]], gap)


def ask(port: int, request: dict, path: str) -> Response:
    if request.get("protocol") == "h2":
        return h2_client.ask(port, request, request.get("path", path), lines_of(request.get("headers", {})), SILENCE)
    start = time.monotonic()
    with Client(port, timeout=SILENCE) as client:
        send(client, request, path)
        try:
            response = client.read_response(request.get("method", "GET"))
        except TimeoutError:
            response = Response(status=SILENT)
        response.elapsed = time.monotonic() - start
        return response


def seen_by(endpoints: Endpoints, count: int) -> None:
    until(lambda: len(endpoints.requests()) >= count, PATIENCE)


def ask_before(port: int, request: dict, endpoints: Endpoints) -> None:
    if "leave_after_requests" in request:
        ask_and_leave(port, request, BEFORE, endpoints)
        until(lambda: all(seen.outcome != "open" for _, seen in endpoints.requests()), PATIENCE)
        return
    for _ in range(MOST_REPEATS):
        response = ask(port, request, BEFORE)
        if response.status == request.get("until", response.status):
            break
    endpoints.answered.set()
    if request.get("closed"):
        until(lambda: all(seen.outcome == "connection_closed" for _, seen in endpoints.requests()), PATIENCE)


def ask_and_leave(port: int, request: dict, path: str, endpoints: Endpoints) -> None:
    with Client(port, timeout=PATIENCE) as client:
        send(client, request, path)
        if "leave_after_first_byte" in request:
            client.sock.recv(1)
        elif "leave_after_requests" in request:
            seen_by(endpoints, request["leave_after_requests"])
        else:
            answered = request["leave_after_answers"]
            until(lambda: sum(seen.outcome != "open" for _, seen in endpoints.requests()) >= answered, PATIENCE)


def ask_and_reset(port: int, request: dict, path: str, endpoints: Endpoints) -> None:
    fields = lines_of(request.get("headers", {}))
    h2_client.ask_and_reset(port, request, path, fields, lambda: seen_by(endpoints, request["leave_after_requests"]))


def ask_many(port: int, request: dict) -> list[Response]:
    def one(number: int) -> Response:
        headers = {**request.get("headers", {}), "x-client": str(number)}
        return ask(port, {**request, "headers": headers}, MAIN)

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(request["clients"])))


def main_request(port: int, request: dict, endpoints: Endpoints, play: Play) -> None:
    if any(word.startswith("leave_after_") for word in request):
        leave = ask_and_reset if "reset" in request else ask_and_leave
        leave(port, request, MAIN, endpoints)
        play.gone = True
    elif "clients" in request:
        play.responses = ask_many(port, request)
    else:
        play.responses = [ask(port, request, MAIN)]


def play_case(case: Case, port: int, endpoints: Endpoints, counters: Callable[[], Counters]) -> Play:
    play = Play()
    with endpoints.open():
        for request in case.before:
            ask_before(port, request, endpoints)
        if case.before:
            play.counters = counters()
        with contextlib.ExitStack() as stack:
            if case.beside:
                client = stack.enter_context(Client(port, timeout=PATIENCE))
                send(client, case.beside, BESIDE)
                seen_by(endpoints, case.beside["until_requests"])
            main_request(port, case.client, endpoints, play)
        until(lambda: all(request.outcome != "open" for _, request in endpoints.requests()), PATIENCE)
    play.arrived = [
        (address, request)
        for address, request in endpoints.requests()
        if request.method and not request.target.startswith((BEFORE, BESIDE))
    ]
    return play
