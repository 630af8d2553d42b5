"""A client by the library h2, which is strict about what it gets: one connection, any number of streams."""

import socket
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import h2.settings

PATIENCE = 20
PING = 6  # a type of frame


@dataclass
class Answer:
    """What came on a stream so far."""

    status: int = 0
    headers: list = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    trailers: list = field(default_factory=list)
    interim: list = field(default_factory=list)  # statuses
    ended: bool = False
    reset: int | None = None  # the code of a RST_STREAM

    @property
    def over(self):
        return self.ended or self.reset is not None


class Client:
    """One connection. `settings` by their number in RFC 9113.

    takes=False: it gives no room for what it got. piecewise=True: it sends each byte alone. `frames` has the types of
    all that came.
    """

    def __init__(self, port, settings=None, takes=True, piecewise=False, answers_pings=True):
        self.piecewise, self.answers_pings, self.frames = piecewise, answers_pings, []
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        # Those of the library would hold only once they are acknowledged.
        self.h2.local_settings = h2.settings.Settings(client=True, initial_values=settings)
        self.h2.decoder.max_allowed_table_size = self.h2.local_settings.header_table_size
        self.buffer = b""
        self.takes, self.authority = takes, f"127.0.0.1:{port}"
        self.answers, self.goaway, self.closed, self.pongs = {}, None, False, 0
        self.h2.initiate_connection()
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def flush(self):
        data = self.h2.data_to_send()
        for piece in (data[at : at + 1] for at in range(len(data))) if self.piecewise else [data]:
            self.sock.sendall(piece)

    def goaway_by_hand(self):
        """The library would take nothing any more."""
        self.sock.sendall(b"\0\0\x08\7\0\0\0\0\0" + bytes(8))

    def ask(self, method="GET", path="/", fields=(), end=True):
        """-> the id of a new stream."""
        pseudo = [(":method", method), (":scheme", "http"), (":authority", self.authority), (":path", path)]
        return self._begin([*pseudo, *fields], end)

    def connect(self, authority):
        return self._begin([(":method", "CONNECT"), (":authority", authority)], end=False)

    def _begin(self, head, end):
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, head, end_stream=end)
        self.answers[stream] = Answer()
        self.flush()
        return stream

    def send(self, stream, data, end=False):
        """All of it, as the window opens. Ends early where the answer is over."""
        while (data or end) and not self.answers[stream].over:
            size = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size, len(data))
            if data and size == 0:
                self.read()
            else:
                self.h2.send_data(stream, data[:size], end_stream=end and size == len(data))
                end = end and size < len(data)
                data = data[size:]
                self.flush()

    def send_in_vain(self, stream, data):
        """What is on its way when the answer is over; the library would not send it."""
        for at in range(0, len(data), 10_000):
            piece = data[at : at + 10_000]
            self.sock.sendall(len(piece).to_bytes(3, "big") + b"\0\0" + stream.to_bytes(4, "big") + piece)

    def trailers(self, stream, fields):
        self.h2.send_headers(stream, fields, end_stream=True)
        self.flush()

    def read(self):
        """Once."""
        data = self.sock.recv(65536)
        self.closed = not data
        assert data or self.goaway is not None, "the connection ended without a word"
        self.buffer += data
        while len(self.buffer) >= (size := 9 + int.from_bytes(self.buffer[:3], "big")):
            frame, self.buffer = self.buffer[:size], self.buffer[size:]
            self.frames.append(frame[3])
            if self.answers_pings or frame[3] != PING or frame[4]:
                for event in self.h2.receive_data(frame):
                    self._take(event)
                self.flush()  # at once: with a GOAWAY the library throws away what it has not sent

    def until(self, condition):
        while not condition():
            assert not self.closed, "the connection is closed"
            self.read()

    def answer(self, stream):
        """-> the whole answer."""
        self.until(lambda: self.answers[stream].over)
        return self.answers[stream]

    def get(self, path="/", fields=(), method="GET"):
        return self.answer(self.ask(method, path, fields))

    def ping(self):
        """There and back."""
        self.h2.ping(b"12345678")
        self.flush()
        count = self.pongs + 1
        self.until(lambda: self.pongs == count)

    def reset(self, stream, code=8):
        self.h2.reset_stream(stream, code)
        self.flush()

    def _take(self, event):
        answer = self.answers.get(getattr(event, "stream_id", None))
        match event:
            case h2.events.InformationalResponseReceived():
                answer.interim.append(int(dict(event.headers)[":status"]))
            case h2.events.ResponseReceived():
                answer.status, answer.headers = int(dict(event.headers)[":status"]), event.headers
            case h2.events.DataReceived():
                answer.body += event.data
                if self.takes and event.flow_controlled_length:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case h2.events.TrailersReceived():
                answer.trailers = event.headers
            case h2.events.StreamEnded():
                answer.ended = True
            case h2.events.StreamReset():
                answer.reset = int(event.error_code)
            case h2.events.ConnectionTerminated():
                self.goaway = int(event.error_code)
                # The library takes nothing any more; streams that are open go on (RFC 9113 6.8).
                self.h2.state_machine.state = h2.connection.ConnectionState.CLIENT_OPEN
            case h2.events.PingAckReceived():
                self.pongs += 1
