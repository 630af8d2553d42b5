"""Malformed HTTP/2 messages and connections, of clients and of origins: nothing of them gets through."""

import socket

import pytest

from support import h2_peer
from support import origin as h1_origin
from support.gateway import H2C, counter, port_of, records, serving
from support.h2_peer import (
    NO_ERROR,
    PROTOCOL_ERROR,
    ContinuationFrame,
    DataFrame,
    H2Client,
    H2Origin,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
    respond,
)
from support.h2_setups import goes_on, half_a_head, limited
from support.origin import Origin
from support.process import until
from support.rest import at_rest


# ---- Malformed requests --------------------------------------------------------------------------

PSEUDO = {":method": "GET", ":scheme": "http", ":authority": "test.example", ":path": "/"}


def fields_with(*more, **changed):
    """A request with other pseudo-header fields (`_` for `:`; None takes one away) and these fields behind them."""
    pseudo = {**PSEUDO, **{":" + name: value for name, value in changed.items()}}
    return [(name, value) for name, value in pseudo.items() if value is not None] + list(more)


MALFORMED = {
    # RFC 9113 8.2, 8.2.1
    "an upper-case name": fields_with(("X-Upper", "1")),
    "a blank in a name": fields_with(("x name", "1")),
    "a colon in a name": fields_with(("x:name", "1")),
    "an empty name": fields_with(("", "1")),
    "a NUL in a name": fields_with((b"x\0", "1")),
    "a byte above 127 in a name": fields_with((b"x\xe4", "1")),
    "NUL": fields_with(("x-a", b"a\0b")),
    "CR": fields_with(("x-a", b"a\rb")),
    "LF": fields_with(("x-a", b"a\nb")),
    "CRLF and a field": fields_with(("x-a", b"a\r\nx-b: c")),
    "a leading blank": fields_with(("x-a", " a")),
    "a leading tab": fields_with(("x-a", "\ta")),
    "a trailing blank": fields_with(("x-a", "a ")),
    # 8.2.2
    "connection": fields_with(("connection", "close")),
    "keep-alive": fields_with(("keep-alive", "timeout=5")),
    "proxy-connection": fields_with(("proxy-connection", "keep-alive")),
    "transfer-encoding": fields_with(("transfer-encoding", "chunked")),
    "upgrade": fields_with(("upgrade", "websocket")),
    "te": fields_with(("te", "gzip")),
    "te with trailers and more": fields_with(("te", "trailers, gzip")),
    # 8.3
    "a pseudo-header field behind another": [*fields_with(path=None), ("x-a", "1"), (":path", "/")],
    "a repeated method": [(":method", "GET"), *fields_with()],
    "a repeated path": [*fields_with(), (":path", "/other")],
    "a repeated authority": [*fields_with(), (":authority", "test.example")],
    "a repeated scheme": [*fields_with(), (":scheme", "http")],
    "an unknown pseudo-header field": [*fields_with(), (":color", "red")],
    "a response's": [*fields_with(), (":status", "200")],
    "a protocol of another method than CONNECT": [*fields_with(), (":protocol", "websocket")],
    # 8.3.1
    "no method": fields_with(method=None),
    "no scheme": fields_with(scheme=None),
    "a scheme that is none": fields_with(scheme="ht tp"),
    "CRLF in the scheme": fields_with(scheme="http\r\nx: y"),
    "no path": fields_with(path=None),
    "an empty path": fields_with(path=""),
    "a path that is none": fields_with(path="x"),
    "an absolute path": fields_with(path="http://test.example/"),
    "a * of another method": fields_with(path="*"),
    "a blank in the path": fields_with(path="/a b"),
    "CRLF in the path": fields_with(path="/ HTTP/1.1\r\nx: y"),
    "a fragment": fields_with(path="/#a"),
    "a method that is none": fields_with(method="G ET"),
    "an empty method": fields_with(method=""),
    "CRLF in the method": fields_with(method="GET / HTTP/1.1\r\nx: y\r\n\r\nGET"),
    "CRLF in the authority": fields_with(authority="test.example\r\nx: y"),
    # 8.5
    "CONNECT with a path": fields_with(method="CONNECT"),
    # 8.1.1
    "two lengths": fields_with(("content-length", "0"), ("content-length", "1")),
    "a length that is none": fields_with(("content-length", "+0")),
    "an empty length": fields_with(("content-length", "")),
    "a length of what never comes": fields_with(("content-length", "5")),
}


def refused(response):
    """A stream error or a 4xx."""
    return response.reset == PROTOCOL_ERROR or 400 <= response.status < 500 and response.complete


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_request(what):
    """RFC 9113 8.1.1: refused, nothing of it gets out, and the connection goes on."""
    with limited() as (origin, _, client):
        answer = client.response(client.open_raw(MALFORMED[what]))
        assert refused(answer), answer
        assert goes_on(client)
        assert len(origin.requests) == 1


def whole_posts(origin):
    """Malformed requests that came to their end at the origin."""
    return [request for request in origin.requests if request.method == "POST" and request.complete]


@pytest.mark.parametrize("length, sent", [(5, 3), (5, 7), (0, 1)])
def test_a_length_that_is_not_the_bodys(length, sent):
    """RFC 9113 8.1.1. The origin may have seen a part, but never a whole request (of a length of 0 the head is all)."""
    with limited() as (origin, _, client):
        stream = client.next_stream()
        head = client.head_frames(stream, client.head("POST", headers={"content-length": length}))
        client.send(*head, DataFrame(stream, b"x" * sent, flags=["END_STREAM"]))  # at once, in front of any answer
        answer = client.response(stream)
        assert answer.reset == PROTOCOL_ERROR or 400 <= answer.status < 500, answer
        assert goes_on(client)
        assert not length or not whole_posts(origin)


def bad_trailers(client, fields, end=True):
    stream = client.open("POST", end=False)
    client.send_data(stream, b"x")
    client.send_head(stream, fields, end)
    return client.response(stream)


@pytest.mark.parametrize("fields", [[("X-Upper", "1")], [("x-a", "a\nb")], [(":path", "/")], [("connection", "close")]])
def test_malformed_trailers(fields):
    """RFC 9113 8.1: no pseudo-header fields, and the rules of all fields."""
    with limited() as (origin, _, client):
        assert bad_trailers(client, fields).reset == PROTOCOL_ERROR
        assert goes_on(client)
        assert not whole_posts(origin)


def test_trailers_that_end_nothing():
    """RFC 9113 8.1: a head in the middle of a body is malformed."""
    with limited() as (origin, _, client):
        assert bad_trailers(client, [("x-a", "1")], end=False).reset == PROTOCOL_ERROR
        assert goes_on(client)
        assert not whole_posts(origin)


NOT_IN_TRAILERS = ["content-length", "host", "authorization", "x-forwarded-for", "transfer-encoding", "content_length"]


@pytest.mark.parametrize("name", NOT_IN_TRAILERS)
def test_trailers_that_would_say_something_in_http1(name):
    """RFC 9110 6.5.1: they are dropped, or the stream ends; they never get out."""
    with limited(h1_origin.respond(when="complete"), keep_h1_trailers=1) as (origin, _, client):
        bad_trailers(client, [(name, "1"), ("x-a", "1")])
        assert goes_on(client)
        assert not any(request.trailers.get(name) for request in origin.requests)


@pytest.mark.parametrize("name", ["content_length", "transfer_encoding", "x_forwarded_for", "x_envoy_internal"])
def test_names_that_a_cgi_takes_for_others(name):
    """As in HTTP/1."""
    with limited() as (origin, _, client):
        assert client.request(headers={name: "1"}).status == 400
        assert goes_on(client) and len(origin.requests) == 1


# ---- Malformed connections -----------------------------------------------------------------------


CONNECTION_ERRORS = {
    "DATA on stream 0 (6.1)": lambda client: b"\x00\x00\x01\x00\x00\x00\x00\x00\x00x",
    "HEADERS on stream 0 (6.2)": lambda client: b"\x00\x00\x01\x01\x05\x00\x00\x00\x00\x82",
    "HEADERS on an even stream (5.1.1)": lambda client: HeadersFrame(
        2, client.block(client.head()), flags=["END_HEADERS", "END_STREAM"]),
    "padding longer than the frame (6.1)": lambda client: b"\x00\x00\x02\x00\x08\x00\x00\x00\x01\x05x",
    "RST_STREAM of an idle stream (6.4)": lambda client: RstStreamFrame(99, error_code=8),
    "RST_STREAM of 3 bytes (6.4)": lambda client: b"\x00\x00\x03\x03\x00\x00\x00\x00\x01\x00\x00\x00",
    "SETTINGS of 5 bytes (6.5)": lambda client: b"\x00\x00\x05\x04\x00\x00\x00\x00\x00" + bytes(5),
    "SETTINGS on a stream (6.5)": lambda client: b"\x00\x00\x00\x04\x00\x00\x00\x00\x01",
    "an acknowledgement with content (6.5)": lambda client: b"\x00\x00\x06\x04\x01\x00\x00\x00\x00" + bytes(6),
    "a window above 2^31-1 in SETTINGS (6.5.2)": lambda client: SettingsFrame(0, settings={4: 1 << 31}),
    "a frame size below 16384 in SETTINGS (6.5.2)": lambda client: SettingsFrame(0, settings={5: 100}),
    "PUSH_PROMISE of a client (8.4)": lambda client: b"\x00\x00\x05\x05\x04\x00\x00\x00\x01\x00\x00\x00\x02\x82",
    "PING of 7 bytes (6.7)": lambda client: b"\x00\x00\x07\x06\x00\x00\x00\x00\x00" + bytes(7),
    "WINDOW_UPDATE by 0 (6.9)": lambda client: b"\x00\x00\x04\x08\x00\x00\x00\x00\x00" + bytes(4),
    "a connection window above 2^31-1 (6.9.1)": lambda client: WindowUpdateFrame(0, h2_peer.HIGHEST_STREAM),
    "WINDOW_UPDATE of an idle stream (5.1)": lambda client: WindowUpdateFrame(99, 1),
    "CONTINUATION of nothing (6.10)": lambda client: ContinuationFrame(1, b"\x82", flags=["END_HEADERS"]),
    "another frame inside a head (6.10)": lambda client: half_a_head(client).serialize()
    + PingFrame(0, b"12345678").serialize(),
    "a frame above 16384 (4.2)": lambda client: b"\x00\x40\x01\x00\x00\x00\x00\x00\x01" + bytes(16385),
    "a head that HPACK cannot read (4.3)": lambda client: HeadersFrame(
        client.next_stream(), b"\xff\xff\xff\xff\xff\xff", flags=["END_HEADERS", "END_STREAM"]),
}


@pytest.mark.parametrize("what", CONNECTION_ERRORS)
def test_a_connection_error(what):
    """RFC 9113 5.4.1: GOAWAY with a code, then the end; requests under way are given up."""
    with limited(h1_origin.stall(when="headers")) as (origin, gateway, client):
        client.open("GET", "/open")
        origin.wait_for_requests(1)
        frame = CONNECTION_ERRORS[what](client)
        client.send(frame)
        assert client.ended() not in (None, NO_ERROR)
        until(lambda: origin.requests[0].outcome == "connection_closed")
        assert records(gateway)[-1]["response_flags"] == "DPE"
        assert counter(gateway, "downstream_cx_protocol_error") == 1


def test_a_stream_id_below_the_last():
    """RFC 9113 5.1.1."""
    with limited() as (origin, _, client):
        client.next_stream()
        skipped = client.next_stream()
        assert goes_on(client)
        client.send_head(skipped, client.head(), True)
        assert client.ended() == PROTOCOL_ERROR
        assert len(origin.requests) == 1


def test_no_settings_behind_the_preface():
    """RFC 9113 3.4."""
    with Origin() as origin, serving(origin.address) as gateway:
        with socket.create_connection(("127.0.0.1", port_of(gateway)), timeout=10) as sock:
            sock.sendall(h2_peer.PREFACE + PingFrame(0, b"12345678").serialize())
            taken = b""
            while data := sock.recv(65536):
                taken += data
            assert b"\x07\x00\x00\x00\x00\x00" in taken, "GOAWAY"


# ---- Malformed answers ---------------------------------------------------------------------------

ANSWERS = {
    "an upper-case name": [(":status", "200"), ("X-Upper", "1")],
    "NUL": [(":status", "200"), ("x-a", b"a\0b")],
    "CR": [(":status", "200"), ("x-a", b"a\rb")],
    "LF": [(":status", "200"), ("x-a", b"a\nb")],
    "a leading blank": [(":status", "200"), ("x-a", " a")],
    "a trailing blank": [(":status", "200"), ("x-a", "a ")],
    "connection": [(":status", "200"), ("connection", "close")],
    "transfer-encoding": [(":status", "200"), ("transfer-encoding", "chunked")],
    "upgrade": [(":status", "200"), ("upgrade", "h2c")],
    "no status": [("x-a", "1")],
    "two": [(":status", "200"), (":status", "200")],
    "a status that is none": [(":status", "2x0")],
    "a status below 100": [(":status", "99")],
    "101": [(":status", "101")],
    "a status behind a field": [("x-a", "1"), (":status", "200")],
    "an unknown pseudo-header field": [(":status", "200"), (":color", "red")],
    "a request's": [(":status", "200"), (":path", "/")],
    "two lengths": [(":status", "200"), ("content-length", "1"), ("content-length", "2")],
    "a length of what never comes": [(":status", "200"), ("content-length", "5")],
}


@pytest.mark.parametrize("what", ANSWERS)
def test_a_malformed_answer(what):
    """RFC 9113 8.1.1: an error of the stream; the client gets a 502, and the connection goes on."""

    def answer(exchange):
        exchange.read_request()
        exchange.head(ANSWERS[what], True)

    with H2Origin(answer, respond()) as origin, serving(origin.address, app_protocol=H2C) as gateway:
        with H2Client(port_of(gateway)) as client:
            assert client.request().status == 502
            assert records(gateway)[-1]["response_flags"] == "UPE"
            until(lambda: origin.requests[0].reset == PROTOCOL_ERROR)
            assert goes_on(client)
        assert len(origin.connections) == 1
        at_rest(gateway)


@pytest.mark.parametrize("length, body", [(10, b"short"), (3, b"longer")])
def test_an_answer_whose_length_is_not_its_bodys(length, body):
    """RFC 9113 8.1.1: what is out is out, but it is no clean end."""
    answer = respond(200, {"content-length": length}, body)
    with H2Origin(answer, respond()) as origin, serving(origin.address, app_protocol=H2C) as gateway:
        with H2Client(port_of(gateway)) as client:
            response = client.request()
            assert response.status == 502 or (response.status, response.complete) == (200, False)
            assert response.status == 502 or response.reset is not None
            until(lambda: origin.requests[0].reset == PROTOCOL_ERROR)
            assert goes_on(client)
        assert len(origin.connections) == 1
        at_rest(gateway)
