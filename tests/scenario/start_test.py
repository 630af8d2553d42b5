"""How the process starts, and how it does not."""

import signal
import socket

import pytest

from support import documents
from support.client import get
from support.origin import Origin, respond
from support.process import Run, kgwcore


@pytest.fixture(name="file")
def documents_file(tmp_path):
    with Origin(respond(body=b"up")) as origin:
        file = tmp_path / "gateway.yaml"
        file.write_text(documents.routed([origin.address]))
        yield file


def test_term_ends_it_with_0(file):
    with Run("-f", file, "--listen", "http=127.0.0.1:0", "--admin-address", "127.0.0.1:0") as run:
        assert get(run.port).body == b"up"
        run.process.send_signal(signal.SIGTERM)
        assert run.process.wait(timeout=20) == 0


def test_second_run_on_the_same_port_exits_3(file):
    with Run("-f", file, "--listen", "http=127.0.0.1:0", "--admin-address", "127.0.0.1:0") as run:
        second = kgwcore("run", "-f", file, "--listen", f"http=127.0.0.1:{run.port}", "--admin-address", "127.0.0.1:0")
        assert second.returncode == 3, second.stderr
        assert str(run.port) in second.stderr
        assert get(run.port).status == 200


def test_admin_port_in_use_exits_3(file):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = kgwcore("run", "-f", file, "--listen", "http=127.0.0.1:0", "--admin-address", f"127.0.0.1:{port}")
        assert done.returncode == 3, done.stderr
        assert str(port) in done.stderr


def test_clients_without_a_gateway_exit_3():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    done = kgwcore("get", "httproute", admin=f"http://127.0.0.1:{port}")
    assert done.returncode == 3, done.stderr


def test_rejected_document_exits_1_before_it_listens(tmp_path):
    file = tmp_path / "wrong.yaml"
    file.write_text("apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {prots: []}\n")
    done = kgwcore("run", "-f", file, "--admin-address", "127.0.0.1:0")
    assert done.returncode == 1, done.stderr
    assert "ready" not in done.stdout
