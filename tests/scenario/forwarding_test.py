"""HTTP/1 forwarding over real sockets: framing, connections, and bodies larger than any buffer."""

import hashlib
import threading
import time

import pytest

from support import documents
from support.client import HOST, Client, get
from support.gateway import port_of, serving
from support.origin import Origin, close, drip, garbage, informational, respond, stream, swallow
from support.process import SANITIZED, Memory, Run
from support.wire import head_bytes

MIB = 1 << 20


def test_methods_and_targets_arrive_as_sent():
    with Origin(respond(body=b"ok")) as origin, serving(origin.address) as gateway, Client(port_of(gateway)) as client:
        for method, target in [
            ("GET", "/a?b=c&d=%2F"),
            ("DELETE", "/x"),
            ("OPTIONS", "/"),
            ("PATCH", "/y;z"),
            ("PURGE", "/cache"),
        ]:
            assert client.request(method, target).status == 200
            assert (origin.requests[-1].method, origin.requests[-1].target) == (method, target)
        assert origin.requests[-1].connection == 0, "one kept connection serves them all"


def test_head_has_the_length_and_no_body():
    with Origin(respond(headers={"content-length": 1234})) as origin, serving(origin.address) as gateway:
        with Client(port_of(gateway)) as client:
            response = client.request("HEAD")
            assert (response.status, response.headers.get("content-length"), response.body) == (200, "1234", b"")
            assert client.request("HEAD").status == 200
        assert origin.connections == 1


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_body(status):
    with (
        Origin(respond(status), respond(body=b"next")) as origin,
        serving(origin.address) as gateway,
        Client(port_of(gateway)) as client,
    ):
        assert client.request().status == status
        assert client.request().body == b"next"


def test_chunked_both_ways():
    with (
        Origin(respond(headers={"transfer-encoding": "chunked"}, body=b"streamed")) as origin,
        serving(origin.address) as gateway,
    ):
        with Client(port_of(gateway)) as client:
            response = client.request("POST", body=[b"one", b"two"])
        assert (response.status, response.body, response.complete) == (200, b"streamed", True)
        assert origin.requests[0].body == b"onetwo"


def test_interim_answers_come_first():
    with (
        Origin([informational(103, {"link": "</style.css>"}), respond(body=b"final")]) as origin,
        serving(origin.address) as gateway,
    ):
        response = get(port_of(gateway))
        assert (response.interim, response.status, response.body) == ([103], 200, b"final")


def test_an_answer_byte_by_byte():
    raw = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    with Origin(drip(raw, pause=0.001)) as origin, serving(origin.address) as gateway:
        response = get(port_of(gateway))
        assert (response.status, response.body, response.complete) == (200, b"abc", True)


def test_a_request_byte_by_byte():
    with Origin(respond()) as origin, serving(origin.address) as gateway, Client(port_of(gateway)) as client:
        for byte in head_bytes("POST /slow HTTP/1.1", [("host", HOST), ("content-length", 3)]) + b"abc":
            client.send(bytes([byte]))
        assert client.read_response("POST").status == 200
        assert (origin.requests[0].target, origin.requests[0].body) == ("/slow", b"abc")


def test_body_until_close():
    with (
        Origin([garbage(b"HTTP/1.1 200 OK\r\n\r\nuntil the end"), close()]) as origin,
        serving(origin.address) as gateway,
    ):
        response = get(port_of(gateway))
        assert (response.status, response.body, response.complete) == (200, b"until the end", True)


def test_ten_pipelined_requests_are_answered_in_order():
    with (
        Origin(*[respond(body=str(number).encode()) for number in range(10)]) as origin,
        serving(origin.address) as gateway,
    ):
        with Client(port_of(gateway)) as client:
            client.send(b"".join(head_bytes(f"GET /{number} HTTP/1.1", [("host", HOST)]) for number in range(10)))
            assert [client.read_response().body for _ in range(10)] == [str(number).encode() for number in range(10)]
        assert [request.target for request in origin.requests] == [f"/{number}" for number in range(10)]


def test_connection_close_is_kept_to():
    with Origin(respond()) as origin, serving(origin.address) as gateway, Client(port_of(gateway)) as client:
        assert client.request(headers={"connection": "close"}).headers.get("connection") == "close"
        assert client.closed_by_peer()
        assert origin.requests[0].headers.get("connection") != "close", "the origin's connection is kept all the same"


def test_unknown_host_is_404_and_the_connection_goes_on():
    with Origin(respond()) as origin, serving(origin.address) as gateway, Client(port_of(gateway)) as client:
        assert client.request(host="elsewhere.example").status == 404
        assert client.request().status == 200


# ---- Large bodies --------------------------------------------------------------------------------


def slow_sink(seconds):
    """Takes nothing for a while, then everything: buffers are full by then if they have no bound."""
    state = {"bytes": 0, "hash": hashlib.sha256()}

    def sink(data):
        if not state["bytes"]:
            time.sleep(seconds)
        state["bytes"] += len(data)
        state["hash"].update(data)

    return state, sink


@pytest.fixture(name="running")
def gateway_process(tmp_path):
    def start(origin):
        file = tmp_path / "gateway.yaml"
        file.write_text(documents.routed([origin.address], timeout="120s"))
        return Run("-f", file, "--listen", "http=127.0.0.1:0", "--admin-address", "127.0.0.1:0")

    return start


def check_growth(memory):
    if not SANITIZED:  # a sanitizer keeps freed memory back
        assert memory.growth < 32 * MIB, f"{memory.growth / MIB:.1f} MiB"


def test_200_mb_download_at_a_slow_reader(running):
    size = 200 * MIB
    with (
        Origin(respond(), stream(size)) as origin,
        running(origin) as gateway,
        Client(gateway.port, timeout=60) as client,
    ):
        client.request()
        memory = Memory(gateway.pid)
        client.send_head()
        state, sink = slow_sink(1.0)
        response = client.read_response(sink=sink)
        assert (response.complete, state["bytes"]) == (True, size)
        assert state["hash"].hexdigest() == hashlib.sha256(b"x" * size).hexdigest()
        check_growth(memory)


def test_200_mb_upload_to_a_slow_origin(running):
    size, gate = 200 * MIB, threading.Event()

    def read_late(exchange):
        exchange.wait(gate)

    with (
        Origin(respond(), [read_late, swallow()]) as origin,
        running(origin) as gateway,
        Client(gateway.port, timeout=60) as client,
    ):
        client.request()
        memory = Memory(gateway.pid)
        threading.Timer(1.0, gate.set).start()
        client.send_head("POST", headers={"content-length": size})
        block = b"x" * MIB
        for _ in range(size // MIB):
            client.send(block)
        response = client.read_response("POST")
        assert (response.status, response.body) == (200, str(size).encode())
        check_growth(memory)
