"""What retries see of HTTP/2 origins: streams that are refused or reset, connections that go away, gRPC."""

import threading

import pytest

from support import h2_peer
from support.gateway import H2C, counter, port_of, records, serving
from support.h2_peer import (
    CANCEL,
    CONNECT_ERROR,
    ENHANCE_YOUR_CALM,
    HTTP_1_1_REQUIRED,
    INTERNAL_ERROR,
    NO_ERROR,
    PROTOCOL_ERROR,
    REFUSED_STREAM,
    STREAM_CLOSED,
    H2Client,
    H2Origin,
    close,
    goaway,
    informational,
    raw,
    respond,
    rst,
    stall,
    trailers_only,
)
from support.origin import Origin
from support.process import until
from support.rest import at_rest

BEFORE_HEADERS = "upstream connect error or disconnect/reset before headers. "


def once_more(tokens, **more):
    return {"retryOn": tokens, "numRetries": 1, "retryBackOff": {"baseInterval": "1ms"}, **more}


class Play:
    """One request through a gateway at an origin of that script, and what became of it."""

    def __init__(self, *script, method="GET", body=None, **options):
        with H2Origin(*script) as origin, serving(origin.address, app_protocol=H2C, **options) as gateway:
            with H2Client(port_of(gateway)) as client:
                self.answer = client.request(method, body=body)
                self.record = records(gateway)[-1]
                self.protocol_errors = counter(gateway, "upstream_cx_protocol_error")
            at_rest(gateway)
            self.requests, self.connections = origin.requests, len(origin.connections)

    @property
    def flags(self):
        return self.record["response_flags"]

    @property
    def details(self):
        return self.record["response_code_details"]

    @property
    def decisions(self):
        return [attempt["decision"] for attempt in self.record["attempts"]]

    @property
    def text(self):
        return bytes(self.answer.body).decode()


def retried(play):
    """Whether the second attempt's answer came, on the same connection."""
    if play.answer.status != 200:
        return False
    assert play.decisions == ["retry_reset", "forwarded"]
    return True


# ---- RST_STREAM in front of the answer -----------------------------------------------------------


@pytest.mark.parametrize("tokens", ["refused-stream", "reset", "5xx", "gateway-error"])
def test_a_refused_stream_is_retried(tokens):
    """RFC 9113 8.7: nothing was done with it, so any request may be sent again."""
    play = Play(rst(REFUSED_STREAM), respond(), method="POST", body=b"once", retries=once_more(tokens))
    assert retried(play)
    assert [bytes(request.body) for request in play.requests] == [b"once", b"once"]
    assert [request.stream for request in play.requests] == [1, 3] and play.connections == 1
    assert play.record["attempts"][0]["reset_reason"] == "remote refused stream reset"


OTHER_TOKENS = ["connect-failure", "retriable-4xx", "unavailable,cancelled", "reset-before-request"]


@pytest.mark.parametrize("tokens", OTHER_TOKENS)
def test_a_refused_stream_is_no_matter_for(tokens):
    play = Play(rst(REFUSED_STREAM), respond(), retries=once_more(tokens))
    assert not retried(play) and len(play.requests) == 1
    assert (play.answer.status, play.flags) == (503, "UR")
    assert play.text == BEFORE_HEADERS + "reset reason: remote refused stream reset"
    assert play.details == "upstream_reset_before_response_started{remote_refused_stream_reset}"


def test_refused_until_no_retry_is_left():
    play = Play(rst(REFUSED_STREAM), retries=once_more("refused-stream", numRetries=2))
    assert len(play.requests) == 3
    assert (play.answer.status, play.flags) == (503, "URX,UR")
    assert play.text == BEFORE_HEADERS + "retried and the latest reset reason: remote refused stream reset"


OTHERS = [NO_ERROR, INTERNAL_ERROR, STREAM_CLOSED, CANCEL, ENHANCE_YOUR_CALM, HTTP_1_1_REQUIRED, 0xFFFF]


@pytest.mark.parametrize("code", OTHERS)
def test_another_code_is_a_remote_reset(code):
    """RFC 9113 7: an unknown code is INTERNAL_ERROR's like."""
    play = Play(rst(code))
    assert (play.answer.status, play.flags) == (503, "UR")
    assert play.text == BEFORE_HEADERS + "reset reason: remote reset"
    assert play.details == "upstream_reset_before_response_started{remote_reset}"
    assert play.answer.complete and play.connections == 1


@pytest.mark.parametrize(
    "tokens, again", [("reset", True), ("5xx", True), ("gateway-error", True), ("refused-stream", False)]
)
def test_what_covers_a_remote_reset(tokens, again):
    assert retried(Play(rst(INTERNAL_ERROR), respond(), retries=once_more(tokens))) == again
    assert retried(Play(rst(INTERNAL_ERROR), respond(), retries=once_more(f"connect-failure,{tokens}"))) == again


def test_connect_error():
    """RFC 9113 8.5; Envoy has words of its own for it."""
    play = Play(rst(CONNECT_ERROR))
    assert (play.answer.status, play.flags) == (503, "UR")
    assert play.text == BEFORE_HEADERS + "reset reason: remote error with CONNECT request"


def test_protocol_error_is_502():
    play = Play(rst(PROTOCOL_ERROR))
    assert (play.answer.status, play.flags) == (502, "UPE")
    assert play.text == BEFORE_HEADERS + "reset reason: protocol error"
    assert play.details == "upstream_reset_before_response_started{protocol_error}"


@pytest.mark.parametrize("code", [REFUSED_STREAM, INTERNAL_ERROR])
def test_a_reset_in_the_middle_of_the_request(code):
    """What of the body was kept is sent again; the upload goes on."""
    with H2Origin(rst(code, when="body_started"), respond()) as origin:
        with serving(origin.address, app_protocol=H2C, retries=once_more("reset")) as gateway:
            with H2Client(port_of(gateway)) as client:
                stream = client.open("POST", end=False)
                client.send_data(stream, b"first ")
                origin.wait_for_requests(2)
                client.send_data(stream, b"second", True)
                assert client.response(stream).status == 200
            until(lambda: origin.requests[1].complete)
            assert bytes(origin.requests[1].body) == b"first second"
            at_rest(gateway)


def test_only_the_stream_that_was_reset_is_lost():
    gate = threading.Event()
    with H2Origin(respond(body=b"first", gate=gate), rst(INTERNAL_ERROR), respond(body=b"third", gate=gate)) as origin:
        with serving(origin.address, app_protocol=H2C) as gateway, H2Client(port_of(gateway)) as client:
            streams = []
            for number in range(3):  # one by one: the script goes by the order of arrival
                streams.append(client.open())
                origin.wait_for_requests(number + 1)
            assert client.response(streams[1]).status == 503
            gate.set()
            assert [bytes(client.response(stream).body) for stream in (streams[0], streams[2])] == [b"first", b"third"]
            assert len(origin.connections) == 1


# ---- RST_STREAM behind the head ------------------------------------------------------------------


@pytest.mark.parametrize(
    "code, reason, flags",
    [
        (INTERNAL_ERROR, "remote_reset", "UR"),
        (REFUSED_STREAM, "remote_refused_stream_reset", "UR"),
        (PROTOCOL_ERROR, "protocol_error", "UPE"),
        (CANCEL, "remote_reset", "UR"),
        (NO_ERROR, "remote_reset", "UR"),
    ],
)
def test_a_reset_behind_the_head_is_passed_on(code, reason, flags):
    """RFC 9113 8.1: the answer is incomplete, and too much of it is out for a retry."""
    retries = once_more("reset,refused-stream,5xx")
    play = Play([respond(200, None, b"half", end=False), rst(code)], respond(), retries=retries)
    assert (play.answer.status, bytes(play.answer.body), play.answer.complete) == (200, b"half", False)
    assert play.answer.reset == INTERNAL_ERROR
    assert (play.flags, play.details) == (flags, f"upstream_reset_after_response_started{{{reason}}}")
    assert play.decisions == ["response_cut"] and len(play.requests) == 1


def test_no_error_behind_a_whole_answer_is_its_end():
    """RFC 9113 8.1: an origin that needs no more of the request may say so. The answer counts."""
    with H2Origin([respond(413, body=b"too much", when="body_started"), rst(NO_ERROR, when="headers")]) as origin:
        with serving(origin.address, app_protocol=H2C, retries=once_more("reset")) as gateway:
            with H2Client(port_of(gateway)) as client:
                stream = client.open("POST", end=False)
                client.send_data(stream, b"some")
                answer = client.response(stream)
                assert (answer.status, bytes(answer.body), answer.complete) == (413, b"too much", True)
                assert records(gateway)[-1]["response_flags"] == "-"
            at_rest(gateway)
        assert len(origin.requests) == 1


def test_a_reset_behind_an_interim_answer_is_not_retried():
    """A 1xx ends retries, as an answer that has begun."""
    play = Play([informational(103), rst(INTERNAL_ERROR)], respond(), retries=once_more("reset"))
    assert [status for status, _ in play.answer.interim] == [103]
    assert (play.answer.status, play.flags, len(play.requests)) == (503, "UR", 1)


# ---- GOAWAY --------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [NO_ERROR, ENHANCE_YOUR_CALM])
def test_a_stream_above_the_last_of_a_goaway_was_refused(code):
    """RFC 9113 6.8: it was not processed; the retry takes another connection."""
    play = Play(goaway(-1, code), respond(), retries=once_more("refused-stream"))
    assert retried(play)
    assert play.record["attempts"][0]["reset_reason"] == "remote refused stream reset"
    assert [request.connection for request in play.requests] == [0, 1]


def test_a_stream_above_the_last_of_a_goaway_without_a_policy():
    play = Play(goaway(-1))
    assert (play.answer.status, play.flags) == (503, "UR")
    assert play.text == BEFORE_HEADERS + "reset reason: remote refused stream reset"


@pytest.mark.parametrize("behind", [0, 5])
def test_a_stream_up_to_the_last_of_a_goaway_finishes(behind):
    """RFC 9113 6.8; the next request goes elsewhere, and the old connection ends with its last stream."""
    gate = threading.Event()
    script = [goaway(behind), respond(200, None, b"whole", gate=gate)]
    with H2Origin(script, respond()) as origin, serving(origin.address, app_protocol=H2C) as gateway:
        with H2Client(port_of(gateway)) as client:
            first = client.open("POST", end=False)
            origin.wait_for_requests(1)
            until(lambda: client.request().status == 200 and origin.requests[-1].connection == 1)
            gate.set()
            client.send_data(first, b"the rest", True)
            answer = client.response(first)
            assert (answer.status, bytes(answer.body), answer.complete) == (200, b"whole", True)
        assert bytes(origin.requests[0].body) == b"the rest"
        until(lambda: origin.connections[0].closed)
        assert not origin.connections[1].closed
        at_rest(gateway)


def test_a_goaway_in_two_steps():
    """RFC 9113 6.8: first the highest id there is, then the last one that counts."""
    script = [goaway((h2_peer.HIGHEST_STREAM - 1) // 2), respond(), goaway(0, when="complete")]
    with H2Origin(script, respond()) as origin, serving(origin.address, app_protocol=H2C) as gateway:
        with H2Client(port_of(gateway)) as client:
            assert [client.request().status for _ in range(2)] == [200, 200]
        assert [request.connection for request in origin.requests] == [0, 1]
        until(lambda: origin.connections[0].closed)


def test_a_goaway_on_an_idle_connection():
    """RFC 9113 9.1: it is closed, and nobody waits for it."""
    with H2Origin([respond(), goaway()], respond()) as origin, serving(origin.address, app_protocol=H2C) as gateway:
        with H2Client(port_of(gateway)) as client:
            assert client.request().status == 200
            until(lambda: origin.connections[0].closed)
            assert client.request().status == 200
        assert [request.connection for request in origin.requests] == [0, 1]


def test_a_goaway_splits_what_is_under_way():
    """RFC 9113 6.8: what is at or below the last stream goes on, what is above may be sent again."""
    gate = threading.Event()
    script = [respond(gate=gate), respond(gate=gate), [goaway(-1)], respond(body=b"again")]
    with H2Origin(*script) as origin:
        with serving(origin.address, app_protocol=H2C, retries=once_more("refused-stream")) as gateway:
            with H2Client(port_of(gateway)) as client:
                streams = []
                for number in range(3):
                    streams.append(client.open())
                    origin.wait_for_requests(number + 1)
                assert bytes(client.response(streams[2]).body) == b"again"
                gate.set()
                assert [client.response(stream).status for stream in streams[:2]] == [200, 200]
            assert [request.connection for request in origin.requests] == [0, 0, 0, 1]
            at_rest(gateway)


# ---- The connection ends -------------------------------------------------------------------------


def test_a_connection_that_closes_in_front_of_the_answer():
    play = Play(close())
    assert (play.answer.status, play.flags) == (503, "UC")
    assert play.text == BEFORE_HEADERS + "reset reason: connection termination"
    assert play.details == "upstream_reset_before_response_started{connection_termination}"


@pytest.mark.parametrize(
    "tokens, again", [("reset", True), ("5xx", True), ("refused-stream", False), ("connect-failure", False)]
)
def test_what_covers_a_closed_connection(tokens, again):
    play = Play(close(), respond(), retries=once_more(tokens))
    assert retried(play) == again
    assert not again or play.connections == 2


def test_a_connection_that_closes_takes_all_its_streams():
    with H2Origin(stall(when="headers"), stall(when="headers"), close(), respond()) as origin:
        with serving(origin.address, app_protocol=H2C, retries=once_more("reset")) as gateway:
            with H2Client(port_of(gateway)) as client:
                streams = []
                for number in range(3):
                    streams.append(client.open())
                    origin.wait_for_requests(number + 1)
                assert [client.response(stream).status for stream in streams] == [200] * 3
                for record in records(gateway, 3):
                    assert record["attempts"][0]["reset_reason"] == "connection termination"
            assert [request.connection for request in origin.requests] == [0, 0, 0, 1, 1, 1]
            at_rest(gateway)


def test_a_connection_that_closes_behind_the_head():
    play = Play([respond(200, None, b"half", end=False), close()], respond(), retries=once_more("reset,5xx"))
    assert (play.answer.status, play.answer.complete, play.answer.reset) == (200, False, INTERNAL_ERROR)
    assert play.details == "upstream_reset_after_response_started{connection_termination}"
    assert len(play.requests) == 1


def test_an_origin_that_is_not_there():
    """As with HTTP/1: all that waits for the connection fails with it."""
    with Origin(listening=False) as origin:
        with serving(origin.address, app_protocol=H2C, retries=once_more("connect-failure")) as gateway:
            with H2Client(port_of(gateway)) as client:
                streams = [client.open() for _ in range(3)]
                answers = [client.response(stream) for stream in streams]
                text = BEFORE_HEADERS + "retried and the latest reset reason: remote connection failure"
                assert [(answer.status, bytes(answer.body).decode()) for answer in answers] == [(503, text)] * 3
                for record in records(gateway, 3):
                    assert record["response_flags"] == "URX,UF"
            at_rest(gateway)


def test_an_origin_that_speaks_http1():
    """RFC 9113 3.4: its first bytes are no SETTINGS frame."""
    http1 = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"
    with H2Origin(stall(), first_frames=[http1]) as origin, serving(origin.address, app_protocol=H2C) as gateway:
        with H2Client(port_of(gateway)) as client:
            assert client.request().status == 502
            assert records(gateway)[-1]["response_flags"] == "UPE"
        at_rest(gateway)


@pytest.mark.parametrize(
    "frame",
    [
        b"\x00\x00\x08\x00\x00\x00\x00\x00\x00" + bytes(8),  # DATA on stream 0, RFC 9113 6.1
        b"\x00\x00\x01\x04\x00\x00\x00\x00\x00" + bytes(1),  # SETTINGS of another size, 6.5
        b"\x00\x00\x04\x08\x00\x00\x00\x00\x00" + bytes(4),  # WINDOW_UPDATE by nothing, 6.9
        b"\x00\x40\x01\x00\x00\x00\x00\x00\x01" + bytes(16385),  # larger than we allowed, 4.2
        b"\x00\x00\x05\x05\x04\x00\x00\x00\x01\x00\x00\x00\x02\x88",  # PUSH_PROMISE, which we switched off, 8.4
        b"\x00\x00\x01\x01\x04\x00\x00\x00\x01\xff",  # a head that no HPACK decoder takes, 4.3
    ],
)
def test_a_connection_error_of_the_origin(frame):
    """RFC 9113 5.4.1: the connection is over for all its streams, and a retry takes a new one."""
    play = Play(raw(frame))
    assert (play.answer.status, play.flags) == (502, "UPE")
    assert play.text == BEFORE_HEADERS + "reset reason: protocol error"
    assert play.protocol_errors == 1
    again = Play(raw(frame), respond(), retries=once_more("reset"))
    assert retried(again) and again.connections == 2


# ---- gRPC ----------------------------------------------------------------------------------------


GRPC = [(1, "cancelled"), (4, "deadline-exceeded"), (8, "resource-exhausted"), (13, "internal"), (14, "unavailable")]


@pytest.mark.parametrize("status, token", GRPC)
def test_a_grpc_status_in_the_head_is_retried(status, token):
    play = Play(trailers_only(status), respond(), retries=once_more(token))
    assert play.decisions == ["retry_status", "forwarded"] and play.connections == 1
    other = "internal" if token != "internal" else "unavailable"
    play = Play(trailers_only(status), respond(), retries=once_more(other))
    assert (play.answer.status, play.answer.headers.get("grpc-status"), len(play.requests)) == (200, str(status), 1)
    assert play.answer.complete


@pytest.mark.parametrize("body", [b"", b"message"])
def test_a_grpc_status_in_the_trailers_comes_too_late(body):
    """The head is out by then."""
    script = respond(200, {"content-type": "application/grpc"}, body, trailers={"grpc-status": 14})
    play = Play(script, respond(), retries=once_more("unavailable"), settings={"keep_h1_trailers": 1})
    assert (play.answer.status, bytes(play.answer.body), len(play.requests)) == (200, body, 1)
    assert play.answer.trailers == [("grpc-status", "14")]


def test_a_grpc_client_is_told_in_grpc():
    """A head that ends the stream, with the status that Envoy makes of 503."""
    with H2Origin(rst(INTERNAL_ERROR)) as origin, serving(origin.address, app_protocol=H2C) as gateway:
        with H2Client(port_of(gateway)) as client:
            answer = client.request("POST", headers={"content-type": "application/grpc", "te": "trailers"}, body=b"")
            assert (answer.status, answer.headers.get("grpc-status"), bytes(answer.body)) == (200, "14", b"")
            assert answer.complete and answer.headers.get("content-type") == "application/grpc"


# ---- Time ----------------------------------------------------------------------------------------


def test_a_per_try_timeout_resets_the_stream_and_keeps_the_connection():
    """RFC 9113 5.4.2: CANCEL says that nobody waits any more."""
    play = Play(stall(), respond(), retries=once_more("5xx", perTryTimeout="50ms"))
    assert play.decisions == ["retry_per_try_timeout", "forwarded"]
    assert (play.requests[0].reset, play.connections, play.answer.status) == (CANCEL, 1, 200)


def test_the_timeout_of_all_resets_the_stream():
    with H2Origin(stall(), respond()) as origin:
        with serving(origin.address, app_protocol=H2C, timeout="50ms") as gateway, H2Client(port_of(gateway)) as client:
            answer = client.request()
            assert (answer.status, bytes(answer.body)) == (504, b"upstream request timeout")
            until(lambda: origin.requests[0].reset == CANCEL)
            assert client.request().status == 200
            assert len(origin.connections) == 1


def test_a_timeout_in_the_middle_of_the_answer():
    """per_try_until=complete: the client sees a reset, the origin a cancel."""
    retries = once_more("5xx", perTryTimeout="50ms")
    with H2Origin([respond(200, None, b"half", end=False), stall()], respond()) as origin:
        with serving(
            origin.address, app_protocol=H2C, retries=retries, route_settings={"per_try_until": "complete"}
        ) as gateway, H2Client(port_of(gateway)) as client:
            answer = client.request()
            assert (answer.status, answer.complete, answer.reset) == (200, False, INTERNAL_ERROR)
            until(lambda: origin.requests[0].reset == CANCEL)
            assert client.request().status == 200
            assert len(origin.connections) == 1


def test_the_loser_of_a_hedge_is_cancelled():
    """Both ran on one connection, which goes on."""
    retries = once_more("5xx", perTryTimeout="50ms")
    with H2Origin(stall(), respond(body=b"second")) as origin:
        with serving(
            origin.address, app_protocol=H2C, retries=retries, route_settings={"hedge_on_per_try_timeout": 1}
        ) as gateway, H2Client(port_of(gateway)) as client:
            assert bytes(client.request().body) == b"second"
            until(lambda: origin.requests[0].reset == CANCEL)
            assert len(origin.connections) == 1


def test_an_answer_behind_its_cancel_is_passed_over():
    """RFC 9113 5.1: what was on its way when the stream was reset; the connection's state of HPACK stays right."""
    gate = threading.Event()

    def late(exchange):
        exchange.wait(gate)
        exchange.head([(":status", 200), ("x-late", "a value that goes into the table")])
        exchange.connection.send(h2_peer.DataFrame(exchange.stream, b"late", flags=["END_STREAM"]))

    with H2Origin(late, respond(200, {"x-late": "a value that goes into the table"}, b"fine")) as origin:
        with serving(origin.address, app_protocol=H2C, timeout="50ms") as gateway, H2Client(port_of(gateway)) as client:
            assert client.request().status == 504
            until(lambda: origin.requests[0].reset == CANCEL)
            gate.set()
            answer = client.request()
            assert (answer.headers.get("x-late"), bytes(answer.body)) == ("a value that goes into the table", b"fine")
            assert len(origin.connections) == 1
