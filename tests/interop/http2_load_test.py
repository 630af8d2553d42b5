"""h2load through the gateway: no request fails, and nothing stays behind."""

import re

import pytest

import http2
import peers
from support.gateway import counter
from support.process import SANITIZED
from support.rest import at_rest

REQUESTS = 20_000 if not SANITIZED else 2_000
SIZES = {"small": 100, "large": 40_000}


def h2load(gateway, path, *options, requests=REQUESTS, clients=20, streams=20):
    """-> (requests that went well, requests per second). Fails where one did not."""
    arguments = ["-n", requests, "-c", clients, "-m", streams, *options]
    shown = peers.run("h2load", *arguments, http2.url_of(gateway) + path, timeout=120).stdout
    line = re.search(r"^requests: .*$", shown, re.MULTILINE)
    assert line, shown
    found = {name: int(count) for count, name in re.findall(r"(\d+) (\w+)", line[0])}
    assert (found["succeeded"], found["failed"], found["errored"], found["timeout"]) == (requests, 0, 0, 0), line[0]
    assert f"{requests} 2xx, 0 3xx, 0 4xx, 0 5xx" in shown
    return found["succeeded"], float(re.search(r"([\d.]+) req/s", shown)[1])


@pytest.fixture(name="folder", scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for name, size in SIZES.items():
        (folder / name).write_bytes(b"x" * size)
    return folder


@pytest.fixture(name="h2c", scope="module", params=[False, True], ids=["h1 origin", "h2c origin"])
def version(request):
    return request.param


@pytest.fixture(name="gateway", scope="module")
def gateway_to_files(folder, h2c):
    """A gateway to an nghttpd, directly, or over HTTP/1 to an nghttpx in front of it."""
    with http2.nghttpd(folder, "-m", "1000") as files_, http2.nghttpx(files_, h2c=True) as over_h1:
        # Each connection to an HTTP/1 origin carries one request at a time.
        with http2.serving(files_ if h2c else over_h1, h2c=h2c) as gateway:
            yield gateway
            at_rest(gateway)


@pytest.mark.parametrize("size", SIZES)
def test_many_requests_of_many_clients(gateway, size):
    before = counter(gateway, "downstream_rq_completed")
    count = REQUESTS if size == "small" else REQUESTS // 10
    h2load(gateway, f"/{size}", requests=count)
    at_rest(gateway)
    assert counter(gateway, "downstream_rq_completed") == before + count


def test_uploads(gateway, tmp_path):
    (tmp_path / "data").write_bytes(b"x" * 100_000)
    h2load(gateway, "/small", "-d", tmp_path / "data", requests=1000)
    at_rest(gateway)


def test_a_connection_for_each_request(gateway):
    h2load(gateway, "/small", requests=500, clients=500, streams=1)
    at_rest(gateway)


WAYS = [["-w", "10"], ["-W", "16"], ["--header-table-size=0"], ["--encoder-header-table-size=0"]]


@pytest.mark.parametrize("options", WAYS, ids=" ".join)
def test_small_windows_and_tables(gateway, options):
    h2load(gateway, "/large", *options, requests=500)
    at_rest(gateway)


def test_http_1_clients_beside_an_h2c_origin(gateway):
    h2load(gateway, "/small", "--h1", requests=REQUESTS // 4, streams=1)
    at_rest(gateway)
