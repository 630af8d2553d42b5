"""What an HTTP/2 peer may do too much of: each limit at its edge and one above."""

import contextlib
import socket
import threading
import time

import pytest
from hyperframe.frame import PriorityFrame

from support import h2_peer
from support import origin as h1_origin
from support.gateway import H2C, apart, counter, port_of, records, serving
from support.h2_peer import (
    NO_ERROR,
    PROTOCOL_ERROR,
    REFUSED_STREAM,
    ContinuationFrame,
    DataFrame,
    H2Client,
    H2Origin,
    HeadersFrame,
    SettingsFrame,
    WindowUpdateFrame,
    respond,
)
from support.h2_setups import MIB, alive, ends_calmly, goes_on, half_a_head, limited, small
from support.origin import Origin
from support.process import Memory, until
from support.rest import at_rest

SOMEWHERE_ELSE = "elsewhere.example"  # is answered 404 without an origin


# ---- Settings ------------------------------------------------------------------------------------


def test_what_is_announced():
    """RFC 9113 6.5.2."""
    settings = {"h2_concurrent_streams": 7, "h2_stream_window_bytes": 100000, "request_head_bytes": 5000}
    with limited(**settings, h2_connection_window_bytes=300000) as (_, _, client):
        assert client.peer_settings[h2_peer.CONCURRENT_STREAMS] == 7
        assert client.peer_settings[h2_peer.WINDOW_SIZE] == 100000
        assert client.peer_settings[0x6] == 5000
        client.read_until(lambda: client.windows[0] == 300000)


def test_one_stream_too_many():
    """RFC 9113 5.1.2: an error of that stream alone, as long as the client may not have known."""
    gate = threading.Event()
    with contextlib.ExitStack() as stack:
        origin = stack.enter_context(Origin(h1_origin.respond(gate=gate)))
        gateway = stack.enter_context(serving(origin.address, settings={"h2_concurrent_streams": 3}))
        with H2Client(port_of(gateway)) as client:
            streams = [client.open() for _ in range(4)]  # in front of the acknowledgement of its settings
            origin.wait_for_requests(3)
            above = client.response(streams[3])
            assert (above.reset, above.status) == (REFUSED_STREAM, 0)
            gate.set()
            assert [client.response(stream).status for stream in streams[:3]] == [200] * 3
            assert goes_on(client) and len(origin.requests) == 4


def test_one_stream_too_many_of_a_client_that_knows():
    """RFC 9113 5.4.1: a stream error may be taken for one of the connection."""
    with limited(h1_origin.stall(), h2_concurrent_streams=3) as (origin, _, client):
        for _ in range(4):
            client.open()
        assert client.ended() == PROTOCOL_ERROR
        assert len(origin.requests) <= 3


class NeverAcknowledges(H2Client):
    def _answer(self, frame):
        if not isinstance(frame, SettingsFrame):
            super()._answer(frame)


def test_settings_that_are_never_acknowledged():
    """RFC 9113 6.5.3: the limits hold all the same, and silence ends the connection as any other."""
    gate = threading.Event()
    settings = {"h2_concurrent_streams": 3, "connection_idle_timeout_ms": 300}
    with Origin(h1_origin.respond(gate=gate)) as origin, serving(origin.address, settings=settings) as gateway:
        with NeverAcknowledges(port_of(gateway)) as client:
            streams = [client.open() for _ in range(4)]
            assert client.response(streams[3]).reset == REFUSED_STREAM
            gate.set()
            assert [client.response(stream).status for stream in streams[:3]] == [200] * 3
            assert client.ended() == NO_ERROR
        at_rest(gateway)


def test_as_many_streams_as_allowed():
    with limited(h2_concurrent_streams=3) as (origin, _, client):
        for _ in range(5):
            assert [client.response(stream).status for stream in [client.open() for _ in range(3)]] == [200] * 3
        assert len(origin.requests) == 15


def test_a_stream_that_was_reset_counts_no_more():
    """RFC 9113 5.1.2: only open and half-closed ones do."""
    with limited(h1_origin.stall(), h2_concurrent_streams=2) as (origin, _, client):
        for _ in range(10):
            client.reset(client.open())
        client.open()
        client.open()
        assert alive(client)


# ---- Frames that cost us more than the peer (RFC 9113 10.5) --------------------------------------


@pytest.mark.parametrize("allowed", [5, 1000])
@pytest.mark.parametrize("above", [0, 1])
def test_resets(allowed, above):
    with limited(h1_origin.stall(when="headers"), h2_resets=allowed) as (_, gateway, client):
        for _ in range(allowed + above):
            client.reset(client.open())
        assert alive(client) != bool(above)
        assert not above or ends_calmly(client)
        assert counter(gateway, "downstream_cx_protocol_error") == above


@pytest.mark.parametrize("above", [0, 1])
def test_answered_requests_allow_for_more_resets(above):
    with limited(h1_origin.stall(when="headers"), h2_resets=5) as (_, _, client):
        for _ in range(20):
            assert client.request(authority=SOMEWHERE_ELSE).status == 404
        for _ in range(25 + above):
            client.reset(client.open())
        assert alive(client) != bool(above)


@pytest.mark.parametrize("above", [0, 1])
def test_streams_that_we_are_made_to_reset(above):
    """RFC 9113 10.5 and CVE-2025-8671: a WINDOW_UPDATE too large (6.9.1) costs the client as little as a reset."""
    with limited(h1_origin.stall(when="headers"), h2_resets=50) as (_, _, client):
        for _ in range(50 + above):
            stream = client.open("POST", end=False)
            client.send(WindowUpdateFrame(stream, h2_peer.HIGHEST_STREAM))
        if above:
            assert ends_calmly(client)
        else:
            resets = [client.response(stream).reset for stream in list(client.responses)]
            assert resets == [h2_peer.FLOW_CONTROL_ERROR] * 50
            assert alive(client)


@pytest.mark.parametrize("allowed", [0, 1, 5])
@pytest.mark.parametrize("above", [0, 1])
def test_empty_data_frames(allowed, above):
    with limited(h2_empty_frames=allowed) as (_, _, client):
        stream = client.open("POST", end=False)
        for _ in range(3):  # in a row: what has content starts the count again
            client.send(*[DataFrame(stream, b"")] * allowed, DataFrame(stream, b"x"))
        client.send(*[DataFrame(stream, b"")] * (allowed + above))
        client.send(DataFrame(stream, b"", flags=["END_STREAM"]))
        assert ends_calmly(client) if above else client.response(stream).status == 200


def test_data_frames_of_nothing_but_padding():
    """RFC 9113 6.1: padding is no content. They can be a byte long, and mean as little as empty ones."""
    with limited(h2_empty_frames=1) as (_, _, client):
        stream = client.open("POST", end=False)
        client.send(*[DataFrame(stream, b"", pad_length=0, flags=["PADDED"])] * 10)
        client.sock.settimeout(2)
        assert ends_calmly(client)


@pytest.mark.parametrize("above", [0, 1])
def test_empty_continuation_frames(above):
    with limited(h2_empty_frames=3, h2_continuation_frames=8) as (_, _, client):
        stream = client.next_stream()
        head, = client.head_frames(stream, client.head(), True)
        end = ContinuationFrame(stream, b"", flags=["END_HEADERS"])
        head.flags.discard("END_HEADERS")
        client.send(head, *[ContinuationFrame(stream, b"")] * (3 + above), end)
        assert ends_calmly(client) if above else client.response(stream).status == 200


@pytest.mark.parametrize("allowed", [0, 1, 8])
@pytest.mark.parametrize("above", [0, 1])
def test_continuation_frames(allowed, above):
    with limited(h2_continuation_frames=allowed) as (_, _, client):
        for _ in range(2):  # of one head: the next one starts again
            frames = one_head_in(client, 1 + allowed)
            client.send(*frames)
            assert client.response(frames[0].stream_id).status == 200
        if above:
            client.send(*one_head_in(client, 2 + allowed))
            assert ends_calmly(client)


def test_continuation_frames_of_many_heads():
    """The count is of one head, however long the connection lives."""
    with limited() as (_, _, client):
        for _ in range(30):
            frames = one_head_in(client, 3)
            client.send(*frames)
            assert client.response(frames[0].stream_id).status == 200


def one_head_in(client, count):
    """The frames of one head, so many."""
    stream = client.next_stream()
    data = client.block(client.head(headers={"x-long": f"{stream:x}" * 100}))  # a value that is in no table yet
    parts = [data[number : number + 1] for number in range(count - 1)] + [data[count - 1 :]]
    return in_frames(stream, parts)


def in_frames(stream, parts):
    frames = [HeadersFrame(stream, parts[0], flags=["END_STREAM"])]
    frames += [ContinuationFrame(stream, part) for part in parts[1:]]
    frames[-1].flags.add("END_HEADERS")
    return frames


@pytest.mark.parametrize("above", [0, 1])
def test_priority_frames(above):
    with limited(h2_priority_frames=5) as (_, _, client):
        assert goes_on(client)
        for _ in range(10 + above):  # 5, and 5 for the stream there was
            client.send(PriorityFrame(1, depends_on=0, stream_weight=7))
        assert ends_calmly(client) if above else goes_on(client)


@pytest.mark.parametrize("above", [0, 1])
def test_window_updates(above):
    with limited(h1_origin.stall(), h2_window_updates=10) as (_, _, client):
        # The client's own start was one already; 10, and 10 for the stream.
        stream = client.open()
        client.send(*[WindowUpdateFrame(number % 2 * stream, 1) for number in range(19 + above)])
        assert ends_calmly(client) if above else alive(client)


def test_answers_allow_for_more_window_updates():
    body = bytes(10 * h2_peer.FRAME_BYTES)
    with limited(h1_origin.respond(body=body), h2_window_updates=1) as (_, _, client):
        client.credit = False
        assert client.request().complete
        client.send(*[WindowUpdateFrame(0, 1)] * 10)
        assert alive(client)


# ---- Heads ---------------------------------------------------------------------------------------


def head_of(client, size):
    """A request head that counts `size` bytes (RFC 9113 6.5.2: 32 more for each field)."""
    fields = client.head(headers=[("x-long", "")])
    return fields[:-1] + [("x-long", "v" * (size - sum(len(name) + len(value) + 32 for name, value in fields)))]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_request_head_bytes(method):
    gate = threading.Event()
    with limited(h1_origin.respond(gate=gate), request_head_bytes=2000) as (origin, gateway, client):
        other = client.open("GET", "/other")
        at_limit = client.open_raw(head_of(client, 2000))
        origin.wait_for_requests(2)
        above = client.head(method, headers=[("x-long", "v" * 3000)])
        answer = client.response(client.open_raw(above))
        assert (answer.status, answer.complete, answer.reset) == (431, True, None)
        assert method == "GET" or bytes(answer.body) == b"", "RFC 9110 9.3.2"
        assert client.response(client.open_raw(head_of(client, 2001))).status == 431
        gate.set()
        assert [client.response(stream).status for stream in (other, at_limit)] == [200, 200]
        assert goes_on(client) and len(origin.requests) == 3
        assert counter(gateway, "limit.request_head_bytes") == 2


def test_what_is_told_of_a_head_that_is_too_large():
    with limited(request_head_bytes=2000) as (_, gateway, client):
        assert client.response(client.open_raw(head_of(client, 2001))).status == 431
        record = records(gateway)[-1]
        assert (record["response_code"], record["protocol"], record["response_flags"]) == (431, "HTTP/2", "DPE")
        assert record["response_code_details"] == "http2.headers_too_large"


def test_a_head_far_above_the_limit_by_hpack(tmp_path):
    """RFC 9113 10.5.1: one byte can stand for 4 KiB, so what is decoded counts, and is not kept."""
    with Origin() as origin, apart(tmp_path, origin.address) as gateway, H2Client(gateway.port) as client:
        assert client.request(headers={"x-bomb": "v" * 3900}).status == 200
        memory = Memory(gateway.pid)
        fields = [("x-bomb", "v" * 3900)] * 15000
        stream = client.next_stream()
        block = client.block(client.head()) + client.block(fields)
        parts = [block[at : at + h2_peer.FRAME_BYTES] for at in range(0, len(block), h2_peer.FRAME_BYTES)]
        client.send(*in_frames(stream, parts))
        assert client.response(stream).status == 431
        assert goes_on(client)
        small(memory)


def test_request_header_count():
    gate = threading.Event()
    with limited(h1_origin.respond(gate=gate), request_header_count=10) as (origin, gateway, client):
        other = client.open("GET", "/other")
        at_limit = client.open(headers=[("x-a", "1")] * 10)
        origin.wait_for_requests(2)
        answer = client.request(headers=[("x-a", "1")] * 11)
        assert (answer.status, answer.complete) == (431, True)
        gate.set()
        assert [client.response(stream).status for stream in (other, at_limit)] == [200, 200]
        assert goes_on(client) and len(origin.requests) == 3
        assert counter(gateway, "limit.request_header_count") == 1


def test_a_refused_head_with_a_body_behind_it():
    """The body is passed over, and given room for."""
    settings = {"request_head_bytes": 2000, "h2_stream_window_bytes": 65535, "h2_connection_window_bytes": 65535}
    with limited(**settings) as (origin, _, client):
        for _ in range(30):
            stream = client.open("POST", headers={"x-long": "v" * 3000}, end=False)
            client.send_data(stream, bytes(10000), True)
            assert client.response(stream).status == 431
        assert goes_on(client) and len(origin.requests) == 1


@pytest.mark.parametrize("busy", [False, True])
def test_a_head_that_never_ends(busy):
    """Nothing else can be sent on the connection meanwhile (RFC 9113 6.2), so the connection ends with it."""
    with limited(h1_origin.stall(), request_head_timeout_ms=200) as (origin, gateway, client):
        if busy:
            client.open()
            origin.wait_for_requests(1)
        start = time.monotonic()
        client.send(half_a_head(client))
        client.ended()
        assert 0.19 < time.monotonic() - start < 2
        assert counter(gateway, "downstream_rq_header_timeout") == 1
        until(lambda: counter(gateway, "downstream_cx_active") == 0)


def test_a_head_that_comes_in_time():
    with limited(request_head_timeout_ms=1000) as (_, _, client):
        stream = client.next_stream()
        for frame in client.head_frames(stream, client.head(), True, pieces=3):
            client.send(frame)
        assert client.response(stream).status == 200


def test_a_preface_that_never_ends():
    with Origin() as origin, serving(origin.address, settings={"request_head_timeout_ms": 200}) as gateway:
        with socket.create_connection(("127.0.0.1", port_of(gateway)), timeout=10) as sock:
            sock.sendall(h2_peer.PREFACE[:20])
            assert b"408" in sock.recv(1000), "so far it may be HTTP/1"


def test_silence_between_requests_is_no_slow_head():
    with limited(request_head_timeout_ms=100) as (_, _, client):
        assert goes_on(client)
        client.sock.settimeout(0.4)
        with pytest.raises(TimeoutError):
            client.read_frame()
        client.sock.settimeout(20)
        assert goes_on(client)


# ---- Connections ---------------------------------------------------------------------------------


def test_connection_idle_timeout():
    """RFC 9113 6.8: a GOAWAY says that it is going to close."""
    with limited(connection_idle_timeout_ms=200) as (_, gateway, client):
        assert goes_on(client)
        start = time.monotonic()
        assert client.ended() == NO_ERROR
        assert time.monotonic() - start < 5
        assert counter(gateway, "downstream_cx_idle_timeout") == 1


def test_a_stream_keeps_the_connection_from_being_idle():
    slow = [h1_origin.pause(0.5), h1_origin.respond()]
    with limited(slow, connection_idle_timeout_ms=100) as (_, _, client):
        assert goes_on(client)
        assert client.ended() == NO_ERROR


@pytest.mark.parametrize("most", [1, 3])
def test_requests_per_connection(most):
    """RFC 9113 6.8: GOAWAY with the last one that is served; the one above is not touched, and may be sent again."""
    gate = threading.Event()
    with limited(h1_origin.respond(gate=gate), requests_per_connection=most) as (origin, gateway, client):
        streams = [client.open() for _ in range(most + 1)]
        client.read_until(lambda: client.goaway)
        assert (client.goaway.last_stream_id, client.goaway.error_code) == (streams[most - 1], NO_ERROR)
        gate.set()
        assert [client.response(stream).status for stream in streams[:most]] == [200] * most
        assert client.ended() == NO_ERROR
        assert client.responses[streams[most]].status == 0 and len(origin.requests) == most
        assert counter(gateway, "downstream_cx_max_requests_reached") == 1


def test_what_stands_behind_the_last_request_of_a_connection():
    """RFC 9113 6.8: nothing above the last id of a GOAWAY was processed, even if it came before that went out."""
    with H2Origin() as origin:
        with serving(origin.address, app_protocol=H2C, settings={"requests_per_connection": 1}) as gateway:
            with H2Client(port_of(gateway)) as first:
                assert goes_on(first)  # so that the gateway has a connection at hand
            with H2Client(port_of(gateway)) as client:
                client.ping()
                streams = [client.next_stream() for _ in range(5)]
                heads = [client.head_frames(stream, client.head(path=f"/{stream}"), True) for stream in streams]
                client.send(*[frame for head in heads for frame in head])
                assert client.ended() == NO_ERROR
                assert client.goaway.last_stream_id == max(int(one.path[1:] or 1) for one in origin.requests)
                served = [stream for stream in streams if client.responses[stream].status == 200]
                assert [f"/{stream}" for stream in served] == [one.path for one in origin.requests[1:]]


def test_stream_idle_timeout_is_of_one_stream():
    """A reader that takes nothing of one stream; the others go on."""
    big = h1_origin.respond(body=bytes(4 * MIB))
    with limited(big, h1_origin.respond(), stream_idle_timeout_ms=300) as (_, gateway, client):
        stuck = client.next_stream()
        client.held.add(stuck)
        client.send_head(stuck, client.head(), True)
        client.read_until(lambda: client.responses[stuck].size == MIB)
        assert goes_on(client)
        answer = client.response(stuck)
        assert (answer.complete, answer.reset is not None) == (False, True)
        assert goes_on(client)
        assert counter(gateway, "downstream_rq_idle_timeout") == 1


def test_what_comes_with_the_last_request_of_a_turn():
    """requests_per_turn holds requests back, and nothing else: the room that the client gives is used at once."""
    big, stuck = h1_origin.respond(body=bytes(10000)), h1_origin.stall()
    with Origin(big, stuck) as origin, serving(origin.address, settings={"requests_per_turn": 1}) as gateway:
        with H2Client(port_of(gateway), window=10, credit=False, timeout=3) as client:
            first = client.open()
            client.read_until(lambda: client.responses[first].size == 10)
            head = client.head_frames(client.next_stream(), client.head(), True)
            client.send(WindowUpdateFrame(first, 10000), *head)
            assert client.response(first).size == 10000
        at_rest(gateway)


def test_a_request_that_stops():
    """Of one stream, again: 408, and the others go on."""
    with limited(stream_idle_timeout_ms=200) as (_, gateway, client):
        stream = client.open("POST", "/stops", {"content-length": 10}, end=False)
        client.send_data(stream, b"abc")
        assert (client.response(stream).status, client.responses[stream].complete) == (408, True)
        assert goes_on(client)
        record = next(one for one in records(gateway, 2) if one["path"] == "/stops")
        assert record["response_flags"] == "SI"


def test_a_whole_answer_that_nobody_takes():
    """For the origin it is over; the stream ends by the idle time all the same."""
    answer = h1_origin.respond(body=bytes(10000))
    with Origin(answer) as origin, serving(origin.address, settings={"stream_idle_timeout_ms": 300}) as gateway:
        with H2Client(port_of(gateway), settings={h2_peer.WINDOW_SIZE: 0}) as client:
            streams = [client.open() for _ in range(10)]
            assert [client.response(stream).reset for stream in streams] == [h2_peer.CANCEL] * 10
            client.send(SettingsFrame(0, settings={h2_peer.WINDOW_SIZE: 65535}))
            assert goes_on(client)
        at_rest(gateway)


# ---- Heads of answers ----------------------------------------------------------------------------


def meets_limit(name, most, above, *answer):
    """The connection to the origin stays, whether an answer is refused or not."""
    with H2Origin(answer, respond()) as origin:
        with serving(origin.address, app_protocol=H2C, cluster_settings={name: most}) as gateway:
            with H2Client(port_of(gateway)) as client:
                assert client.request().status == (502 if above else 200)
                assert counter(gateway, f"limit.{name}") == above
                assert goes_on(client)
            assert len(origin.connections) == 1


@pytest.mark.parametrize("above", [0, 1])
def test_response_head_bytes(above):
    fields = [(":status", "200"), ("x-long", "")]
    size = 2000 + above - sum(len(name) + len(value) + 32 for name, value in fields)
    meets_limit("response_head_bytes", 2000, above, respond(200, {"x-long": "v" * size}))


@pytest.mark.parametrize("above", [0, 1])
def test_response_header_count(above):
    meets_limit("response_header_count", 10, above, respond(200, [("x-a", "1")] * (10 + above)))


@pytest.mark.parametrize("above", [0, 1])
def test_informational_responses(above):
    meets_limit("informational_responses", 5, above, *[h2_peer.informational(103)] * (5 + above), respond())
