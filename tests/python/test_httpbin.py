"""The small httpbin, alone: its answers have the form of go-httpbin's."""

from __future__ import annotations

import http.client
import json
import socket
import threading

import pytest
from kgwcore.httpbin import Server
from support import fetch


def test_headers_are_lists_under_canonical_names(origin: Server) -> None:
    reply = fetch(origin.url + "/headers", headers={"x-envoy-expected-rq-timeout-ms": "5000", "ACCEPT": "*/*"})
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    headers = reply.json["headers"]
    assert headers["Host"] == [origin.address]
    assert headers["X-Envoy-Expected-Rq-Timeout-Ms"] == ["5000"]
    assert headers["Accept"] == ["*/*"]


def test_a_repeated_header_is_one_list(origin: Server) -> None:
    connection = http.client.HTTPConnection(origin.address, timeout=30)
    connection.putrequest("GET", "/headers")
    connection.putheader("X-Twice", "1")
    connection.putheader("x-twice", "2")
    connection.endheaders()
    assert json.loads(connection.getresponse().read())["headers"]["X-Twice"] == ["1", "2"]
    connection.close()


def test_get_tells_arguments_origin_and_url(origin: Server) -> None:
    facts = fetch(origin.url + "/get?a=1&a=2&b=", headers={"X-Forwarded-Proto": "https"}).json
    assert facts["args"] == {"a": ["1", "2"], "b": [""]}
    assert facts["method"] == "GET"
    assert facts["origin"] == "127.0.0.1"
    assert facts["url"] == f"https://{origin.address}/get?a=1&a=2&b="


def test_post_tells_the_body(origin: Server) -> None:
    facts = fetch(origin.url + "/post", "POST", b'{"a": [1]}', {"Content-Type": "application/json"}).json
    assert facts["data"] == '{"a": [1]}'
    assert facts["json"] == {"a": [1]}


def test_post_tells_a_form(origin: Server) -> None:
    facts = fetch(origin.url + "/post", "POST", b"a=1&a=2", {"Content-Type": "application/x-www-form-urlencoded"}).json
    assert facts["form"] == {"a": ["1", "2"]}
    assert facts["json"] is None


def test_a_chunked_body_arrives_whole(origin: Server) -> None:
    connection = http.client.HTTPConnection(origin.address, timeout=30)
    connection.request("PUT", "/anything/below", iter([b"one ", b"two"]), encode_chunked=True)
    assert json.loads(connection.getresponse().read())["data"] == "one two"
    connection.close()


@pytest.mark.parametrize("code", [200, 204, 304, 404, 418, 503, 599])
def test_status_answers_with_that_status(origin: Server, code: int) -> None:
    assert fetch(f"{origin.url}/status/{code}").status == code


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/status/99", 400),
        ("/status/abc", 400),
        ("/bytes/x", 400),
        ("/delay/soon", 400),
        ("/delay/11", 400),
        ("/unstable?failure_rate=2", 400),
        ("/nowhere", 404),
        ("/headers/below", 404),
    ],
)
def test_what_cannot_be_answered_is_a_client_error(origin: Server, path: str, code: int) -> None:
    assert fetch(origin.url + path).status == code


def test_a_page_for_one_method_names_it(origin: Server) -> None:
    reply = fetch(origin.url + "/get", "POST", b"")
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


def test_unstable_fails_at_the_given_rate(origin: Server) -> None:
    assert fetch(origin.url + "/unstable?failure_rate=0").status == 200
    assert fetch(origin.url + "/unstable?failure_rate=1").status == 500
    first, second = (fetch(origin.url + "/unstable?failure_rate=0.5&seed=7").status for _ in range(2))
    assert first == second


def test_bytes_are_random_and_repeat_with_a_seed(origin: Server) -> None:
    first, second = (fetch(origin.url + "/bytes/1000?seed=1").body for _ in range(2))
    assert len(first) == 1000
    assert first == second
    assert fetch(origin.url + "/bytes/1000?seed=2").body != first


def test_delay_answers_like_anything(origin: Server) -> None:
    assert fetch(origin.url + "/delay/0.01?a=1").json["args"] == {"a": ["1"]}


def test_index_lists_the_pages(origin: Server) -> None:
    assert b"/unstable" in fetch(origin.url).body


def test_a_connection_serves_many_requests(origin: Server) -> None:
    connection = http.client.HTTPConnection(origin.address, timeout=30)
    connection.connect()
    port = connection.sock.getsockname()[1]
    for _ in range(3):
        connection.request("GET", "/headers")
        connection.getresponse().read()
        assert connection.sock.getsockname()[1] == port
    connection.close()


def test_head_has_a_length_and_no_body(origin: Server) -> None:
    reply = fetch(origin.url + "/get", "HEAD")
    assert reply.status == 200
    assert int(reply.headers["content-length"]) > 0
    assert reply.body == b""


def test_the_client_may_ask_before_it_sends(origin: Server) -> None:
    host, port = origin.address.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as client:
        client.sendall(b"POST /post HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")
        client.sendall(b"ok")
        assert client.recv(100).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "text",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http_ends_with_400(origin: Server, text: bytes) -> None:
    host, port = origin.address.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as client:
        client.sendall(text)
        reply = b"".join(iter(lambda: client.recv(4096), b""))
    assert reply.startswith(b"HTTP/1.1 400 ")


def test_close_ends_idle_connections_and_delays() -> None:
    server = Server().start()
    idle = socket.create_connection(tuple(server.address.split(":")), timeout=30)
    waiting = http.client.HTTPConnection(server.address, timeout=30)
    waiting.request("GET", "/headers")
    waiting.getresponse().read()
    waiting.request("GET", "/delay/10")
    server.close()
    assert idle.recv(1) == b""
    idle.close()
    waiting.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("kgwcore-httpbin")]


def test_closing_twice_and_closing_what_never_started() -> None:
    server = Server()
    server.close()
    server.close()
