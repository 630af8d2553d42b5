"""HTTP/1.1 bytes for tests: read strictly enough to tell a whole message from a cut one, written exactly as asked."""

import socket


class Cut(Exception):
    """The connection ended inside a message."""


class Closed(Exception):
    """The connection ended between messages."""


class Fields(list):
    """Header fields in order, names in lower case."""

    def get(self, name, default=None):
        return next((value for key, value in self if key == name), default)

    def all(self, name):
        return [value for key, value in self if key == name]


class Reader:
    """Takes messages off a socket. Bytes of a next message stay in the buffer."""

    def __init__(self, sock):
        self.sock, self.buffer = sock, b""

    def _more(self, closed=Cut):
        data = self.sock.recv(65536)
        if not data:
            raise closed
        self.buffer += data

    def line_end(self, end, closed):
        while end not in self.buffer:
            self._more(Cut if self.buffer else closed)
        data, _, self.buffer = self.buffer.partition(end)
        return data + end

    def head(self):
        """-> (start line, Fields, raw bytes). Closed when the peer left before the first byte."""
        raw = self.line_end(b"\r\n\r\n", Closed)
        return (*parse_head(raw), raw)

    def some(self, most):
        """At least one and at most `most` bytes."""
        if not self.buffer:
            self._more()
        data, self.buffer = self.buffer[:most], self.buffer[most:]
        return data

    def exactly(self, size, sink):
        while size:
            data = self.some(size)
            size -= len(data)
            sink(data)

    def chunks(self, sink):
        """A chunked body; -> its trailers."""
        while size := int(self.line_end(b"\r\n", Cut).split(b";")[0], 16):
            self.exactly(size, sink)
            self.line_end(b"\r\n", Cut)
        trailers = b""
        while (line := self.line_end(b"\r\n", Cut)) != b"\r\n":
            trailers += line
        return parse_fields(trailers)

    def until_closed(self, sink):
        while True:
            try:
                sink(self.some(65536))
            except Cut:
                return


def parse_fields(raw):
    lines = raw.decode("latin-1").split("\r\n")
    return Fields(
        (name.lower(), value.strip(" \t")) for name, _, value in (line.partition(":") for line in lines if line)
    )


def parse_head(raw):
    start, _, fields = raw.partition(b"\r\n")
    return start.decode("latin-1"), parse_fields(fields)


def head_bytes(start, fields):
    return (start + "\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n").encode("latin-1")


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def items(headers):
    """A dict or a list of pairs, as a list of pairs."""
    return list(headers.items()) if hasattr(headers, "items") else list(headers or [])


def reset(sock):
    """Closes with RST instead of FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()
