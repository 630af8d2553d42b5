"""Messages out of bytes, for the two ends of a proxy: forgiving, because what is looked at may be broken."""

import contextlib
import re
from dataclasses import dataclass, field

MOST_SHOWN = 40  # bytes of a body
DATE = re.compile(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT")


@dataclass
class Message:
    start: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    framing: str = ""  # "", length, chunked, or what is wrong with it
    trailers: bytes = b""
    complete: bool = True

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]

    def shown(self, names: tuple[str, ...]) -> str:
        """The fields of that name, as text."""
        return "".join(f" {{{name}: {' | '.join(map(printable, self.all(name)))}}}" for name in names if self.all(name))


def printable(text: str | bytes) -> str:
    text = text.decode("latin-1") if isinstance(text, bytes) else text
    text = DATE.sub("DATE", text)
    short = text if len(text) <= MOST_SHOWN else f"{text[:8]}...{len(text)}"
    return "".join(c if 0x20 <= ord(c) < 0x7F else f"\\x{ord(c):02x}" for c in short)


def parse_head(data: bytes) -> tuple[Message, bytes] | None:
    """-> the head and what is behind it; None while it is not complete."""
    head, end, rest = data.partition(b"\r\n\r\n")
    if not end:
        return None
    start, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return Message(start, [(name.lower(), value.strip(" \t")) for name, _, value in pairs]), rest


def chunk_size(line: bytes) -> int:
    digits = line.split(b";")[0]
    if not re.fullmatch(rb"[0-9A-Fa-f]+", digits):
        raise ValueError("no chunk size")
    return int(digits, 16)


def parse_chunks(data: bytes) -> tuple[bytes, bytes, bytes] | None:
    """-> the body, trailers and what is behind them; None while it is not complete. ValueError: not chunked."""
    body = b""
    while True:
        line, end, data = data.partition(b"\r\n")
        if not end:
            return None
        size = chunk_size(line)
        if size == 0:
            break
        if len(data) < size + 2:
            return None
        if data[size : size + 2] != b"\r\n":
            raise ValueError("no end of a chunk")
        body, data = body + data[:size], data[size + 2 :]
    if data.startswith(b"\r\n"):
        return body, b"", data[2:]
    trailers, end, data = data.partition(b"\r\n\r\n")
    return (body, trailers, data) if end else None


def partial_chunks(data: bytes) -> bytes:
    """As much of the body as came."""
    body = b""
    while (line := data.partition(b"\r\n"))[1] and re.match(rb"[0-9A-Fa-f]+(;|$)", line[0]):
        size = chunk_size(line[0])
        body, data = body + line[2][:size], line[2][size + 2 :]
    return body


def parse_request(data: bytes) -> tuple[Message, bytes] | None:
    """As an origin without any suspicion reads it: chunked before length."""
    if (parsed := parse_head(data)) is None:
        return None
    message, rest = parsed
    codings, lengths = message.all("transfer-encoding"), message.all("content-length")
    message.framing = "+".join(
        [f"coding({printable(coding)})" if coding.lower() != "chunked" else "chunked" for coding in codings]
        + ["length" if length.isdigit() else f"length({printable(length)})" for length in lengths]
    )
    if codings and codings[-1].lower().endswith("chunked"):
        if (chunks := parse_chunks(rest)) is None:
            return None
        message.body, message.trailers, rest = chunks
    elif lengths:
        size = int(lengths[0]) if lengths[0].isdigit() else 0
        if len(rest) < size:
            return None
        message.body, rest = rest[:size], rest[size:]
    return message, rest


def parse_response(data: bytes, head: bool, ended: bool) -> tuple[Message, bytes] | None:
    """The next response; once the connection has ended, also a cut one. Without a status line it is raw bytes."""
    if data and not data.startswith(b"HTTP/"[: len(data)]):
        return (Message("raw", body=data), b"") if ended else None
    if (parsed := parse_head(data)) is None:
        return (Message("half a head", complete=False), b"") if ended and data else None
    message, rest = parsed
    word = message.start.split(" ")[1:2]
    message.start = word[0] if word and re.fullmatch(r"\d{3}", word[0]) else f'status line "{printable(message.start)}"'
    codings, lengths = message.all("transfer-encoding"), message.all("content-length")
    if head or message.start < "200" or message.start in ("204", "304"):
        return message, rest
    if codings:
        with contextlib.suppress(ValueError):
            if (chunks := parse_chunks(rest)) is not None:
                message.body, message.trailers, rest = chunks
                return message, rest
        message.body = partial_chunks(rest)
    elif lengths:
        size = int(lengths[0]) if re.fullmatch(r"\d+", lengths[0]) else len(rest) + 1
        message.body, rest = rest[:size], rest[size:]
        if len(message.body) == size:
            return message, rest
    else:
        message.body = rest
        return (message, b"") if ended else None
    message.complete = False
    return (message, b"") if ended else None
