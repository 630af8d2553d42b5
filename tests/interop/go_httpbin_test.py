"""A real go-httpbin as the origin: everything of its that a gateway could spoil."""

import base64
import gzip
import json
import os

import pytest

import peers
from support.client import Client
from support.gateway import port_of, records, serving

RETRIES = {"retryOn": "5xx", "numRetries": 10, "perTryTimeout": "5s"}


@pytest.fixture(name="gateway", scope="module")
def gateway_to_httpbin():
    with peers.go_httpbin() as (_, port), serving(f"127.0.0.1:{port}", retries=RETRIES) as gateway:
        yield gateway


@pytest.fixture(name="client")
def connection(gateway):
    with Client(port_of(gateway)) as client:
        yield client


def test_headers_come_as_lists(client):
    headers = json.loads(client.request("GET", "/headers", headers={"x-own": "mine"}).body)["headers"]
    assert headers["X-Own"] == ["mine"]
    assert headers["X-Envoy-Expected-Rq-Timeout-Ms"] == ["5000"]
    assert "Transfer-Encoding" not in headers and "Connection" not in headers


@pytest.mark.parametrize("status", [200, 201, 204, 301, 304, 400, 404, 409, 418, 429])
def test_statuses_pass_through(client, status):
    assert client.request("GET", f"/status/{status}").status == status
    assert client.request("GET", "/get").status == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_posted_bytes_come_back(client, chunked):
    data = os.urandom(200_000)
    body = [data[:1], data[1:70_000], data[70_000:]] if chunked else data
    response = client.request("POST", "/post", headers={"content-type": "application/octet-stream"}, body=body)
    echoed = json.loads(response.body)["data"]
    assert base64.urlsafe_b64decode(echoed.partition("base64,")[2]) == data


def test_bytes_and_ranges(client):
    whole = client.request("GET", "/range/100000").body
    assert len(whole) == 100000
    part = client.request("GET", "/range/100000", headers={"range": "bytes=10-19"})
    assert (part.status, part.body) == (206, whole[10:20])


def test_streams(client):
    response = client.request("GET", "/stream/20")
    assert response.complete and [json.loads(line)["id"] for line in response.body.splitlines()] == list(range(20))
    response = client.request("GET", "/stream-bytes/50000?seed=1&chunk_size=777")
    assert (response.headers.get("transfer-encoding"), len(response.body)) == ("chunked", 50000)


def test_slow_answers(client):
    response = client.request("GET", "/drip?duration=0.3s&numbytes=10&delay=0.1s")
    assert (response.complete, len(response.body)) == (True, 10) and response.elapsed >= 0.3
    assert client.request("GET", "/delay/0.3").elapsed >= 0.3


def test_encodings_are_not_touched(client):
    response = client.request("GET", "/gzip", headers={"accept-encoding": "gzip"})
    assert response.headers.get("content-encoding") == "gzip"
    assert json.loads(gzip.decompress(response.body))["gzipped"] is True


def test_trailers_end_there(client):
    response = client.request("GET", "/trailers?x-checksum=abc")
    assert response.complete and not response.trailers, "as with Envoy, which has to be told to pass them on"
    assert client.request("GET", "/get").status == 200


def test_unstable_is_made_stable_by_retries(gateway, client):
    statuses = [client.request("GET", "/unstable?failure_rate=0.3").status for _ in range(100)]
    assert statuses == [200] * 100
    assert max(record["upstream_request_attempt_count"] for record in records(gateway, 100)) > 1
