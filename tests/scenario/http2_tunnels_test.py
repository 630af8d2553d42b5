"""Upgrades and CONNECT where a side speaks HTTP/2: RFC 8441 and RFC 9113 8.5, from and to RFC 9110 7.8 and 9.3.6."""

import contextlib
import threading
from dataclasses import dataclass

import pytest

from support import h2_peer
from support import origin as h1_origin
from support.gateway import H2C, counter, port_of, records, serving
from support.h2_peer import CONCURRENT_STREAMS, PROTOCOL_ERROR, H2Client, H2Origin
from support.origin import Origin
from support.rest import at_rest
from support.tunnels import ACCEPT, EXTENDED_CONNECT, KEY, TARGET, H1Tunnel, H2Tunnel, accept_of, h1_echo, h2_echo

COMBINATIONS = ["h2-h1", "h1-h2", "h2-h2"]
KINDS = ["websocket", "connect"]
ON = {"accept_connect": 1, "accept_extended_connect": 1}
SUPPORTED = {EXTENDED_CONNECT: 1}
MIB = 1 << 20


@dataclass
class Setup:
    gateway: object
    origin: object
    tunnel: object  # asks: -> a tunnel
    to_h2: bool
    from_h2: bool


@contextlib.contextmanager
def between(combination, *script, kind="websocket", settings=None, origin_settings=None, **options):
    client, _, server = combination.partition("-")
    to_h2, from_h2 = server == "h2", client == "h2"
    entries = script or ((h2_echo if to_h2 else h1_echo)(),)
    told = {"settings": SUPPORTED if origin_settings is None else origin_settings} if to_h2 else {}
    protocol = {"app_protocol": H2C} if to_h2 else {}
    make = H2Origin if to_h2 else Origin
    with make(*entries, **told) as origin:
        with serving(origin.address, settings={**ON, **(settings or {})}, **protocol, **options) as gateway:
            with contextlib.ExitStack() as tunnels:

                def tunnel(**words):
                    made = (H2Tunnel if from_h2 else H1Tunnel)(port_of(gateway), kind, **words)
                    tunnels.callback(made.close)
                    return made

                yield Setup(gateway, origin, tunnel, to_h2, from_h2)
            at_rest(gateway)


def opened(setup, kind):
    """The status that says so to this client."""
    return 101 if kind == "websocket" and not setup.from_h2 else 200


# ---- Bytes both ways -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("combination", COMBINATIONS)
def test_bytes_pass_both_ways_until_the_client_ends(combination, kind):
    with between(combination, kind=kind) as setup:
        tunnel = setup.tunnel()
        status, headers = tunnel.wait()
        assert status == opened(setup, kind)
        assert headers.get("content-length") is None and headers.get("transfer-encoding") is None
        for text in (b"hello", b"GET / HTTP/1.1\r\n\r\n", b"x" * 300_000):
            tunnel.send(text)
            assert tunnel.receive(len(text)) == text.upper()
        assert counter(setup.gateway, "downstream_cx_upgrades_active") == 1
        tunnel.end()
        assert tunnel.ended()
        (record,) = records(setup.gateway)
        assert (record["response_code"], record["bytes_received"]) == (
            101 if kind == "websocket" else 200,
            len(setup.origin.requests[0].body),
        )
        assert setup.origin.requests[0].complete


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("combination", COMBINATIONS)
def test_what_is_asked_of_the_origin(combination, kind):
    with between(combination, kind=kind) as setup:
        tunnel = setup.tunnel(headers=[("x-own", "1")])
        tunnel.wait()
        (request,) = setup.origin.requests
        assert request.headers.get("x-own") == "1"
        if setup.to_h2:
            assert request.method == "CONNECT"
            expected = (None, None, None) if kind == "connect" else ("websocket", "/chat", "http")
            assert tuple(request.headers.get(f":{name}") for name in ("protocol", "path", "scheme")) == expected
            assert request.headers.get("connection") is None and request.headers.get("upgrade") is None
        elif kind == "connect":
            assert (request.method, request.target) == ("CONNECT", TARGET)
        else:
            assert (request.method, request.target) == ("GET", "/chat")
            assert request.headers.get("connection").lower() == "upgrade"
            assert request.headers.get("upgrade") == "websocket"
            assert len(request.headers.get("sec-websocket-key")) == 24


def test_a_client_of_http_1_gets_the_proof_that_an_origin_of_http_2_does_not_give():
    with between("h1-h2") as setup:
        _, headers = setup.tunnel().wait()
        assert headers.get("sec-websocket-accept") == ACCEPT
        assert headers.get("upgrade") == "websocket" and headers.get("connection") == "upgrade"
    assert accept_of(KEY) == ACCEPT


def test_an_origin_of_http_1_with_a_wrong_proof_is_502_to_a_client_of_http_2():
    with between("h2-h1", h1_echo(accept=lambda key: ACCEPT)) as setup:
        assert setup.tunnel().wait()[0] == 502
        (record,) = records(setup.gateway)
        assert record["response_flags"] == "UPE"


# RFC 9113 8.5, 8441 5: any 2xx is the tunnel there.
def test_an_origin_of_http_1_that_answers_200_instead_is_502_to_a_client_of_http_2():
    with between("h2-h1", h1_origin.respond(200, body=b"a page")) as setup:
        assert setup.tunnel().wait()[0] == 502


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("combination", COMBINATIONS)
def test_a_greeting_behind_the_head_and_early_bytes_arrive(combination, kind):
    echo = h2_echo if combination.endswith("h2") else h1_echo
    with between(combination, echo(greeting=b"hello"), kind=kind) as setup:
        tunnel = setup.tunnel(early=b"early")
        tunnel.wait()
        assert tunnel.receive(10) == b"helloEARLY"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("combination", COMBINATIONS)
def test_early_bytes_wait_for_the_answer(combination, kind):
    gate = threading.Event()
    echo = h2_echo if combination.endswith("h2") else h1_echo
    with between(combination, [lambda exchange: exchange.wait(gate), echo()], kind=kind) as setup:
        tunnel = setup.tunnel(early=b"early")
        if setup.from_h2:
            tunnel.connection.ping()
        setup.origin.wait_for_requests(1)
        assert not got_early(setup)
        gate.set()
        tunnel.wait()
        assert tunnel.receive(5) == b"EARLY"


def got_early(setup):
    """Whether the origin got any of it. The head came alone; a byte behind it would have come along."""
    (request,) = setup.origin.requests
    return bool(request.body) if setup.to_h2 else not request.head.endswith(b"\r\n\r\n")


# ---- No tunnel -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("combination", COMBINATIONS)
def test_the_origins_refusal_is_an_answer_and_connections_go_on(combination, kind):
    module = h2_peer if combination.endswith("h2") else h1_origin
    with between(combination, module.respond(404, {"content-length": 8}, b"not here", when="headers"), kind=kind) as setup:
        tunnel = setup.tunnel()
        status, _ = tunnel.wait()
        assert status == 404
        assert tunnel.receive(8) == b"not here"
        if setup.from_h2:
            tunnel.end()
            assert tunnel.connection.request("GET", "/next").status == 404
        if setup.to_h2:  # our side of the stream has ended too
            setup.origin.wait_for_requests(1)
            wait_until(setup.origin, lambda: setup.origin.requests[0].complete)
            assert len(setup.origin.connections) == 1


def wait_until(origin, condition):
    connection = origin.connections[0]
    with connection.changed:
        assert connection.changed.wait_for(condition, 10)


@pytest.mark.parametrize("combination", COMBINATIONS)
def test_a_503_is_retried_and_what_came_early_is_not_lost(combination):
    module, echo = (h2_peer, h2_echo) if combination.endswith("h2") else (h1_origin, h1_echo)
    retries = {"retryOn": "5xx", "numRetries": 2}
    script = [module.respond(503, when="headers"), module.respond(503, when="headers"), echo()]
    with between(combination, *script, retries=retries) as setup:
        tunnel = setup.tunnel(early=b"early")
        assert tunnel.wait()[0] == opened(setup, "websocket")
        assert tunnel.receive(5) == b"EARLY"
        assert len(setup.origin.requests) == 3


def test_extended_connect_is_not_announced_by_default_and_403_to_who_asks_all_the_same():
    with between("h2-h1", h1_origin.respond(200), settings={"accept_extended_connect": 0}) as setup:
        with H2Client(port_of(setup.gateway)) as client:
            client.ping()
            assert EXTENDED_CONNECT not in client.peer_settings and CONCURRENT_STREAMS in client.peer_settings
            assert H2Tunnel(port_of(setup.gateway), "websocket", connection=client).wait()[0] == 403
            assert client.request("GET", "/").status == 200  # the connection goes on
        assert len(setup.origin.requests) == 1


def test_extended_connect_is_announced():
    with between("h2-h1") as setup, H2Client(port_of(setup.gateway)) as client:
        client.ping()
        assert client.peer_settings[EXTENDED_CONNECT] == 1


@pytest.mark.parametrize("protocol, settings", [("connect-udp", {}), ("websocket", {"accept_websocket": 0})])
def test_what_is_not_accepted_is_403(protocol, settings):
    with between("h2-h1", settings=settings) as setup:
        tunnel = setup.tunnel(protocol=protocol)
        assert tunnel.wait()[0] == 403
        (record,) = records(setup.gateway)
        assert record["response_code_details"] == "upgrade_failed"
        assert not setup.origin.requests


def test_connect_is_403_unless_accepted():
    with between("h2-h1", settings={"accept_connect": 0}, kind="connect") as setup:
        assert setup.tunnel().wait()[0] == 403
        assert not setup.origin.requests


@pytest.mark.parametrize("fields", [[("content-length", "3")], [("content-length", "0")]])
def test_connect_with_a_length_is_400(fields):
    with between("h2-h1", kind="connect") as setup:
        assert setup.tunnel(headers=fields).wait()[0] == 400


@pytest.mark.parametrize("authority", ["test.example", "test.example:", "test.example:no", "user@test.example:443"])
def test_connect_names_host_and_port(authority):
    with between("h2-h1", kind="connect") as setup, H2Client(port_of(setup.gateway)) as client:
        stream = client.open_raw([(":method", "CONNECT"), (":authority", authority)], end=False)
        answer = client.responses[stream]
        client.read_until(lambda: answer.status or answer.over)
        assert answer.status == 400 or answer.reset == PROTOCOL_ERROR
        assert not setup.origin.requests


# RFC 8441 3: who has not said that it knows what this is, is not asked.
@pytest.mark.parametrize("client", ["h1", "h2"])
def test_an_origin_that_knows_no_extended_connect_is_not_asked_and_serves_on(client):
    with between(f"{client}-h2", h2_peer.respond(200), origin_settings={}) as setup:
        for _ in range(2):  # before its settings are known, and after
            assert setup.tunnel().wait()[0] == 502
            assert records(setup.gateway)[-1]["attempts"][0]["decision"] == "no_extended_connect"
        with H2Client(port_of(setup.gateway)) as other:
            assert other.request("GET", "/").status == 200
        assert [request.method for request in setup.origin.requests] == ["GET"]
        assert len(setup.origin.connections) == 1


# ---- Ends ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("combination", COMBINATIONS)
def test_a_client_that_leaves_ends_the_origins_side(combination, kind):
    with between(combination, kind=kind) as setup:
        tunnel = setup.tunnel()
        tunnel.wait()
        tunnel.leave()
        (request,) = setup.origin.requests
        if setup.to_h2:
            wait_until(setup.origin, lambda: request.reset is not None or request.complete)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("combination", COMBINATIONS)
def test_an_origin_that_ends_its_side_ends_the_tunnel(combination, kind):
    answer = [(":status", 200)]
    steps = {
        "h1": [h1_tunnel_that_ends(b"bye")],
        "h2": [lambda exchange: exchange.head(answer), lambda exchange: exchange.data(b"bye", True)],
    }
    with between(combination, steps[combination.partition("-")[2]], kind=kind) as setup:
        tunnel = setup.tunnel()
        assert tunnel.wait()[0] == opened(setup, kind)
        assert tunnel.receive(3) == b"bye"
        assert tunnel.ended()


def h1_tunnel_that_ends(data):
    def step(exchange):
        if exchange.request.method == "CONNECT":
            exchange.send(b"HTTP/1.1 200 OK\r\n\r\n" + data)
        else:
            proof = accept_of(exchange.request.headers.get("sec-websocket-key")).encode()
            head = b"HTTP/1.1 101 S\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: " + proof
            exchange.send(head + b"\r\n\r\n" + data)
        exchange.hang_up(lambda sock: sock.close())

    return step


# An answer of one frame, which opens a tunnel and ends it.
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("combination", ["h1-h2", "h2-h2"])
def test_a_tunnel_that_ends_with_its_head(combination, kind):
    with between(combination, [lambda exchange: exchange.head([(":status", 200)], True)], kind=kind) as setup:
        tunnel = setup.tunnel()
        assert tunnel.wait()[0] == opened(setup, kind)
        assert tunnel.ended()


@pytest.mark.parametrize("combination", ["h2-h1", "h2-h2"])
def test_a_client_that_ends_its_side_with_the_head(combination):
    with between(combination, kind="connect") as setup, H2Client(port_of(setup.gateway)) as client:
        stream = client.open_raw([(":method", "CONNECT"), (":authority", TARGET)], end=True)
        answer = client.response(stream)
        assert (answer.status, answer.complete, answer.reset) == (200, True, None)
        assert setup.origin.requests[0].complete


# RFC 9113 8.5: only DATA.
@pytest.mark.parametrize("combination", ["h2-h1", "h2-h2"])
def test_trailers_in_a_tunnel_are_an_error_of_the_stream(combination):
    with between(combination, kind="connect") as setup:
        tunnel = setup.tunnel()
        tunnel.wait()
        tunnel.connection.send_head(tunnel.stream, [("x-sum", "1")], True)
        tunnel.connection.read_until(lambda: tunnel.answer.over)
        assert tunnel.answer.reset == PROTOCOL_ERROR
        tunnel.connection.ping()  # the connection goes on


@pytest.mark.parametrize("combination", COMBINATIONS)
def test_no_timeout_of_the_route_ends_it(combination):
    with between(combination, timeout="1s", retries={"retryOn": "5xx", "perTryTimeout": "500ms"}) as setup:
        tunnel = setup.tunnel()
        tunnel.wait()
        threading.Event().wait(1.3)
        tunnel.send(b"still")
        assert tunnel.receive(5) == b"STILL"


@pytest.mark.parametrize("combination", COMBINATIONS)
def test_silence_ends_it(combination):
    with between(combination, settings={"stream_idle_timeout_ms": 300}) as setup:
        tunnel = setup.tunnel()
        tunnel.wait()
        tunnel.ended()
        (record,) = records(setup.gateway)
        assert record["response_flags"] == "SI"


def test_tunnels_and_requests_share_a_connection():
    def page(exchange):
        if exchange.request.path == "/page":
            return h2_peer.respond(200, body=b"page")(exchange)
        return h2_echo()(exchange)

    with between("h2-h2", page) as setup, H2Client(port_of(setup.gateway)) as client:
        tunnels = [H2Tunnel(port_of(setup.gateway), "websocket", connection=client) for _ in range(5)]
        for tunnel in tunnels:
            tunnel.wait()
        for round_ in range(20):
            assert client.request("GET", "/page").body == b"page"
            for number, tunnel in enumerate(tunnels):
                text = f"{round_} {number};".encode()
                tunnel.send(text)
                assert tunnel.receive(len(text)) == text.upper()
        assert len(setup.origin.connections) == 1
        for tunnel in tunnels:
            tunnel.end()
            assert tunnel.ended()


# ---- Memory --------------------------------------------------------------------------------------


@pytest.mark.parametrize("combination", COMBINATIONS)
def test_a_reader_that_takes_nothing_stops_the_other_side(combination):
    """The origin echoes nothing and reads nothing: what the client may send is bounded."""
    gate = threading.Event()
    open_only = {"h1": h1_silent(gate), "h2": h2_silent(gate)}[combination.partition("-")[2]]
    bounds = {"buffer_bytes": 65536, "h2_stream_window_bytes": 65536, "h2_connection_window_bytes": 65536}
    with between(combination, open_only, settings=bounds) as setup:
        tunnel = setup.tunnel()
        tunnel.wait()
        sent = send_until_stuck(tunnel, 64 * MIB)
        gate.set()
        assert sent < 24 * MIB, sent  # the kernel's buffers are most of it


def h1_silent(gate):
    def step(exchange):
        proof = accept_of(exchange.request.headers.get("sec-websocket-key")).encode()
        head = b"HTTP/1.1 101 S\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: " + proof
        exchange.send(head + b"\r\n\r\n")
        exchange.wait(gate)

    return step


def h2_silent(gate):
    def step(exchange):
        exchange.connection.held.add(exchange.stream)
        exchange.head([(":status", 200)])
        exchange.wait(gate)
        exchange.data(end=True)

    return step


def send_until_stuck(tunnel, most):
    sent, piece = 0, b"z" * 65536
    sock = tunnel.client.sock if isinstance(tunnel, H1Tunnel) else tunnel.connection.sock
    sock.settimeout(1)
    try:
        while sent < most:
            tunnel.send(piece)
            sent += len(piece)
    except TimeoutError:
        pass
    sock.settimeout(20)
    return sent
