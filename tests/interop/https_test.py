"""HTTPS listeners with real clients: h2spec over TLS, curl and h2load with ALPN, openssl s_client."""

import contextlib
import re

import pytest
from http2_h2spec_test import LEAST, cases_of
from support.certificates import certificate, secret
from support.process import SANITIZED
from support.rest import at_rest

import http2
import kgwcore
import peers

REQUESTS = 20_000 if not SANITIZED else 2_000


@contextlib.contextmanager
def serving_tls(text):
    """-> a gateway that serves these documents on an HTTPS listener instead of a plain one, and its port."""
    listener = "name: http\n    port: 8080\n    protocol: HTTP"
    assert listener in text
    tls = listener.replace("HTTP", "HTTPS") + "\n    tls:\n      certificateRefs:\n      - name: cert"
    documents = text.replace(listener, tls) + "---\n" + secret("cert", "localhost").replace("name: cert", "name: cert, namespace: test")
    with kgwcore.Gateway(documents, listen={"http": "127.0.0.1:0"}) as gateway:
        yield gateway, int(gateway.url("http").rpartition(":")[2])


def direct():
    return http2.direct_text("hello")


def curl(port, *options):
    chain = certificate("localhost")[0]
    to = ["--connect-to", f"localhost:443:127.0.0.1:{port}", "--cacert", chain]
    return peers.run("curl", "-sS", "-w", " %{http_version} %{http_code}", *to, *options, "https://localhost/")


def test_h2spec_over_tls(tmp_path):
    """Strictly and all of it: with ALPN, the preface of HTTP/2 is expected."""
    with serving_tls(direct()) as (_, port):
        cases = cases_of(port, "/", tmp_path, "--tls", "--insecure")
        assert len(cases) >= LEAST
        assert not {name: case for name, case in cases.items() if case[1]}


@pytest.mark.parametrize(("option", "version"), [("--http2", "2"), ("--http1.1", "1.1"), ("--no-alpn", "1.1")])
def test_curl_verifies_and_agrees(option, version):
    with serving_tls(direct()) as (_, port):
        shown = curl(port, option)
        assert (shown.stdout, shown.stderr) == (f"hello {version} 200", "")


def test_openssl_sees_a_resumed_session(tmp_path):
    """RFC 8446 2.2."""
    with serving_tls(direct()) as (_, port):
        kept = tmp_path / "session"
        client = ["s_client", "-connect", f"127.0.0.1:{port}", "-servername", "localhost", "-ign_eof"]
        request = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        first = peers.run("openssl", *client, "-sess_out", kept, stdin=request).stdout
        second = peers.run("openssl", *client, "-sess_in", kept, stdin=request).stdout
        assert "hello" in first and "New, TLS" in first
        assert "hello" in second and "Reused, TLS" in second


@pytest.mark.parametrize("options", [["--h1"], ["-m", 20]], ids=["h1", "h2"])
@pytest.mark.parametrize("h2c", [False, True], ids=["h1 origin", "h2c origin"])
def test_h2load(tmp_path, options, h2c):
    (tmp_path / "small").write_bytes(b"x" * 100)
    with http2.nghttpd(tmp_path, "-m", "1000") as files, http2.nghttpx(files, h2c=True) as over_h1:
        text = http2.text(f"127.0.0.1:{files if h2c else over_h1}", h2c)
        with serving_tls(text) as (gateway, port):
            shown = peers.run("h2load", "-n", REQUESTS, "-c", 20, *options, f"https://127.0.0.1:{port}/small", timeout=120).stdout
            assert re.search(rf"{REQUESTS} succeeded, 0 failed, 0 errored, 0 timeout", shown), shown
            at_rest(gateway)
