"""What a client connection costs that has had its answer and waits: memory of the process, with 10,000 of them."""

import resource
import socket
import ssl

import pytest

from support.certificates import certificate, secret
from support.https import BODY, ROUTE, gateway_of, listener
from support.process import SANITIZED, Memory, Run
from support.rest import admin_stats

COUNT = 10_000
NAME = "idle.example"
PLAIN = "{name: http, port: 8080, protocol: HTTP}"


def asked(sock):
    sock.sendall(f"GET / HTTP/1.1\r\nhost: {NAME}\r\n\r\n".encode())
    answer = b""
    while not answer.endswith(BODY.encode()):
        answer += sock.recv(4096)
    return sock


@pytest.fixture(name="gateway", scope="module")
def gateway_of_its_own(tmp_path_factory):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = before[1]
    if most < COUNT + 500:
        pytest.skip(f"a process may have {most} descriptors open")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    file = tmp_path_factory.mktemp("idle") / "gateway.yaml"
    file.write_text(gateway_of(PLAIN, listener("https", "cert")) + ROUTE + secret("cert", NAME), encoding="utf-8")
    listen = ("--listen", "http=127.0.0.1:0", "--listen", "https=127.0.0.1:0", "--admin-address", "127.0.0.1:0")
    with Run("-f", file, *listen, "--set", f"max_client_connections={COUNT + 100}") as run:
        yield run
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("listener, most", [("http", 4096), ("https", 20 * 1024)])
def test_an_idle_connection_costs(gateway, listener, most, capsys):
    context = ssl.create_default_context(cafile=certificate(NAME)[0])
    port = next(port for name, port in gateway.listeners.items() if name.endswith("/" + listener))

    def connect():
        sock = socket.create_connection(("127.0.0.1", port), timeout=30)
        return asked(context.wrap_socket(sock, server_hostname=NAME) if listener == "https" else sock)

    for _ in range(50):
        connect().close()
    memory = Memory(gateway.pid)
    clients = [connect() for _ in range(COUNT)]
    each = memory.growth / COUNT
    with capsys.disabled():
        print(f"\n{listener}: {COUNT} idle connections, {each:.0f} bytes each")
    assert admin_stats(gateway)["downstream_cx_active"] == COUNT
    for client in clients:
        client.close()
    assert SANITIZED or each < most
