"""What streams do to each other and to their connection, seen by the library h2."""

import socket
import threading

import pytest

import http2
from http2_client import Client
from support import client as http1
from support.gateway import counter, port_of, records
from support.origin import Origin, informational, respond, stall, stream, wait_for
from support.process import until
from support.rest import at_rest
from support.wire import head_bytes

WINDOW = 4  # SETTINGS_INITIAL_WINDOW_SIZE
NO_ERROR, REFUSED_STREAM = 0, 7
PING, GOAWAY = 6, 7  # types of frames


@pytest.fixture(name="origin")
def scripted_origin():
    with Origin(respond(body=b"hello")) as origin:
        yield origin


@pytest.fixture(name="gateway")
def gateway_to_origin(origin):
    with http2.serving(origin.port) as gateway:
        yield gateway
        at_rest(gateway)


@pytest.fixture(name="client")
def client_of_gateway(gateway):
    with Client(port_of(gateway)) as client:
        yield client


def test_answers_come_in_the_order_in_which_they_are_ready():
    gate = threading.Event()
    script = [respond(body=b"slow", gate=gate), respond(body=b"fast")]
    with Origin(*script) as origin, http2.serving(origin.port) as gateway:
        with Client(port_of(gateway)) as client:
            slow = client.ask()
            until(lambda: origin.requests)
            assert client.get().body == b"fast"
            assert not client.answers[slow].over
            gate.set()
            assert client.answer(slow).body == b"slow"


def test_an_answer_in_front_of_the_end_of_the_request_ends_the_upload():
    early = [respond(when="body_started", body=b"answer"), stall(when="headers")]
    with Origin(early, respond(body=b"next")) as origin, http2.serving(origin.port) as gateway:
        with Client(port_of(gateway)) as client:
            upload = client.ask("POST", end=False)
            client.send(upload, b"x")
            assert client.answer(upload).body == b"answer"
            client.until(lambda: client.answers[upload].ended)
            client.send_in_vain(upload, b"x" * 60_000)
            client.until(lambda: client.answers[upload].reset == NO_ERROR)
            assert client.get().body == b"next", "the connection goes on"
        at_rest(gateway)


def test_interim_answers_pass():
    with Origin([informational(103, {"link": "</x>"}), respond(body=b"hello")]) as origin:
        with http2.serving(origin.port) as gateway, Client(port_of(gateway)) as client:
            answer = client.get()
            assert (answer.interim, answer.status, answer.body) == ([103], 200, b"hello")


def test_100_comes_at_once(client, origin):
    upload = client.ask("POST", fields=[("expect", "100-continue")], end=False)
    client.until(lambda: client.answers[upload].interim == [100])
    client.send(upload, b"body", end=True)
    assert client.answer(upload).status == 200
    assert (origin.requests[-1].body, origin.requests[-1].headers.get("expect")) == (b"body", None)


def test_a_stream_that_nobody_reads_stops_no_other():
    with Origin(stream(20_000_000), respond(body=b"fast")) as origin, http2.serving(origin.port) as gateway:
        with Client(port_of(gateway), takes=False) as client:
            client.h2.increment_flow_control_window(1 << 30)
            slow = client.ask()
            client.until(lambda: len(client.answers[slow].body) == 65_535)
            for _ in range(20):
                assert client.get().body == b"fast"
            assert len(client.answers[slow].body) == 65_535
            client.h2.increment_flow_control_window(1 << 30, slow)
            client.flush()
            assert len(client.answer(slow).body) == 20_000_000
        at_rest(gateway)


@pytest.fixture(name="reluctant")
def upload_that_nobody_reads():
    """-> (gateway, origin, client, upload, bytes sent until nothing went any more, the gate in front of reading)."""
    gate = threading.Event()
    with Origin([wait_for(gate, when="headers"), respond(body=b"read")], respond(body=b"fast")) as origin:
        settings = {"buffer_bytes": 65536, "h2_stream_window_bytes": 65536}
        with http2.serving(origin.port, settings=settings) as gateway:
            with Client(port_of(gateway)) as client:
                upload = client.ask("POST", end=False)
                origin.wait_for_requests(1)
                yield gateway, origin, client, upload, fill(client, upload), gate
            at_rest(gateway)


def fill(client, upload):
    """-> how many bytes went. Behind the answer to a PING nothing more comes for what was sent before."""
    sent = 0
    while sent < 30_000_000:
        if window := client.h2.local_flow_control_window(upload):
            data = b"x" * min(window, 1 << 16)
            client.send(upload, data)
            sent += len(data)
        client.ping()
        if not client.h2.local_flow_control_window(upload):
            return sent
    raise AssertionError("nothing stops it")


def test_an_upload_that_nobody_reads_stops_no_other(reluctant):
    _, _, client, _, _, gate = reluctant
    for _ in range(5):
        assert client.get().body == b"fast"
    gate.set()


def test_an_upload_goes_on_when_it_is_read_again(reluctant):
    _, origin, client, upload, sent, gate = reluctant
    gate.set()
    client.send(upload, b"x" * 1000, end=True)
    assert client.answer(upload).body == b"read"
    assert len(origin.requests[0].body) == sent + 1000


def test_a_stream_that_is_reset_is_cancelled_alone():
    with Origin(stall(), respond(body=b"fast")) as origin, http2.serving(origin.port) as gateway:
        with Client(port_of(gateway)) as client:
            slow = client.ask()
            origin.wait_for_requests(1)
            client.reset(slow)
            assert client.get().body == b"fast"
            until(lambda: origin.requests[0].outcome == "connection_closed")
            assert counter(gateway, "downstream_cx_active") == 1
            at_rest_but_for_the_client(gateway)


def at_rest_but_for_the_client(gateway):
    names = ("downstream_rq_active", "upstream_rq_active", "upstream_rq_pending_active")
    until(lambda: not any(counter(gateway, name) for name in names))


def test_a_client_that_leaves_cancels_everything():
    with Origin(stall()) as origin, http2.serving(origin.port) as gateway:
        with Client(port_of(gateway)) as client:
            for _ in range(10):
                client.ask()
            origin.wait_for_requests(10)
        at_rest(gateway)
        assert counter(gateway, "downstream_rq_aborted") == 10
        assert {record["response_flags"] for record in records(gateway, 10)} == {"DC"}


def test_streams_beyond_the_limit_are_refused():
    gate = threading.Event()
    with Origin(respond(body=b"fine", gate=gate)) as origin:
        with http2.serving(origin.port, settings={"h2_concurrent_streams": 2}) as gateway:
            with Client(port_of(gateway)) as client:
                streams = [client.ask() for _ in range(4)]  # it does not know the limit yet
                assert [client.answer(stream).reset for stream in streams[2:]] == [REFUSED_STREAM] * 2
                gate.set()
                assert [client.answer(stream).body for stream in streams[:2]] == [b"fine"] * 2
                assert client.get().body == b"fine"
            at_rest(gateway)


def test_the_last_request_of_a_connection(origin):
    with http2.serving(origin.port, settings={"requests_per_connection": 3}) as gateway:
        with Client(port_of(gateway)) as client:
            assert [client.answer(stream).body for stream in [client.ask() for _ in range(3)]] == [b"hello"] * 3
            client.until(lambda: client.goaway == NO_ERROR)
            until_closed(client)
        at_rest(gateway)


def until_closed(client):
    while not client.closed:
        client.read()


def stop(gateway):
    """It begins to drain; -> the thread that waits for it."""
    stopping = threading.Thread(target=gateway.close)
    stopping.start()
    return stopping


def test_an_idle_connection_ends_with_goaway(origin):
    with http2.serving(origin.port, settings={"connection_idle_timeout_ms": 200}) as gateway:
        with Client(port_of(gateway)) as client:
            assert client.get().status == 200
            until_closed(client)
            assert client.goaway == NO_ERROR
        at_rest(gateway)


def test_a_gateway_that_stops_answers_what_it_was_asked():
    gate = threading.Event()
    with Origin(respond(body=b"hello", gate=gate)) as origin, http2.serving(origin.port) as gateway:
        with Client(port_of(gateway)) as client:
            streams = [client.ask() for _ in range(5)]
            origin.wait_for_requests(5)
            stopping = stop(gateway)
            client.until(lambda: client.goaway == NO_ERROR)
            gate.set()
            assert [client.answer(stream).body for stream in streams] == [b"hello"] * 5
            until_closed(client)
            stopping.join(20)
            assert not stopping.is_alive()


def test_a_client_that_answers_no_ping_does_not_hold_up_the_end():
    gate = threading.Event()
    with Origin(respond(body=b"hello", gate=gate)) as origin, http2.serving(origin.port) as gateway:
        with Client(port_of(gateway), answers_pings=False) as client:
            stream_ = client.ask()
            origin.wait_for_requests(1)
            stopping = stop(gateway)
            try:
                client.until(lambda: client.goaway == NO_ERROR)
                gate.set()
                assert client.answer(stream_).body == b"hello"
                until_closed(client)
            finally:
                gate.set()
                stopping.join(20)


def test_a_ping_behind_goaway():
    """Only then its answer tells that the client has read the GOAWAY."""
    gate = threading.Event()
    with Origin(respond(body=b"hello", gate=gate)) as origin, http2.serving(origin.port) as gateway:
        with Client(port_of(gateway)) as client:
            stream_ = client.ask()
            origin.wait_for_requests(1)
            stopping = stop(gateway)
            client.until(lambda: client.goaway == NO_ERROR and PING in client.frames)
            gate.set()
            assert client.answer(stream_).body == b"hello"
            stopping.join(20)
            assert client.frames.index(GOAWAY) < client.frames.index(PING)


def test_a_request_that_crosses_goaway_is_answered():
    """RFC 9113 6.8: a graceful end is announced for the highest id first, and told exactly a round trip later."""
    gate = threading.Event()
    script = [respond(body=b"slow", gate=gate), respond(body=b"fast")]
    with Origin(*script) as origin, http2.serving(origin.port) as gateway:
        with Client(port_of(gateway)) as client:
            slow = client.ask()
            origin.wait_for_requests(1)
            client.ping()
            stopping = stop(gateway)
            client.sock.recv(1, socket.MSG_PEEK)  # the GOAWAY is there, and not read yet
            crossing = client.ask()
            gate.set()
            assert client.answer(slow).body == b"slow"
            client.sock.settimeout(1)
            try:
                assert client.answer(crossing).body == b"fast"
            finally:
                client.sock.close()
                stopping.join(20)


@pytest.mark.parametrize("window", [0, 3])
def test_an_answer_that_nobody_takes_ends_in_time(window):
    """The gateway is done with it, but its codec is not: the time of a silent stream holds for it too."""
    with Origin(respond(body=b"hello")) as origin:
        with http2.serving(origin.port, settings={"stream_idle_timeout_ms": 300}) as gateway:
            with Client(port_of(gateway), settings={WINDOW: window}, takes=False) as client:
                client.sock.settimeout(3)
                stuck = client.ask()
                client.until(lambda: client.answers[stuck].over or client.goaway is not None)
                assert len(client.answers[stuck].body) == window and not client.answers[stuck].ended
            at_rest(gateway)


def test_a_request_that_stops_halfway_ends_in_time(origin):
    with http2.serving(origin.port, settings={"stream_idle_timeout_ms": 300}) as gateway:
        with Client(port_of(gateway)) as client:
            half = client.ask("POST", end=False)
            client.send(half, b"x")
            answer = client.answer(half)
            assert answer.status == 408 or answer.reset is not None
            assert client.get().status == 200, "the connection goes on"
        at_rest(gateway)


def test_a_client_that_says_goaway_gets_its_answers():
    gate = threading.Event()
    with Origin(respond(body=b"hello", gate=gate)) as origin, http2.serving(origin.port) as gateway:
        with Client(port_of(gateway)) as client:
            streams = [client.ask() for _ in range(3)]
            client.goaway_by_hand()
            client.ping()
            gate.set()
            assert [client.answer(stream).body for stream in streams] == [b"hello"] * 3
            until_closed(client)
        at_rest(gateway)


def test_a_connection_that_comes_byte_by_byte(gateway):
    with Client(port_of(gateway), piecewise=True) as client:
        upload = client.ask("POST", end=False)
        client.send(upload, b"body", end=True)
        assert client.answer(upload).body == b"hello"


def test_the_first_letter_of_a_preface_is_that_of_put_and_post_too(gateway):
    for method in ("PUT", "POST", "PATCH", "PRINT"):
        with http1.Client(port_of(gateway)) as client:
            for byte in head_bytes(f"{method} / HTTP/1.1", [("host", "x"), ("content-length", 0)]):
                client.send(bytes([byte]))
            assert client.read_response().body == b"hello"


def test_heads_of_several_frames(origin, client):
    fields = [(f"x-{number}", chr(97 + number) * 1000) for number in range(26)]
    origin.script = [[respond(headers=fields, body=b"hello")]]
    answer = client.get(fields=fields)
    assert set(fields) <= set(answer.headers) and answer.body == b"hello"
    assert origin.requests[-1].headers.get("x-25") == "z" * 1000


def test_pings_are_answered_beside_everything():
    with Origin(stall()) as origin, http2.serving(origin.port) as gateway, Client(port_of(gateway)) as client:
        client.ask()
        for _ in range(10):
            client.ping()


@pytest.mark.parametrize("method, status, length", [("HEAD", 200, "5"), ("GET", 204, None), ("GET", 304, None)])
def test_answers_without_a_body(method, status, length):
    step = respond(status, body=b"hello" if status == 200 else b"")
    with Origin(step) as origin, http2.serving(origin.port) as gateway:
        with Client(port_of(gateway)) as client:
            answer = client.get(method=method)
            assert (answer.status, answer.body, answer.ended) == (status, b"", True)
            assert dict(answer.headers).get("content-length") == length


def test_no_field_of_a_connection_gets_into_an_answer():
    gone = [("connection", "x-mine, keep-alive"), ("x-mine", "1"), ("keep-alive", "timeout=5"), ("upgrade", "h2c")]
    kept = [("X-Kept", "Yes"), ("set-cookie", "a=1"), ("set-cookie", "b=2")]
    fields = [*gone, ("proxy-connection", "close"), *kept]
    with Origin(respond(headers=fields, body=b"hello")) as origin, http2.serving(origin.port) as gateway:
        with Client(port_of(gateway)) as client:
            answer = client.get()  # the library refuses those of a connection and upper case
            names = [name for name, _ in answer.headers]
            assert ("x-kept", "Yes") in answer.headers and "x-mine" not in names and names.count("set-cookie") == 2


@pytest.mark.parametrize("length", [False, True])
def test_a_cut_answer_is_reset(length):
    fields = [("content-length", "1000")] if length else [("transfer-encoding", "chunked")]
    body = b"hello" if length else b"5\r\nhello\r\n"

    def cut(exchange):
        exchange.send(head_bytes("HTTP/1.1 200 OK", fields) + body)
        exchange.hang_up(lambda sock: (sock.shutdown(2), sock.close()))

    with Origin(cut, respond(body=b"next")) as origin, http2.serving(origin.port) as gateway:
        with Client(port_of(gateway)) as client:
            answer = client.get()
            assert (answer.status, answer.body, answer.ended) == (200, b"hello", False) and answer.reset
            assert client.get().body == b"next", "the connection goes on"
        at_rest(gateway)


def test_trailers_both_ways_of_an_http_1_origin():
    def chunked(exchange):
        exchange.read_request()
        raw = b"5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n"
        exchange.send(head_bytes("HTTP/1.1 200 OK", [("transfer-encoding", "chunked")]) + raw)

    with Origin(chunked) as origin, http2.serving(origin.port, settings={"keep_h1_trailers": 1}) as gateway:
        with Client(port_of(gateway)) as client:
            upload = client.ask("POST", end=False)
            client.send(upload, b"body")
            client.trailers(upload, [("x-check", "2")])
            answer = client.answer(upload)
            assert (answer.body, answer.trailers) == (b"hello", [("x-sum", "1")])
            seen = origin.requests[-1]
            assert (seen.body, seen.trailers.get("x-check")) == (b"body", "2")


REFUSED = {
    "TRACE": (405, "TRACE", []),
    "an unknown expectation": (417, "GET", [("expect", "more")]),
    "a head that is too large": (431, "GET", [(f"x-{number}", "y" * 1000) for number in range(70)]),
    "too many fields": (431, "GET", [(f"x-{number}", "y") for number in range(101)]),
    "another host": (400, "GET", [("host", "other.example")]),
}


@pytest.mark.parametrize("status, method, fields", REFUSED.values(), ids=REFUSED)
def test_a_refused_request_leaves_the_connection_alone(client, origin, status, method, fields):
    client.h2.config.validate_outbound_headers = False
    assert client.get(method=method, fields=fields).status == status
    assert not origin.requests
    assert client.get().body == b"hello"


def test_connect_is_refused(client):
    client.h2.config.validate_outbound_headers = False
    assert client.answer(client.connect("example.com:80")).status == 403
    assert client.get().body == b"hello"


def test_a_retry_sends_the_whole_body_again():
    retries = {"retryOn": "5xx", "numRetries": 2}
    with Origin(respond(503), respond(503), respond(body=b"fine")) as origin:
        with http2.serving(origin.port, route_options={"retries": retries}) as gateway:
            with Client(port_of(gateway)) as client:
                upload = client.ask("POST", end=False)
                client.send(upload, b"x" * 30_000, end=True)
                assert client.answer(upload).body == b"fine"
            assert [request.body for request in origin.requests] == [b"x" * 30_000] * 3


def test_window_changes_in_mid_stream():
    with Origin(stream(1_000_000)) as origin, http2.serving(origin.port) as gateway:
        with Client(port_of(gateway), settings={WINDOW: 10}) as client:
            slow = client.ask()
            client.until(lambda: len(client.answers[slow].body) == 10)
            for size in (5, 100, 0, 50_000, 16_000_000):
                client.h2.update_settings({WINDOW: size})
                client.flush()
            client.until(lambda: client.answers[slow].ended)
            assert len(client.answers[slow].body) == 1_000_000
        at_rest(gateway)


@pytest.mark.parametrize("table", [0, 100, 65536])
def test_any_size_of_the_header_table(origin, table):
    fields = [(f"x-{number}", str(number) * 50) for number in range(20)]
    origin.script = [[respond(headers=fields, body=b"hello")]]
    with http2.serving(origin.port) as gateway, Client(port_of(gateway), settings={1: table}) as client:
        for _ in range(5):
            assert set(fields) <= set(client.get(fields=fields).headers)
            assert origin.requests[-1].headers.get("x-19") == "19" * 50
