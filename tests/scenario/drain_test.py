"""A stop loses nothing that was asked before it, ends in time, and is visible where it has to cut."""

import collections
import contextlib
import json
import random
import socket
import threading
import time

import kgwcore
import pytest

from support import documents
from support.client import Client
from support.gateway import counter, port_of, serving
from support.load import Load, echo
from support.origin import Origin, drip, respond, stall
from support.process import SANITIZED, Run
from support.process import kgwcore as kgwcore_command
from support.process import until
from support.rest import admin_stats, at_rest

ANY = ("--listen", "http=127.0.0.1:0", "--admin-address", "127.0.0.1:0")


@pytest.fixture(name="running")
def gateway_process(tmp_path):
    def start(origin, *arguments, retries=None):
        file = tmp_path / "gateway.yaml"
        file.write_text(documents.routed([origin.address], retries, timeout="60s"))
        return Run("-f", file, *ANY, *arguments)

    return start


def verdict(one, stopped, seen):
    """What became of a request under a stop at the time `stopped`: good, crossed, dropped, or broken.

    A request that was sent before the stop is answered in whole. One that was sent later may cross the end of its
    connection: its client sees the end before the first byte of an answer and may ask again (RFC 9112 9.3.1, 9.6).
    What the origin has seen was begun, and is answered.
    """
    if one.ended == "answered" and one.status == 200:
        return "good"
    if one.ended not in ("closed", "reset") or one.id in seen:
        return "broken"
    return "dropped" if 0 < one.written < stopped else "crossed"


class Rounds:
    """Load on one gateway after the other, each stopped at a moment that the seed chooses."""

    def __init__(self, origin):
        self.origin = origin
        self.counts = collections.Counter()
        self.faults = []

    def play(self, port, seed, stop):
        self.origin.requests.clear()
        with Load(port, seed=seed) as load:
            load.wait_for(random.Random(seed).randrange(5, 150))
            stopped = time.monotonic()
            stop()
            asked = load.join()
        seen = {request.headers.get("x-id") for request in self.origin.requests}
        for one in asked:
            what = verdict(one, stopped, seen)
            self.counts[what] += 1
            if what in ("broken", "dropped"):
                self.faults.append((what, f"{(one.written - stopped) * 1000:+.2f} ms", one))

    def check(self):
        print(dict(self.counts))
        assert not self.counts["broken"], self.faults[:10]
        assert not self.counts["dropped"], self.faults[:10]


def test_term_under_load_loses_nothing(running):
    """40 processes, a signal at a random moment: exit code 0 in time and every answer whole."""
    with Origin(echo) as origin:
        rounds = Rounds(origin)
        for seed in range(40 if not SANITIZED else 5):
            with running(origin) as run:
                rounds.play(run.port, seed, run.process.terminate)
                assert run.process.wait(timeout=20) == 0
        rounds.check()


@pytest.mark.parametrize("workers", [1, 2])
def test_close_under_load_loses_nothing(workers):
    """The same 160 times through close() of the object, which is what the signal calls."""
    with Origin(echo) as origin:
        rounds = Rounds(origin)
        for seed in range(80 if not SANITIZED else 10):
            with serving(origin.address, concurrency=workers) as gateway:
                rounds.play(port_of(gateway), 1000 * workers + seed, gateway.close)
        rounds.check()


class Some(contextlib.ExitStack):
    """Clients, each with a connection of its own and a request on it."""

    def __init__(self, port, count):
        super().__init__()
        self._clients = [self.enter_context(Client(port)) for _ in range(count)]
        for client in self._clients:
            client.send_head()

    def statuses(self):
        """Each of them leaves when it has its answer."""
        found = []
        for client in self._clients:
            found.append(client.read_response().status)
            client.sock.close()
        return found


def test_what_waits_in_the_accept_queue_is_served(running):
    """max_client_connections keeps ten connections with their requests in the kernel's queue when the signal comes."""
    gate = threading.Event()
    with Origin(respond(gate=gate), respond()) as origin:
        with running(origin, "--set", "max_client_connections=1") as run, Some(run.port, 1) as first:
            origin.wait_for_requests(1)
            with Some(run.port, 10) as waiting:
                run.process.terminate()
                until(lambda: refused(run.port))
                gate.set()
                assert (first.statuses(), waiting.statuses()) == ([200], [200] * 10)
            assert run.process.wait(timeout=20) == 0


def refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=30).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        pass
    return False


def test_while_it_drains_it_refuses_connections_and_finishes_answers(running):
    gate = threading.Event()
    with Origin([respond(gate=gate, body=b"late")]) as origin, running(origin) as run:
        with Client(run.port) as idle, Client(run.port) as busy:
            busy.send_head()
            origin.wait_for_requests(1)
            run.process.terminate()
            assert idle.closed_by_peer(), "an idle connection ends at once"
            until(lambda: refused(run.port))
            assert run.process.poll() is None
            gate.set()
            response = busy.read_response()
            assert (response.status, response.body, response.complete) == (200, b"late", True)
            assert response.headers.get("connection") == "close"
            assert busy.closed_by_peer()
        assert run.process.wait(timeout=20) == 0


def test_an_answer_that_was_begun_before_ends_its_connection(running):
    """Its head could not announce the close; the stop must not wait for a client that keeps the connection."""
    gate = threading.Event()
    with Origin([respond(headers={"content-length": 1}), drip(b"x", gate=gate)]) as origin:
        with running(origin, "--set", "drain_timeout_ms=8000") as run, Client(run.port) as client:
            client.send_head()
            until(lambda: admin_stats(run)["downstream_rq_2xx"])
            run.process.terminate()
            until(lambda: refused(run.port))
            gate.set()
            response = client.read_response()
            assert (response.complete, response.body) == (True, b"x")
            start = time.monotonic()
            assert client.sock.recv(1) == b"", "FIN and no reset"
            assert time.monotonic() - start < 4


def test_an_upload_goes_on(running):
    body = b"u" * 300_000
    with Origin(respond(body=b"good")) as origin, running(origin) as run, Client(run.port) as client:
        client.send_head("POST", headers={"content-length": len(body)})
        client.send(body[:1000])
        origin.wait_for_requests(1)
        run.process.terminate()
        until(lambda: refused(run.port))
        client.send(body[1000:])
        assert client.read_response().body == b"good"
        assert run.process.wait(timeout=20) == 0
    assert origin.requests[0].body == body


def test_a_request_is_still_retried(running):
    gate = threading.Event()
    with Origin(respond(503, gate=gate), respond(body=b"good")) as origin:
        with running(origin, retries={"retryOn": "5xx"}) as run, Client(run.port) as client:
            client.send_head()
            origin.wait_for_requests(1)
            run.process.terminate()
            until(lambda: refused(run.port))
            gate.set()
            assert client.read_response().body == b"good"
            assert run.process.wait(timeout=20) == 0


def test_what_is_pipelined_behind_the_last_answer_is_dropped_without_a_reset(running):
    """The answer in front says connection: close, so the client knows what was not begun (RFC 9112 9.6)."""
    gate = threading.Event()
    with Origin(respond(gate=gate, body=b"x" * 100_000)) as origin, running(origin) as run, Client(run.port) as client:
        for _ in range(3):
            client.send_head()
        origin.wait_for_requests(1)
        run.process.terminate()
        until(lambda: refused(run.port))
        gate.set()
        response = client.read_response()
        assert (response.complete, response.headers.get("connection")) == (True, "close")
        assert client.sock.recv(1) == b""
        client.sock.close()
        assert run.process.wait(timeout=20) == 0
        assert len(origin.requests) == 1


def test_what_is_longer_than_the_drain_is_cut_visibly_and_logged(running, tmp_path):
    """One request without an answer, one inside it: no clean end, and LR in the log."""
    log = tmp_path / "log"
    begun = [respond(headers={"content-length": 10}), drip(b"12345"), stall()]
    with Origin(begun, stall()) as origin:
        with running(origin, "--set", "drain_timeout_ms=300", "--access-log", log) as run:
            with Client(run.port) as inside, Client(run.port) as before:
                inside.send_head(target="/inside")
                until(lambda: admin_stats(run)["downstream_rq_2xx"])
                before.send_head(target="/before")
                origin.wait_for_requests(2)
                run.process.terminate()
                cut, none = inside.read_response(), before.read_response()
            assert run.process.wait(timeout=20) == 0
    assert (cut.status, cut.complete) == (200, False)
    assert (none.status, none.complete) == (0, False)
    logged = {line["path"]: line for line in map(json.loads, log.read_text().splitlines())}
    assert {path: line["response_flags"] for path, line in logged.items()} == {"/inside": "LR", "/before": "LR"}
    assert {line["attempts"][-1]["decision"] for line in logged.values()} == {"drained"}
    assert {line["response_code_details"] for line in logged.values()} == {"drain_timeout"}


def test_a_second_signal_cuts_at_once(running):
    with Origin(stall()) as origin, running(origin, "--set", "drain_timeout_ms=600000") as run:
        with Client(run.port) as client:
            client.send_head()
            origin.wait_for_requests(1)
            run.process.terminate()
            until(lambda: refused(run.port))
            assert run.process.poll() is None
            run.process.terminate()
            assert not client.read_response().complete
        assert run.process.wait(timeout=20) == 0


# ---- A listener that an apply takes away ---------------------------------------------------------


def two_documents(origin):
    route = documents.route(with_options=False)
    route["spec"]["parentRefs"] = [{"name": "http"}, {"name": "other"}]
    parts = [documents.gateway(), documents.gateway("other", 8081), documents.service()]
    return documents.text(*parts, documents.slice_of("origin-0", origin.address), route)


def ports_of(gateway):
    return [int(gateway.url(name).rstrip("/").rpartition(":")[2]) for name in ("http/http", "other/http")]


def test_a_listener_that_is_removed_drains_and_the_others_keep_their_connections():
    gate = threading.Event()
    listen = {"http/http": "127.0.0.1:0", "other/http": "127.0.0.1:0"}
    with (
        Origin(respond(), respond(gate=gate, body=b"late"), respond()) as origin,
        kgwcore.Gateway(two_documents(origin), listen=listen) as gateway,
    ):
        port, other = ports_of(gateway)
        with Client(port) as kept, Client(other) as idle, Client(other) as busy:
            assert kept.request().status == 200
            busy.send_head()
            origin.wait_for_requests(2)
            until(lambda: counter(gateway, "downstream_cx_active") == 3)
            gateway.delete("gateway", "other", namespace=documents.NAMESPACE)
            assert idle.closed_by_peer()
            assert refused(other)
            gate.set()
            response = busy.read_response()
            assert (response.status, response.body, response.headers.get("connection")) == (200, b"late", "close")
            assert busy.closed_by_peer()
            assert kept.request().status == 200
        at_rest(gateway)


def test_a_removed_listener_may_come_back_on_its_port_while_it_drains():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    gate = threading.Event()
    listen = {"http/http": "127.0.0.1:0", "other/http": f"127.0.0.1:{port}"}
    with Origin(respond(gate=gate, body=b"old"), respond(body=b"new")) as origin:
        with kgwcore.Gateway(two_documents(origin), listen=listen) as gateway:
            with Client(port) as old:
                old.send_head()
                origin.wait_for_requests(1)
                for _ in range(3):
                    gateway.delete("gateway", "other", namespace=documents.NAMESPACE)
                    assert refused(port)
                    gateway.apply(documents.text(documents.gateway("other", 8081)))
                    with Client(port) as client:
                        assert client.request().body == b"new"
                gate.set()
                assert old.read_response().body == b"old"
            at_rest(gateway)


def test_what_waits_in_the_queue_of_a_removed_listener_is_served(tmp_path):
    gate = threading.Event()
    listen = ("--listen", "http/http=127.0.0.1:0", "--listen", "other/http=127.0.0.1:0")
    with Origin(respond(), respond(gate=gate), respond()) as origin:
        file = tmp_path / "gateway.yaml"
        file.write_text(two_documents(origin))
        options = ("--admin-address", "127.0.0.1:0", "--set", "max_client_connections=2")
        with Run("-f", file, *listen, *options) as run, Client(run.listeners["test/http/http"]) as kept:
            assert kept.request().status == 200
            other = run.listeners["test/other/http"]
            with Some(other, 1) as first:
                origin.wait_for_requests(2)
                with Some(other, 10) as waiting:
                    done = kgwcore_command("delete", "gateway", "other", "-n", documents.NAMESPACE, admin=run.admin)
                    gate.set()
                    assert done.returncode == 0
                    assert (first.statuses(), waiting.statuses()) == ([200], [200] * 10)
            assert kept.request().status == 200
