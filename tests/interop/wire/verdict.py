"""One case through one proxy, and the verdict: one line of text that is the same in every run.

    400 closed                   a request: the statuses of all answers, then what became of the connection: closed,
    100 200 open | POST /a "ab"    open (the next request on it is served) or silent (nothing more comes); behind the
    closed                         bar the complete requests that the origin saw
    200 "ab"; next ok            a response: statuses and body as the client saw them, `cut` if the end was
    502; next ok                   missing, and whether the next request gets its own answer

Reset and FIN are the same, and so is how much of an incomplete request reached the origin: both are races. The framing
of a forwarded request is shown only if there is something wrong with it: a proxy may change it.
"""

import contextlib
import fnmatch
import itertools
import socket
from collections.abc import Iterable, Iterator

from .cases import Case
from .message import Message, parse_response, printable
from .origin import MARKER, Origin

SILENCE = 1.0  # seconds without a byte after which nothing more is expected
MARKER_REQUEST = f"GET {MARKER} HTTP/1.1\r\nHost: h.test\r\n\r\n".encode()


class Client:
    """One connection, read as far as it is answered."""

    def __init__(self, port: int, head: bool = False) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=SILENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.head = head  # the first final answer has no body
        self.data, self.ended, self.cut = b"", False, False

    def send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self.sock.sendall(data)

    def answer(self) -> Message | None:
        """The next one, interim or final; None: silence, or no more comes."""
        while (parsed := parse_response(self.data, self.head, self.ended)) is None:
            if self.ended or not self._more():
                parsed = parse_response(self.data, self.head, True) if self.data[:1] not in (b"", b"H") else None
                break
        if parsed is None:
            return None
        message, self.data = parsed
        if self.cut and not (message.all("content-length") or message.all("transfer-encoding")):
            message.complete = False  # a reset ends nothing
        self.head = self.head and message.start < "200"
        return message

    def _more(self) -> bool:
        try:
            received = self.sock.recv(1 << 20)
        except TimeoutError:
            return False
        except OSError:
            received, self.cut = b"", True
        self.data, self.ended = self.data + received, not received
        return True

    def final(self) -> list[Message]:
        """The answers up to the first final one."""
        answers = []
        while not answers or answers[-1].start < "200" and answers[-1].start != "101":
            if (message := self.answer()) is None:
                break
            answers.append(message)
        return answers

    def close(self) -> None:
        self.sock.close()


def judge(case: Case, port: int, origin: Origin) -> tuple[str, bytes]:
    """-> the verdict, and what the origin got of requests that did not become complete."""
    origin.play(case)
    judged = judge_response(case, port, origin) if case.about_response else judge_request(case, port)
    seen, parts = origin.finish()
    if seen and not case.about_response:
        judged += " | " + "; ".join(request(message, case) for message in seen)
    return judged, parts


def request(message: Message, case: Case) -> str:
    framing = message.framing.replace("chunked", "").replace("length", "") and f" {message.framing}"
    body = f' "{printable(message.body)}"' if message.body else ""
    trailers = f' trailers "{printable(message.trailers)}"' if message.trailers else ""
    return printable(message.start) + framing + body + trailers + message.shown(case.see)


def judge_request(case: Case, port: int) -> str:
    with contextlib.closing(Client(port, case.head)) as client:
        client.send(case.request)
        answers = client.final()
        end = "silent"
        if answers and answers[-1].start != "raw":
            client.send(MARKER_REQUEST)
            while (message := client.answer()) is not None:
                if message.body == MARKER.encode() and message.start == "200":
                    end = "open"
                    break
                answers.append(message)
        if client.ended and end != "open":
            end = "closed"
    return " ".join([*counted(message.start for message in answers), end])


def counted(words: Iterable[str]) -> Iterator[str]:
    """Of many equal ones in a row one, with their number."""
    for word, group in itertools.groupby(words):
        count = len(list(group))
        yield from [f"{count} times {word}"] if count > 2 else [word] * count


def judge_response(case: Case, port: int, origin: Origin) -> str:
    with contextlib.closing(Client(port, case.head)) as client:
        client.send(case.request)
        answers = client.final()
        nothing = "closed" if client.ended else "silent"
        shown = " ".join(counted(response(message, case) for message in answers)) or nothing
        if case.close and answers:
            origin.wait_for_close(SILENCE)  # else the next request could be sent on what is closing
        last = answers[-1] if answers else None
        if last is not None and last.start != "101" and "close" not in last.all("connection") and not client.ended:
            client.send(MARKER_REQUEST)
            if (message := client.answer()) is not None:
                return f"{shown}; next {next_of(message)}"
    with contextlib.closing(Client(port)) as client:
        client.send(MARKER_REQUEST)
        return f"{shown}; next {next_of(client.answer())}"


def response(message: Message, case: Case) -> str:
    own = message.start >= "500"  # the text of a proxy's own answer does not matter
    body = "" if own or not message.body else f' "{printable(message.body)}"'
    return message.start + body + ("" if message.complete else " cut") + message.shown(case.see)


def next_of(message: Message | None) -> str:
    if message is None:
        return "silent"
    return "ok" if message.body == MARKER.encode() else f"{message.start} {printable(message.body)}"


def keeps_clause(case: Case, verdict: str) -> bool:
    """Whether another proxy than kgwcore keeps the clause of a case, which may leave it more than one way."""
    if verdict == case.expect or any(fnmatch.fnmatchcase(verdict, glob) for glob in case.also):
        return True
    if case.about_response:
        refused, cut = ("502", "closed"), " cut;"
        alike = cut in case.expect or case.expect.startswith("502")
        return alike and verdict.endswith("next ok") and (verdict.startswith(refused) or cut in verdict)
    refusal = " | " not in case.expect and case.expect.startswith(("4", "5"))  # with which status does not matter
    return refusal and " | " not in verdict and not verdict.startswith("2")
