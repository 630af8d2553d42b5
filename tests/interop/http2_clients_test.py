"""Real clients that speak HTTP/2, and one that does not, through the gateway to origins of both versions."""

import contextlib
import json
import os
import re

import httpx
import pytest

import http2
import peers
from support.gateway import counter, records
from support.origin import Origin, respond
from support.rest import at_rest

BYTES = ["-H", "content-type: application/octet-stream"]
ORIGINS = {"h1": peers.go_httpbin, "h2c": http2.h2c_httpbin}


@pytest.fixture(name="gateway", scope="module", params=ORIGINS)
def gateway_to_httpbin(request):
    """A gateway to a go-httpbin that is asked over the one protocol or the other."""
    with ORIGINS[request.param]() as found:
        port = found if request.param == "h2c" else found[1]
        with http2.serving(port, h2c=request.param == "h2c") as gateway:
            yield gateway
            at_rest(gateway)


@pytest.fixture(name="curl")
def curl_with_prior_knowledge(gateway):
    """curl(PATH, OPTIONS...) -> (what it measured, the body)."""

    def curl(path, *options, stdin=None):
        return curl_to(http2.url_of(gateway) + path, "--http2-prior-knowledge", *options, stdin=stdin)

    return curl


def curl_to(url, *options, stdin=None):
    options = ["-sS", "-w", "%{stderr}%{json}\n", *options]
    result = peers.run("curl", *options, url, stdin=stdin, binary=True)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stderr.splitlines()[-1]), result.stdout


# ---- curl ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH", "PUT", "POST"])
def test_curl_methods(curl, method):
    measured, body = curl("/anything/some/path?x=1", "-X", method)
    assert (measured["http_code"], measured["http_version"]) == (200, "2")
    assert (json.loads(body)["method"], json.loads(body)["args"]) == (method, {"x": ["1"]})


def test_curl_head(curl):
    measured, body = curl("/bytes/1000?seed=1", "-I")
    assert (measured["http_code"], measured["http_version"], measured["size_download"]) == (200, "2", 0)
    assert b"content-length: 1000\r\n" in body.lower()


def test_curl_uploads_5_mb(tmp_path):
    data = os.urandom(5_000_000)
    (tmp_path / "data").write_bytes(data)
    with Origin(respond(body=b"thanks")) as origin, http2.serving(origin.port) as gateway:
        options = ["--http2-prior-knowledge", "--data-binary", f"@{tmp_path / 'data'}"]
        assert curl_to(http2.url_of(gateway), *options)[1] == b"thanks"
        assert origin.requests[-1].body == data
        assert origin.requests[-1].headers.get("content-length") == str(len(data))


def test_curl_gets_back_what_it_posted(curl, tmp_path):
    data = os.urandom(700_000)  # go-httpbin takes 1 MiB at most
    (tmp_path / "data").write_bytes(data)
    measured, body = curl("/post", "--data-binary", f"@{tmp_path / 'data'}", *BYTES)
    assert measured["http_code"] == 200 and http2.posted(body) == data


def test_curl_waits_for_100_and_gets_it(curl, tmp_path):
    data = os.urandom(700_000)
    (tmp_path / "data").write_bytes(data)
    expecting = ["-H", "expect: 100-continue", "--expect100-timeout", "20", *BYTES]
    measured, body = curl("/post", "--data-binary", f"@{tmp_path / 'data'}", *expecting)
    assert measured["http_code"] == 200 and http2.posted(body) == data
    assert measured["time_total"] < 10, "curl waited in vain for 100 Continue"


def test_curl_uploads_without_a_length(curl):
    data = os.urandom(700_000)
    measured, body = curl("/put", "-T", "-", *BYTES, stdin=data)
    assert measured["http_code"] == 200 and http2.posted(body) == data


def test_curl_downloads(curl):
    measured, body = curl("/bytes/100000?seed=1")
    assert measured["size_download"] == len(body) == 100_000
    assert curl("/stream-bytes/90000?seed=1&chunk_size=777")[0]["size_download"] == 90_000
    assert curl("/drip?duration=0.3s&numbytes=10&delay=0.1s")[0]["size_download"] == 10


@pytest.mark.parametrize("status", [204, 304, 404, 500, 503])
def test_statuses(curl, status):
    assert curl(f"/status/{status}")[0]["http_code"] == status


def test_http_1_goes_on_beside_it(gateway):
    """No Upgrade to h2c is taken up (RFC 9113 3.1), and HTTP/1.1 is served on the same port."""
    for option in ("--http1.1", "--http2"):
        measured, body = curl_to(http2.url_of(gateway) + "/post", option, "-d", "x=1")
        assert (measured["http_code"], measured["http_version"]) == (200, "1.1")
        assert json.loads(body)["form"] == {"x": ["1"]}


def test_what_the_origin_sees(curl):
    shown = json.loads(curl("/headers", "-H", "x-own: mine", "-H", "te: trailers")[1])["headers"]
    assert (shown["X-Own"], shown["X-Forwarded-Proto"]) == (["mine"], ["http"])
    assert shown.get("Connection", ["te"]) == ["te"], "HTTP/1 has to name it (RFC 9110 10.1.4)"
    assert not {name for name in shown if name.startswith(":") or name in ("Transfer-Encoding", "Upgrade")}


def test_cookies_come_as_one(curl):
    shown = json.loads(curl("/headers", "-H", "cookie: a=1", "-H", "cookie: b=2")[1])["headers"]
    assert shown["Cookie"] == ["a=1; b=2"]


# ---- nghttp --------------------------------------------------------------------------------------


def nghttp(gateway, *options, paths=("/get",)):
    """-> its answers as (status, header fields), and what it printed."""
    shown = peers.run("nghttp", *options, *(http2.url_of(gateway) + path for path in paths))
    assert shown.returncode == 0, shown.stderr
    return shown.stdout


def test_nghttp_asks_often_on_a_connection(gateway):
    before = counter(gateway, "downstream_cx_total")
    shown = nghttp(gateway, "-nv", "-m", "50", paths=["/get", "/bytes/50000", "/status/404"])
    assert len(re.findall(r"recv \(stream_id=\d+\) :status: 200", shown)) == 100
    assert len(re.findall(r"recv \(stream_id=\d+\) :status: 404", shown)) == 50
    assert counter(gateway, "downstream_cx_total") == before + 1


@pytest.mark.parametrize("options", [[], ["--trailer", "x-sum: 1"], ["--expect-continue"], ["--no-content-length"]])
def test_nghttp_uploads(gateway, tmp_path, options):
    data = os.urandom(300_000)
    (tmp_path / "data").write_bytes(data)
    more = [*BYTES, "-d", tmp_path / "data"]
    assert http2.posted(nghttp(gateway, *more, *options, paths=["/post"])) == data


@pytest.mark.parametrize("options", [["-b", "200"], ["-w", "16"], ["-W", "16"], ["-c", "0"], ["-c", "4K"],
                                     ["--no-rfc7540-pri"], ["--encoder-header-table-size=0"]])
def test_nghttp_asks_in_its_ways(gateway, options):
    shown = nghttp(gateway, "-nv", "-m", "20", *options, paths=["/bytes/100000"])
    assert len(re.findall(r"recv \(stream_id=\d+\) :status: 200", shown)) == 20
    assert "GOAWAY" not in shown.replace("send GOAWAY", "")


def test_nghttp_sends_a_head_of_several_frames():
    with http2.answering("hello") as gateway:
        shown = nghttp(gateway, "-v", "--continuation")
        assert ":status: 200" in shown and "hello" in shown
        assert int(re.search(r"send HEADERS frame <length=(\d+)", shown)[1]) > 16384, "printed as one frame"


@pytest.mark.parametrize("h2c", [False, True])
def test_an_answer_in_front_of_the_end_of_the_request_is_whole(tmp_path, h2c):
    """RFC 9113 8.1: all of it, then RST_STREAM with NO_ERROR, which curl before 8 takes for an error."""
    (tmp_path / "data").write_bytes(b"x" * 5_000_000)
    with contextlib.ExitStack() as stack:
        if h2c:
            port = stack.enter_context(http2.nghttpd(tmp_path, "--early-response"))
            (tmp_path / "early").write_bytes(b"answer")
        else:
            early = [respond(when="body_started", body=b"answer"), lambda exchange: exchange.wait_for_peer()]
            port = stack.enter_context(Origin(early)).port
        gateway = stack.enter_context(http2.serving(port, h2c=h2c))
        assert nghttp(gateway, "-d", tmp_path / "data", paths=["/early"]) == "answer"
        at_rest(gateway)


def test_nghttp_upgrades_in_vain(gateway):
    """Its HTTP/1.1 request with Upgrade: h2c is answered as HTTP/1.1, which nghttp does not go on with."""
    assert peers.run("nghttp", "-u", http2.url_of(gateway) + "/get").stdout == ""
    assert records(gateway)[-1]["response_code"] == 200


# ---- httpx ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def httpx_to(gateway):
    with httpx.Client(http1=False, http2=True, base_url=http2.url_of(gateway), timeout=20) as client:
        yield client


def test_httpx(gateway):
    data = os.urandom(500_000)
    with httpx_to(gateway) as client:
        for _ in range(20):
            answer = client.get("/get", params={"x": 1})
            assert (answer.status_code, answer.http_version, answer.json()["args"]) == (200, "HTTP/2", {"x": ["1"]})
        answer = client.post("/post", content=data, headers={"content-type": "application/octet-stream"})
        assert http2.posted(answer.content) == data
        pieces = (data[at : at + 10_000] for at in range(0, len(data), 10_000))
        answer = client.post("/post", content=pieces, headers={"content-type": "application/octet-stream"})
        assert http2.posted(answer.content) == data
        assert client.head("/bytes/1000").headers["content-length"] == "1000"


def test_httpx_in_parallel(gateway):
    answers = http2.all_at_once(http2.url_of(gateway), [f"/bytes/{number * 1000}" for number in range(1, 51)])
    assert [(answer.status_code, len(answer.content)) for answer in answers] == [(200, n * 1000) for n in range(1, 51)]


# ---- an origin that speaks nothing but HTTP/2 ----------------------------------------------------


@pytest.fixture(name="files")
def gateway_to_nghttpd(tmp_path):
    """-> (a gateway to an nghttpd, the folder of its files)."""
    with http2.nghttpd(tmp_path, "--echo-upload", "--trailer", "x-sum: 1") as port:
        with http2.serving(port, h2c=True) as gateway:
            yield gateway, tmp_path
            at_rest(gateway)


@pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
@pytest.mark.parametrize("size", [0, 1, 65_535, 5_000_000])
def test_files_both_ways(files, version, size):
    gateway, folder = files
    data = os.urandom(size)
    (folder / "file").write_bytes(data)
    assert curl_to(http2.url_of(gateway) + "/file", version)[1] == data
    measured, body = curl_to(http2.url_of(gateway) + "/echo", version, "--data-binary", f"@{folder / 'file'}")
    assert (measured["http_code"], body) == (200, data)


@pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
def test_a_head_of_a_file(files, version):
    gateway, folder = files
    (folder / "file").write_bytes(b"x" * 1000)
    measured, head = curl_to(http2.url_of(gateway) + "/file", version, "-I")
    assert measured["http_code"] == 200 and b"content-length: 1000\r\n" in head.lower()


def test_many_answers_share_a_connection_upstream(files):
    gateway, folder = files
    (folder / "file").write_bytes(b"x" * 100_000)
    url = http2.url_of(gateway) + "/file?[1-100]"
    _, body = curl_to(url, "--http1.1", "--parallel", "--parallel-max", "50", "--no-progress-meter")
    assert len(body) == 100 * 100_000
    assert counter(gateway, "upstream_cx_total") == 1
