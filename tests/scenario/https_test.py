"""HTTPS listeners: certificates out of Secrets, chosen by name, changed without a connection lost."""

import contextlib
import http.client
import socket
import ssl
import urllib.request

import pytest
from support.certificates import certificate, secret
from support.gateway import counter
from support.https import BODY, ROUTE, gateway_of, listener
from support.process import until

import kgwcore
from kgwcore.httpbin import Server


@contextlib.contextmanager
def serving(text, *listeners, **options):
    """A gateway with these listeners on one free port, and that port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    listen = {name: f"127.0.0.1:{port}" for name in listeners or ("https",)}
    with kgwcore.Gateway(text, listen=listen, **options) as gateway:
        yield gateway, port


def context_of(*names, alpn=(), version=None):
    """A client that trusts the certificate of these names alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certificate(*names)[0])
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if version:
        context.minimum_version = context.maximum_version = version
    return context


def connect(port, context, name="a.example", session=None):
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=10), server_hostname=name, session=session)


def get(sock, host="a.example"):
    """A keep-alive request over an open connection, and its body."""
    sock.sendall(f"GET / HTTP/1.1\r\nhost: {host}\r\n\r\n".encode())
    response = http.client.HTTPResponse(sock)
    response.begin()
    return response.read().decode()


ONE = secret("a", "a.example") + ROUTE + gateway_of(listener("https", "a"))


def test_a_url_of_https():
    with serving(ONE) as (gateway, port):
        assert gateway.url("https") == f"https://127.0.0.1:{port}"
        with connect(port, context_of("a.example")) as sock:
            assert get(sock) == BODY


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions(version):
    with serving(ONE) as (_, port), connect(port, context_of("a.example", version=version)) as sock:
        assert get(sock) == BODY


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_no_older_version():
    """RFC 8996."""
    with serving(ONE) as (gateway, port):
        context = context_of("a.example", version=ssl.TLSVersion.TLSv1_1)
        context.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises(ssl.SSLError):
            connect(port, context)
        assert until(lambda: counter(gateway, "ssl_connection_error") == 1)


@pytest.mark.parametrize(
    ("offered", "agreed"), [(("h2", "http/1.1"), "h2"), (("http/1.1", "h2"), "h2"), (("http/1.1",), "http/1.1"), ((), None)]
)
def test_the_protocol_is_agreed_on(offered, agreed):
    """RFC 7301 3.2: the server chooses."""
    with serving(ONE) as (_, port), connect(port, context_of("a.example", alpn=offered)) as sock:
        assert sock.selected_alpn_protocol() == agreed
        if agreed != "h2":
            assert get(sock) == BODY


def test_a_client_that_speaks_nothing_of_ours_is_refused():
    """RFC 7301 3.2: no_application_protocol."""
    with serving(ONE) as (_, port), pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
        connect(port, context_of("a.example", alpn=["h3"]))


THREE = (
    secret("a", "a.example")
    + secret("b", "b.example")
    + secret("wild", "*.b.example")
    + ROUTE
    + gateway_of(
        listener("a", "a", hostname="a.example"),
        listener("b", "b", hostname="b.example"),
        listener("wild", "wild", hostname="*.b.example"),
    )
)


@pytest.mark.parametrize(
    ("name", "shown"), [("a.example", "a.example"), ("b.example", "b.example"), ("x.b.example", "*.b.example"), ("B.EXAMPLE", "b.example")]
)
def test_the_certificate_goes_by_the_name_that_the_client_asks_for(name, shown):
    """RFC 6066 3."""
    with serving(THREE, "a", "b", "wild") as (_, port), connect(port, context_of(shown), name=name) as sock:
        assert get(sock, host=name.lower()) == BODY


def test_an_unknown_name_gets_the_first_certificate():
    with serving(THREE, "a", "b", "wild") as (_, port):
        context = context_of("a.example")
        context.check_hostname = False
        with connect(port, context, name="nobody.example") as sock:
            assert dict(field[0] for field in sock.getpeercert()["subject"])["commonName"] == "a.example"


def test_a_session_is_resumed():
    """RFC 8446 2.2; also after an apply that leaves the certificate as it is."""
    with serving(ONE) as (gateway, port):
        context = context_of("a.example")
        with connect(port, context) as first:
            assert get(first) == BODY
            session = first.session
        gateway.apply(ROUTE.replace(BODY, "another answer"))
        with connect(port, context, session=session) as second:
            assert second.session_reused
            assert get(second) == "another answer"


def test_a_new_certificate_is_shown_and_no_connection_is_lost():
    with serving(ONE) as (gateway, port), connect(port, context_of("a.example")) as before:
        assert get(before) == BODY
        gateway.apply(secret("a", "a.example", "new.example"))
        assert get(before) == BODY
        with connect(port, context_of("a.example", "new.example"), name="new.example") as after:
            assert get(after) == BODY
        assert counter(gateway, "downstream_cx_active") >= 1


def test_a_certificate_changes_inside_a_handshake():
    """The one that the connection was accepted with is shown."""
    with serving(ONE) as (gateway, port):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context_of("a.example").wrap_bio(incoming, outgoing, server_hostname="a.example")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
            with contextlib.suppress(ssl.SSLWantReadError):
                client.do_handshake()
            hello = outgoing.read()
            sock.sendall(hello[:20])
            assert until(lambda: counter(gateway, "downstream_cx_active") == 1)
            for name in ("one.example", "two.example", "three.example"):
                gateway.apply(secret("a", name))
            sock.sendall(hello[20:])
            while True:
                incoming.write(sock.recv(65536))
                try:
                    client.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    pass
            assert client.getpeercert()["subject"][0][0] == ("commonName", "a.example")


def test_a_certificate_that_does_not_fit_its_key_takes_only_its_listener():
    text = secret("a", "a.example") + secret("bad", "b.example", key_of="a.example") + ROUTE
    listeners = gateway_of(listener("a", "a", hostname="a.example"), listener("b", "bad", hostname="b.example"))
    with serving(text + listeners, "a", "b") as (gateway, port):
        with connect(port, context_of("a.example")) as sock:
            assert get(sock) == BODY
        conditions = {
            item["name"]: {one["type"]: one["reason"] for one in item["conditions"]}
            for item in gateway.get("Gateway", "edge")["status"]["listeners"]
        }
        assert conditions["a"]["ResolvedRefs"] == "ResolvedRefs"
        assert conditions["b"]["ResolvedRefs"] == "InvalidCertificateRef"


def test_a_secret_that_goes_bad_takes_its_listener_out_of_service():
    """Drained, as any listener that goes: open connections end in order, until a good Secret comes."""
    with serving(ONE) as (gateway, port):
        with connect(port, context_of("a.example")) as sock:
            assert get(sock) == BODY
            gateway.apply(secret("a", "a.example", key_of="b.example"))
            assert sock.recv(1) == b"", "close_notify"
        with pytest.raises(ConnectionRefusedError):
            connect(port, context_of("a.example"))
        gateway.apply(secret("a", "a.example"))
        with connect(port, context_of("a.example")) as sock:
            assert get(sock) == BODY


def test_an_end_right_behind_a_request_is_seen():
    """close_notify in the flight of the request, and no FIN: the client is gone, and what it asked for is given up."""
    with contextlib.closing(Server().start()) as origin:
        host, _, at = origin.address.rpartition(":")
        backend = f"{{type: Static, static: {{hosts: [{{host: {host}, port: {at}}}]}}}}"
        text = (
            secret("a", "a.example")
            + gateway_of(listener("https", "a"))
            + "apiVersion: gateway.kgateway.dev/v1alpha1\nkind: Backend\nmetadata: {name: origin}\n"
            + f"spec: {backend}\n---\n"
            + "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: all}\nspec:\n"
            + "  parentRefs: [{name: edge}]\n"
            + "  rules: [{backendRefs: [{group: gateway.kgateway.dev, kind: Backend, name: origin}]}]\n"
        )
        with serving(text) as (gateway, port), socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            client = context_of("a.example").wrap_bio(incoming, outgoing, server_hostname="a.example")
            while True:
                try:
                    client.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    sock.sendall(outgoing.read())
                    incoming.write(sock.recv(65536))
            client.write(b"GET /delay/10 HTTP/1.1\r\nhost: a.example\r\n\r\n")
            with contextlib.suppress(ssl.SSLWantReadError):
                client.unwrap()
            sock.sendall(outgoing.read())
            assert until(lambda: [record["response_flags"] for record in gateway.attempts(limit=1)], patience=5) == ["DC"]


def test_plain_text_on_the_port_is_no_handshake():
    with serving(ONE) as (gateway, port):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nhost: a.example\r\n\r\n")
            assert BODY.encode() not in b"".join(iter(lambda: sock.recv(4096), b""))
        assert until(lambda: counter(gateway, "ssl_connection_error") == 1)
        assert until(lambda: counter(gateway, "downstream_cx_active") == 0)


def test_a_handshake_that_does_not_come_to_its_end():
    with serving(ONE, settings={"tls_handshake_timeout_ms": 200}) as (gateway, port):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
            sock.sendall(b"\x16\x03\x01")
            with contextlib.suppress(ConnectionResetError):
                assert sock.recv(1) == b""
        assert until(lambda: counter(gateway, "ssl_handshake_timeout") == 1)


def test_nothing_of_an_answer_is_lost_when_the_connection_closes_behind_it():
    """Records that the kernel has not taken when we close: a slow reader gets every byte, then close_notify."""
    big = ROUTE.replace(BODY, "x" * 4000)
    with serving(ONE + big, settings={"requests_per_connection": 300}) as (_, port):
        with connect(port, context_of("a.example")) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nhost: a.example\r\n\r\n" * 300)
            received = b"".join(iter(lambda: sock.recv(1000), b""))
        assert received.count(b"x" * 4000) == 300
        assert received.count(b"connection: close") == 1


def test_the_origin_is_told_of_https():
    with contextlib.closing(Server().start()) as origin:
        host, _, at = origin.address.rpartition(":")
        text = (
            secret("a", "a.example")
            + gateway_of(listener("https", "a"))
            + f"""
apiVersion: gateway.kgateway.dev/v1alpha1
kind: Backend
metadata: {{name: origin}}
spec: {{type: Static, static: {{hosts: [{{host: {host}, port: {at}}}]}}}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: all}}
spec:
  parentRefs: [{{name: edge}}]
  rules: [{{backendRefs: [{{group: gateway.kgateway.dev, kind: Backend, name: origin}}]}}]
"""
        )
        with serving(text) as (_, port):
            context = context_of("a.example")
            context.check_hostname = False
            url = f"https://127.0.0.1:{port}/headers"
            with urllib.request.urlopen(url, context=context) as response:
                assert b'"https"' in response.read(), "x-forwarded-proto"
