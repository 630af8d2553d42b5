"""HTTP/2 peers that send without end or read nothing: what is kept for them is bounded, and they slow nobody else."""

import contextlib
import threading

import pytest
from hpack.hpack import encode_integer

from support import h2_peer
from support import origin as h1_origin
from support.gateway import H2C, apart, port_of, serving
from support.h2_peer import (
    PROTOCOL_ERROR,
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
from support.h2_setups import MIB, ends_calmly, goes_on, limited, small
from support.origin import Origin
from support.process import Memory, until
from support.wire import Closed

HEADER_TABLE_SIZE = 0x1
SOMEWHERE_ELSE = "elsewhere.example"  # is answered 404 without an origin


# ---- Uploads that nobody reads --------------------------------------------------------------------


def unread_until(gate):
    """An HTTP/1 origin that leaves the body in its socket."""
    return lambda exchange: exchange.wait(gate)


def paced(client, stream, wanted, patience=0.5):
    """Sends DATA until `wanted` bytes are out or no window is left for that long; -> how many are out."""
    sent, before = 0, client.sock.gettimeout()
    client.sock.settimeout(patience)
    try:
        while sent < wanted:
            client.read_until(lambda: client.window(stream) > 0)
            part = min(h2_peer.FRAME_BYTES, client.window(stream), wanted - sent)
            client.send_data(stream, bytes(part))
            sent += part
    except TimeoutError:
        pass
    client.sock.settimeout(before)
    return sent


@pytest.mark.parametrize("h2_to_origin", [False, True])
def test_a_slow_origin_bounds_what_the_client_may_send_ahead(h2_to_origin):
    """RFC 9113 5.2. Ahead is what windows, buffers and the kernel take; then it goes on, and every byte arrives."""
    gate, size = threading.Event(), 24 * MIB
    settings = {"h2_stream_window_bytes": 65535, "buffer_bytes": 65536}
    with contextlib.ExitStack() as stack:
        if h2_to_origin:
            late = [lambda exchange: exchange.wait(gate), open_up, respond()]
            origin = stack.enter_context(H2Origin(late, window=65535, credit=False))
        else:
            late = [unread_until(gate), h1_origin.swallow()]
            origin = stack.enter_context(Origin(late))
        protocol = {"app_protocol": H2C} if h2_to_origin else {}
        gateway = stack.enter_context(serving(origin.address, settings=settings, timeout="60s", **protocol))
        client = stack.enter_context(H2Client(port_of(gateway), timeout=5))
        stream = client.open("POST", headers={"content-length": size}, end=False)
        ahead = paced(client, stream, size)
        assert ahead < (1 * MIB if h2_to_origin else 16 * MIB)
        gate.set()
        client.send_data(stream, bytes(size - ahead), True)
        assert client.response(stream).status == 200
        assert (len(origin.requests[0].body) if h2_to_origin else size) == size


def open_up(exchange):
    """From here on the origin gives all the room there is."""
    exchange.send(WindowUpdateFrame(0, 1 << 30), WindowUpdateFrame(exchange.stream, 1 << 30))


def test_a_slow_upload_does_not_slow_the_others():
    gate = threading.Event()
    with limited(unread_until(gate), h1_origin.respond(), h2_stream_window_bytes=65535,
                 h2_connection_window_bytes=4 * 65535, buffer_bytes=65536) as (origin, _, client):
        stuck = client.open("POST", headers={"content-length": 64 * MIB}, end=False)
        origin.wait_for_requests(1)
        assert paced(client, stuck, 64 * MIB) < 16 * MIB
        assert client.request("POST", body=bytes(100)).status == 200
        client.reset(stuck)
        assert goes_on(client)


def test_slow_uploads_together(tmp_path):
    """RFC 9113 5.2: h2_connection_window_bytes is for all streams of the connection."""
    settings = {"h2_stream_window_bytes": MIB, "h2_connection_window_bytes": 2 * MIB, "buffer_bytes": 65536}
    gate = threading.Event()
    with Origin(unread_until(gate)) as origin, apart(tmp_path, origin.address, settings=settings) as gateway:
        with H2Client(gateway.port) as client:
            client.ping()
            memory = Memory(gateway.pid)
            for _ in range(30):
                stream = client.open("POST", end=False)
                paced(client, stream, 64 * MIB, patience=0.05)
            small(memory, 16 * MIB)


def test_data_beyond_the_window_of_a_stream():
    """RFC 9113 6.9.1: FLOW_CONTROL_ERROR, of the stream or of the connection."""
    gate = threading.Event()
    with limited(unread_until(gate), h1_origin.respond(), h2_stream_window_bytes=65535,
                 buffer_bytes=4096) as (origin, _, client):
        stream = client.open("POST", end=False)
        origin.wait_for_requests(1)
        paced(client, stream, 64 * MIB)
        client.send(DataFrame(stream, bytes(h2_peer.FRAME_BYTES)))
        with contextlib.suppress(Closed):
            client.read_until(lambda: client.responses[stream].over)
        assert client.responses[stream].reset == 3 or client.goaway.error_code == 3


# ---- Floods --------------------------------------------------------------------------------------


def flood(client, block, total):
    """Sends the block again and again and reads nothing, until the gateway takes no more or ends the connection."""
    client.sock.settimeout(1)
    sent = 0
    try:
        while sent < total:
            sent += client.sock.send(block)
    except (TimeoutError, ConnectionError):
        pass
    return sent


@pytest.mark.parametrize("frame", [PingFrame(0, b"12345678"), SettingsFrame(0, settings={0x4: 65535})])
@pytest.mark.parametrize("burst", [10, 3000])
def test_questions_whose_answers_nobody_reads(tmp_path, frame, burst):
    """RFC 9113 10.5: PING and SETTINGS each want an answer (6.5, 6.7)."""
    with Origin() as origin, apart(tmp_path, origin.address) as gateway:
        with H2Client(gateway.port, receive_buffer=4096) as client:
            client.ping()
            memory = Memory(gateway.pid)
            flood(client, frame.serialize() * burst, 64 * MIB)
            small(memory)
            with H2Client(gateway.port) as other:
                assert goes_on(other)


@pytest.mark.parametrize("at_once", [20, 200])
def test_answers_that_nobody_reads(tmp_path, at_once):
    """Heads of answers are under no flow control (RFC 9113 5.2): our own buffer is what stops the questions."""
    with Origin(h1_origin.respond(204, {"x-long": "v" * 20000})) as origin, apart(tmp_path, origin.address) as gateway:
        with H2Client(gateway.port, receive_buffer=4096, settings={HEADER_TABLE_SIZE: 0}, timeout=2) as client:
            client.ping()
            memory = Memory(gateway.pid)
            with contextlib.suppress(TimeoutError, AssertionError):
                for count in range(at_once, 4000, at_once):  # 80 MB
                    heads = [client.head_frames(client.next_stream(), client.head(), True) for _ in range(at_once)]
                    client.send(*[frame for head in heads for frame in head])
                    origin.wait_for_requests(count, patience=1)
            small(memory, 32 * MIB)
            with H2Client(gateway.port) as other:
                assert other.request().status == 204


def test_rapid_reset(tmp_path):
    """CVE-2023-44487: 10,000 requests that are cancelled as they are made."""
    stall = h1_origin.stall(when="headers")
    with Origin(stall) as origin, apart(tmp_path, origin.address) as gateway, H2Client(gateway.port) as client:
        client.ping()
        memory = Memory(gateway.pid)
        try:
            for _ in range(100):
                frames = []
                for _ in range(100):
                    stream = client.next_stream()
                    frames += [*client.head_frames(stream, client.head(), True), RstStreamFrame(stream, error_code=8)]
                client.send(*frames)
        except ConnectionError:
            pass
        assert ends_calmly(client)
        assert len(origin.requests) <= 1001
        small(memory, 32 * MIB)
        with H2Client(gateway.port) as other:
            assert other.request(authority=SOMEWHERE_ELSE).status == 404


def literal(name, value):
    """A field that goes into no table (RFC 7541 6.2.2)."""
    return b"\0" + b"".join(bytes(encode_integer(len(text), 7)) + text for text in (name, value))


def test_malformed_heads_one_after_another(tmp_path):
    """Each is an error of its stream alone (RFC 9113 8.1.1); it leaves nothing behind."""
    with Origin() as origin, apart(tmp_path, origin.address) as gateway, H2Client(gateway.port) as client:
        assert goes_on(client)
        block = client.block(client.head()) + literal(b"x-long", b"v" * 16000) + literal(b"X-Upper", b"1")
        memory = Memory(gateway.pid)
        for _ in range(900):  # 14 MB of fields
            stream = client.next_stream()
            client.send(HeadersFrame(stream, block, flags=["END_HEADERS", "END_STREAM"]))
            assert client.response(stream).reset == PROTOCOL_ERROR
        assert goes_on(client)
        small(memory, 4 * MIB)


def test_a_slow_reader_slows_nobody_else(tmp_path):
    """RFC 9113 5.2: 50 MB on one stream, which the client takes 64 KiB of; another one is answered meanwhile."""
    size = 50 * MIB

    def big(exchange):
        (h1_origin.stream(size) if exchange.request.target == "/big" else h1_origin.respond(body=b"small"))(exchange)

    with Origin(big) as origin, apart(tmp_path, origin.address) as gateway:
        with H2Client(gateway.port, window=65535) as client:
            assert goes_on(client)
            memory = Memory(gateway.pid)
            stuck = client.next_stream()
            client.held.add(stuck)
            client.responses[stuck].sink = lambda data: None
            client.send_head(stuck, client.head(path="/big"), True)
            client.read_until(lambda: client.responses[stuck].size == 65535)
            for _ in range(50):
                assert bytes(client.request().body) == b"small"
            small(memory)
            client.held.clear()
            client.send(WindowUpdateFrame(stuck, 1 << 20))
            assert (client.response(stuck).complete, client.responses[stuck].size) == (True, size)
            small(memory)


def test_slow_readers_of_an_http2_origin(tmp_path):
    """RFC 9113 5.2: all streams of a connection together are no more ahead than its window; and nothing is lost."""
    streams, size, done = 20, 8 * MIB, []
    with H2Origin(respond(), [respond(200, None, bytes(size)), done.append]) as origin:
        settings = {"buffer_bytes": 65536}
        with apart(tmp_path, origin.address, app_protocol=H2C, settings=settings) as gateway:
            with H2Client(gateway.port, window=65535) as client:
                assert goes_on(client)
                memory = Memory(gateway.pid)
                stuck = [client.next_stream() for _ in range(streams)]
                client.held.update(stuck)
                for stream in stuck:
                    client.send_head(stream, client.head(), True)
                client.read_until(lambda: sum(client.responses[stream].size == 65535 for stream in stuck) >= 2)

                def no_more_comes():
                    return len(done) == streams or any(one.windows[0] <= 0 for one in origin.connections)

                until(no_more_comes, patience=20)
                small(memory, 48 * MIB)
                client.held.clear()
                client.send(*[WindowUpdateFrame(stream, MIB) for stream in stuck])
                assert {client.response(stream).size for stream in stuck} == {size}


def test_slow_readers_do_not_stop_other_clients():
    """Requests of all clients share the connection to an origin: what one leaves unread must not stop the others."""
    size = 40 * MIB
    with H2Origin(respond(), *[respond(200, None, bytes(size))] * 3, respond(body=b"small")) as origin:
        with serving(origin.address, app_protocol=H2C) as gateway:
            with H2Client(port_of(gateway), window=65535) as slow, H2Client(port_of(gateway), timeout=3) as other:
                assert goes_on(other)
                stuck = [slow.next_stream() for _ in range(3)]
                slow.held.update(stuck)
                for number, stream in enumerate(stuck):
                    slow.send_head(stream, slow.head(), True)
                    origin.wait_for_requests(2 + number)
                blocked = [(origin.connections[one.connection], one.stream) for one in origin.requests[1:4]]
                until(lambda: all(connection.window(stream) <= 0 for connection, stream in blocked), patience=20)
                assert bytes(other.request().body) == b"small"
