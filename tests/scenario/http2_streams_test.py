"""Many streams on few connections, and who is told when a client, an origin or the gateway leaves."""

import contextlib
import threading

import pytest
from hyperframe.frame import PriorityFrame

from support import documents, h2_peer
from support import origin as h1_origin
from support.client import Client
from support.gateway import H2C, counter, port_of, records, serving
from support.h2_peer import CANCEL, NO_ERROR, H2Client, H2Origin
from support.h2_setups import between, path_of
from support.process import until
from support.rest import at_rest
from support.wire import chunk, head_bytes


# ---- Many streams --------------------------------------------------------------------------------


@pytest.mark.parametrize("combination", ["h2-h2", "h2-h1"])
def test_100_streams_and_answers_in_another_order(combination):
    """RFC 9113 5: streams know nothing of each other."""
    gates = [threading.Event() for _ in range(100)]

    def script(steps):
        def step(exchange):
            number = int(path_of(exchange.request)[1:])
            steps.respond(200, {"x-id": number}, b"%d" % number, gate=gates[number])(exchange)

        return step

    with between(combination, script) as peers:
        client = peers.client
        streams = [client.open("GET", f"/{number}") for number in range(100)]
        peers.origin.wait_for_requests(100)
        order = sorted(range(100), key=lambda number: number * 37 % 100)
        ended = []
        for number in order:
            gates[number].set()
            answer = client.response(streams[number])
            assert (answer.status, answer.headers.get("x-id"), bytes(answer.body)) == (200, str(number), b"%d" % number)
            ended.append(number)
            assert sum(one.over for one in client.responses.values()) == len(ended)
        connections = len(peers.origin.connections) if combination == "h2-h2" else peers.origin.connections
        assert connections == (1 if combination == "h2-h2" else 100)


def test_many_http1_clients_share_one_connection():
    """RFC 9113 9.1: clients should not open more than one to the same place."""
    gate = threading.Event()
    with between("h1-h2", lambda steps: steps.respond(), lambda steps: steps.respond(gate=gate)) as peers:
        assert peers.client.request().status == 200
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(Client(port_of(peers.gateway))) for _ in range(30)]
            for number, client in enumerate(clients):
                client.send_head(target=f"/{number}")
            peers.origin.wait_for_requests(31)
            gate.set()
            assert [client.read_response().status for client in clients] == [200] * 30
        assert {request.path for request in peers.origin.requests[1:]} == {f"/{number}" for number in range(30)}
        assert len(peers.origin.connections) == 1


def test_150_requests_at_a_new_connection_all_get_out():
    """RFC 9113 5.1.2: the origin set no limit, so none of them may wait for another to end."""
    gate = threading.Event()
    with between("h2-h2", lambda steps: steps.respond(gate=gate), settings={"requests_per_turn": 10000}) as peers:
        client = peers.client
        with client.lock:
            heads = [client.head_frames(client.next_stream(), client.head(), True) for _ in range(150)]
            client.send(*[frame for head in heads for frame in head])
        try:
            peers.origin.wait_for_requests(150, patience=3)
        finally:
            gate.set()
        assert all(client.response(stream).status == 200 for stream in list(client.responses))


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_streams_than_the_origin_allows(most):
    """RFC 9113 5.1.2."""
    gate = threading.Event()
    script = [lambda steps: steps.respond(), lambda steps: steps.respond(gate=gate)]
    with contextlib.ExitStack() as stack:
        origin = stack.enter_context(
            H2Origin(*[make(h2_peer) for make in script], settings={h2_peer.CONCURRENT_STREAMS: most})
        )
        gateway = stack.enter_context(serving(origin.address, app_protocol=H2C))
        client = stack.enter_context(H2Client(port_of(gateway)))
        assert client.request().status == 200  # the origin's settings are known from here on
        streams = [client.open() for _ in range(2 * most)]
        origin.wait_for_requests(1 + 2 * most)
        first = [request for request in origin.requests[1:] if request.connection == 0]
        assert len(first) == most and len(origin.connections) > 1, "the others went to another connection"
        gate.set()
        assert [client.response(stream).status for stream in streams] == [200] * len(streams)


def test_an_origin_that_allows_no_stream():
    """RFC 9113 6.5.2 lets it; what was sent before that was known is answered, and no connection is kept for more."""
    with H2Origin(settings={h2_peer.CONCURRENT_STREAMS: 0}) as origin:
        with serving(origin.address, app_protocol=H2C) as gateway, H2Client(port_of(gateway)) as client:
            assert [client.request().status for _ in range(3)] == [200] * 3
            assert len(origin.connections) == 3


def test_frames_of_streams_that_are_over():
    """RFC 9113 5.1: they may have been on their way, and mean nothing any more."""
    with between("h2-h1") as peers:
        client = peers.client
        for _ in range(20):
            stream = client.open()
            assert client.response(stream).status == 200
            client.send(h2_peer.WindowUpdateFrame(stream, 100), PriorityFrame(stream, stream_weight=1))
            client.reset(stream, NO_ERROR)
        assert client.request().status == 200


def test_an_idle_connection_to_the_origin_is_closed():
    """RFC 9113 9.1; and not while a stream is open."""
    gate = threading.Event()
    script = [h2_peer.respond(gate=gate), h2_peer.respond()]
    with H2Origin(*script) as origin:
        limits = {"upstream_idle_timeout_ms": 150}
        with serving(origin.address, app_protocol=H2C, cluster_settings=limits) as gateway:
            with H2Client(port_of(gateway)) as client:
                stream = client.open()
                origin.wait_for_requests(1)
                assert not gate.wait(0.4) and not origin.connections[0].closed
                gate.set()
                assert client.response(stream).status == 200
                until(lambda: origin.connections[0].closed)
                assert client.request().status == 200
            assert [request.connection for request in origin.requests] == [0, 1]


def test_an_origin_that_asks_whether_we_live():
    """RFC 9113 6.7: PING is answered, also on an idle connection, which is used again."""
    answered = threading.Event()

    def ping(exchange):
        exchange.send(h2_peer.PingFrame(0, b"alive? !"))
        with exchange.connection.changed:
            exchange.connection.wait_for(lambda: any(
                isinstance(frame, h2_peer.PingFrame) and frame.opaque_data == b"alive? !"
                for frame in exchange.connection.frames
            ))
        answered.set()

    with H2Origin([h2_peer.respond(), ping]) as origin, serving(origin.address, app_protocol=H2C) as gateway:
        with H2Client(port_of(gateway)) as client:
            assert client.request().status == 200
            assert answered.wait(10)
            assert client.request().status == 200
        assert len(origin.connections) == 1


def test_health_checks_speak_http2_too():
    often = {"timeout": "1s", "interval": "1s", "unhealthyThreshold": 1, "healthyThreshold": 1}
    policy = documents.backend_policy(healthCheck={**often, "http": {"path": "/health"}})
    with H2Origin(h2_peer.respond(200, None, b"well")) as origin, serving(origin.address, app_protocol=H2C) as gateway:
        gateway.apply(documents.text(policy))
        origin.wait_for_requests(1)
        assert (origin.requests[0].method, origin.requests[0].path) == ("GET", "/health")
        until(lambda: counter(gateway, "health_check.success") == 1)
        assert counter(gateway, "health_check.failure") == 0
        with H2Client(port_of(gateway)) as client:
            assert client.request().status == 200
            assert origin.requests[1].connection == 1, "checks have connections of their own"


# ---- The gateway changes, or stops ---------------------------------------------------------------


def test_an_endpoint_that_leaves_its_cluster():
    """Its streams come to their end, and its connection with the last of them."""
    gate = threading.Event()
    with H2Origin(h2_peer.respond(gate=gate)) as old, H2Origin(h2_peer.respond(body=b"new")) as new:
        with serving(old.address, app_protocol=H2C) as gateway:
            with H2Client(port_of(gateway)) as client:
                stream = client.open()
                old.wait_for_requests(1)
                gateway.apply(documents.text(documents.slice_of("origin-0", new.address)))
                assert client.request().body == b"new"
                gate.set()
                assert client.response(stream).status == 200
            until(lambda: old.connections[0].closed)
            at_rest(gateway)


def test_a_stop_lets_streams_end():
    """RFC 9113 6.8: a GOAWAY that refuses nothing, and a last one behind what crossed the first."""
    gate = threading.Event()
    with contextlib.ExitStack() as stack:
        origin = stack.enter_context(H2Origin(h2_peer.respond(body=b"whole", gate=gate)))
        running = contextlib.ExitStack()
        port = port_of(running.enter_context(serving(origin.address, app_protocol=H2C)))
        client, idle = (stack.enter_context(H2Client(port)) for _ in range(2))
        idle.ping()
        stream = client.open("POST", end=False)
        origin.wait_for_requests(1)
        stopping = threading.Thread(target=running.close)
        stopping.start()
        client.read_until(lambda: client.goaway)
        assert (client.goaway.last_stream_id, client.goaway.error_code) == (h2_peer.HIGHEST_STREAM, NO_ERROR)
        crossing = client.open()
        assert (idle.ended(), idle.goaway.last_stream_id) == (NO_ERROR, 0)
        client.send_data(stream, b"the rest", True)
        gate.set()
        answers = [client.response(one) for one in (stream, crossing)]
        assert [(answer.status, bytes(answer.body)) for answer in answers] == [(200, b"whole")] * 2
        assert (client.ended(), client.goaway.last_stream_id) == (NO_ERROR, crossing)
        stopping.join(10)
        assert [bytes(request.body) for request in origin.requests] == [b"the rest", b""]


def test_the_end_of_a_drain_cuts_streams():
    """Leftovers end visibly."""
    with contextlib.ExitStack() as stack:
        origin = stack.enter_context(H2Origin(h2_peer.stall(when="headers")))
        running = contextlib.ExitStack()
        gateway = running.enter_context(serving(origin.address, app_protocol=H2C, settings={"drain_timeout_ms": 100}))
        client = stack.enter_context(H2Client(port_of(gateway)))
        stream = client.open()
        origin.wait_for_requests(1)
        running.close()
        with contextlib.suppress(ConnectionError):
            client.ended()
        assert not client.responses[stream].complete and client.responses[stream].status == 0


# ---- Somebody leaves -----------------------------------------------------------------------------


@pytest.mark.parametrize("code", [CANCEL, NO_ERROR, h2_peer.INTERNAL_ERROR])
@pytest.mark.parametrize("combination", ["h2-h2", "h2-h1"])
def test_a_client_that_resets_a_stream(combination, code):
    """RFC 9113 5.4.2; the origin is told at once, and other streams go on."""
    with between(combination, lambda steps: steps.stall(), lambda steps: steps.respond()) as peers:
        client = peers.client
        stream = client.open("GET", "/left")
        peers.origin.wait_for_requests(1)
        client.reset(stream, code)
        request = peers.origin.requests[0]
        if combination == "h2-h2":
            until(lambda: request.reset == CANCEL, patience=3)
        else:
            until(lambda: request.outcome == "connection_closed", patience=3)
        assert client.request().status == 200
        assert client.responses[stream].over is False, "nothing is said about it any more"
        records(peers.gateway, 2)
        record = next(one for one in peers.gateway.attempts(limit=2) if one["path"] == "/left")
        assert (record["response_flags"], record["response_code_details"]) == ("DR", "http2.remote_reset")
        if combination == "h2-h2":
            assert len(peers.origin.connections) == 1


@pytest.mark.parametrize("combination", ["h2-h2", "h2-h1"])
def test_a_client_that_resets_in_the_middle_of_both_bodies(combination):
    gate = threading.Event()

    def half(steps):
        chunked = {"transfer-encoding": "chunked"} if steps is h1_origin else {}
        return [steps.respond(200, chunked, b"half", when="body_started", end=False), steps.stall(when="headers")]

    with between(combination, half, lambda steps: steps.respond(gate=gate)) as peers:
        client = peers.client
        stream = client.open("POST", "/left", end=False)
        client.send_data(stream, b"some")
        client.read_until(lambda: client.responses[stream].body == b"half")
        client.reset(stream)
        gate.set()
        assert client.request().status == 200
        until(lambda: peers.origin.requests[0].reset == CANCEL if combination == "h2-h2" else True)


@pytest.mark.parametrize("combination", ["h2-h2", "h2-h1"])
def test_a_client_that_goes_away_with_many_streams_open(combination):
    with between(combination, lambda steps: steps.stall(when="headers")) as peers:
        client = peers.client
        for number in range(50):
            client.open("POST" if number % 2 else "GET", f"/{number}", end=not number % 2)
        peers.origin.wait_for_requests(50)
        client.close()
        if combination == "h2-h2":
            until(lambda: [request.reset for request in peers.origin.requests] == [CANCEL] * 50)
            assert len(peers.origin.connections) == 1 and not peers.origin.connections[0].closed
        else:
            until(lambda: {request.outcome for request in peers.origin.requests} == {"connection_closed"})
        at_rest(peers.gateway)
        assert {record["response_flags"] for record in records(peers.gateway, 50)} == {"DC"}


@pytest.mark.parametrize("cut", ["reset", "close"])
def test_an_answer_that_the_origin_cuts_is_no_clean_end(cut):
    """RFC 9113 8.1: an incomplete answer is told as one, with RST_STREAM."""

    def half(steps):
        end = steps.rst(h2_peer.INTERNAL_ERROR) if cut == "reset" else steps.close()
        return [steps.respond(body=b"half", end=False), end]

    with between("h2-h2", half, lambda steps: steps.respond()) as peers:
        answer = peers.client.request()
        assert (answer.status, bytes(answer.body), answer.complete) == (200, b"half", False)
        assert answer.reset == h2_peer.INTERNAL_ERROR
        assert peers.client.request().status == 200, "on the same connection"


@pytest.mark.parametrize("headers", [{"content-length": 10}, {"transfer-encoding": "chunked"}])
def test_an_answer_that_an_http1_origin_cuts_is_no_clean_end(headers):
    """RFC 9112 8."""

    def half(exchange):
        exchange.read_request()
        body = chunk(b"half") if "transfer-encoding" in headers else b"half"
        exchange.send(head_bytes("HTTP/1.1 200 OK", headers.items()) + body)

    with between("h2-h1", lambda steps: [half, steps.close()], lambda steps: steps.respond()) as peers:
        answer = peers.client.request()
        assert (answer.status, bytes(answer.body), answer.complete) == (200, b"half", False)
        assert answer.reset == h2_peer.INTERNAL_ERROR
        assert peers.client.request().status == 200


@pytest.mark.parametrize("headers", [None, {"content-length": 10}])
def test_an_answer_that_http2_cuts_is_no_clean_end_in_http1(headers):
    """RFC 9112 8: the last chunk is never sent."""

    def cut(steps):
        return [steps.respond(200, headers, b"half", end=False), steps.rst(CANCEL)]

    with between("h1-h2", cut) as peers:
        answer = peers.client.request()
        assert (answer.status, answer.body, answer.complete) == (200, b"half", False)
        assert peers.client.closed_by_peer()


def test_a_body_until_close_ends_cleanly():
    """RFC 9112 6.3: the end of the connection is the end of such an answer."""

    def until_close(steps):
        return [steps.garbage(b"HTTP/1.1 200 OK\r\n\r\nuntil the end"), steps.close()]

    with between("h2-h1", until_close) as peers:
        answer = peers.client.request()
        assert (bytes(answer.body), answer.complete, answer.reset) == (b"until the end", True, None)
