"""What a host process may do to a gateway inside it: run two, close one from a callback, drop one, hold the GIL."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from pathlib import Path

import kgwcore
import kgwcore.logging
import pytest
from kgwcore.httpbin import Server
from support import ANY_PORT, BASE, GATEWAY, ROUTE, environment, fetch, python

DOCUMENTS = BASE + "---" + ROUTE


def test_two_gateways_have_logs_and_counters_of_their_own(tmp_path: Path, origin: Server) -> None:
    logs = [tmp_path / "one", tmp_path / "two"]
    options = {"listen": ANY_PORT, "backend": {"*": origin.address}}
    with (
        kgwcore.Gateway(DOCUMENTS, access_log=logs[0], **options) as one,  # type: ignore[arg-type]
        kgwcore.Gateway(DOCUMENTS, access_log=logs[1], **options) as two,  # type: ignore[arg-type]
    ):
        for number, gateway in enumerate((one, two, two)):
            assert fetch(f"{gateway.url('http')}/status/20{number}").status == 200 + number
        two.delete("httproute", "all", namespace="app")
        assert fetch(two.url("http")).status == 404
        assert fetch(one.url("http") + "/status/203").status == 203
        requests = [
            next(row.value for row in gateway.stats() if row.name == "downstream_rq_total") for gateway in (one, two)
        ]
        assert requests == [2, 3]
    codes = [[json.loads(line)["response_code"] for line in log.read_text().splitlines()] for log in logs]
    assert codes == [[200, 203], [201, 202, 404]]


def test_one_of_two_closes_and_the_other_serves(origin: Server) -> None:
    with kgwcore.Gateway(DOCUMENTS, listen=ANY_PORT, backend={"*": origin.address}) as stays:
        for _ in range(5):
            with kgwcore.Gateway(DOCUMENTS, listen=ANY_PORT, backend={"*": origin.address}) as other:
                assert fetch(other.url("http") + "/status/201").status == 201
            assert fetch(stays.url("http") + "/status/202").status == 202


def test_each_has_its_own_log_level(caplog: pytest.LogCaptureFixture) -> None:
    with (
        caplog.at_level(logging.DEBUG, "kgwcore"),
        kgwcore.Gateway(GATEWAY, listen=ANY_PORT, log_level="off") as quiet,
        kgwcore.Gateway(GATEWAY, listen=ANY_PORT) as loud,
    ):
        kgwcore.logging.flush(timeout=30)
        caplog.clear()
        quiet.apply(DOCUMENTS)
        assert kgwcore.logging.flush(timeout=30)
        assert caplog.records == []
        loud.apply(DOCUMENTS)  # a Service without address is worth a warning
        deadline = time.monotonic() + 30  # its thread hands the record on in its own time
        while not caplog.records and time.monotonic() < deadline:
            assert kgwcore.logging.flush(timeout=30)
        assert caplog.records != []


def test_listeners_follow_the_documents() -> None:
    other = GATEWAY.replace("name: http, namespace", "name: other, namespace").replace("8080", "8081")
    with kgwcore.Gateway(GATEWAY, listen={"infra/http/http": 0, "infra/other/http": 0}) as gateway:
        assert [listener.name for listener in gateway.listeners] == ["infra/http/http"]
        gateway.apply(other)
        assert [listener.name for listener in gateway.listeners] == ["infra/http/http", "infra/other/http"]
        gateway.delete("gateway", "other", namespace="infra")
        assert [listener.name for listener in gateway.listeners] == ["infra/http/http"]


# In a process of its own: a crash, or a thread that waits for ever, must not be the test's.
LOGGED = f"""
import logging, threading
import kgwcore, kgwcore.logging

class Handler(logging.Handler):
    def emit(self, record):
        act()

gateway = kgwcore.Gateway({GATEWAY!r}, listen={ANY_PORT!r}).start()
kgwcore.logging.flush(timeout=30)
logging.getLogger("kgwcore").addHandler(Handler())
"""


def test_a_handler_may_close_its_gateway() -> None:
    script = f"""
closed = threading.Event()
def act():
    gateway.close()
    closed.set()
try:
    gateway.apply({DOCUMENTS!r})
except kgwcore.ClosedError:
    pass
assert closed.wait(30)
try:
    gateway.stats()
except kgwcore.ClosedError:
    print("closed")
"""
    ended = python(LOGGED + script)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "closed\n", "")


RAISING = f"""
def act():
    calls.release()
    raise ValueError("from the handler")
calls = threading.Semaphore(0)
gateway.apply({DOCUMENTS!r})  # a Service without address is worth a warning
assert calls.acquire(timeout=30)
import urllib.request, urllib.error
try:
    urllib.request.urlopen(gateway.url("http"))
except urllib.error.HTTPError as error:
    print(error.code)
"""


def test_an_exception_in_a_handler_stops_no_request() -> None:
    ended = python(LOGGED + RAISING + "gateway.close()")
    assert (ended.returncode, ended.stdout) == (0, "503\n")
    assert "from the handler" in ended.stderr


def test_after_an_exception_in_a_handler_records_still_come() -> None:
    again = f"""
kgwcore.logging.flush(timeout=1)
while calls.acquire(blocking=False):
    pass
gateway.delete("service", "httpbin", namespace="app")
gateway.apply({DOCUMENTS!r})
print(calls.acquire(timeout=3))
gateway.close()
"""
    ended = python(LOGGED + RAISING + again)
    assert (ended.returncode, ended.stdout) == (0, "503\nTrue\n")


def test_requests_go_on_while_the_gil_is_held(origin: Server) -> None:
    """The host reads a byte from standard input without letting go of the GIL: no Python of its process runs."""
    script = f"""
import ctypes, kgwcore
gateway = kgwcore.Gateway({DOCUMENTS!r}, listen={ANY_PORT!r}, backend={{"*": {origin.address!r}}}).start()
byte = ctypes.create_string_buffer(1)
read = ctypes.PyDLL(None).read
print(gateway.url("http"), flush=True)
assert read(0, byte, 1) == 1
print(len(gateway.attempts(limit=100)))
gateway.close()
"""
    command = [sys.executable, "-W", "always", "-c", script]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment()) as host:
        assert host.stdout
        url = host.stdout.readline().strip()
        for number in range(50):
            assert fetch(f"{url}/status/{200 + number % 4}").status == 200 + number % 4
        output, errors = host.communicate("x", timeout=60)
    assert (host.returncode, output, errors) == (0, "50\n", "")


def test_many_threads_ask_for_the_listeners() -> None:
    with kgwcore.Gateway(GATEWAY, listen=ANY_PORT) as gateway:
        urls: list[str] = []
        ask = lambda: urls.extend(gateway.url("http") for _ in range(200))  # noqa: E731
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(urls) == {gateway.url("http")}
        assert len(urls) == 1600


def test_a_gateway_that_is_dropped_while_it_serves(origin: Server) -> None:
    """The warning comes, the request is cut and the process ends as any other."""
    script = f"""
import gc, kgwcore
gateway = kgwcore.Gateway({DOCUMENTS!r}, listen={ANY_PORT!r}, backend={{"*": {origin.address!r}}}).start()
print(gateway.url("http"), flush=True)
while gateway.stats().as_dict().get("cluster.app_httpbin_8000.upstream_rq_active") != 1:
    pass
del gateway
gc.collect()
print("gone", flush=True)
input()
"""
    failures: list[OSError] = []
    command = [sys.executable, "-W", "always", "-c", script]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment()) as host:
        assert host.stdout
        url = host.stdout.readline().strip()

        def request() -> None:
            try:
                fetch(url + "/delay/10")
            except OSError as failure:
                failures.append(failure)

        client = threading.Thread(target=request)
        client.start()
        assert host.stdout.readline() == "gone\n"
        client.join(timeout=30)
        assert not client.is_alive()
        _, errors = host.communicate("\n", timeout=60)
    assert host.returncode == 0
    assert "never closed" in errors
    assert len(failures) == 1
