"""kgwcore behind and in front of other proxies, over HTTP/2."""

import contextlib
import json
import os

import httpx
import pytest

import http2
import peers
from support.gateway import port_of, records
from support.rest import at_rest

SIZE = 1_000_000


@contextlib.contextmanager
def in_front_of_envoy(folder):
    """client -> kgwcore -h2c-> Envoy -h2c-> nghttpx -> go-httpbin"""
    with http2.h2c_httpbin() as backend, http2.envoy(folder, backend) as port, http2.serving(port, h2c=True) as gateway:
        yield gateway, port_of(gateway)


@contextlib.contextmanager
def behind_envoy(folder):
    """client -> Envoy -h2c-> kgwcore -> go-httpbin"""
    with peers.go_httpbin() as (_, backend), http2.serving(backend) as gateway:
        with http2.envoy(folder, port_of(gateway)) as port:
            yield gateway, port


@contextlib.contextmanager
def behind_haproxy(folder):
    """client -> HAProxy -h2c-> kgwcore -> go-httpbin"""
    with peers.go_httpbin() as (_, backend), http2.serving(backend) as gateway:
        with http2.haproxy(folder, port_of(gateway)) as port:
            yield gateway, port


@contextlib.contextmanager
def in_front_of_haproxy(folder):
    """client -> kgwcore -h2c-> HAProxy -h2c-> nghttpx -> go-httpbin"""
    with http2.h2c_httpbin() as backend, http2.haproxy(folder, backend) as port:
        with http2.serving(port, h2c=True) as gateway:
            yield gateway, port_of(gateway)


@contextlib.contextmanager
def behind_nghttpx(_):
    """client -> nghttpx -h2c-> kgwcore -h2c-> nghttpx -> go-httpbin"""
    with http2.h2c_httpbin() as backend, http2.serving(backend, h2c=True) as gateway:
        with http2.nghttpx(port_of(gateway), h2c=True) as port:
            yield gateway, port


@contextlib.contextmanager
def behind_itself(_):
    """client -> kgwcore -h2c-> kgwcore -> go-httpbin"""
    with peers.go_httpbin() as (_, backend), http2.serving(backend) as inner:
        with http2.serving(port_of(inner), h2c=True) as gateway:
            yield gateway, port_of(gateway)
            at_rest(gateway)


CHAINS = [in_front_of_envoy, behind_envoy, behind_haproxy, in_front_of_haproxy, behind_nghttpx, behind_itself]


@pytest.fixture(name="chain", scope="module", params=CHAINS, ids=lambda chain: chain.__name__)
def gateway_among_others(request, tmp_path_factory):
    """-> (the gateway, a client of the whole chain)."""
    with request.param(tmp_path_factory.mktemp("chain")) as (gateway, port):
        limits = httpx.Limits(max_connections=1)
        with httpx.Client(
            http1=False, http2=True, base_url=f"http://127.0.0.1:{port}", timeout=20, limits=limits
        ) as client:
            yield gateway, client


def test_get(chain):
    gateway, client = chain
    answer = client.get("/anything/path", params={"x": "1"}, headers={"x-own": "mine", "cookie": "a=1; b=2"})
    seen = answer.json()
    assert (answer.status_code, answer.http_version) == (200, "HTTP/2")
    assert (seen["args"], seen["headers"]["X-Own"], seen["headers"]["Cookie"]) == ({"x": ["1"]}, ["mine"], ["a=1; b=2"])
    assert records(gateway)[-1]["protocol"] == "HTTP/2", "the chain is what its name says"


def test_head_and_statuses(chain):
    _, client = chain
    assert client.head("/bytes/1000").headers["content-length"] == "1000"
    assert [client.get(f"/status/{status}").status_code for status in (204, 304, 404, 503)] == [204, 304, 404, 503]


@pytest.mark.parametrize("pieces", [False, True])
def test_post(chain, pieces):
    _, client = chain
    data = os.urandom(SIZE)
    content = (data[at : at + 30_000] for at in range(0, SIZE, 30_000)) if pieces else data
    answer = client.post("/post", content=content, headers={"content-type": "application/octet-stream"})
    assert answer.status_code == 200
    assert http2.posted(answer.content) == data


def test_download(chain):
    _, client = chain
    assert len(client.get("/stream-bytes/100000", params={"seed": 1, "chunk_size": 777}).content) == 100_000
    lines = client.get("/stream/20").text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == list(range(20))


def test_50_at_once(chain):
    _, client = chain
    answers = http2.all_at_once(client.base_url, [f"/bytes/{number * 1000}" for number in range(1, 51)])
    assert [(answer.status_code, len(answer.content)) for answer in answers] == [(200, n * 1000) for n in range(1, 51)]
