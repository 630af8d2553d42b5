"""PING toward origins (RFC 9113 6.7): an endpoint that is gone without a word is found out, a slow one is left alone."""

import contextlib
import threading

import pytest
from hyperframe.frame import PingFrame

from support.gateway import H2C, counter, port_of, records, serving
from support.h2_peer import H2Client, H2Origin, respond, stall
from support.origin import Origin
from support.origin import respond as respond_h1
from support.process import until
from support.rest import at_rest

ASKS = {"h2_ping_interval_ms": 50, "h2_ping_timeout_ms": 100}


@contextlib.contextmanager
def asked(origin, settings=None, **options):
    """-> gateway, client."""
    with origin, serving(origin.address, app_protocol=H2C, cluster_settings=settings or ASKS, **options) as gateway:
        with H2Client(port_of(gateway)) as client:
            yield gateway, client
        at_rest(gateway)


def pings(origin):
    return sum(isinstance(frame, PingFrame) for connection in origin.connections for frame in connection.frames)


def test_a_silent_endpoint_ends_its_connection_and_the_attempt():
    origin = H2Origin(stall(), alive=False)
    with asked(origin) as (gateway, client):
        assert client.request().status == 503
        (record,) = records(gateway)
        assert record["response_flags"] == "UC"
        assert record["attempts"][0]["reset_reason"] == "connection termination"
        assert record["duration"] >= 150
        assert counter(gateway, "http2_keepalive_timeout") == 1
        assert pings(origin) == 1


def test_the_attempt_is_retried_on_another_connection():
    origin = H2Origin(stall(), respond(200, body=b"ok"), alive=False)
    with asked(origin, retries={"retryOn": "reset"}) as (_, client):
        assert client.request().body == b"ok"
        assert [request.connection for request in origin.requests] == [0, 1]


def test_all_streams_of_the_connection_end_with_it():
    with asked(H2Origin(stall(), alive=False)) as (gateway, client):
        streams = [client.open() for _ in range(5)]
        assert [client.response(stream).status for stream in streams] == [503] * 5
        assert counter(gateway, "http2_keepalive_timeout") == 1


def test_an_answer_under_way_is_cut_visibly():
    def begin(exchange):
        exchange.head([(":status", 200)])
        exchange.data(b"a part")
        stall()(exchange)

    with asked(H2Origin(begin, alive=False)) as (_, client):
        answer = client.response(client.open())
        assert (answer.status, bytes(answer.body), answer.complete) == (200, b"a part", False)


def test_a_slow_endpoint_that_answers_pings_has_all_the_time():
    gate = threading.Event()
    origin = H2Origin(respond(200, body=b"late", gate=gate))
    with asked(origin) as (gateway, client):
        stream = client.open()
        until(lambda: origin.connections and pings(origin) >= 6)
        gate.set()
        assert client.response(stream).body == b"late"
        assert counter(gateway, "http2_keepalive_timeout") == 0


def test_one_that_talks_is_not_asked():
    def talk(exchange):
        exchange.head([(":status", 200)])
        for _ in range(20):
            exchange.data(b".")
            exchange.origin.closing.wait(0.01)
        exchange.data(end=True)

    origin = H2Origin(talk)
    with asked(origin, {"h2_ping_interval_ms": 5000}) as (_, client):
        assert client.request().body == b"." * 20
        assert pings(origin) == 0


def test_an_idle_connection_is_watched_too():
    with asked(H2Origin(respond(), alive=False)) as (gateway, client):
        assert client.request().status == 200
        until(lambda: counter(gateway, "upstream_cx_active") == 0)
        assert counter(gateway, "http2_keepalive_timeout") == 1
        assert client.request().status == 200


@pytest.mark.parametrize("count", [1, 3])
def test_http1_has_no_such_question(count):
    with Origin(respond_h1(body=b"ok")) as origin, serving(origin.address, cluster_settings=ASKS) as gateway:
        with H2Client(port_of(gateway)) as client:
            for _ in range(count):
                assert client.request().body == b"ok"
                origin.closing.wait(0.2)
        at_rest(gateway)
        assert len({request.connection for request in origin.requests}) == 1
