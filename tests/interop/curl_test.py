"""A real curl as the client."""

import json
import os

import pytest

import peers
from support.client import HOST
from support.gateway import port_of, serving
from support.origin import Origin, respond


@pytest.fixture(name="origin")
def answering_origin():
    with Origin(respond(body=b"hello")) as origin:
        yield origin


@pytest.fixture(name="curl")
def curl_to_gateway(origin):
    """curl(PATH, OPTIONS...) -> (what it measured, the body)."""
    with serving(origin.address) as gateway:
        url = f"http://127.0.0.1:{port_of(gateway)}"

        def curl(path, *options, stdin=None):
            options = ["-sS", "-H", f"Host: {HOST}", "-w", "%{stderr}%{json}\n", *options]
            result = peers.run("curl", *options, url + path, stdin=stdin, binary=True)
            assert result.returncode == 0, result.stderr
            return json.loads(result.stderr.splitlines()[-1]), result.stdout

        yield curl


@pytest.mark.parametrize("method", ["GET", "DELETE", "OPTIONS", "PATCH", "PUT", "POST", "MKCALENDAR"])
def test_methods(curl, origin, method):
    measured, body = curl("/some/path?x=1", "-X", method)
    assert (measured["http_code"], measured["http_version"], body) == (200, "1.1", b"hello")
    assert (origin.requests[-1].method, origin.requests[-1].target) == (method, "/some/path?x=1")


def test_head(curl, origin):
    measured, body = curl("/", "-I")
    assert measured["http_code"] == 200 and measured["size_download"] == 0
    assert b"content-length: 5\r\n" in body.lower()
    assert origin.requests[-1].method == "HEAD"


def test_upload_waits_for_100_and_gets_it(curl, origin, tmp_path):
    data = os.urandom(2_000_000)
    (tmp_path / "data").write_bytes(data)
    measured, _ = curl("/upload", "-T", tmp_path / "data", "-H", "Expect: 100-continue", "--expect100-timeout", "20")
    assert measured["http_code"] == 200
    assert measured["time_total"] < 10, "curl waited in vain for 100 Continue"
    assert origin.requests[-1].body == data


def test_chunked_upload(curl, origin):
    data = os.urandom(500_000)
    measured, _ = curl("/upload", "-T", "-", "-H", "Transfer-Encoding: chunked", stdin=data)
    assert measured["http_code"] == 200
    assert origin.requests[-1].body == data


def test_form(curl, origin):
    measured, _ = curl("/form", "-F", "name=value", "-F", "file=@-;filename=x", stdin=b"content")
    assert measured["http_code"] == 200
    assert b'name="name"\r\n\r\nvalue\r\n' in origin.requests[-1].body


def test_keep_alive(curl, origin):
    measured, body = curl("/[1-20]")
    assert (measured["num_connects"], body) == (0, b"hello" * 20), "the last transfer opened no connection"
    assert len(origin.requests) == 20 and origin.connections == 1


def test_parallel(curl, origin):
    _, body = curl("/[1-100]", "--parallel", "--parallel-max", "25", "--no-progress-meter")
    assert body == b"hello" * 100
    assert sorted(int(request.target[1:]) for request in origin.requests) == list(range(1, 101))


def test_http_1_0_is_told_to_upgrade(curl, origin):
    assert curl("/", "--http1.0")[0]["http_code"] == 426
    assert not origin.requests
