"""A real nginx as the origin."""

import hashlib
import os

import pytest

import peers
from support.client import Client
from support.gateway import H2C, port_of, serving

CONFIG = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr error;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t;
  uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
  server {{
    listen 127.0.0.1:{port}{http2};
    root {folder}/files;
    client_max_body_size 0;
    keepalive_requests {keepalive_requests};
    location / {{ dav_methods PUT DELETE; }}
    location /count {{ return 200 "$connection_requests"; }}
    location /method {{ return 200 "$request_method $request_uri $http_host"; }}
    location /chunked/ {{ ssi on; ssi_types *; }}
    location /status/ {{ return 418; }}
  }}
}}
"""


def nginx(folder, keepalive_requests, h2c=False):
    (folder / "files/chunked").mkdir(parents=True)
    (folder / "t").mkdir()
    port = peers.free_port()
    config = folder / "nginx.conf"
    http2 = " http2" if h2c else ""
    config.write_text(CONFIG.format(folder=folder, port=port, keepalive_requests=keepalive_requests, http2=http2))
    return port, peers.started("nginx", "-e", "stderr", "-c", config, port=port)


@pytest.fixture(name="client", params=["http/1.1", "h2c"])
def client_through_gateway(tmp_path, request):
    """A connection to a gateway in front of nginx."""
    h2c = request.param == "h2c"
    port, running = nginx(tmp_path, 1000000, h2c)
    protocol = {"app_protocol": H2C} if h2c else {}
    with running, serving(f"127.0.0.1:{port}", **protocol) as gateway, Client(port_of(gateway)) as client:
        yield client


def test_methods_and_targets(client):
    assert client.request("GET", "/status/").status == 418
    assert client.request("GET", "/missing").status == 404
    # POST last: nginx may answer before its body is there, and then our connection closes (RFC 9112 9.3).
    for method in ("GET", "OPTIONS", "DELETE", "POST"):
        response = client.request(method, "/method?q=%20x", body=b"body" if method == "POST" else None)
        assert (response.status, response.body.decode()) == (200, f"{method} /method?q=%20x test.example")


def test_one_upstream_connection_serves_all_requests(client):
    assert [client.request("GET", "/count").body for _ in range(20)] == [str(n).encode() for n in range(1, 21)]


def test_head(client, tmp_path):
    (tmp_path / "files/x").write_bytes(b"x" * 1000)
    response = client.request("HEAD", "/x")
    assert (response.status, response.headers.get("content-length"), response.body) == (200, "1000", b"")
    assert client.request("GET", "/x").body == b"x" * 1000


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [0, 1, 65536, 5_000_000])
def test_upload_and_download(client, tmp_path, size, chunked):
    data = os.urandom(size)
    body = [data[at : at + 100_000] for at in range(0, size, 100_000)] if chunked else data
    assert client.request("PUT", "/file", body=body).status == 201
    assert (tmp_path / "files/file").read_bytes() == data
    assert client.request("GET", "/file").body == data


def test_chunked_answer(client, tmp_path):
    data = os.urandom(300_000).hex().encode()
    (tmp_path / "files/chunked/x").write_bytes(data)
    response = client.request("GET", "/chunked/x")
    assert response.headers.get("transfer-encoding") == "chunked"
    assert (response.complete, response.body) == (True, data)


def test_large_download(client, tmp_path):
    data = os.urandom(50_000_000)
    (tmp_path / "files/large").write_bytes(data)
    digest = hashlib.sha256()
    client.send_head("GET", "/large")
    response = client.read_response(sink=digest.update)
    assert response.complete and digest.digest() == hashlib.sha256(data).digest()


def test_ranges_and_conditions_pass_through(client, tmp_path):
    (tmp_path / "files/x").write_bytes(b"0123456789")
    response = client.request("GET", "/x", headers={"range": "bytes=2-4"})
    assert (response.status, response.body) == (206, b"234")
    tag = response.headers.get("etag")
    assert client.request("GET", "/x", headers={"if-none-match": tag}).status == 304
    assert client.request("GET", "/x").status == 200


def test_an_origin_that_closes_every_third_connection_fails_no_request(tmp_path):
    port, running = nginx(tmp_path, keepalive_requests=3)
    with running, serving(f"127.0.0.1:{port}") as gateway, Client(port_of(gateway)) as client:
        assert [client.request("GET", "/count").body for _ in range(9)] == [b"1", b"2", b"3"] * 3


def test_several_workers_share_an_origin(tmp_path):
    port, running = nginx(tmp_path, keepalive_requests=1000000)
    with running, serving(f"127.0.0.1:{port}", concurrency=2) as gateway:
        for _ in range(50):
            with Client(port_of(gateway)) as client:
                assert client.request("GET", "/count").status == 200
