"""Configuration that changes under load: what apply and delete promise."""

import contextlib
import os
import resource
import subprocess
import threading
import time
from pathlib import Path

import kgwcore
import pytest

from support import documents
from support.client import Client, get
from support.gateway import counter, port_of, records, serving
from support.origin import Origin, drip, respond
from support.process import SANITIZED, until
from support.rest import at_rest

PROGRAMS = Path(os.environ.get("KGW_BENCH_PROGRAMS", ""))


def test_after_delete_every_request_is_404_with_two_workers():
    rounds = 1000 if not SANITIZED else 100
    route = documents.text(documents.route(with_options=False))
    with contextlib.ExitStack() as stack:
        origin = stack.enter_context(Origin(respond()))
        gateway = stack.enter_context(serving(origin.address, concurrency=2))
        port = port_of(gateway)
        clients = [stack.enter_context(Client(port)) for _ in range(8)]
        wrong = []
        for number in range(rounds):
            kept = clients[number % len(clients)]
            gateway.apply(route)
            before = kept.request().status
            gateway.delete("httproute", "route", namespace=documents.NAMESPACE)
            after = get(port).status if number % 2 else kept.request().status
            if (before, after) != (200, 404):
                wrong.append((number, before, after))
        assert not wrong, wrong[:10]


def test_the_record_of_a_download_outlives_its_configuration():
    host = "a-name-in-the-place-of-the-clients.example"
    gate = threading.Event()
    with (
        Origin([respond(headers=[("content-length", 1)]), drip(b"x", gate=gate)]) as origin,
        serving(origin.address, retries={"retryOn": "5xx"}) as gateway,
    ):
        gateway.apply(documents.text(documents.route_option({"hostRewrite": host})))
        with Client(port_of(gateway)) as client:
            client.send_head()
            until(lambda: counter(gateway, "downstream_rq_2xx") == 1)  # the head is on its way
            for number in range(10):
                gateway.apply(documents.text(documents.route_option({"hostRewrite": f"another-name-{number}" * 3})))
            gate.set()
            assert client.read_response().body == b"x"
        assert records(gateway)[-1]["authority"] == host


@pytest.fixture(name="many_files")
def raised_file_limit():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(name="fast_origin")
def bench_origin():
    """The origin of the bench: a Python one would be what is measured."""
    with subprocess.Popen([PROGRAMS / "bench_origin"], stdout=subprocess.PIPE, text=True) as process:
        yield f"127.0.0.1:{process.stdout.readline().split()[1]}"
        process.terminate()


def broken_route():
    """A new version of the route that no gateway could serve."""
    route = documents.route(with_options=False)
    route["spec"]["rules"].append({"matches": [{"path": {"type": "RegularExpression", "value": "("}}]})
    return documents.text(route)


def apply_broken(gateway):
    """It is rejected as a whole, told, and changes nothing."""
    before = gateway.get("httproute", "route", namespace=documents.NAMESPACE)
    with pytest.raises(kgwcore.ConfigError) as caught:
        gateway.apply(broken_route())
    assert [result.outcome for result in caught.value.results] == ["rejected"]
    assert gateway.get("httproute", "route", namespace=documents.NAMESPACE) == before


@pytest.mark.parametrize("workers", [1, 2])
def test_no_request_fails_under_apply_every_50_ms(many_files, fast_origin, workers):
    del many_files
    connections, requests = 1000, 100_000
    versions = [documents.routed([fast_origin], timeout=timeout) for timeout in ("10s", "11s")]
    with serving(fast_origin, timeout="12s", concurrency=workers) as gateway:
        load = subprocess.Popen(
            [PROGRAMS / "bench_load", str(port_of(gateway)), str(connections), str(requests)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        applied, deadline = 0, time.monotonic() + 300
        while load.poll() is None and time.monotonic() < deadline:
            results = gateway.apply(versions[applied % 2])
            assert "rejected" not in {result.outcome for result in results}
            apply_broken(gateway)
            applied += 1
            time.sleep(0.05)
        if load.poll() is None:
            load.kill()
        printed, errors = load.communicate()
        assert load.returncode == 0, errors
        assert printed.startswith(f"answered {requests} ")
        assert applied >= 3
        at_rest(gateway)
