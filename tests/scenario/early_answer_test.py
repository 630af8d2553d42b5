"""An origin that answers before the body is there: the client gets that answer, whole, and then the end."""

import itertools
import socket
import threading

import pytest

from support.client import HOST, Client
from support.gateway import counter, port_of, serving
from support.origin import Origin
from support.process import SANITIZED
from support.rest import at_rest
from support.wire import Closed, Cut, head_bytes, reset

ROUNDS = 170 if not SANITIZED else 20  # of each of the six ways
THREADS = 4
SIZE = 16 << 20  # more than all socket buffers on the way can take
PATIENT = {"delayed_close_timeout_ms": 20000}  # for a machine on which 16 MiB may take a while
BLOCK = b"x" * 65536
TEXT = b"this body is too large. " * 200


def finish(sock):
    """Half close, and what still comes is read: the polite way."""
    sock.shutdown(socket.SHUT_WR)
    while sock.recv(65536):
        pass
    sock.close()


def too_large(how):
    def step(exchange):
        exchange.read_first_body_bytes()
        number = exchange.request.headers.get("x-id")
        fields = [("content-length", len(TEXT)), ("connection", "close"), ("x-id", number)]
        exchange.send(head_bytes("HTTP/1.1 413 Content Too Large", fields) + TEXT)
        exchange.hang_up(how)

    return step


def begin(client, number):
    client.send(head_bytes("POST / HTTP/1.1", [("host", HOST), ("content-length", SIZE), ("x-id", number)]))


def write_all_then_read(client, number):
    """As http.client: nothing is read before the last byte is written. It may be told that nobody reads any more."""
    begin(client, number)
    for _ in range(SIZE // len(BLOCK)):
        client.send(BLOCK)
    return client.read_response("POST")


def read_while_writing(client, number):
    """Stops with the upload when the answer comes."""
    begin(client, number)
    answered = threading.Event()

    def upload():
        for _ in range(SIZE // len(BLOCK)):
            if answered.is_set():
                return
            client.send(BLOCK)

    thread = threading.Thread(target=upload, daemon=True)
    thread.start()
    response = client.read_response("POST")
    answered.set()
    thread.join(30)
    return response


def one(port, number, upload):
    """-> what is wrong, or None"""
    with Client(port) as client:
        response = upload(client, number)
        if not (response.status == 413 and response.complete and response.body == TEXT):
            return f"{number}: {response.status} complete={response.complete} {response.body[:100]}"
        if response.headers.get("x-id") != str(number) or response.headers.get("connection") != "close":
            return f"{number}: {response.headers}"
        return None if client.closed_by_peer() else f"{number}: the connection stays open"


@pytest.mark.parametrize("how", [finish, socket.socket.close, reset])
@pytest.mark.parametrize("upload", [write_all_then_read, read_while_writing])
def test_the_whole_413_arrives(upload, how):
    wrong, numbers, done = [], itertools.count(), []
    with Origin(too_large(how)) as origin, serving(origin.address, settings=PATIENT) as gateway:
        port = port_of(gateway)

        def client():
            while (number := next(numbers)) < ROUNDS:
                try:
                    fault = one(port, number, upload)
                except (OSError, Cut, Closed) as error:
                    fault = f"{number}: {error!r}"
                done.append(number)
                if fault:
                    wrong.append(fault)

        threads = [threading.Thread(target=client, daemon=True) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert len(done) == ROUNDS
        assert not wrong, f"{len(wrong)} of {ROUNDS}: {wrong[:5]}"
        at_rest(gateway)
        assert counter(gateway, "upstream_cx_active") == 0
