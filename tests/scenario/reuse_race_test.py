"""An origin closes a kept connection just as the next request goes out on it: nothing is lost, doubled or mixed up."""

import collections
import random
import threading

import pytest

from support.client import Client
from support.gateway import port_of, records, serving
from support.load import Asked, ask, echo
from support.origin import Origin
from support.process import SANITIZED
from support.rest import at_rest, descriptors

ROUNDS = 1000 if not SANITIZED else 200
CLIENTS = 2
SETTINGS = {"ledger_records": 2 * ROUNDS}


def closing_soon(seed):
    """A step: closes the connection up to half a millisecond after the answer, two times out of three."""
    chance = random.Random(seed)

    def step(exchange):
        exchange.read_request()
        sleep, closes = chance.random() * 0.0005, chance.random() < 0.67
        if closes:
            exchange.origin.closing.wait(sleep)
            exchange.hang_up(lambda sock: sock.close())

    return step


def play(port, seed):
    """-> what became of each of the requests"""
    asked = []

    def client(number):
        with Client(port) as connection:
            for count in range(ROUNDS // CLIENTS):
                one = Asked(f"{seed}-{number}-{count}", count == 0)
                asked.append(one)
                reusable = ask(connection, one)
                assert reusable, f"{one}: the client's own connection is none of the origin's business"

    threads = [threading.Thread(target=client, args=(number,), daemon=True) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(asked) == ROUNDS and all(one.ended == "answered" for one in asked), "no request is lost or mixed up"
    return asked


def attempts_by_outcome(gateway):
    """The books: how many attempts ended with which (status, reason, on a kept connection)."""
    tries = [attempt for record in records(gateway, ROUNDS) for attempt in record["attempts"]]
    return collections.Counter((one.get("status"), one.get("reset_reason"), one["reused"]) for one in tries)


def check_books(gateway, origin):
    """Every attempt of the books reached the origin and was answered, or was cut before the origin read it."""
    outcomes = attempts_by_outcome(gateway)
    assert sum(count for (status, _, _), count in outcomes.items() if status == 200) == len(origin.requests)
    cut = {(reason, reused) for status, reason, reused in outcomes if status != 200}
    assert cut == {("connection termination", True)}, outcomes
    print(dict(outcomes))
    return sum(count for (status, _, _), count in outcomes.items() if status != 200)


@pytest.mark.parametrize("seed", [1, 2])
def test_without_a_policy_each_request_is_answered_or_503_and_sent_at_most_once(seed):
    before = descriptors()
    with Origin([echo, closing_soon(seed)]) as origin, serving(origin.address, settings=SETTINGS) as gateway:
        asked = play(port_of(gateway), seed)
        seen = collections.Counter(request.headers.get("x-id") for request in origin.requests)
        assert {one.status for one in asked} <= {200, 503}
        assert all(seen[one.id] == (1 if one.status == 200 else 0) for one in asked)
        failed = [record for record in records(gateway, ROUNDS) if record["response_code"] != 200]
        assert {(record["response_flags"], len(record["attempts"])) for record in failed} <= {("UC", 1)}
        assert check_books(gateway, origin) == len(failed) > 0, "the race was never met"
        at_rest(gateway)
    assert descriptors() == before


@pytest.mark.parametrize("seed", [3, 4])
def test_with_retries_on_reset_each_request_is_answered(seed):
    before = descriptors()
    retries = {"retryOn": "reset", "numRetries": 8, "retryBackOff": {"baseInterval": "1ms"}}
    options = {"retries": retries, "settings": SETTINGS}
    with Origin([echo, closing_soon(seed)]) as origin, serving(origin.address, **options) as gateway:
        asked = play(port_of(gateway), seed)
        seen = collections.Counter(request.headers.get("x-id") for request in origin.requests)
        assert {one.status for one in asked} == {200}
        assert set(seen.values()) == {1}, "what was cut was not read, so no retry is a double"
        assert check_books(gateway, origin) > 0, "the race was never met"
        at_rest(gateway)
    assert descriptors() == before
