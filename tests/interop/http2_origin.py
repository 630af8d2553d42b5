"""An h2c origin by the library h2 that does what a script says, one function per request.

The last one serves all later requests too.
"""

import contextlib
import itertools
import socket
import threading
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings


MAX_CONCURRENT_STREAMS, REFUSED_STREAM = 3, 7


@dataclass
class Request:
    """One, as it arrived."""

    link: "Link"
    stream: int
    headers: list
    body: bytearray = field(default_factory=bytearray)
    trailers: list = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    reset: int | None = None  # the code of a RST_STREAM

    def get(self, name):
        return dict(self.headers).get(name)

    def answer(self, status=200, fields=(), body=b"", end=True):
        self.link.headers(self.stream, [(":status", str(status)), *fields], end and not body)
        if body:
            self.link.data(self.stream, body, end)


class Link:
    """One connection, and the requests that came on it."""

    def __init__(self, origin, sock, number):
        self.origin, self.sock, self.number, self.leaving = origin, sock, number, False
        self.lock = threading.RLock()
        self.h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(
                client_side=False,
                header_encoding="utf-8",
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
            )
        )
        self.h2.local_settings = h2.settings.Settings(client=False, initial_values=origin.settings)
        self.streams, self.pongs, self.moved = {}, threading.Semaphore(0), threading.Condition()

    def call(self, name, *arguments, **options):
        """A method of the library's connection, and out it goes."""
        with self.lock:
            getattr(self.h2, name)(*arguments, **options)
            self.sock.sendall(self.h2.data_to_send())

    def headers(self, stream, fields, end=False):
        self.call("send_headers", stream, fields, end_stream=end)

    def data(self, stream, body, end=False):
        """As much as the window takes; the caller keeps to it."""
        for at in range(0, len(body), 16384):
            self.call("send_data", stream, body[at : at + 16384], end_stream=end and at + 16384 >= len(body))

    def send_all(self, stream, body):
        """As the window opens."""
        while body:
            with self.moved:
                assert self.moved.wait_for(lambda: self.h2.local_flow_control_window(stream) > 0, 20)
            size = min(self.h2.local_flow_control_window(stream), 16384, len(body))
            self.call("send_data", stream, body[:size], end_stream=size == len(body))
            body = body[size:]

    def goaway(self, last_stream):
        """Written by hand: once the library has said it, it lets no stream go on."""
        self.raw(b"\0\0\x08\7\0\0\0\0\0" + last_stream.to_bytes(4, "big") + bytes(4))

    def raw(self, data):
        with self.lock:
            self.sock.sendall(data)

    def serve(self):
        assert self.origin.begins is None or self.origin.begins.wait(20)
        self.call("initiate_connection")
        # To the library a stream too many is the end of the connection; ours refuses it, as real ones do.
        self.h2.local_settings[h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS] = 2**31 - 1
        self.h2.local_settings.acknowledge()
        try:
            while data := self.sock.recv(65536):
                with self.lock:
                    events = self.h2.receive_data(data)
                    self.sock.sendall(self.h2.data_to_send())
                with self.moved:
                    self.moved.notify_all()
                for event in events:
                    self._take(event)
        except OSError:
            pass  # the peer left
        finally:
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)
            for request in self.streams.values():
                request.ended.set()

    def _take(self, event):
        request = self.streams.get(getattr(event, "stream_id", None))
        match event:
            case h2.events.PingAckReceived():
                self.pongs.release()
            case h2.events.RequestReceived():
                if self.h2.open_inbound_streams > self.origin.settings.get(MAX_CONCURRENT_STREAMS, 1000):
                    self.origin.refused += 1
                    with contextlib.suppress(h2.exceptions.StreamClosedError):  # the peer was faster
                        self.call("reset_stream", event.stream_id, REFUSED_STREAM)
                    return
                request = self.streams[event.stream_id] = Request(self, event.stream_id, event.headers)
                self.origin.begin(request)
            case h2.events.DataReceived():
                # That of a stream that was refused too, or the window of the connection shrinks for ever.
                if self.origin.takes and event.flow_controlled_length:
                    self.call("acknowledge_received_data", event.flow_controlled_length, event.stream_id)
                if request is not None:
                    request.body += event.data
            case _ if request is None:
                pass
            case h2.events.TrailersReceived():
                request.trailers = event.headers
            case h2.events.StreamEnded():
                request.ended.set()
            case h2.events.StreamReset():
                request.reset = int(event.error_code)
                request.ended.set()


class H2Origin:
    """Running. A script's function gets the request when its head is there; it runs on a thread of its own.

    takes=False: it gives no room for what it got. `begins`: it neither says nor reads anything before that is set.
    accepts=False: no connection is made before accept().
    """

    def __init__(self, *script, settings=None, takes=True, begins=None, accepts=True):
        self.begins = begins
        self.script, self.settings, self.takes = script, settings or {}, takes
        self.refused = 0
        self.requests, self.links, self.errors = [], [], []
        self.arrived = threading.Condition()
        self._numbers, self._threads = itertools.count(), []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128 if accepts else 0)
        self.port = self._listener.getsockname()[1]
        # A queue of 0 is full with one: the SYNs of others are dropped, and come again a second later.
        self._filler = None if accepts else socket.create_connection(("127.0.0.1", self.port))
        if accepts:
            self._start(self._accept)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for sock in [self._listener, *(link.sock for link in self.links)]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(20)
        for sock in [self._listener, *(link.sock for link in self.links)]:
            sock.close()
        if kind is None and self.errors:
            raise self.errors[0]

    def wait_for_requests(self, count):
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.requests) >= count, 20), f"{len(self.requests)} arrived"
        return self.requests

    def accept(self):
        self._listener.listen(128)
        self._filler.close()
        self._start(self._accept)

    def begin(self, request):
        step = self.script[min(next(self._numbers), len(self.script) - 1)]
        with self.arrived:
            self.requests.append(request)
            self.arrived.notify_all()
        self._start(self._guard, self._play, step, request)

    def _start(self, target, *arguments):
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        with contextlib.suppress(OSError):
            for number in itertools.count():
                sock, _ = self._listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                link = Link(self, sock, number)
                self.links.append(link)
                self._start(self._guard, Link.serve, link)

    def _play(self, step, request):
        with contextlib.suppress(OSError, h2.exceptions.StreamClosedError):  # the peer left
            step(request)

    def _guard(self, run, *arguments):
        try:
            run(*arguments)
        except Exception as error:  # pylint: disable=broad-except
            self.errors.append(error)


def respond(status=200, fields=(), body=b"", gate=None, when="ended", end=True):
    """A step: an answer, given when the request has ended, or at its head."""

    def step(request):
        if when == "ended":
            assert request.ended.wait(20)
        if gate is not None:
            assert gate.wait(20)
        if request.reset is None:
            request.answer(status, fields, body, end)

    return step


def refuse(code):
    """A step: RST_STREAM."""
    return lambda request: request.link.call("reset_stream", request.stream, code)
