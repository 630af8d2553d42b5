"""The access log: what a line says, and that no output and no client does harm through it."""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

import kgwcore
import pytest
from kgwcore import aio

from support import documents
from support.client import Client, get
from support.gateway import counter, port_of, records, serving
from support.origin import Origin, respond
from support.process import Run, until

KEYS = [
    "start_time",
    "method",
    "path",
    "protocol",
    "authority",
    "response_code",
    "response_flags",
    "response_code_details",
    "bytes_received",
    "bytes_sent",
    "duration",
    "upstream_host",
    "upstream_cluster",
    "route_name",
    "request_id",
    "upstream_request_attempt_count",
    "attempts",
]


def lines(path):
    """Every line of a log, each of them whole and JSON in itself."""
    text = path.read_bytes().decode("utf-8")
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]  # str.splitlines knows more line ends than "\n"


def wait_for_lines(path, count):
    until(lambda: path.read_bytes().count(b"\n") >= count)
    return lines(path)


@contextlib.contextmanager
def fifo(path):
    """A FIFO that has a reader, who reads nothing on his own."""
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        yield reader
    finally:
        with contextlib.suppress(OSError):
            os.close(reader)


def test_a_line_is_the_record_of_attempts(tmp_path):
    path = tmp_path / "log"
    retries = {"retryOn": "5xx", "numRetries": 2}
    with (
        Origin(respond(503), respond(503), respond(body=b"good")) as origin,
        serving(origin.address, retries=retries, access_log=path) as gateway,
    ):
        with Client(port_of(gateway)) as client:
            assert client.request("POST", "/a?b=c", body=b"12345").body == b"good"
        assert get(port_of(gateway), host="nobody.example").status == 404
        kept = records(gateway, 2)
        logged = wait_for_lines(path, 2)
    assert logged == kept
    retried, refused = logged
    assert list(retried) == list(refused) == list(kept[0]) == KEYS
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", retried["start_time"])
    assert (retried["method"], retried["path"], retried["response_code"]) == ("POST", "/a?b=c", 200)
    assert (retried["bytes_received"], retried["bytes_sent"]) == (5, 4)
    assert retried["upstream_host"] == origin.address
    tries = retried["attempts"]
    assert [(one["status"], one["decision"]) for one in tries] == [
        (503, "retry_status"),
        (503, "retry_status"),
        (200, "forwarded"),
    ]
    assert [list(one) for one in tries] == [list(one) for one in kept[0]["attempts"]]
    assert [one["delay_ms"] is None for one in tries] == [False, False, True]
    assert (refused["response_flags"], refused["attempts"]) == ("NR", [])


def test_the_admin_address_shows_the_same(tmp_path):
    path = tmp_path / "log"
    options = {"access_log": path, "admin_address": "127.0.0.1:0"}
    with Origin(respond()) as origin, serving(origin.address, **options) as gateway:
        get(port_of(gateway))
        records(gateway)
        port = int(gateway.admin_url.rpartition(":")[2])
        shown = json.loads(get(port, "/kgw/v1/attempts", host=f"127.0.0.1:{port}").body)
        assert shown == wait_for_lines(path, 1)


def test_what_cannot_be_parsed_is_logged(tmp_path):
    path = tmp_path / "log"
    with Origin() as origin, serving(origin.address, access_log=path, access_log_headers=["x"]) as gateway:
        with Client(port_of(gateway)) as client:
            client.send(b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n")
            assert client.read_response().status == 400
        (line,) = wait_for_lines(path, 1)
    assert line["response_code"] == 400
    assert line["response_flags"] == "DPE"
    assert line["response_code_details"].startswith("http1.")
    assert (line["method"], line["path"], line["request_headers"], line["attempts"]) == ("", "", {}, [])


def test_headers_that_were_asked_for(tmp_path):
    path = tmp_path / "log"
    asked = ["X-Tenant", "user-agent", "x-none", "x-tenant"]
    with Origin(respond()) as origin, serving(origin.address, access_log=path, access_log_headers=asked) as gateway:
        fields = [("x-tenant", "first"), ("X-Tenant", "second"), ("user-agent", "u" * 300), ("x-other", "not asked for")]
        get(port_of(gateway), headers=fields)
        (line,) = wait_for_lines(path, 1)
    assert line["request_headers"] == {"x-tenant": "first", "user-agent": "u" * 256}
    assert list(line) == [*KEYS[:-1], "request_headers", "attempts"]


@pytest.mark.parametrize(
    "headers", [["a b"], [""], ["host"], ["Authorization"], ["cookie"], ["ä"], [f"x-{number}" for number in range(17)]]
)
def test_headers_that_no_log_can_have(headers):
    with pytest.raises(kgwcore.KgwError, match="access_log_headers") as caught:
        kgwcore.Gateway(access_log="-", access_log_headers=headers)
    assert caught.value.name == "usage"


def test_sixteen_headers_are_not_too_many(tmp_path):
    path = tmp_path / "log"
    names = [f"x-{number}" for number in range(16)]
    with Origin(respond()) as origin, serving(origin.address, access_log=path, access_log_headers=names) as gateway:
        get(port_of(gateway), headers=[(name, name) for name in names])
        (line,) = wait_for_lines(path, 1)
    assert line["request_headers"] == {name: name for name in names}


# Bytes that a field value or a target may hold on the wire: RFC 9110 5.5 allows 0x80 to 0xff and the tab.
HOSTILE = [
    b'"}\\n{"start_time":"x',
    b"\\",
    b"\\u0000\t\\",
    b"\xff\xfe\xc0\xaf",
    b"\xe2\x80\xa8\xc2\x85\xc2\x9b2J",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x98",
    "ä€😀".encode(),
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_client_cannot_write_lines_of_its_own(tmp_path, value):
    path = tmp_path / "log"
    with Origin(respond()) as origin, serving(origin.address, access_log=path, access_log_headers=["x-evil"]) as gateway:
        with Client(port_of(gateway)) as client:
            target = b"/" + value.replace(b" ", b"").replace(b"\t", b"")
            client.send(b"GET " + target + b" HTTP/1.1\r\nhost: test.example\r\nx-evil: a" + value + b"z\r\n\r\n")
            client.read_response()
        kept = records(gateway)
        (line,) = wait_for_lines(path, 1)
    raw = path.read_bytes()
    assert raw.count(b"\n") == 1
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", raw)
    if line["response_code"] == 200:
        assert line["request_headers"] == {"x-evil": "a" + value.decode("utf-8", "backslashreplace") + "z"}
    line.pop("request_headers")
    assert [line] == kept


def test_a_long_path_is_cut_as_in_attempts(tmp_path):
    path = tmp_path / "log"
    with Origin(respond()) as origin, serving(origin.address, access_log=path) as gateway:
        get(port_of(gateway), "/" + "a" * 1000)
        kept = records(gateway)
        logged = wait_for_lines(path, 1)
    assert logged == kept
    assert logged[0]["path"] == "/" + "a" * 255


def test_workers_do_not_tear_lines(tmp_path):
    path = tmp_path / "log"
    each = 150
    with Origin() as origin, serving(origin.address, access_log=path, concurrency=2) as gateway:

        def ask(number):
            for _ in range(each // 10):  # each connection may come to either worker
                with Client(port_of(gateway)) as client:
                    for _ in range(10):
                        client.request(target=f"/{number}", host="nobody.example")

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = lines(path)  # closed: all of it is there
    assert sorted(line["path"] for line in found) == sorted(f"/{number}" for number in range(4) for _ in range(each))


def test_a_full_disk_stops_no_request():
    with Origin() as origin, serving(origin.address, access_log="/dev/full") as gateway:
        for _ in range(20):
            assert get(port_of(gateway), host="nobody.example").status == 404
        until(lambda: counter(gateway, "access_log_write_failed") == 20)
        assert counter(gateway, "access_log_dropped") == counter(gateway, "access_log_written") == 0


def test_a_pipe_whose_reader_left_stops_no_request(tmp_path):
    with fifo(tmp_path / "log") as reader, Origin() as origin:
        with serving(origin.address, access_log=tmp_path / "log") as gateway:
            get(port_of(gateway), host="nobody.example")
            until(lambda: counter(gateway, "access_log_written") == 1)
            os.close(reader)
            for _ in range(10):
                assert get(port_of(gateway), host="nobody.example").status == 404
            until(lambda: counter(gateway, "access_log_write_failed") == 10)


def test_a_reader_who_does_not_read_stops_no_request_and_no_stop(tmp_path):
    settings = {"log_queue_records": 16}
    with fifo(tmp_path / "log"), Origin() as origin:
        with serving(origin.address, access_log=tmp_path / "log", settings=settings) as gateway:
            with Client(port_of(gateway)) as client:
                asked = 0
                while not counter(gateway, "access_log_dropped"):
                    for _ in range(100):
                        assert client.request(host="nobody.example").status == 404
                    asked += 100
                    assert asked < 20000
            start = time.monotonic()
            gateway.close()
            assert time.monotonic() - start < 3


def test_a_log_that_cannot_be_opened_fails_the_start(tmp_path):
    path = tmp_path / "no" / "log"
    with Origin() as origin:
        gateway = kgwcore.Gateway(documents.routed([origin.address]), listen={"http": "127.0.0.1:0"}, access_log=path)
        with pytest.raises(kgwcore.BindError, match=re.escape(str(path))) as caught:
            gateway.start()
        assert isinstance(caught.value, OSError)
        assert (caught.value.name, caught.value.errno) == ("io", 2)


def test_reopen_after_a_rename(tmp_path):
    path, old = tmp_path / "log", tmp_path / "log.1"
    with Origin() as origin, serving(origin.address, access_log=path) as gateway:
        get(port_of(gateway), "/a", host="nobody.example")
        wait_for_lines(path, 1)
        path.rename(old)
        gateway.reopen_access_log()
        get(port_of(gateway), "/b", host="nobody.example")
        assert [line["path"] for line in wait_for_lines(path, 1)] == ["/b"]
        assert [line["path"] for line in lines(old)] == ["/a"]
        path.rename(old)
        path.mkdir()
        with pytest.raises(kgwcore.BindError):
            gateway.reopen_access_log()
        get(port_of(gateway), "/c", host="nobody.example")
        assert [line["path"] for line in wait_for_lines(old, 2)] == ["/b", "/c"]


def test_reopen_without_a_log():
    with Origin() as origin, serving(origin.address) as gateway, pytest.raises(kgwcore.ClosedError):
        gateway.reopen_access_log()


def test_the_awaitable_twin(tmp_path):
    async def reopened():
        async with aio.Gateway.to("http://127.0.0.1:9", access_log=tmp_path / "log") as gateway:
            (tmp_path / "log").unlink()
            await gateway.reopen_access_log()
            return (tmp_path / "log").exists()

    assert asyncio.run(reopened())


def test_a_restart_appends(tmp_path):
    path = tmp_path / "log"
    for number in range(2):
        with Origin() as origin, serving(origin.address, access_log=path) as gateway:
            get(port_of(gateway), f"/{number}", host="nobody.example")
    assert [line["path"] for line in lines(path)] == ["/0", "/1"]


def test_a_forked_child_leaves_the_log_to_its_parent(tmp_path):
    script = f"""
import os, kgwcore, urllib.request
gateway = kgwcore.Gateway.to("http://127.0.0.1:9", access_log={str(tmp_path / "log")!r}).start()
child = os.fork()
if child == 0:
    gateway.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
try:
    urllib.request.urlopen(gateway.url("http"))
except urllib.error.HTTPError:
    pass
gateway.close()
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    assert [line["response_code"] for line in lines(tmp_path / "log")] == [503]


# ---- the command line ----


@pytest.fixture(name="file")
def documents_file(tmp_path):
    with Origin(respond(body=b"up")) as origin:
        file = tmp_path / "gateway.yaml"
        file.write_text(documents.routed([origin.address]))
        yield file


ANY = ("--listen", "http=127.0.0.1:0", "--admin-address", "127.0.0.1:0")


def test_usr1_reopens(file, tmp_path):
    path, old = tmp_path / "log", tmp_path / "log.1"
    with Run("-f", file, *ANY, "--access-log", path, "--access-log-header", "x-a") as run:
        get(run.port, headers={"x-a": "1"})
        assert wait_for_lines(path, 1)[0]["request_headers"] == {"x-a": "1"}
        path.rename(old)
        run.process.send_signal(signal.SIGUSR1)
        until(path.exists)
        get(run.port, "/b")
        assert [line["path"] for line in wait_for_lines(path, 1)] == ["/b"]
        assert run.stop() == 0
    assert len(lines(old)) == 1


def test_usr1_without_a_log_does_nothing(file):
    with Run("-f", file, *ANY) as run:
        run.process.send_signal(signal.SIGUSR1)
        until(lambda: any("no access log" in line for line in run.errors))
        assert get(run.port).status == 200


def test_standard_output_says_first_where_it_listens(file):
    command = [sys.executable, "-m", "kgwcore", "run", "-f", str(file), *ANY, "--access-log", "-"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        first = [process.stdout.readline() for _ in range(3)]
        assert [line.split()[0] for line in first] == ["listening", "admin", "ready"]
        get(int(first[0].split()[1].rpartition(":")[2]), "/x")
        assert json.loads(process.stdout.readline())["path"] == "/x"
        assert os.get_blocking(process.stdout.fileno())
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(("option", "logs"), [((), True), (("--access-log", "off"), False)])
def test_a_terminal_shows_the_log_unless_told_otherwise(file, option, logs):
    try:
        ours, theirs = os.openpty()
    except OSError as error:  # a container without /dev/pts
        pytest.skip(f"no terminal can be made here: {error}")
    command = [sys.executable, "-m", "kgwcore", "run", "-f", str(file), *ANY, *option]
    process = subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL)
    os.close(theirs)
    try:
        with os.fdopen(ours, "rb", buffering=0) as terminal:
            seen = b""
            while b"ready\r\n" not in seen:
                seen += terminal.read(4096)
            port = int(re.search(rb"listening http://[^ ]*:(\d+) ", seen)[1])
            get(port, "/x")
            process.send_signal(signal.SIGTERM)
            rest = seen.partition(b"ready\r\n")[2]
            with contextlib.suppress(OSError):  # the last one has closed the other side
                while more := terminal.read(4096):
                    rest += more
        assert process.wait(timeout=20) == 0
        found = [json.loads(line) for line in rest.splitlines()]
        assert [line["path"] for line in found] == (["/x"] if logs else [])
    finally:
        process.kill()
        process.wait()


def test_the_environment_names_the_log(file, tmp_path, monkeypatch):
    monkeypatch.setenv("KGWCORE_ACCESS_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("KGWCORE_ACCESS_LOG_HEADER", "x-a x-b")
    with Run("-f", file, *ANY) as run:
        get(run.port, headers={"x-b": "2"})
        assert wait_for_lines(tmp_path / "log", 1)[0]["request_headers"] == {"x-b": "2"}
