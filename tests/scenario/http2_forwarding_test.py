"""Forwarding with HTTP/2 on either side or both: one request, and what comes back."""

import hashlib

import pytest

from support import h2_peer
from support import origin as h1_origin
from support.client import HOST
from support.gateway import H2C, apart, port_of, records, serving
from support.h2_peer import NO_ERROR, H2Client, H2Origin
from support.h2_setups import authority_of, between, path_of
from support.process import until
from support.wire import chunk, head_bytes

BIG = 8 << 20
CHECKED = hashlib.sha256(b"big").digest() * (BIG // 32)
TRAILERS = [("x-checksum", "123"), ("grpc-status", "0")]
KEEP = {"keep_h1_trailers": 1}

every_combination = pytest.mark.parametrize("combination", ["h2-h1", "h1-h2", "h2-h2"])


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
        request = peers.origin.requests[0]
        assert (request.headers.get("content-length"), bytes(request.body)) == ("0", b"")


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
    bare = [lambda steps: steps.respond(status, {"etag": '"a"'}), lambda steps: steps.respond()]
    with between(combination, *bare) as peers:
        answer = peers.client.request()
        assert (answer.status, answer.headers.get("etag"), answer.complete) == (status, '"a"', True)
        assert answer.headers.get("content-length") is None
        assert peers.client.request().status == 200


@every_combination
def test_interim_answers_come_first(combination):
    """RFC 9113 8.1: any number of 1xx heads in front of the final one."""
    link = {"link": "</style.css>"}

    def hints(steps):
        return [steps.informational(103, link), steps.informational(103, link), steps.respond(body=b"final")]

    with between(combination, hints) as peers:
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
    head = head_bytes("HTTP/1.1 200 OK", [("transfer-encoding", "chunked")])
    exchange.send(head + chunk(b"body") + b"0\r\n" + fields + b"\r\n")


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


@every_combination
def test_small_buffers_only_slow_a_body_down(combination):
    """Pausing and going on, on both sides and both ways. --edge has 32 KiB."""
    body = CHECKED[: 2 << 20]
    settings = {"buffer_bytes": 4096, "h2_stream_window_bytes": 65535, "drain_timeout_ms": 0}
    with between(combination, lambda steps: steps.respond(200, None, body), settings=settings) as peers:
        peers.client.sock.settimeout(3)
        answer = peers.client.request("POST", body=body)
        assert (answer.status, answer.complete, bytes(answer.body) == body) == (200, True, True)
        until(lambda: peers.origin.requests[0].complete)
        assert bytes(peers.origin.requests[0].body) == body


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

    def early(steps):
        return [steps.respond(413, body=b"too much", when="body_started"), steps.stall()]

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
