"""What an h2c origin may do: each is written by hand, with the library h2."""

import threading

import pytest

import http2
import kgwcore
import peers
from http2_client import Client
from http2_origin import H2Origin, refuse, respond
from support import client as http1
from support import documents
from support.gateway import counter, port_of, records
from support.process import until
from support.rest import at_rest

MAX_CONCURRENT, WINDOW = 3, 4  # of SETTINGS
INTERNAL_ERROR, REFUSED_STREAM, CANCEL = 2, 7, 8
FINE = respond(body=b"fine")


def get(gateway, path="/", **options):
    return http1.get(port_of(gateway), path, **options)


def serving(origin, **options):
    return http2.serving(origin.port, h2c=True, **options)


def test_what_the_origin_sees_of_an_http_1_client():
    with H2Origin(FINE) as origin, serving(origin) as gateway, http1.Client(port_of(gateway)) as client:
        fields = {"X-Own": "Mine", "Connection": "keep-alive, x-hop", "X-Hop": "1", "TE": "trailers"}
        answer = client.request("POST", "/a?b", headers=fields, body=[b"some", b"thing"])
        assert (answer.status, answer.body, answer.complete) == (200, b"fine", True)
        seen = origin.requests[0]
        pseudo = [pair for pair in seen.headers if pair[0].startswith(":")]
        expected = {":method": "POST", ":scheme": "http", ":authority": "test.example", ":path": "/a?b"}
        assert len(pseudo) == 4 and dict(pseudo) == expected
        assert seen.headers[:4] == pseudo, "they come first"
        assert (seen.get("x-own"), seen.get("x-hop"), seen.get("host")) == ("Mine", None, None)
        assert seen.body == b"something" and seen.get("content-length") is None


def test_many_at_once_share_a_connection():
    gate = threading.Event()
    with H2Origin(respond(body=b"fine", gate=gate)) as origin, serving(origin) as gateway:
        with Client(port_of(gateway)) as client:
            streams = [client.ask() for _ in range(50)]
            origin.wait_for_requests(50)
            gate.set()
            assert {bytes(client.answer(stream).body) for stream in streams} == {b"fine"}
        assert len(origin.links) == counter(gateway, "upstream_cx_total") == 1
        at_rest(gateway)


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_streams_than_the_origin_allows(most):
    gate = threading.Event()
    with H2Origin(FINE, respond(body=b"fine", gate=gate), settings={MAX_CONCURRENT: most}) as origin:
        with serving(origin) as gateway, Client(port_of(gateway)) as client:
            assert client.get().body == b"fine"  # now the gateway knows the limit
            streams = [client.ask() for _ in range(most)]
            origin.wait_for_requests(1 + most)
            assert len(origin.links) == 1
            streams.append(client.ask())
            assert origin.wait_for_requests(2 + most)[-1].link is origin.links[1]
            gate.set()
            assert {bytes(client.answer(stream).body) for stream in streams} == {b"fine"}
            assert origin.refused == 0


@pytest.mark.parametrize("count", [5, 150])
def test_more_streams_than_the_origin_allows_before_it_has_said_so(count):
    """They go out before its SETTINGS are there; it refuses what is too much, and is asked again."""
    retries, begins = {"retryOn": "refused-stream", "numRetries": 10}, threading.Event()
    with H2Origin(FINE, settings={MAX_CONCURRENT: 2}, begins=begins) as origin:
        options = {"route_options": {"retries": retries}, "cluster_settings": {"max_retries": 1000}}
        with serving(origin, **options) as gateway, Client(port_of(gateway)) as client:
            streams = [client.ask() for _ in range(count)]
            until(lambda: counter(gateway, "downstream_rq_active") == count)
            begins.set()
            assert [client.answer(stream).status for stream in streams] == [200] * count
            assert origin.refused >= 3
            at_rest_of_upstream(gateway)


def test_what_waited_for_a_connection_without_room_for_all_gets_another():
    """The first connection takes a second, while 150 requests come; then it takes 100 of them."""
    gate = threading.Event()
    origin = H2Origin(respond(body=b"fine", gate=gate), settings={MAX_CONCURRENT: 100}, accepts=False)
    with origin, serving(origin) as gateway, Client(port_of(gateway)) as client:
        streams = [client.ask() for _ in range(150)]
        until(lambda: counter(gateway, "upstream_rq_pending_active") == 150)
        origin.accept()
        origin.wait_for_requests(100)
        try:
            until(lambda: len(origin.requests) == 150, patience=2)
        finally:
            gate.set()
        assert {client.answer(stream).status for stream in streams} == {200}
        assert counter(gateway, "upstream_cx_total") == 2 and origin.refused == 0


# ---- what the configuration says -----------------------------------------------------------------


def test_health_checks_speak_the_protocol_of_the_backend():
    often = {"timeout": "5s", "interval": "1s", "unhealthyThreshold": 1, "healthyThreshold": 1}
    health = {**often, "http": {"path": "/health"}}
    policy = documents.backend_policy(healthCheck=health)
    with H2Origin(FINE) as origin:
        text = http2.text(f"127.0.0.1:{origin.port}", h2c=True) + "---\n" + documents.text(policy)
        with kgwcore.Gateway(text, listen={"http": "127.0.0.1:0"}) as gateway:
            until(lambda: counter(gateway, "health_check.success"))
            assert origin.requests[0].get(":path") == "/health"
            assert get(gateway).body == b"fine" and counter(gateway, "health_check.failure") == 0


def test_a_change_of_the_protocol_is_in_force_at_once():
    def via(gateway):
        assert get(gateway, "/get").status == 200
        return counter(gateway, "upstream_cx_total")

    with peers.go_httpbin() as (_, backend), http2.nghttpx(backend) as port, http2.serving(port) as gateway:
        assert [via(gateway), via(gateway)] == [1, 1]
        gateway.apply(http2.text(f"127.0.0.1:{port}", h2c=True))
        assert [via(gateway), via(gateway)] == [2, 2]
        gateway.apply(http2.text(f"127.0.0.1:{port}"))
        assert [via(gateway), via(gateway)] == [3, 3]


# ---- GOAWAY --------------------------------------------------------------------------------------


def test_goaway_lets_what_is_open_end_and_brings_a_new_connection():
    gate = threading.Event()

    def last(request):
        request.link.goaway(request.stream)
        assert gate.wait(20)
        request.answer(body=b"last")

    with H2Origin(last, FINE) as origin, serving(origin) as gateway, Client(port_of(gateway)) as client:
        slow = client.ask()
        origin.wait_for_requests(1)
        until(lambda: bytes(client.get().body) == b"fine" and len(origin.links) == 2)
        gate.set()
        assert client.answer(slow).body == b"last"
        assert client.get().body == b"fine" and len(origin.links) == 2
        until(lambda: counter(gateway, "upstream_cx_active") == 1)


def test_goaway_gives_back_what_the_origin_did_not_begin():
    def away(request):
        request.link.goaway(0)

    retries = {"retryOn": "refused-stream", "numRetries": 1}
    with H2Origin(away, FINE) as origin, serving(origin, route_options={"retries": retries}) as gateway:
        answer = get(gateway)
        assert (answer.status, answer.body) == (200, b"fine")
        assert len(origin.links) == 2
        at_rest(gateway)


def test_an_idle_connection_that_says_goaway_fails_no_request():
    with H2Origin(FINE) as origin, serving(origin) as gateway:
        for number in range(1, 6):
            assert get(gateway).body == b"fine"
            origin.links[-1].goaway(1)
            until(lambda: counter(gateway, "upstream_cx_active") == 0)
            assert len(origin.links) == number


# ---- streams that end early ----------------------------------------------------------------------


RESETS = {REFUSED_STREAM: "refused-stream", INTERNAL_ERROR: "reset", CANCEL: "reset"}


@pytest.mark.parametrize("code, policy", RESETS.items())
def test_a_reset_is_retried_on_the_same_connection(code, policy):
    retries = {"retryOn": policy, "numRetries": 1}
    with H2Origin(refuse(code), FINE) as origin, serving(origin, route_options={"retries": retries}) as gateway:
        assert get(gateway).body == b"fine"
        assert len(origin.requests) == 2 and len(origin.links) == 1


def test_a_reset_without_a_policy():
    with H2Origin(refuse(INTERNAL_ERROR), FINE) as origin, serving(origin) as gateway:
        assert get(gateway).status == 503
        assert records(gateway)[-1]["response_flags"] == "UR"
        assert get(gateway).body == b"fine" and len(origin.links) == 1
        at_rest(gateway)


def test_a_reset_inside_the_body_cuts_the_answer():
    def cut(request):
        request.answer(body=b"half", end=False)
        request.link.call("reset_stream", request.stream, INTERNAL_ERROR)

    with H2Origin(cut, FINE) as origin, serving(origin) as gateway:
        answer = get(gateway)
        assert (answer.status, answer.body, answer.complete) == (200, b"half", False)
        with Client(port_of(gateway)) as client:
            assert client.get().body == b"fine" and len(origin.links) == 1
        at_rest(gateway)


def test_a_reset_leaves_the_others_alone():
    gate = threading.Event()
    with H2Origin(respond(body=b"fine", gate=gate), refuse(INTERNAL_ERROR)) as origin, serving(origin) as gateway:
        with Client(port_of(gateway)) as client:
            slow = client.ask()
            origin.wait_for_requests(1)
            assert client.get().status == 503
            gate.set()
            assert client.answer(slow).body == b"fine"


def test_an_attempt_that_takes_too_long_is_reset_and_the_connection_goes_on():
    retries = {"retryOn": "5xx", "numRetries": 1, "perTryTimeout": "0.2s"}
    with H2Origin(lambda request: request.ended.wait(20), FINE) as origin:
        with serving(origin, route_options={"retries": retries}) as gateway:
            assert get(gateway).body == b"fine"
            until(lambda: origin.requests[0].reset == CANCEL)
            assert len(origin.links) == 1
            at_rest(gateway)


def test_the_origin_that_loses_its_connection_loses_all_of_its_streams():
    def slam(request):
        request.link.sock.shutdown(2)

    gate = threading.Event()
    with H2Origin(respond(gate=gate), respond(gate=gate), slam, FINE) as origin, serving(origin) as gateway:
        with Client(port_of(gateway)) as client:
            streams = [client.ask() for _ in range(3)]
            assert [client.answer(stream).status for stream in streams] == [503] * 3
            assert {record["response_flags"] for record in records(gateway, 3)} == {"UC"}
            gate.set()
            assert client.get().body == b"fine" and len(origin.links) == 2
        at_rest(gateway)


def test_an_answer_in_front_of_the_end_of_the_request():
    """RFC 9113 8.1: RST_STREAM with NO_ERROR behind a whole answer is no failure."""

    def early(request):
        request.answer(413, body=b"too large")
        request.link.call("reset_stream", request.stream, 0)

    with H2Origin(early, FINE) as origin, serving(origin) as gateway, Client(port_of(gateway)) as client:
        upload = client.ask("POST", end=False)
        answer = client.answer(upload)
        assert (answer.status, answer.body) == (413, b"too large")
        assert client.get().body == b"fine" and len(origin.links) == 1
        at_rest_of_upstream(gateway)


def at_rest_of_upstream(gateway):
    until(lambda: counter(gateway, "upstream_rq_active") == 0 and counter(gateway, "downstream_rq_active") == 0)


# ---- bodies and windows --------------------------------------------------------------------------


@pytest.mark.parametrize("window", [1, 1000, 65_535])
def test_an_upload_keeps_to_the_window(window):
    with H2Origin(FINE, settings={WINDOW: window}) as origin, serving(origin) as gateway:
        size = 1_000 if window == 1 else 300_000
        with Client(port_of(gateway)) as client:
            assert client.get().body == b"fine"
            upload = client.ask("POST", end=False)
            client.send(upload, b"x" * size, end=True)
            assert client.answer(upload).body == b"fine"
        assert len(origin.requests[1].body) == size
        at_rest(gateway)


@pytest.mark.parametrize("size", [4096, 16_384, 32_768, 65_536])
def test_small_buffers(size):
    """Bodies of many times the buffer, both ways, to an origin and a client that take all at once."""
    settings = {"buffer_bytes": size, "h2_stream_window_bytes": 65_535}

    def much(request):
        assert request.ended.wait(20)
        request.answer(end=False)
        request.link.send_all(request.stream, b"y" * 300_000)

    with H2Origin(much) as origin, serving(origin, settings=settings) as gateway, Client(port_of(gateway)) as client:
        for _ in range(10):
            upload = client.ask("POST", end=False)
            client.send(upload, b"x" * 300_000, end=True)
            assert len(client.answer(upload).body) == 300_000
            assert len(origin.requests[-1].body) == 300_000


def test_an_upload_that_the_origin_does_not_take_stops_no_other():
    with H2Origin(respond(body=b"fine"), takes=False, settings={WINDOW: 1000}) as origin, serving(origin) as gateway:
        with Client(port_of(gateway)) as client:
            assert client.get().body == b"fine"
            upload = client.ask("POST", end=False)
            client.send(upload, b"x" * 100_000)
            origin.wait_for_requests(2)
            until(lambda: len(origin.requests[1].body) == 1000)
            assert client.get().body == b"fine"
            client.reset(upload)
            until(lambda: origin.requests[1].reset == CANCEL)
        at_rest(gateway)


def test_a_client_that_does_not_read_stops_its_stream_alone():
    def much(request):
        request.answer(end=False)
        sent = 0
        while sent < 40_000_000 and request.reset is None:
            room = request.link.h2.local_flow_control_window(request.stream)
            if room == 0:
                break
            sent += min(room, 16384)
            request.link.data(request.stream, b"x" * min(room, 16384))
        request.sent = sent

    with H2Origin(much, FINE) as origin, serving(origin) as gateway, Client(port_of(gateway), takes=False) as client:
        slow = client.ask()
        until(lambda: hasattr(origin.wait_for_requests(1)[0], "sent"), patience=20)
        assert origin.requests[0].sent < 40_000_000, "nothing stops the origin"
        with Client(port_of(gateway)) as other:
            assert other.get().body == b"fine" and len(origin.links) == 1
        client.reset(slow)
        until(lambda: origin.requests[0].reset == CANCEL)


def test_trailers_both_ways():
    def step(request):
        assert request.ended.wait(20)
        request.answer(body=b"hello", end=False)
        request.link.headers(request.stream, [("x-sum", "1"), ("x-sum", "2")], end=True)

    with H2Origin(step) as origin, serving(origin) as gateway, Client(port_of(gateway)) as client:
        for body in (b"body", b""):
            upload = client.ask("POST", end=False)
            client.send(upload, body)
            client.trailers(upload, [("x-check", "3")])
            answer = client.answer(upload)
            assert (answer.body, answer.trailers) == (b"hello", [("x-sum", "1"), ("x-sum", "2")])
            assert (origin.requests[-1].body, origin.requests[-1].trailers) == (body, [("x-check", "3")])


@pytest.mark.parametrize("keep", [0, 1])
def test_trailers_toward_an_http_1_client(keep):
    def step(request):
        request.answer(body=b"hello", end=False)
        request.link.headers(request.stream, [("x-sum", "1")], end=True)

    with H2Origin(step) as origin, serving(origin, settings={"keep_h1_trailers": keep}) as gateway:
        answer = get(gateway)
        assert (answer.body, answer.complete) == (b"hello", True)
        assert answer.trailers.get("x-sum") == ("1" if keep else None)


BODILESS = [("HEAD", 200, [("content-length", "5")]), ("GET", 204, []), ("GET", 304, [])]


@pytest.mark.parametrize("method, status, fields", BODILESS)
def test_answers_without_a_body(method, status, fields):
    with H2Origin(respond(status, fields)) as origin, serving(origin) as gateway:
        with http1.Client(port_of(gateway)) as client:
            for _ in range(3):
                answer = client.request(method)
                assert (answer.status, answer.complete, answer.body) == (status, True, b"")
                assert answer.headers.get("content-length") == dict(fields).get("content-length")


def test_an_answer_without_a_length_is_chunked_for_an_http_1_client():
    with H2Origin(respond(body=b"x" * 50_000), respond(fields=[("content-length", "0")]), FINE) as origin:
        with serving(origin) as gateway, http1.Client(port_of(gateway)) as client:
            answer = client.request()
            assert (answer.headers.get("transfer-encoding"), len(answer.body)) == ("chunked", 50_000)
            assert client.request().headers.get("content-length") == "0"
            assert client.request().body == b"fine"


def test_requests_in_a_pipeline_are_answered_in_their_order():
    gate = threading.Event()
    with H2Origin(respond(body=b"first", gate=gate), FINE) as origin, serving(origin) as gateway:
        with http1.Client(port_of(gateway)) as client:
            for number in range(10):
                client.send_head("GET", f"/{number}")
            origin.wait_for_requests(1)
            gate.set()
            assert [client.read_response().body for _ in range(10)] == [b"first"] + [b"fine"] * 9
        assert [request.get(":path") for request in origin.requests] == [f"/{number}" for number in range(10)]


def test_heads_of_several_frames():
    fields = [(f"x-{number}", chr(97 + number) * 1000) for number in range(26)]
    with H2Origin(respond(fields=fields, body=b"hello")) as origin, serving(origin) as gateway:
        answer = get(gateway, headers=fields)
        assert all(answer.headers.get(name) == value for name, value in fields) and answer.body == b"hello"
        assert all(origin.requests[0].get(name) == value for name, value in fields)


def test_interim_answers_pass():
    def step(request):
        request.link.headers(request.stream, [(":status", "103"), ("link", "</x>")])
        request.answer(body=b"fine")

    with H2Origin(step) as origin, serving(origin) as gateway:
        assert (answer := get(gateway)).interim == [103] and answer.body == b"fine"
        with Client(port_of(gateway)) as client:
            assert (answer := client.get()).interim == [103] and answer.body == b"fine"


# ---- origins that break the rules ----------------------------------------------------------------

BROKEN = {
    "a field of a connection": [("connection", "close")],
    "upper case": [("X-Upper", "1")],
    "two lengths": [("content-length", "1"), ("content-length", "2")],
    "a line break": [("x-evil", "a\r\nb: c")],
}


@pytest.mark.parametrize("fields", BROKEN.values(), ids=BROKEN)
def test_a_malformed_answer_breaks_its_stream_alone(fields):
    gate = threading.Event()
    script = [respond(body=b"fine", gate=gate), respond(fields=fields, body=b"x")]
    with H2Origin(*script) as origin, serving(origin) as gateway:
        with Client(port_of(gateway)) as client:
            slow = client.ask()
            origin.wait_for_requests(1)
            assert client.get().status == 502
            assert records(gateway)[-1]["response_flags"] == "UPE"
            gate.set()
            assert client.answer(slow).body == b"fine"
        at_rest(gateway)


def test_a_body_that_is_not_as_long_as_it_says():
    with H2Origin(respond(fields=[("content-length", "5")], body=b"shrt")) as origin, serving(origin) as gateway:
        answer = get(gateway)
        assert (answer.status, answer.complete) in ((200, False), (502, True))
        at_rest(gateway)


def test_a_head_that_is_too_large_breaks_its_stream_alone():
    large = respond(fields=[(f"x-{number}", "y" * 1000) for number in range(70)], body=b"x")
    with H2Origin(large, FINE) as origin, serving(origin) as gateway:
        assert get(gateway).status == 502
        assert get(gateway).body == b"fine"
        assert counter(gateway, "limit.response_head_bytes") == 1 and len(origin.links) == 1


def test_an_origin_that_speaks_http_1():
    with peers.go_httpbin() as (_, port), http2.serving(port, h2c=True) as gateway:
        assert get(gateway).status in (502, 503)
        at_rest(gateway)
        until(lambda: not counter(gateway, "upstream_cx_active"))


def test_an_origin_is_pinged_back():
    def step(request):
        for _ in range(5):
            request.link.call("ping", b"12345678")
        for _ in range(5):
            assert request.link.pongs.acquire(timeout=20)
        request.answer(body=b"fine")

    with H2Origin(step) as origin, serving(origin) as gateway:
        assert get(gateway).body == b"fine"


def test_a_websocket_does_not_get_to_an_h2c_origin():
    """No extended CONNECT yet (RFC 8441): whatever the answer is, it comes at once and nothing hangs."""
    asked = {"sec-websocket-version": "13", "sec-websocket-key": "eA=="}
    upgrade = {"connection": "upgrade", "upgrade": "websocket", **asked}
    with H2Origin(respond(body=b"fine", when="head")) as origin, serving(origin) as gateway:
        answer = get(gateway, headers=upgrade)
        assert answer.complete and answer.status != 101
        at_rest(gateway)
