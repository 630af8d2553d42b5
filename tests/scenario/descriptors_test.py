"""Descriptors and client connections run out: nothing spins, nothing else breaks, and it ends by itself."""

import contextlib
import os
import resource
import select
import time

import pytest

from support import documents
from support.client import Client, get
from support.gateway import counter, port_of, serving
from support.load import echo
from support.origin import Origin, respond
from support.process import Run, until
from support.rest import admin_stats, at_rest, descriptors

SPARE = 20


@pytest.fixture(name="running")
def gateway_process(tmp_path):
    def start(origin, *arguments, **options):
        file = tmp_path / "gateway.yaml"
        file.write_text(documents.routed([origin.address]))
        any_port = ("--listen", "http=127.0.0.1:0", "--admin-address", "127.0.0.1:0")
        return Run("-f", file, *any_port, *arguments, **options)

    return start


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def limit_descriptors(pid, more):
    """Leaves room for that many more."""
    highest = max(map(int, os.listdir(f"/proc/{pid}/fd")))
    assert highest + 1 - descriptors(pid) < 5, "there are hardly any holes"
    limit = descriptors(pid) + more
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, limit))


@pytest.mark.skipif(
    os.environ.get("KGW_SANITIZED") == "asan",
    reason="the undefined-behaviour sanitizer looks at objects through a pipe, and calls every object bad when it gets none",
)
def test_more_connections_than_descriptors(running):
    with Origin(echo) as origin, running(origin) as run, contextlib.ExitStack() as stack:
        before = descriptors(run.pid)
        limit_descriptors(run.pid, SPARE)
        clients = [stack.enter_context(Client(run.port)) for _ in range(3 * SPARE)]
        until(lambda: descriptors(run.pid) >= before + SPARE - 1)

        used = processor_seconds(run.pid)
        time.sleep(1)
        assert processor_seconds(run.pid) - used < 0.3, "it spins"

        answer = clients[0].request(headers={"x-id": "a"})
        assert answer.status == 503, "no descriptor for the way to the origin"
        assert b"connection failure" in answer.body
        assert clients[0].request(headers={"x-id": "a"}).status == 503, "and the client's connection goes on"
        assert origin.connections == 0

        stack.close()
        until(lambda: get(run.port, headers={"x-id": "b"}).status == 200)
        at_rest(run)
        until(lambda: descriptors(run.pid) == before + 1)  # the connection to the origin that it keeps
        assert run.stop() == 0


def test_by_default_clients_leave_enough_descriptors_for_their_requests(running):
    """With a hard limit of 200 there are at most 68 clients, and each of them gets through; the next ones wait."""
    with Origin(echo) as origin, running(origin, descriptors=200) as run, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(run.port)) for _ in range(100)]
        until(lambda: admin_stats(run)["downstream_cx_overflow"] == 1)
        assert admin_stats(run)["downstream_cx_active"] == 68
        for client in clients:
            client.send_head(headers={"x-id": "a", "x-late": "0.2"})
        for client in clients:
            assert client.read_response().status == 200
            client.sock.close()
        at_rest(run)
        assert admin_stats(run)["downstream_cx_total"] == 100


def test_client_connections_at_their_limit_and_one_above():
    """Three are served, the fourth waits in the kernel's queue and is served when one has left."""
    with Origin(respond()) as origin, serving(origin.address, settings={"max_client_connections": 3}) as gateway:
        first, *others = (Client(port_of(gateway)) for _ in range(3))
        for client in (first, *others):
            assert client.request().status == 200
        assert counter(gateway, "downstream_cx_overflow") == 1
        with Client(port_of(gateway)) as fourth:
            fourth.send_head()
            for client in (first, *others):
                assert client.request().status == 200
            assert counter(gateway, "downstream_cx_total") == 3
            assert len(origin.requests) == 6
            first.sock.close()
            assert fourth.read_response().status == 200
            assert counter(gateway, "downstream_cx_total") == 4
            assert counter(gateway, "downstream_cx_overflow") == 2
            for client in others:
                assert client.request().status == 200
                client.sock.close()
        at_rest(gateway)
        assert counter(gateway, "upstream_cx_active") == 1


def test_workers_share_the_limit_and_stay_within_it():
    """Which worker a connection goes to is the kernel's draw, so a worker may be full while another has room left."""
    with Origin(respond()) as origin, serving(
        origin.address, concurrency=4, settings={"max_client_connections": 6}
    ) as gateway:
        clients = [Client(port_of(gateway)) for _ in range(60)]
        for client in clients:
            client.send_head()
        until(lambda: counter(gateway, "downstream_cx_active") == 6)
        waiting = clients
        for _ in range(200):
            assert counter(gateway, "downstream_cx_active") <= 6
            ready = select.select([client.sock for client in waiting], [], [], 5)[0]
            for client in [client for client in waiting if client.sock in ready]:
                assert client.read_response().status == 200
                client.sock.close()
                waiting.remove(client)
            if not waiting:
                break
        assert not waiting
        at_rest(gateway)
