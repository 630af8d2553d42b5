"""TLS toward the origin: verified by default, never dropped to plain text, and retried as a connect failure."""

import http.server
import ssl
import subprocess
import threading
import urllib.error
import urllib.request

import pytest

import kgwcore


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A self-signed certificate for localhost and 127.0.0.1, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        + ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        + ["-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    return certificate, key


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body):
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(f"{self.headers['host']} {self.path}".encode() * (20000 if self.path == "/big" else 1))

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["content-length"])))

    def log_message(self, *args):
        pass


@pytest.fixture
def origin(pair):
    """The port of an HTTPS server on 127.0.0.1."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair)
        # Shaken hands in accept, a connection that is refused would never be closed, and its end warns in some later test.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def trusted(pair, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(pair[0]))


def fetch(gateway, path="/", body=None):
    with urllib.request.urlopen(gateway.url("http") + path, data=body, timeout=20) as response:
        return response.read()


def refused(gateway):
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch(gateway)
    with caught.value as answer:
        return answer.code


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_trusted_origin_is_reached(origin, trusted, host):
    with kgwcore.Gateway.to(f"https://{host}:{origin}") as gateway:
        assert fetch(gateway, "/a") == f"{host}:{origin} /a".encode()
        assert fetch(gateway, "/b") == f"{host}:{origin} /b".encode()
        first, second = gateway.attempts()
        assert [first["attempts"][0]["reused"], second["attempts"][0]["reused"]] == [False, True]


def test_large_messages_pass_both_ways(origin, trusted):
    with kgwcore.Gateway.to(f"https://127.0.0.1:{origin}") as gateway:
        body = bytes(range(256)) * 20000
        assert fetch(gateway, "/", body) == body
        assert fetch(gateway, "/big") == f"127.0.0.1:{origin} /big".encode() * 20000


def test_an_unknown_authority_is_a_retried_connect_failure(origin):
    with kgwcore.Gateway.to(f"https://127.0.0.1:{origin}", retry_on="connect-failure", retries=2) as gateway:
        assert refused(gateway) == 503
        record = gateway.attempts()[-1]
        assert record["response_flags"] == "URX,UF"
        assert len(record["attempts"]) == 3
        assert "certificate_verify_failed:_self-signed_certificate" in record["response_code_details"]


def test_tls_verify_switches_it_off(origin):
    with kgwcore.Gateway.to(f"https://127.0.0.1:{origin}", settings={"tls_verify": 0}) as gateway:
        assert fetch(gateway, "/a").endswith(b"/a")


def test_a_wrong_name_is_refused(origin, trusted):
    with kgwcore.Gateway.to(f"https://127.0.0.2:{origin}") as gateway:
        assert refused(gateway) == 503


def test_a_plain_text_origin_is_never_spoken_to_in_plain_text():
    seen = []

    class Plain(Handler):
        def do_GET(self):
            seen.append(self.path)
            self.answer(b"")

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = False  # they are waited for, so that no connection is left open

    with Server(("127.0.0.1", 0), Plain) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        with kgwcore.Gateway.to(f"https://127.0.0.1:{server.server_port}", settings={"tls_verify": 0}) as gateway:
            assert refused(gateway) == 503
        server.shutdown()
        thread.join()
    assert seen == []
