"""Clients and an origin that do by chance all that HTTP/2 allows, many streams at once: all of it comes to an end."""

import concurrent.futures
import contextlib
import random
from collections import Counter

import h2.exceptions
import pytest

import http2
from http2_client import Client
from http2_origin import H2Origin
from support.gateway import port_of
from support.process import SANITIZED
from support.rest import at_rest

MAX_CONCURRENT, WINDOW = 3, 4  # of SETTINGS
REQUESTS = 400 if not SANITIZED else 100  # of each client
AT_ONCE = 40
RETRIES = {"retryOn": "reset,refused-stream,connect-failure", "numRetries": 2}
SETTINGS = {"buffer_bytes": 16384, "h2_stream_window_bytes": 65535, "h2_connection_window_bytes": 1 << 20}


def chance_of(request):
    return random.Random(request.get("x-id"))


def pay(request):
    """A step of an h2c origin: what the id of the request says."""
    chance, stream, link = chance_of(request), request.stream, request.link
    if chance.random() < 0.5:
        request.ended.wait(20)
    fields = [("x-id", request.get("x-id"))]
    match chance.randrange(11):  # no 1xx: h2 breaks on one for a stream that it has just reset
        case 0:
            link.call("reset_stream", stream, chance.choice([0, 2, 7, 8]))
        case 1:
            request.answer(500, fields)
        case 2:
            request.answer(200, fields, b"x" * chance.randrange(1, 16384), end=False)
            link.headers(stream, [("x-sum", "1")], end=True)
        case 3:
            request.answer(200, fields, b"half", end=False)
            link.call("reset_stream", stream, 2)
        case 4 if chance.random() < 0.1 and not link.leaving:
            link.leaving = True  # a second GOAWAY could name a higher stream, which is forbidden
            link.goaway(stream)
            request.answer(200, fields)
        case 5:
            request.answer(413, fields, b"no")
            link.call("reset_stream", stream, 0)
        case _:
            request.answer(200, fields, b"x" * chance.randrange(0, 16384))


def quietly(request):
    """Windows may be full and streams gone: then the client or the gateway has to end it."""
    try:
        pay(request)
    except Exception:  # pylint: disable=broad-except
        try:
            request.link.call("reset_stream", request.stream, 2)
        except Exception:  # pylint: disable=broad-except
            pass


class Player:
    """One client: asks, resets, leaves uploads open."""

    def __init__(self, port, seed):
        self.chance, self.seed = random.Random(seed), seed
        self.client = Client(port, settings={WINDOW: self.chance.choice([100, 65_535, 1 << 20])})
        self.open, self.halves, self.seen = [], [], Counter()

    def play(self):
        with self.client:
            for number in range(REQUESTS):
                self.ask(f"{self.seed}-{number}")
                self.read_down_to(AT_ONCE)
            for stream in self.halves:
                self.give_up(stream)
            self.read_down_to(0)

    def ask(self, name):
        fields, kind = [("x-id", name)], self.chance.randrange(6)
        stream = self.client.ask("POST" if kind > 2 else "GET", fields=fields, end=kind <= 2)
        self.open.append(stream)
        if kind == 5:
            self.halves.append(stream)
        elif kind > 2:
            self.client.send(stream, b"x" * self.chance.randrange(1, 100_000), end=True)
        if self.chance.random() < 0.15:
            self.give_up(stream)

    def give_up(self, stream):
        answer = self.client.answers[stream]
        if not answer.over:
            self.client.reset(stream)
            answer.reset = -1
        elif answer.ended and stream in self.halves and answer.reset is None:
            with contextlib.suppress(h2.exceptions.StreamClosedError):
                self.client.reset(stream)

    def read_down_to(self, count):
        while True:
            over = [stream for stream in self.open if self.client.answers[stream].over]
            for stream in over:
                answer = self.client.answers[stream]
                self.seen[answer.status if answer.ended else "given up" if answer.reset == -1 else "reset"] += 1
            self.open = [stream for stream in self.open if stream not in over]
            if len(self.open) <= count:
                return
            self.client.read()


@pytest.mark.parametrize("seed", range(4))
def test_nothing_stays_behind(seed):
    with H2Origin(quietly, settings={MAX_CONCURRENT: 30}) as origin:
        options = {"route_options": {"retries": RETRIES}, "cluster_settings": {"max_retries": 1000}}
        with http2.serving(origin.port, h2c=True, settings=SETTINGS, **options) as gateway:
            players = [Player(port_of(gateway), f"{seed}-{number}") for number in range(3)]
            with concurrent.futures.ThreadPoolExecutor(len(players)) as pool:
                list(pool.map(Player.play, players))
            at_rest(gateway)
            seen = sum((player.seen for player in players), Counter())
            assert sum(seen.values()) == 3 * REQUESTS
            assert seen[200] > REQUESTS and seen["reset"] and seen[413] and seen[500]
            assert seen.keys() <= {200, 413, 500, 503, 507, "reset", "given up"}
