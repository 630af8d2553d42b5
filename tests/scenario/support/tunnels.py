"""Tunnels for tests: both ends of an Upgrade or a CONNECT in HTTP/1 (RFC 9110 7.8, 9.3.6) and HTTP/2 (RFC 9113 8.5,
RFC 8441)."""

import base64
import hashlib
import socket

from .client import Client
from .h2_peer import H2Client
from .wire import Closed

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455 1.3, and what it has to be answered with
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
EXTENDED_CONNECT = 0x8  # RFC 8441 3
TARGET = "test.example:443"


def accept_of(key):
    return base64.b64encode(hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()).decode()


# ---- Clients -------------------------------------------------------------------------------------


class H1Tunnel:
    """Asks on a connection of its own; `response` is what came."""

    def __init__(self, port, kind, headers=(), early=b""):
        self.client = Client(port)
        if kind == "connect":
            self.client.send_head("CONNECT", TARGET, list(headers), host=TARGET)
        else:
            upgrade = [("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-key", KEY)]
            self.client.send_head("GET", "/chat", upgrade + list(headers))
        if early:
            self.client.send(early)

    def wait(self):
        if not hasattr(self, "response"):
            head, fields, _ = self.client.reader.head()
            self.response = int(head.split(" ")[1]), fields
        return self.response

    def send(self, data):
        self.client.send(data)

    def receive(self, size):
        parts = []
        self.client.reader.exactly(size, parts.append)
        return b"".join(parts)

    def end(self):
        self.client.sock.shutdown(socket.SHUT_WR)

    def leave(self):
        self.client.sock.close()

    def ended(self):
        """Waits for the peer's end; -> whether it was a clean one, with nothing in front of it."""
        try:
            return not self.client.reader.buffer and self.client.sock.recv(1) == b""
        except ConnectionError:
            return False

    def close(self):
        self.client.sock.close()


class H2Tunnel:
    """The same, as one stream of a connection."""

    def __init__(self, port, kind, headers=(), early=b"", *, connection=None, protocol="websocket"):
        self.connection = connection or H2Client(port)
        self.connection.read_until(lambda: self.connection.peer_settings)
        fields = [(":method", "CONNECT"), (":authority", TARGET if kind == "connect" else "test.example")]
        if kind != "connect":
            fields += [(":protocol", protocol), (":scheme", "http"), (":path", "/chat")]
        self.stream = self.connection.open_raw(fields + list(headers), end=False)
        self.answer = self.connection.responses[self.stream]
        if early:
            self.send(early)

    def wait(self):
        self.connection.read_until(lambda: self.answer.status or self.answer.over)
        return self.answer.status, self.answer.headers

    def send(self, data):
        self.connection.send_data(self.stream, data)

    def receive(self, size):
        self.connection.read_until(lambda: len(self.answer.body) >= size or self.answer.over)
        data = bytes(self.answer.body[:size])
        del self.answer.body[:size]
        return data

    def end(self):
        self.connection.send_data(self.stream, end=True)

    def leave(self):
        self.connection.reset(self.stream)

    def ended(self):
        try:
            self.connection.read_until(lambda: self.answer.over)
        except Closed:
            return False
        return not self.answer.body and self.answer.complete

    def close(self):
        self.connection.close()


# ---- Steps of origins ----------------------------------------------------------------------------


def h1_echo(greeting=b"", accept=accept_of, status=None):
    """Opens the tunnel and sends everything back in upper case, until the peer ends its side; then ends too."""

    def step(exchange):
        request = exchange.request
        if request.method == "CONNECT":
            exchange.send(b"HTTP/1.1 %d OK\r\n\r\n" % (status or 200) + greeting)
        else:
            proof = accept(request.headers.get("sec-websocket-key"))
            head = f"HTTP/1.1 {status or 101} Switching\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
            exchange.send((head + f"sec-websocket-accept: {proof}\r\n\r\n").encode() + greeting)
        data = exchange.reader.buffer
        exchange.reader.buffer = b""
        while data or (data := exchange.sock.recv(65536)):
            request.body += data
            exchange.send(data.upper())
            data = b""
        request.complete = True
        exchange.hang_up(lambda sock: sock.close())

    return step


def h2_echo(greeting=b"", status=200):
    def step(exchange):
        request, sent = exchange.request, 0
        exchange.head([(":status", status)])
        if greeting:
            exchange.data(greeting)
        while True:
            exchange.wait_for(lambda: len(request.body) > sent or request.complete)
            data = bytes(request.body[sent:])
            sent += len(data)
            if not data:
                return exchange.data(end=True)
            exchange.data(data.upper())

    return step
