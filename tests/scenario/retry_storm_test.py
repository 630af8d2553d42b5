"""Every endpoint fails while ten times the usual clients ask. Retries stay within their bound, and when the endpoints are back
so is the service.
"""

import threading
import time

import pytest

from support.client import Client
from support.gateway import counter, port_of, serving
from support.origin import Origin
from support.rest import at_rest
from support.wire import head_bytes

USUAL, STORM = 5, 50  # clients that ask again as soon as they have an answer
WORK = 0.02  # seconds that an endpoint takes for an answer
RETRIES = {"retryOn": "5xx", "numRetries": 3}


class Endpoint:
    """A step of the origins: 503 while it is down, else 200. Counts the retries that it has before it at once."""

    def __init__(self):
        self.down, self.attempts, self.retries, self.most = False, 0, 0, 0
        self._retrying, self._lock = 0, threading.Lock()

    def __call__(self, exchange):
        exchange.read_request()
        retry = int(exchange.request.headers.get("x-envoy-attempt-count")) > 1
        with self._lock:
            self.attempts += 1
            self.retries += retry
            self._retrying += retry
            self.most = max(self.most, self._retrying)
        exchange.origin.closing.wait(WORK)
        with self._lock:
            self._retrying -= retry
        status = "503 Service Unavailable" if self.down else "200 OK"
        exchange.send(head_bytes(f"HTTP/1.1 {status}", [("content-length", "0")]))


class Clients:
    def __init__(self, port, count):
        self.answers = []  # (when, status)
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(port,)) for _ in range(count)]

    def _ask(self, port):
        with Client(port) as client:
            while not self._ending.is_set():
                status = client.request().status
                self.answers.append((time.monotonic(), status))

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ending.set()
        for thread in self._threads:
            thread.join(30)

    def rate(self, since, until, status=200):
        return sum(since <= at < until and was == status for at, was in self.answers) / (until - since)


@pytest.mark.parametrize(
    "limits, most",
    [
        ({}, 3),
        ({"max_retries": 10}, 10),
        ({"retry_budget_percent": 20}, (USUAL + STORM) * 20 // 100),
        ({"retry_budget_percent": 20, "retry_budget_min": 15}, 15),
    ],
)
def test_a_retry_storm_is_bounded_and_ends(limits, most):
    endpoint = Endpoint()
    with (
        Origin(endpoint) as one,
        Origin(endpoint) as two,
        serving(
            one.address,
            two.address,
            retries=RETRIES,
            cluster_settings=limits,
            route_settings={"attempt_count_headers": "request"},
        ) as gateway,
    ):
        with Clients(port_of(gateway), USUAL) as usual:
            started = time.monotonic()
            time.sleep(1)
            before = usual.rate(started, time.monotonic())
            endpoint.down = True
            with Clients(port_of(gateway), STORM) as storm:
                time.sleep(1.5)
                assert counter(gateway, "remaining_retries") <= most
                endpoint.down, back = False, time.monotonic()
                time.sleep(2)
            after = usual.rate(back + 1, back + 2)
            refused = [at - back for at, status in usual.answers + storm.answers if status != 200]
        at_rest(gateway)
        requests = len(usual.answers) + len(storm.answers)
        assert 0 < endpoint.most <= most
        assert endpoint.attempts == requests + endpoint.retries
        assert refused and max(refused) < 1, "an answer of the outage a second after its end"
        assert storm.rate(back + 1, back + 2) > 0
        # As many again as before, although ten times as many ask: nothing is queued up from the outage.
        assert after > before / 2, (before, after)
        assert counter(gateway, "upstream_rq_retry_overflow") > 0
