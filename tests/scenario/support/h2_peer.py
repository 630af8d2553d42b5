"""Both ends of an HTTP/2 connection for tests: a client, and an origin that plays a script, one entry per stream.

    with H2Origin(rst(REFUSED_STREAM), respond(200, body=b"fine")) as origin, H2Client(port) as client:
        assert client.request("GET", "/a").body == b"fine"
        assert [request.path for request in origin.requests] == ["/a", "/a"]

Frames are hyperframe's and heads hpack's. There is no state machine in between, so that a test can send what no state
machine would, and sees each frame as it came. As in support/origin.py, an entry is a step or a list of steps, the last
entry serves all later streams, and waiting is done on gates.
"""

import itertools
import socket
import threading
import time
from dataclasses import dataclass, field

import hpack
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from .client import HOST
from .scripted import PATIENCE, Scripted
from .wire import Closed, Fields, items

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

# RFC 9113 7.
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED = 0x0, 0x1, 0x2, 0x3, 0x5
REFUSED_STREAM, CANCEL, CONNECT_ERROR, ENHANCE_YOUR_CALM, HTTP_1_1_REQUIRED = 0x7, 0x8, 0xA, 0xB, 0xD
# RFC 9113 6.5.2.
CONCURRENT_STREAMS, WINDOW_SIZE = 0x3, 0x4

FRAME_BYTES = 16384
DEFAULT_WINDOW = 65535
HIGHEST_STREAM = (1 << 31) - 1


def encoded(value):
    return value if isinstance(value, bytes) else str(value).encode("latin-1")


class Wire:
    """Frames on a socket, both ways. One thread reads, any may write."""

    def __init__(self, sock, *, window=DEFAULT_WINDOW, credit=True, alive=True):
        self.sock, self.credit, self.own_window, self.alive = sock, credit, window, alive
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.lock = threading.RLock()  # the encoder's state and the order of frames are one thing
        self.changed = threading.Condition(self.lock)
        self.peer_settings = {}
        self.windows = {0: DEFAULT_WINDOW}  # what may be sent, by stream
        self.held = set()  # streams that get no credit
        self.frames = []  # all that came, but DATA
        self.goaway = None
        self.settings_acked = False
        self.closed = False
        self._buffer = bytearray()
        self._block = None  # a head that continues

    # ---- writing

    def send(self, *frames):
        """Frames, or bytes as they are."""
        with self.lock:
            self.sock.sendall(b"".join(frame if isinstance(frame, bytes) else frame.serialize() for frame in frames))

    def block(self, fields):
        """The bytes of a head."""
        with self.lock:
            return self.encoder.encode([(encoded(name), encoded(value)) for name, value in items(fields)])

    def send_head(self, stream, fields, end=False, *, pieces=1):
        """A HEADERS frame, and with `pieces` CONTINUATION frames behind it."""
        with self.lock:
            self.send(*self.head_frames(stream, fields, end, pieces=pieces))

    def head_frames(self, stream, fields, end=False, *, pieces=1):
        with self.lock:
            data = self.block(fields)
            size = max(1, -(-len(data) // pieces)) if pieces > 1 else FRAME_BYTES
            parts = [data[at : at + size] for at in range(0, len(data), size)]
            frames = [HeadersFrame(stream, parts[0])] + [ContinuationFrame(stream, part) for part in parts[1:]]
            frames[-1].flags.add("END_HEADERS")
            if end:
                frames[0].flags.add("END_STREAM")
            return frames

    def window(self, stream):
        initial = self.peer_settings.get(WINDOW_SIZE, DEFAULT_WINDOW)
        return min(self.windows[0], initial + self.windows.get(stream, 0))

    def send_data(self, stream, data=b"", end=False):
        """All of it, as the peer's windows open."""
        left = memoryview(data)
        while left or end:
            with self.changed:
                self.wait_for(lambda: not left or self.window(stream) > 0)
                part = bytes(left[: min(FRAME_BYTES, max(0, self.window(stream)))])
                left = left[len(part) :]
                last = end and not left
                self._spend(stream, len(part))
                self.send(DataFrame(stream, part, flags=["END_STREAM"] if last else []))
            if last:
                return

    def _spend(self, stream, size):
        self.windows[0] -= size
        self.windows[stream] = self.windows.get(stream, 0) - size

    # ---- reading

    def _take(self, size):
        while len(self._buffer) < size:
            data = self.sock.recv(262144)
            if not data:
                raise Closed
            self._buffer += data
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def read_frame(self):
        """The next frame. What the connection owes for it is sent: acknowledgements, and credit for DATA."""
        try:
            frame, size = Frame.parse_frame_header(memoryview(self._take(9)))
            frame.parse_body(memoryview(self._take(size)))
        except (Closed, ConnectionError):
            with self.changed:
                self.closed = True
                self.changed.notify_all()
            raise Closed from None
        with self.changed:
            if not isinstance(frame, DataFrame):
                self.frames.append(frame)
            self._connection_frame(frame)
            self._stream_frame(frame)
            self.changed.notify_all()
        return frame

    def _connection_frame(self, frame):
        if isinstance(frame, SettingsFrame):
            if "ACK" in frame.flags:
                self.settings_acked = True
            else:
                self.peer_settings.update(frame.settings)
                self._answer(SettingsFrame(0, flags=["ACK"]))
        elif isinstance(frame, PingFrame) and "ACK" not in frame.flags and self.alive:
            self._answer(PingFrame(0, frame.opaque_data, flags=["ACK"]))
        elif isinstance(frame, WindowUpdateFrame):
            self.windows[frame.stream_id] = self.windows.get(frame.stream_id, 0) + frame.window_increment
        elif isinstance(frame, GoAwayFrame):
            self.goaway = frame

    def _stream_frame(self, frame):
        if isinstance(frame, HeadersFrame):
            self._block = (frame.stream_id, frame.data, "END_STREAM" in frame.flags)
        elif isinstance(frame, ContinuationFrame):
            self._block = (self._block[0], self._block[1] + frame.data, self._block[2])
        if isinstance(frame, (HeadersFrame, ContinuationFrame)) and "END_HEADERS" in frame.flags:
            stream, data, end = self._block
            fields = Fields((n.decode("latin-1"), v.decode("latin-1")) for n, v in self.decoder.decode(data, raw=True))
            self.on_head(stream, fields, end)
        elif isinstance(frame, DataFrame):
            self._give_credit(frame)
            self.on_data(frame.stream_id, frame.data, "END_STREAM" in frame.flags)
        elif isinstance(frame, RstStreamFrame):
            self.on_reset(frame.stream_id, frame.error_code)

    def _give_credit(self, frame):
        size = frame.flow_controlled_length
        if size and self.credit:
            self._answer(WindowUpdateFrame(0, size))
            if frame.stream_id not in self.held and "END_STREAM" not in frame.flags:
                self._answer(WindowUpdateFrame(frame.stream_id, size))

    def _answer(self, frame):
        try:
            self.send(frame)
        except OSError:
            pass  # the peer has left; what it said before is still read

    # What each side makes of it.

    def wait_for(self, condition):
        raise NotImplementedError

    def on_head(self, stream, fields, end):
        raise NotImplementedError

    def on_data(self, stream, data, end):
        raise NotImplementedError

    def on_reset(self, stream, code):
        raise NotImplementedError


def start(wire, settings):
    """What either side says first: its settings, and room for as much on the connection as on a stream."""
    wire.send(SettingsFrame(0, settings={WINDOW_SIZE: wire.own_window, **(settings or {})}))
    if wire.own_window > DEFAULT_WINDOW:
        wire.send(WindowUpdateFrame(0, wire.own_window - DEFAULT_WINDOW))


# ---- The client ----------------------------------------------------------------------------------


@dataclass
class Response:
    """Of one stream, as far as it came."""

    status: int = 0
    headers: Fields = field(default_factory=Fields)  # without :status
    body: bytearray = field(default_factory=bytearray)
    size: int = 0  # of the body, also where a sink takes it
    trailers: Fields = field(default_factory=Fields)
    interim: list = field(default_factory=list)  # (status, fields) of the 1xx before it
    complete: bool = False  # END_STREAM came
    reset: int = None  # the code of RST_STREAM
    sink: object = None

    @property
    def over(self):
        return self.complete or self.reset is not None


class H2Client(Wire):
    """A connection with prior knowledge (RFC 9113 3.3). It reads only while it is asked to."""

    def __init__(self, port, *, settings=None, window=1 << 20, credit=True, timeout=20, receive_buffer=None):
        sock = socket.socket()
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect(("127.0.0.1", port))
        super().__init__(sock, window=window, credit=credit)
        self.responses = {}
        self._ids = itertools.count(1, 2)
        self.sock.sendall(PREFACE)
        start(self, settings)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def close(self):
        self.sock.close()

    # ---- asking

    def next_stream(self):
        stream = next(self._ids)
        self.responses[stream] = Response()
        return stream

    @staticmethod
    def head(method="GET", path="/", headers=None, *, authority=HOST, scheme="http"):
        pseudo = [(":method", method), (":scheme", scheme), (":authority", authority), (":path", path)]
        return [(name, value) for name, value in pseudo if value is not None] + items(headers)

    def open(self, method="GET", path="/", headers=None, *, end=True, authority=HOST, scheme="http"):
        """Sends the head of a request; -> its stream."""
        return self.open_raw(self.head(method, path, headers, authority=authority, scheme=scheme), end)

    def open_raw(self, fields, end=True, *, pieces=1):
        """The same with exactly these fields, pseudo-header fields included."""
        stream = self.next_stream()
        self.send_head(stream, fields, end, pieces=pieces)
        return stream

    def request(self, method="GET", path="/", headers=None, *, body=None, trailers=None, authority=HOST):
        """One request, one answer. `body`: bytes with a content-length, or an iterable of pieces without."""
        fields = items(headers)
        if isinstance(body, bytes):
            fields.append(("content-length", len(body)))
        stream = self.open(method, path, fields, end=body is None and not trailers, authority=authority)
        for part in [body] if isinstance(body, bytes) else body or []:
            self.send_data(stream, part)
        if trailers:
            self.send_head(stream, trailers, True)
        elif body is not None:
            self.send_data(stream, end=True)
        return self.response(stream)

    def reset(self, stream, code=CANCEL):
        self.send(RstStreamFrame(stream, error_code=code))

    def ping(self):
        """Until the answer: what was sent before it has been read then."""
        self.send(PingFrame(0, b"testping"))
        seen = len(self.frames)
        self.read_until(lambda: any(isinstance(f, PingFrame) and "ACK" in f.flags for f in self.frames[seen:]))

    # ---- reading

    def read_until(self, condition):
        """Reads frames until it is true. Closed when the connection ends before."""
        while not condition():
            self.read_frame()

    wait_for = read_until

    def response(self, stream):
        """The answer on that stream: whole, reset, or as far as it came before the connection ended."""
        response = self.responses[stream]
        try:
            self.read_until(lambda: response.over)
        except Closed:
            pass
        return response

    def ended(self):
        """Reads to the end of the connection; -> the code of its GOAWAY, None without one."""
        try:
            while True:
                self.read_frame()
        except Closed:
            return self.goaway.error_code if self.goaway else None

    def on_head(self, stream, fields, end):
        response = self.responses[stream]
        status = int(fields.get(":status", 0))
        rest = Fields((name, value) for name, value in fields if name != ":status")
        if 100 <= status < 200:
            response.interim.append((status, rest))
        elif status:
            response.status, response.headers = status, rest
        else:
            response.trailers = rest
        response.complete = end

    def on_data(self, stream, data, end):
        response = self.responses[stream]
        response.size += len(data)
        if response.sink is None:
            response.body += data
        else:
            response.sink(data)
        response.complete = end

    def on_reset(self, stream, code):
        self.responses[stream].reset = code


# ---- The origin ----------------------------------------------------------------------------------


@dataclass
class Request:
    """One stream as it arrived."""

    number: int  # at this origin, from 0
    connection: int  # of the connection it came on, from 0
    stream: int
    headers: Fields = field(default_factory=Fields)  # pseudo-header fields included
    body: bytearray = field(default_factory=bytearray)
    trailers: Fields = field(default_factory=Fields)
    complete: bool = False  # END_STREAM came
    reset: int = None  # the code of RST_STREAM
    gone: bool = False  # the connection has ended

    @property
    def method(self):
        return self.headers.get(":method")

    @property
    def path(self):
        return self.headers.get(":path")


class Exchange:
    """What a step acts on: the request and its connection."""

    def __init__(self, origin, connection, request):
        self.origin, self.connection, self.request = origin, connection, request

    @property
    def stream(self):
        return self.request.stream

    def wait(self, gate):
        """Until the gate opens, or the origin closes."""
        deadline = time.monotonic() + PATIENCE
        while not gate.wait(0.02):
            if self.origin.closing.is_set() or time.monotonic() > deadline:
                raise Closed

    def wait_for(self, condition):
        """Until it is true of the request. Closed when its stream or its connection ends before."""
        with self.connection.changed:
            self.connection.wait_for(lambda: condition() or self.request.reset is not None)
        if not condition():
            raise Closed

    def read_request(self):
        self.wait_for(lambda: self.request.complete)

    def head(self, fields, end=False, *, pieces=1):
        self.connection.send_head(self.stream, fields, end, pieces=pieces)

    def data(self, data=b"", end=False):
        self.connection.send_data(self.stream, data, end)

    def send(self, *frames):
        self.connection.send(*frames)


def _read(exchange, when):
    if when == "complete":
        exchange.read_request()
    elif when == "body_started":
        exchange.wait_for(lambda: exchange.request.body or exchange.request.complete)


def respond(status=200, headers=None, body=b"", *, trailers=None, gate=None, when="complete", end=True, pieces=1):
    """An answer, once `when` of the request is read: headers, body_started, complete. `pieces`: frames of its head."""

    def step(exchange):
        _read(exchange, when)
        if gate is not None:
            exchange.wait(gate)
        payload = body if exchange.request.method != "HEAD" else b""
        head_alone = end and not payload and not trailers
        exchange.head([(":status", status), *items(headers)], head_alone, pieces=pieces)
        if payload:
            exchange.data(payload, end and not trailers)
        if trailers:
            exchange.head(trailers, True)

    return step


def trailers_only(status, message="said so"):
    """A gRPC answer without a message: one head that ends the stream."""
    fields = {"content-type": "application/grpc", "grpc-status": status, "grpc-message": message}
    return respond(200, fields)


def informational(status, headers=None, *, when="headers"):
    def step(exchange):
        _read(exchange, when)
        exchange.head([(":status", status), *items(headers)])

    return step


def rst(code, *, when="complete"):
    """RST_STREAM."""

    def step(exchange):
        _read(exchange, when)
        exchange.send(RstStreamFrame(exchange.stream, error_code=code))

    return step


def goaway(behind=0, code=NO_ERROR, *, when="headers"):
    """GOAWAY whose last stream is the request's, or `behind` streams above (below: negative) it."""

    def step(exchange):
        _read(exchange, when)
        last = max(0, exchange.stream + 2 * behind)
        exchange.send(GoAwayFrame(0, last_stream_id=last, error_code=code))

    return step


def raw(*frames, when="complete"):
    """These frames; each a frame, bytes, or a function of the exchange that makes one."""

    def step(exchange):
        _read(exchange, when)
        exchange.send(*[make(exchange) if callable(make) else make for make in frames])

    return step


def stall(*, when="complete"):
    """Nothing more, until the peer resets the stream or goes."""

    def step(exchange):
        _read(exchange, when)
        exchange.wait_for(lambda: False)

    return step


def close(*, when="complete"):
    """The whole connection ends."""

    def step(exchange):
        _read(exchange, when)
        exchange.connection.shut()
        raise Closed

    return step


class _Connection(Wire):
    def __init__(self, origin, sock, number):
        super().__init__(sock, window=origin.window, credit=origin.credit, alive=origin.alive)
        self.origin, self.number = origin, number
        self.requests = {}

    def wait_for(self, condition):
        with self.changed:
            met = self.changed.wait_for(lambda: condition() or self.closed, PATIENCE)
            if not met or not condition():
                raise Closed

    def shut(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def serve(self):
        try:
            if self._take(len(PREFACE)) != PREFACE:
                raise AssertionError("no preface")
            self.send(*self.origin.first_frames)
            start(self, self.origin.settings)
            while True:
                self.read_frame()
        except (Closed, OSError):
            pass
        finally:
            with self.changed:
                self.closed = True
                for request in self.requests.values():
                    request.gone = True
                self.changed.notify_all()
            self.sock.close()

    def on_head(self, stream, fields, end):
        request = self.requests.get(stream)
        if request is None:
            request = self.requests[stream] = self.origin.begin(self, stream, fields, end)
            self.origin.play(Exchange(self.origin, self, request))
        else:
            request.trailers, request.complete = fields, end

    def on_data(self, stream, data, end):
        request = self.requests[stream]
        request.body += data
        request.complete = end

    def on_reset(self, stream, code):
        self.requests[stream].reset = code


class H2Origin(Scripted):
    """Speaks HTTP/2 with prior knowledge. `credit=False`: it never gives room for more data than its first windows.
    `alive=False`: it answers no PING."""

    def __init__(
        self, *script, settings=None, window=1 << 20, credit=True, alive=True, first_frames=(), listening=True
    ):
        self.settings, self.window, self.credit, self.alive = settings, window, credit, alive
        self.first_frames = first_frames
        self.connections = []
        super().__init__(script or (respond(),), listening)

    def begin(self, connection, stream, fields, end):
        with self.arrived:
            request = Request(len(self.requests), connection.number, stream, fields, complete=end)
            self._remember(request)
        return request

    def takes(self, _sock, _number):
        """Whether a connection that was accepted is served; for those that want to look first."""
        return True

    def play(self, exchange):
        self._start(self._play, exchange)

    def _hang_up(self):
        for connection in self.connections:
            connection.shut()

    def _accepted(self, sock, number):
        if not self.takes(sock, number):
            return
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(self, sock, number)
        self.connections.append(connection)
        self._start(connection.serve)

    def _play(self, exchange):
        try:
            for step in self.steps(exchange.request.number):
                step(exchange)
        except (Closed, OSError):
            pass
        except Exception as error:  # pylint: disable=broad-except
            self.errors.append(error)
