"""Forwarding with HTTP/2 on either side or both: what arrives, what comes back, and who is told when somebody leaves."""

import contextlib
import hashlib
import threading
from dataclasses import dataclass

import pytest

from support import documents, h2_peer
from support import origin as h1_origin
from support.client import HOST, Client
from support.gateway import H2C, apart, port_of, records, serving
from support.h2_peer import CANCEL, NO_ERROR, H2Client, H2Origin
from support.origin import Origin
from support.process import until
from support.rest import at_rest
from support.wire import chunk, head_bytes

COMBINATIONS = ["h2-h1", "h1-h2", "h2-h2"]
BIG = 8 << 20
CHECKED = hashlib.sha256(b"big").digest() * (BIG // 32)
TRAILERS = [("x-checksum", "123"), ("grpc-status", "0")]
KEEP = {"keep_h1_trailers": 1}


@dataclass
class Between:
    client: object
    origin: object
    gateway: object
    steps: object  # the module that makes the origin's steps
    to_h1: bool
    from_h1: bool


def path_of(request):
    return request.target if hasattr(request, "target") else request.path


def authority_of(request):
    return request.headers.get("host") if hasattr(request, "target") else request.headers.get(":authority")


def regular(headers):
    return [(name, value) for name, value in headers if not name.startswith(":")]


@contextlib.contextmanager
def between(combination, *script, **options):
    """Client, gateway and origin. A script entry is a function of the module that makes the origin's steps."""
    client_side, _, origin_side = combination.partition("-")
    steps = h2_peer if origin_side == "h2" else h1_origin
    make = H2Origin if origin_side == "h2" else Origin
    entries = [entry(steps) for entry in script or (lambda steps: steps.respond(body=b"ok"),)]
    protocol = {"app_protocol": H2C} if origin_side == "h2" else {}
    with make(*entries) as origin, serving(origin.address, **protocol, **options) as gateway:
        with (H2Client if client_side == "h2" else Client)(port_of(gateway)) as client:
            yield Between(client, origin, gateway, steps, origin_side == "h1", client_side == "h1")
        at_rest(gateway)


every_combination = pytest.mark.parametrize("combination", COMBINATIONS)


# ---- One request, one answer ---------------------------------------------------------------------


@every_combination
def test_methods_and_targets_arrive_as_sent(combination):
    with between(combination) as peers:
        for method, path in [("GET", "/a?b=c&d=%2F"), ("DELETE", "/x"), ("OPTIONS", "/"), ("PURGE", "/y;z")]:
            answer = peers.client.request(method, path)
            assert (answer.status, bytes(answer.body), answer.complete) == (200, b"ok", True)
            request = peers.origin.requests[-1]
            assert (request.method, path_of(request), authority_of(request)) == (method, path, HOST)
        assert {request.connection for request in peers.origin.requests} == {0}, "one connection serves them all"


@every_combination
def test_options_of_the_whole_server(combination):
    """RFC 9113 8.3.1: its :path is `*`."""
    with between(combination) as peers:
        assert peers.client.request("OPTIONS", "*").status == 200
        assert path_of(peers.origin.requests[0]) == "*"


@every_combination
def test_a_body_with_a_length(combination):
    with between(combination) as peers:
        answer = peers.client.request("POST", body=b"hello")
        assert (answer.status, answer.headers.get("content-length")) == (200, "2" if peers.to_h1 else None)
        until(lambda: peers.origin.requests[0].complete)
        request = peers.origin.requests[0]
        assert (bytes(request.body), request.headers.get("content-length")) == (b"hello", "5")
        assert request.headers.get("transfer-encoding") is None


@every_combination
def test_bodies_without_a_length(combination):
    """RFC 9113 8.1: HTTP/2 needs neither a length nor a coding, HTTP/1.1 needs the chunked coding."""

    def streamed(steps):
        chunked = {"transfer-encoding": "chunked"} if steps is h1_origin else {}
        return steps.respond(200, chunked, b"streamed")

    with between(combination, streamed) as peers:
        answer = peers.client.request("POST", body=[b"one", b"", b"two"] if not peers.from_h1 else [b"one", b"two"])
        assert (bytes(answer.body), answer.complete) == (b"streamed", True)
        until(lambda: peers.origin.requests[0].complete)
        request = peers.origin.requests[0]
        assert bytes(request.body) == b"onetwo"
        assert request.headers.get("content-length") is None and answer.headers.get("content-length") is None
        assert request.headers.get("transfer-encoding") == ("chunked" if peers.to_h1 else None)
        assert answer.headers.get("transfer-encoding") == ("chunked" if peers.from_h1 else None)


@every_combination
def test_an_empty_body(combination):
    with between(combination) as peers:
        assert peers.client.request("POST", body=b"").status == 200
        until(lambda: peers.origin.requests[0].complete)
        assert (peers.origin.requests[0].headers.get("content-length"), bytes(peers.origin.requests[0].body)) == ("0", b"")


@every_combination
def test_head_has_the_length_and_no_body(combination):
    """RFC 9110 9.3.2; RFC 9113 8.1.1 allows the length without the content."""
    with between(combination, lambda steps: steps.respond(headers={"content-length": 1234})) as peers:
        for _ in range(2):
            answer = peers.client.request("HEAD")
            assert (answer.status, answer.headers.get("content-length"), bytes(answer.body)) == (200, "1234", b"")
            assert answer.complete
        assert {request.connection for request in peers.origin.requests} == {0}


@pytest.mark.parametrize("status", [204, 304])
@every_combination
def test_answers_without_body(combination, status):
    with between(combination, lambda steps: steps.respond(status, {"etag": '"a"'}), lambda steps: steps.respond()) as peers:
        answer = peers.client.request()
        assert (answer.status, answer.headers.get("etag"), answer.complete) == (status, '"a"', True)
        assert answer.headers.get("content-length") is None
        assert peers.client.request().status == 200


@every_combination
def test_interim_answers_come_first(combination):
    """RFC 9113 8.1: any number of 1xx heads in front of the final one."""
    link = {"link": "</style.css>"}
    with between(combination, lambda steps: [steps.informational(103, link)] * 2 + [steps.respond(body=b"final")]) as peers:
        answer = peers.client.request()
        interim = answer.interim if peers.from_h1 else [status for status, _ in answer.interim]
        assert (interim, answer.status, bytes(answer.body)) == ([103, 103], 200, b"final")
        assert peers.from_h1 or answer.interim[0][1].get("link") == "</style.css>"


def test_100_continue_comes_from_the_gateway():
    """RFC 9110 10.1.1: the body is taken in any case, and the origin is not asked."""
    with between("h2-h2") as peers:
        client = peers.client
        stream = client.open("POST", "/", {"expect": "100-continue", "content-length": 3}, end=False)
        client.read_until(lambda: client.responses[stream].interim)
        assert [status for status, _ in client.responses[stream].interim] == [100]
        client.send_data(stream, b"abc", True)
        assert client.response(stream).status == 200
        assert peers.origin.requests[0].headers.get("expect") is None


def test_another_expectation_is_417():
    """RFC 9110 10.1.1."""
    with between("h2-h2") as peers:
        assert peers.client.request(headers={"expect": "wonders"}).status == 417
        assert peers.client.request().status == 200
        assert len(peers.origin.requests) == 1


@every_combination
def test_100_continue_of_the_origin_is_not_told_twice(combination):
    with between(combination, lambda steps: [steps.informational(100), steps.respond()]) as peers:
        answer = peers.client.request()
        assert (answer.status, answer.interim) == (200, [])


# ---- Trailers ------------------------------------------------------------------------------------


def h1_trailers(exchange):
    exchange.read_request()
    fields = "".join(f"{name}: {value}\r\n" for name, value in TRAILERS).encode()
    exchange.send(head_bytes("HTTP/1.1 200 OK", [("transfer-encoding", "chunked")]) + chunk(b"body") + b"0\r\n" + fields)
    exchange.send(b"\r\n")


def trailers_of(steps):
    return h1_trailers if steps is h1_origin else steps.respond(body=b"body", trailers=TRAILERS)


@pytest.mark.parametrize("keep", [0, 1])
def test_trailers_pass_between_http2_peers(keep):
    """RFC 9113 8.1; gRPC lives on them, so no setting of HTTP/1 takes them away."""
    with between("h2-h2", trailers_of, settings={"keep_h1_trailers": keep}) as peers:
        answer = peers.client.request("POST", headers={"te": "trailers"}, body=b"abc", trailers=TRAILERS)
        assert (bytes(answer.body), answer.trailers) == (b"body", TRAILERS)
        until(lambda: peers.origin.requests[0].complete)
        assert peers.origin.requests[0].trailers == TRAILERS
        assert peers.origin.requests[0].headers.get("te") == "trailers", "RFC 9110 10.1.4"


def test_trailers_behind_no_body():
    with between("h2-h2", lambda steps: steps.respond(200, trailers=TRAILERS), settings=KEEP) as peers:
        answer = peers.client.request("POST", trailers=TRAILERS)
        assert (answer.status, bytes(answer.body), answer.trailers) == (200, b"", TRAILERS)
        until(lambda: peers.origin.requests[0].complete)
        assert peers.origin.requests[0].trailers == TRAILERS


@pytest.mark.parametrize("keep", [0, 1])
def test_trailers_from_http2_to_http1(keep):
    expected = TRAILERS if keep else []
    with between("h2-h1", trailers_of, settings={"keep_h1_trailers": keep}) as peers:
        answer = peers.client.request("POST", body=[b"abc"], trailers=TRAILERS)
        assert (bytes(answer.body), answer.trailers, answer.complete) == (b"body", expected, True)
        assert (peers.origin.requests[0].body, peers.origin.requests[0].trailers) == (b"abc", expected)


@pytest.mark.parametrize("keep", [0, 1])
def test_trailers_from_http1_to_http2(keep):
    expected = TRAILERS if keep else []
    fields = "".join(f"{name}: {value}\r\n" for name, value in TRAILERS).encode()
    with between("h1-h2", trailers_of, settings={"keep_h1_trailers": keep}) as peers:
        peers.client.send_head("POST", headers={"transfer-encoding": "chunked"})
        peers.client.send(chunk(b"abc") + b"0\r\n" + fields + b"\r\n")
        answer = peers.client.read_response("POST")
        assert (answer.body, answer.trailers, answer.complete) == (b"body", expected, True)
        assert (bytes(peers.origin.requests[0].body), peers.origin.requests[0].trailers) == (b"abc", expected)


# ---- Heads ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("combination", ["h2-h1", "h2-h2"])
def test_crumbs_of_a_cookie_are_joined(combination):
    """RFC 9113 8.2.3: with `; `, where something that is not HTTP/2 may read them."""
    with between(combination) as peers:
        fields = [("cookie", "a=1"), ("x-between", "b"), ("cookie", "b=2"), ("cookie", "c=3")]
        assert peers.client.request(headers=fields).status == 200
        assert peers.origin.requests[0].headers.all("cookie") == ["a=1; b=2; c=3"]


def test_a_host_that_says_something_else_is_refused():
    """RFC 9113 8.3.1: the two must agree."""
    with between("h2-h1") as peers:
        assert peers.client.request(headers={"host": "elsewhere.example"}).status == 400
        assert peers.client.request(headers={"host": HOST}).status == 200
        assert peers.client.request(headers={"host": HOST.upper()}).status == 200
        assert [request.headers.all("host") for request in peers.origin.requests] == [[HOST], [HOST]]


def test_a_host_alone_is_the_authority():
    """RFC 9113 8.3.1: requests that came from HTTP/1.1 may have no :authority."""
    with between("h2-h2") as peers:
        assert peers.client.request(headers={"host": HOST}, authority=None).status == 200
        assert (authority_of(peers.origin.requests[0]), peers.origin.requests[0].headers.get("host")) == (HOST, None)


def test_no_authority_at_all_is_refused():
    """RFC 9113 8.3.1: an http URI has one."""
    with between("h2-h1") as peers:
        answer = peers.client.request(authority=None)
        assert answer.status == 400 or answer.reset == h2_peer.PROTOCOL_ERROR
        assert peers.client.request().status == 200
        assert len(peers.origin.requests) == 1


@pytest.mark.parametrize("authority", ["", "user@test.example", "a b", "test.example/x", "test.example:99999"])
def test_an_authority_that_is_none_is_refused(authority):
    """RFC 9113 8.3.1: no userinfo; RFC 3986 3.2."""
    with between("h2-h1") as peers:
        answer = peers.client.request(authority=authority)
        assert answer.status == 400 or answer.reset == h2_peer.PROTOCOL_ERROR
        assert peers.client.request().status == 200
        assert len(peers.origin.requests) == 1


@every_combination
def test_forwarded_fields_and_the_request_id(combination):
    with between(combination) as peers:
        fields = {"x-forwarded-for": "198.51.100.7", "x-forwarded-proto": "https", "x-request-id": "mine"}
        assert peers.client.request(headers=fields).status == 200
        headers = peers.origin.requests[0].headers
        assert headers.get("x-forwarded-for").startswith("198.51.100.7,")
        assert headers.all("x-forwarded-proto") == ["http"]
        record = records(peers.gateway)[-1]
        assert headers.all("x-request-id") == [record["request_id"]] != ["mine"], "of a client that nobody trusts"
        assert record["protocol"] == ("HTTP/1.1" if peers.from_h1 else "HTTP/2")


@every_combination
def test_order_and_duplicates_of_fields_are_kept(combination):
    """RFC 9110 5.3, both ways; set-cookie is never joined."""
    asked = [("x-a", "1"), ("accept", "b"), ("x-b", ""), ("x-a", "2"), ("x-long", "v" * 5000), ("x-utf8", "\xc3\xa4")]
    told = [("set-cookie", "a=1"), ("x-a", "1"), ("set-cookie", "b=2"), ("x-a", "2"), ("x-obs", "\xff")]
    with between(combination, lambda steps: steps.respond(200, told, b"ok")) as peers:
        answer = peers.client.request(headers=asked)
        names = {name for name, _ in asked + told}
        assert [one for one in peers.origin.requests[0].headers if one[0] in names] == asked
        assert [one for one in answer.headers if one[0] in names] == told


def test_connection_fields_of_http1_stay_there():
    """RFC 9113 8.2.2, both ways."""
    hop = [("connection", "x-hop, keep-alive"), ("x-hop", "1"), ("keep-alive", "timeout=5"), ("proxy-connection", "a")]
    with between("h1-h2") as peers:
        assert peers.client.request(headers=[*hop, ("te", "gzip")]).status == 200
        left = {name for name, _ in peers.origin.requests[0].headers}
        assert not left & {"connection", "x-hop", "keep-alive", "proxy-connection", "te", "transfer-encoding", "host"}
    with between("h2-h1", lambda steps: steps.respond(200, hop, b"ok")) as peers:
        left = {name for name, _ in peers.client.request().headers}
        assert not left & {"connection", "x-hop", "keep-alive", "proxy-connection", "transfer-encoding"}


def test_an_upgrade_goes_to_http2_as_a_plain_request():
    """RFC 9113 8.6: there is no Upgrade in HTTP/2, and a server may pass over one (RFC 9110 7.8)."""
    with between("h1-h2") as peers:
        fields = {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-key": "x"}
        assert peers.client.request(headers=fields).status == 200
        until(lambda: peers.origin.requests[0].complete)
        assert peers.origin.requests[0].headers.get("upgrade") is None


def test_a_request_head_larger_than_a_frame():
    """RFC 9113 6.10: it goes on in CONTINUATION frames, to us and to the origin."""
    fields = [(f"x-{number}", str(number % 10) * 1500) for number in range(20)]
    with between("h2-h2") as peers:
        assert peers.client.request(headers=fields).status == 200
        assert [one for one in peers.origin.requests[0].headers if one in fields] == fields


@pytest.mark.parametrize("pieces", [2, 3, 8])
def test_a_request_head_in_pieces(pieces):
    fields = [(f"x-{number}", str(number % 10) * 30) for number in range(20)]
    with between("h2-h2") as peers:
        stream = peers.client.open_raw(peers.client.head(headers=fields), pieces=pieces)
        assert peers.client.response(stream).status == 200
        assert [one for one in peers.origin.requests[0].headers if one in fields] == fields


@pytest.mark.parametrize("pieces, size", [(2, 30), (3, 30), (8, 30), (1, 1500)])
def test_a_response_head_in_pieces(tmp_path, pieces, size):
    """RFC 9113 4.3: a field block may be split anywhere."""
    fields = [(f"x-{number}", str(number % 10) * size) for number in range(20)]
    with H2Origin(h2_peer.respond(200, fields, b"ok", pieces=pieces)) as origin:
        with apart(tmp_path, origin.address, app_protocol=H2C) as gateway, H2Client(gateway.port) as client:
            answer = client.request()
            assert [one for one in answer.headers if one in fields] == fields


@pytest.mark.parametrize("pieces", [1, 2])
def test_every_byte_on_its_own(pieces):
    """RFC 9113 4.1: frames say nothing about how they are read."""
    with between("h2-h1") as peers, H2Client(port_of(peers.gateway)) as other:
        client = peers.client
        stream = client.next_stream()
        frames = client.head_frames(stream, client.head("POST", "/slow", {"content-length": 3}), pieces=pieces)
        frames.append(h2_peer.DataFrame(stream, b"abc", flags=["END_STREAM"]))
        for byte in b"".join(frame.serialize() for frame in frames):
            client.send(bytes([byte]))
            for _ in range(2):
                other.ping()  # the worker has read the byte by the time it answers twice
        assert client.response(stream).status == 200
        assert (peers.origin.requests[0].target, peers.origin.requests[0].body) == ("/slow", b"abc")


def test_every_byte_of_an_answer_on_its_own(tmp_path):
    fields = [(f"x-{number}", str(number % 10) * 10) for number in range(20)]

    def slowly(exchange):
        exchange.read_request()
        head = exchange.connection.head_frames(exchange.stream, [(":status", 200), *fields])
        for byte in b"".join(frame.serialize() for frame in head):
            exchange.send(bytes([byte]))
            exchange.origin.closing.wait(0.001)  # so that each is a read of its own
        exchange.data(b"ok", True)

    with H2Origin(slowly) as origin:
        with apart(tmp_path, origin.address, app_protocol=H2C) as gateway, H2Client(gateway.port) as client:
            answer = client.request()
            assert (answer.status, [one for one in answer.headers if one in fields]) == (200, fields)
            assert bytes(answer.body) == b"ok"


def test_padding_and_priority_and_unknown_frames_are_passed_over():
    """RFC 9113 6.1, 5.3.2, 4.1."""
    with between("h2-h1") as peers:
        client = peers.client
        stream = client.next_stream()
        head = client.head_frames(stream, client.head("POST", headers={"content-length": 3}))[0]
        head.flags.add("PADDED")
        head.flags.add("PRIORITY")
        head.pad_length, head.depends_on, head.stream_weight, head.exclusive = 100, 0, 7, False
        body = h2_peer.DataFrame(stream, b"abc", pad_length=200, flags=["PADDED", "END_STREAM"])
        of_the_stream = b"\x00\x00\x04\xfa\xff" + stream.to_bytes(4, "big") + b"what"
        of_the_connection = b"\x00\x00\x00\xfb\x00\x00\x00\x00\x00"
        client.send(head, of_the_stream, of_the_connection, body)
        assert client.response(stream).status == 200
        assert peers.origin.requests[0].body == b"abc"


# ---- Bodies --------------------------------------------------------------------------------------


@every_combination
def test_8_mb_each_way(combination):
    with between(combination, lambda steps: steps.respond(200, None, CHECKED)) as peers:
        answer = peers.client.request("POST", body=CHECKED)
        assert (answer.status, answer.complete) == (200, True)
        assert bytes(answer.body) == CHECKED
        until(lambda: peers.origin.requests[0].complete)
        assert bytes(peers.origin.requests[0].body) == CHECKED


@pytest.mark.parametrize("combination", ["h2-h2", "h2-h1"])
def test_a_small_window_of_the_client_paces_the_answer(combination):
    """RFC 9113 5.2: no byte more than it allows."""
    body = CHECKED[: 1 << 20]
    with between(combination, lambda steps: steps.respond(200, None, body)) as peers:
        with H2Client(port_of(peers.gateway), window=1000) as client:
            stream = client.open()
            sizes = []
            client.responses[stream].sink = lambda data: sizes.append(len(data))
            answer = client.response(stream)
            assert (answer.complete, answer.size, max(sizes) <= 1000) == (True, len(body), True)


def test_both_ways_at_once():
    """RFC 9113 8.1: an answer may begin and go on while the request does, piece by piece."""

    def echo(_):
        def step(exchange):
            exchange.head([(":status", 200)])
            for number in range(10):
                exchange.wait_for(lambda: len(exchange.request.body) > number)
                exchange.data(exchange.request.body[number : number + 1])
            exchange.read_request()
            exchange.data(end=True)

        return step

    with between("h2-h2", echo) as peers:
        client = peers.client
        stream = client.open("POST", end=False)
        for number in range(10):
            client.send_data(stream, b"%d" % number)
            client.read_until(lambda: len(client.responses[stream].body) == number + 1)
        client.send_data(stream, end=True)
        answer = client.response(stream)
        assert (bytes(answer.body), answer.complete) == (b"0123456789", True)


@pytest.mark.parametrize("combination", ["h2-h2", "h2-h1"])
def test_an_answer_in_front_of_the_end_of_the_request(combination):
    """RFC 9113 8.1: it is complete for the client, and the connection goes on."""
    early = lambda steps: [steps.respond(413, body=b"too much", when="body_started"), steps.stall()]
    with between(combination, early, lambda steps: steps.respond()) as peers:
        client = peers.client
        stream = client.open("POST", end=False)
        client.send_data(stream, b"a")
        answer = client.response(stream)
        assert (answer.status, bytes(answer.body), answer.complete) == (413, b"too much", True)
        if not answer.reset:
            client.send_data(stream, b"b" * 40000, True)
        assert client.request().status == 200
        assert answer.reset in (None, NO_ERROR)


def test_trailers_behind_a_body_that_waits_for_room():
    """RFC 9113 5.2: they are under no flow control, and still come last."""
    body = CHECKED[:100000]
    with H2Origin(h2_peer.respond(200, None, body, trailers=TRAILERS), window=200) as origin:
        with serving(origin.address, app_protocol=H2C) as gateway, H2Client(port_of(gateway), window=200) as client:
            answer = client.request("POST", body=[body[:5000]], trailers=TRAILERS)
            assert (bytes(answer.body) == body, answer.trailers) == (True, TRAILERS)
            until(lambda: origin.requests[0].complete)
            assert (bytes(origin.requests[0].body), origin.requests[0].trailers) == (body[:5000], TRAILERS)


def test_a_window_that_shrinks_under_an_answer():
    """RFC 9113 6.9.2: it may become negative, and nothing is sent until it is not."""
    body = CHECKED[: 1 << 20]
    with between("h2-h2", lambda steps: steps.respond(200, None, body)) as peers:
        with H2Client(port_of(peers.gateway), window=65535, credit=False) as client:
            stream = client.open()
            client.read_until(lambda: client.responses[stream].size == 65535)
            client.send(h2_peer.SettingsFrame(0, settings={h2_peer.WINDOW_SIZE: 100}))
            client.send(h2_peer.WindowUpdateFrame(0, 1 << 24), h2_peer.WindowUpdateFrame(stream, 65435))
            client.ping()
            client.ping()
            assert client.responses[stream].size == 65535, "the window is 0 now"
            client.send(h2_peer.WindowUpdateFrame(stream, 1))
            client.read_until(lambda: client.responses[stream].size == 65536)
            client.send(h2_peer.SettingsFrame(0, settings={h2_peer.WINDOW_SIZE: 2 << 20}))
            assert bytes(client.response(stream).body) == body


def test_an_upload_that_the_origin_has_reset():
    """RFC 9113 8.1: the rest of it is passed over or stopped with NO_ERROR, and the connection goes on."""
    script = [lambda steps: steps.rst(h2_peer.INTERNAL_ERROR, when="headers"), lambda steps: steps.respond()]
    with between("h2-h2", *script) as peers:
        client = peers.client
        stream = client.open("POST", headers={"content-length": 1 << 20}, end=False)
        answer = client.response(stream)
        assert (answer.status, answer.complete) == (503, True)
        while answer.reset is None:
            client.send_data(stream, bytes(10000))
            client.ping()
        assert answer.reset == NO_ERROR
        assert client.request().status == 200


def test_an_upload_of_http1_that_the_origin_has_reset():
    script = [lambda steps: steps.rst(h2_peer.INTERNAL_ERROR, when="headers"), lambda steps: steps.respond()]
    with between("h1-h2", *script) as peers:
        peers.client.send_head("POST", headers={"content-length": 1 << 20})
        answer = peers.client.read_response("POST")
        assert (answer.status, answer.complete, answer.headers.get("connection")) == (503, True, "close")
        assert peers.client.closed_by_peer()


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
            client.send(*[frame for _ in range(150) for frame in client.head_frames(client.next_stream(), client.head(), True)])
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
            client.send(h2_peer.WindowUpdateFrame(stream, 100), h2_peer.PriorityFrame(stream, stream_weight=1))
            client.reset(stream, NO_ERROR)
        assert client.request().status == 200


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
    """RFC 9113 6.8: GOAWAY at once, with the last stream that is served."""
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
        assert (client.goaway.last_stream_id, client.goaway.error_code) == (stream, NO_ERROR)
        assert (idle.ended(), idle.goaway.last_stream_id) == (NO_ERROR, 0)
        client.open()  # above the last one: not touched
        client.send_data(stream, b"the rest", True)
        gate.set()
        answer = client.response(stream)
        assert (answer.status, bytes(answer.body), answer.complete) == (200, b"whole", True)
        assert client.ended() == NO_ERROR
        stopping.join(10)
        assert len(origin.requests) == 1


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
        assert (record["response_flags"], record["response_code_details"]) == ("DC", "downstream_remote_disconnect")
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
    end = {"reset": lambda steps: steps.rst(h2_peer.INTERNAL_ERROR), "close": lambda steps: steps.close()}[cut]
    with between("h2-h2", lambda steps: [steps.respond(body=b"half", end=False), end(steps)], lambda s: s.respond()) as peers:
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
    cut = lambda steps: [steps.respond(200, headers, b"half", end=False), steps.rst(h2_peer.CANCEL)]
    with between("h1-h2", cut) as peers:
        answer = peers.client.request()
        assert (answer.status, answer.body, answer.complete) == (200, b"half", False)
        assert peers.client.closed_by_peer()


def test_a_body_until_close_ends_cleanly():
    """RFC 9112 6.3: the end of the connection is the end of such an answer."""
    script = lambda steps: [steps.garbage(b"HTTP/1.1 200 OK\r\n\r\nuntil the end"), steps.close()]
    with between("h2-h1", script) as peers:
        answer = peers.client.request()
        assert (bytes(answer.body), answer.complete, answer.reset) == (b"until the end", True, None)
