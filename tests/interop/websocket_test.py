"""WebSocket through kgwcore and another proxy that speaks HTTP/2 with it (RFC 8441): a handshake and frames both ways."""

import contextlib

import pytest

import http2
from support.gateway import port_of
from support.origin import Origin
from support.rest import at_rest
from support.tunnels import ACCEPT, H1Tunnel, H2Tunnel, h1_echo

ON = {"accept_extended_connect": 1}
PROXIES = ["nghttpx", "haproxy", "envoy"]


def in_front(name, folder, backend):
    """Takes HTTP/1 and asks that port over h2c."""
    if name == "nghttpx":
        return http2.nghttpx(backend, h2c=True)
    return http2.haproxy(folder, backend, front_h2c=False) if name == "haproxy" else http2.envoy(folder, backend)


def behind(name, folder, backend):
    """Takes h2c and asks that port over HTTP/1."""
    if name == "nghttpx":
        return http2.nghttpx(backend)
    proxy = http2.haproxy if name == "haproxy" else http2.envoy
    return proxy(folder, backend, back_h2c=False)


def talk(tunnel, origin):
    for text in (b"hello", b"x" * 200_000):
        tunnel.send(text)
        assert tunnel.receive(len(text)) == text.upper()
    assert origin.requests[0].headers.get("upgrade") == "websocket"
    tunnel.close()


@pytest.mark.parametrize("name", PROXIES)
def test_a_client_of_a_proxy_that_asks_us_over_h2(name, tmp_path):
    with contextlib.ExitStack() as stack:
        origin = stack.enter_context(Origin(h1_echo()))
        gateway = stack.enter_context(http2.serving(origin.port, settings=ON))
        port = stack.enter_context(in_front(name, tmp_path, port_of(gateway)))
        tunnel = H1Tunnel(port, "websocket")
        status, headers = tunnel.wait()
        assert (status, headers.get("sec-websocket-accept")) == (101, ACCEPT)
        talk(tunnel, origin)


# nghttpx puts a key of its own beside the one of a client of HTTP/1; Envoy needs that one.
@pytest.mark.parametrize(
    "name, client", [(name, client) for name in PROXIES for client in (H1Tunnel, H2Tunnel)][1:]
)
def test_a_proxy_as_our_origin_over_h2(name, client, tmp_path):
    with contextlib.ExitStack() as stack:
        origin = stack.enter_context(Origin(h1_echo()))
        port = stack.enter_context(behind(name, tmp_path, origin.port))
        gateway = stack.enter_context(http2.serving(port, h2c=True, settings=ON))
        tunnel = client(port_of(gateway), "websocket")
        status, headers = tunnel.wait()
        assert status == (101 if client is H1Tunnel else 200)
        if client is H1Tunnel:
            assert headers.get("sec-websocket-accept") == ACCEPT
        talk(tunnel, origin)
        at_rest(gateway)
