"""kgwcore run, as a process."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from kgwcore.httpbin import Server
from support import BASE, BROKEN_ROUTE, ROUTE, Running, environment, fetch, kgwcore, running, taken_port

ANY = "http=127.0.0.1:0"
HTTP = "infra/http/http"


def wait_for(url: str, status: int) -> None:
    """Asks until the answer has that status; a request is what shows that a reload is in force."""
    end = time.monotonic() + 30
    while fetch(url).status != status:
        assert time.monotonic() < end, f"{url} never answered {status}"


def finish(gateway: Running) -> tuple[int, str]:
    """Exit code and what it wrote to standard error."""
    _, log = gateway.process.communicate(timeout=30)
    return gateway.process.returncode, log


def write(folder: Path, text: str) -> str:
    """Replaces the one manifest of a folder in one step, so that no reader sees half of it."""
    (folder / "all.new").write_text(text)
    (folder / "all.new").rename(folder / "all.yaml")
    return str(folder)


def test_it_says_where_it_listens_and_ends_with_0_on_term(tmp_path: Path) -> None:
    with running("-f", write(tmp_path, BASE + "---" + ROUTE), "--listen", ANY, "--with-httpbin") as gateway:
        assert list(gateway.listening) == [HTTP]
        assert fetch(gateway.listening[HTTP] + "/headers").status == 200
        assert fetch(gateway.admin + "/ready").status == 200
        gateway.process.send_signal(signal.SIGTERM)
        assert finish(gateway)[0] == 0


def test_manifests_may_come_from_standard_input() -> None:
    command = [sys.executable, "-m", "kgwcore", "run", "-f", "-", "--listen", ANY, "--admin-address", "off"]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )
    assert process.stdin
    process.stdin.write(BASE)
    process.stdin.close()
    process.stdin = None
    gateway = Running(process)
    assert list(gateway.listening) == [HTTP]
    assert gateway.admin == ""
    process.send_signal(signal.SIGINT)
    assert finish(gateway)[0] == 0


def test_a_request_finishes_before_it_ends(tmp_path: Path, origin: Server) -> None:
    folder = write(tmp_path, BASE + "---" + ROUTE)
    with running("-f", folder, "--listen", ANY, "--backend", f"*={origin.address}") as gateway:
        url = gateway.listening[HTTP]
        statuses: list[int] = []
        client = threading.Thread(target=lambda: statuses.append(fetch(url + "/delay/0.5").status))
        client.start()
        while "upstream_rq_active: 1\n" not in fetch(gateway.admin + "/stats").body.decode():
            pass
        gateway.process.send_signal(signal.SIGTERM)
        assert finish(gateway)[0] == 0
        client.join()
        assert statuses == [200]


def test_a_second_signal_stops_at_once(tmp_path: Path, origin: Server) -> None:
    folder = write(tmp_path, BASE + "---" + ROUTE)
    options = ["--backend", f"*={origin.address}", "--set", "drain_timeout_ms=600000"]
    with running("-f", folder, "--listen", ANY, *options) as gateway:
        url = gateway.listening[HTTP]
        failures: list[BaseException] = []

        def request() -> None:
            try:
                fetch(url + "/delay/10")
            except OSError as failure:
                failures.append(failure)

        client = threading.Thread(target=request)
        client.start()
        while "upstream_rq_active: 1\n" not in fetch(gateway.admin + "/stats").body.decode():
            pass
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.stderr
        for line in gateway.process.stderr:
            if "draining" in line:
                break
        gateway.process.send_signal(signal.SIGTERM)
        assert finish(gateway)[0] == 0
        client.join()


def test_hup_reloads_the_files(tmp_path: Path, origin: Server) -> None:
    folder = write(tmp_path, BASE)
    with running("-f", folder, "--listen", ANY, "--backend", f"*={origin.address}") as gateway:
        url = gateway.listening[HTTP] + "/status/201"
        assert fetch(url).status == 404
        write(tmp_path, BASE + "---" + ROUTE)
        gateway.process.send_signal(signal.SIGHUP)
        wait_for(url, 201)
        write(tmp_path, "kind: [\n")
        gateway.process.send_signal(signal.SIGHUP)
        write(tmp_path, BASE)
        gateway.process.send_signal(signal.SIGHUP)
        wait_for(url, 404)
        gateway.process.send_signal(signal.SIGTERM)
        assert finish(gateway)[0] == 0


def test_watch_reloads_changed_files(tmp_path: Path, origin: Server) -> None:
    folder = write(tmp_path, BASE)
    with running("-f", folder, "--listen", ANY, "--backend", f"*={origin.address}", "--watch") as gateway:
        url = gateway.listening[HTTP] + "/status/201"
        write(tmp_path, BASE + "---" + ROUTE)
        wait_for(url, 201)


def test_a_rejected_document_ends_it_with_1(tmp_path: Path) -> None:
    ended = kgwcore(
        "run", "-f", write(tmp_path, BASE + "---" + BROKEN_ROUTE), "--listen", ANY, "--admin-address", "off"
    )
    assert ended.returncode == 1
    assert f"{tmp_path}/all.yaml:" in ended.stderr
    assert "spec.hostname" in ended.stderr
    assert "listening" not in ended.stdout


def test_keep_going_serves_the_rest(tmp_path: Path) -> None:
    with running("-f", write(tmp_path, BASE + "---" + BROKEN_ROUTE), "--listen", ANY, "--keep-going") as gateway:
        assert fetch(gateway.listening[HTTP]).status == 404


def test_a_port_in_use_ends_it_with_3(tmp_path: Path) -> None:
    with taken_port() as port:
        folder = write(tmp_path, BASE)
        ended = kgwcore("run", "-f", folder, "--listen", f"http=127.0.0.1:{port}", "--admin-address", "off")
        assert (ended.returncode, ended.stdout) == (3, "")
        assert str(port) in ended.stderr
        ended = kgwcore("run", "-f", folder, "--listen", ANY, "--admin-address", f"127.0.0.1:{port}")
        assert (ended.returncode, ended.stdout) == (3, "")
        assert str(port) in ended.stderr


def test_to_needs_no_manifest(origin: Server) -> None:
    with running("--to", origin.url, "--retry-on", "5xx", "--retries", "1", "--port", "0") as gateway:
        url = gateway.listening["kgwcore/local/http"]
        assert fetch(url + "/headers").json["headers"]["Host"] == [origin.address]
        assert fetch(url + "/status/500").status == 500
        shown = kgwcore("attempts", "--admin-address", gateway.address)
        assert shown.returncode == 0
        assert "retries are used up" in shown.stdout


def test_without_a_manifest_it_starts_without_listeners() -> None:
    with running() as gateway:
        assert gateway.listening == {}
        assert fetch(gateway.admin + "/ready").status == 200
