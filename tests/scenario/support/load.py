"""Clients that ask over and over, each request with an id of its own, and write down what became of every one."""

import random
import select
import threading
import time
from dataclasses import dataclass

from .client import HOST, Client
from .process import until
from .wire import Closed, Cut, chunk, head_bytes

BODY = b"0123456789abcdef" * 2048


@dataclass
class Asked:
    """One request."""

    id: str
    first: bool  # on its connection
    written: float = 0.0  # time.monotonic() when its last byte was sent; 0.0: it was not
    took: float = 0.0  # seconds to the end of the answer
    status: int = 0
    # answered; closed or reset: before the first byte of an answer; cut: inside it; wrong: somebody else's
    ended: str = ""


def echo(exchange):
    """A step of an origin: answers with the id of the request, late and in chunks where the request says so."""
    exchange.read_request()
    headers = exchange.request.headers
    exchange.origin.closing.wait(float(headers.get("x-late", "0")))
    fields = [("x-id", headers.get("x-id"))]
    if headers.get("x-large"):
        raw = head_bytes("HTTP/1.1 200 OK", [*fields, ("transfer-encoding", "chunked")])
        exchange.send(raw + chunk(BODY) + chunk(BODY) + b"0\r\n\r\n")
    else:
        exchange.send(head_bytes("HTTP/1.1 200 OK", [*fields, ("content-length", "2")]) + b"ok")


def ask(client, asked, headers=()):
    """Sends one request and reads its answer. -> the connection may be used again."""
    try:
        client.send(head_bytes("GET / HTTP/1.1", [("host", HOST), ("x-id", asked.id), *headers]))
        asked.written = time.monotonic()
        return _read(client.reader, asked)
    except Closed:
        asked.ended = "closed"
    except Cut:
        asked.ended = "cut"
    except ConnectionError:
        asked.ended = "cut" if client.reader.buffer or asked.status else "reset"
    return False


def _read(reader, asked):
    start, fields, _ = reader.head()
    asked.status = int(start.split()[1])
    body = []
    if fields.get("transfer-encoding") == "chunked":
        reader.chunks(body.append)
    else:
        reader.exactly(int(fields.get("content-length")), body.append)
    asked.took = time.monotonic() - asked.written
    good = asked.status != 200 or (fields.get("x-id") == asked.id and b"".join(body) in (b"ok", BODY + BODY))
    asked.ended = "answered" if good else "wrong"
    return fields.get("connection") != "close"


def connect(port):
    """-> a connection, or None where nobody listens."""
    try:
        client = Client(port)
    except ConnectionError:
        return None
    if client.sock.getsockname()[1] == port:  # nobody has it, and it was chosen for our own end: we talk to ourselves
        client.sock.close()
        return None
    return client


def has_ended(client):
    """The peer has closed already, as far as we can know."""
    return bool(select.select([client.sock], [], [], 0)[0])


class Load:
    """`kept` clients that keep their connections and `fresh` ones with a connection per request, until nobody listens
    any more or stop() is called."""

    def __init__(self, port, kept=4, fresh=2, seed=0):
        self.port, self.seed = port, seed
        self.asked = []
        self.over = threading.Event()
        self._threads = [
            threading.Thread(target=self._client, args=(number, number < kept), daemon=True)
            for number in range(kept + fresh)
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def wait_for(self, count):
        """Until that many requests were sent."""
        until(lambda: len(self.asked) >= count, patience=60, interval=0.001)

    def join(self):
        """Until nobody listens any more. -> all that were asked."""
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a client waits for an answer for ever"
        return self.asked

    def stop(self):
        self.over.set()
        return self.join()

    def _client(self, number, keeps):
        chance = random.Random(f"{self.seed} {number}")
        client, first = None, True
        for count in range(1_000_000):
            if self.over.is_set():
                break
            if client is not None and has_ended(client):
                client.sock.close()
                client = None
            if client is None:
                client, first = connect(self.port), True
            if client is None:
                return
            headers = [("x-late", f"{chance.random() * 0.02:.3f}")] if chance.random() < 0.2 else []
            if chance.random() < 0.1:
                headers.append(("x-large", "1"))
            asked = Asked(f"{self.seed}-{number}-{count}", first)
            self.asked.append(asked)
            reusable, first = ask(client, asked, headers), False
            if not (keeps and reusable):
                client.sock.close()
                client = None
            self.over.wait(chance.choice((0, 0, 0.001, 0.003)))
        if client is not None:
            client.sock.close()
