"""Clients that dawdle cost the others nothing, and end when a limit says so."""

import contextlib
import socket
import threading
import time

from support.client import HOST, Client
from support.gateway import counter, port_of, serving
from support.load import Asked, ask, echo
from support.origin import Origin, stream
from support.process import SANITIZED, until
from support.rest import at_rest, descriptors
from support.wire import head_bytes

EACH = 50
SECONDS = 5
RATE = 100
P99 = 0.25 if not SANITIZED else 2.0
BIG = 8 << 20


def by_target(exchange):
    (stream(BIG) if exchange.request.target == "/big" else echo)(exchange)


def slow_head(client):
    client.send(b"GET /")
    return b"a" * 1000


def slow_body(client):
    client.send(head_bytes("POST /body HTTP/1.1", [("host", HOST), ("content-length", 1000), ("x-id", "0")]))
    return b"b" * 999


def slow_read(client):
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.send_head(target="/big")
    client.sock.recv(1, socket.MSG_PEEK)  # the answer is on its way: from now on it is the client that is slow
    return b""


class Slow:
    """EACH clients of each kind. Those that have something to say say one byte of it every 300 ms."""

    def __init__(self, port, *kinds):
        self._stack = contextlib.ExitStack()
        self.clients = {kind: [self._stack.enter_context(Client(port)) for _ in range(EACH)] for kind in kinds}
        self._rest = {client: kind(client) for kind, clients in self.clients.items() for client in clients}
        self.sent = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._drip)

    def _drip(self):
        while not self._over.wait(0.3):
            for client, rest in self._rest.items():
                if rest:
                    with contextlib.suppress(ConnectionError):
                        client.send(rest[:1])
                        self.sent += 1
                    self._rest[client] = rest[1:]

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        self._stack.close()


def good_client(port):
    """RATE requests per second for SECONDS, on one connection. -> all of them"""
    asked, start = [], time.monotonic()
    never = threading.Event()
    with Client(port) as client:
        for count in range(RATE * SECONDS):
            never.wait(max(0, start + count / RATE - time.monotonic()))
            one = Asked(f"good-{count}", count == 0)
            asked.append(one)
            assert ask(client, one), one
    return asked


def test_a_good_client_beside_150_slow_ones_loses_nothing():
    before = descriptors()
    with Origin(by_target) as origin, serving(origin.address) as gateway:
        with Slow(port_of(gateway), slow_head, slow_body, slow_read) as slow:
            until(lambda: counter(gateway, "downstream_cx_active") == 3 * EACH)
            until(lambda: counter(gateway, "downstream_rq_active") == 2 * EACH)
            asked = good_client(port_of(gateway))
            assert counter(gateway, "downstream_cx_active") >= 3 * EACH, "none of the slow ones has gone"
            assert slow.sent >= 2 * EACH * SECONDS, "they spoke all the time"
        assert [one for one in asked if (one.status, one.ended) != (200, "answered")] == []
        took = sorted(one.took for one in asked)
        print(f"p50 {took[len(took) // 2] * 1000:.1f} ms, p99 {took[len(took) * 99 // 100] * 1000:.1f} ms")
        assert took[len(took) * 99 // 100] < P99
        at_rest(gateway)
    assert descriptors() == before


def test_limits_end_the_slow_ones():
    """A head by its whole time, silence inside a body and a client that does not read by the idle time."""
    before = descriptors()
    limits = {"request_head_timeout_ms": 1500, "stream_idle_timeout_ms": 1000, "delayed_close_timeout_ms": 200}

    def silent_body(client):
        slow_body(client)
        return b""

    with Origin(by_target) as origin, serving(origin.address, settings=limits) as gateway:
        with Slow(port_of(gateway), slow_head, silent_body, slow_read) as slow:
            until(lambda: counter(gateway, "downstream_cx_total") == 3 * EACH)
            at_rest(gateway, patience=60)  # although no client has closed anything
            answers = {kind: [client.read_response() for client in clients] for kind, clients in slow.clients.items()}
            for kind in (slow_head, silent_body):
                assert {(answer.status, answer.complete) for answer in answers[kind]} == {(408, True)}, kind
            assert {(answer.status, answer.complete) for answer in answers[slow_read]} == {(200, False)}
            assert all(client.closed_by_peer() for kind in (slow_head, silent_body) for client in slow.clients[kind])
        assert counter(gateway, "downstream_rq_header_timeout") == EACH
        assert counter(gateway, "downstream_rq_idle_timeout") == 2 * EACH
    assert descriptors() == before
