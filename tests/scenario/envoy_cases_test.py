"""Plays envoy_cases.yaml: what a real Envoy did must happen here too."""

import contextlib
import re
import select
import threading
import time
from pathlib import Path

import pytest
import yaml

from support import origin as steps
from support.client import HOST, Client, Response
from support.gateway import counter, port_of, records, serving
from support.origin import BlackHole, Origin
from support.process import until

CASES = yaml.safe_load((Path(__file__).parent / "envoy_cases.yaml").read_text())


# ---- From the table to steps ---------------------------------------------------------------------


def step(entry):
    name, value = next(iter(entry.items())) if isinstance(entry, dict) else (entry, None)
    if name == "slam":
        return steps.slam
    if name == "respond":
        return steps.respond(**{**value, "body": value.get("body", "").encode()})
    if name == "informational":
        return steps.informational(value)
    if name == "garbage":
        return steps.garbage(value.encode()) if value else steps.garbage()
    return {"close": steps.close, "reset": steps.rst, "stall": steps.stall}[name](**(value or {}))


def script(attempts):
    return [[step(entry) for entry in attempt] for attempt in attempts]


@contextlib.contextmanager
def origin_of(case):
    """-> (Origin or None, addresses)."""
    kind = case["origin"]
    if kind == "none":
        yield None, []
    elif kind == "blackhole":
        with BlackHole() as hole:
            yield None, [f"{hole.host}:{hole.port}"]
    else:
        dead = isinstance(kind, str)
        with Origin(*script(case.get("then", []) if dead else kind), listening=not dead) as origin:
            yield origin, [origin.address]


# ---- The client ----------------------------------------------------------------------------------


def send_slowly(client, head, parts, gap):
    """Sends the parts of a body with a gap between them, and stops once an answer is there, as clients do."""
    client.send_head(*head)
    for number, part in enumerate(parts):
        if number and select.select([client.sock], [], [], gap)[0]:
            return
        client.send(part)


def ask(case, port):
    request = case.get("client", {})
    method, host = request.get("method", "GET"), request.get("host", HOST)
    headers = list(request.get("headers", {}).items())
    start = time.monotonic()
    with Client(port) as client:
        if "chunks" in request:
            parts = [steps.chunk(text.encode()) for text in request["chunks"]]
            parts[-1] += b"0\r\n\r\n"
            headers.append(("transfer-encoding", "chunked"))
            send_slowly(client, (method, "/", headers, host), parts, request["gap_ms"] / 1000)
        elif "last_byte_after_ms" in request:
            body = b"x" * request["body_bytes"]
            headers.append(("content-length", len(body)))
            send_slowly(
                client, (method, "/", headers, host), [body[:-1], body[-1:]], request["last_byte_after_ms"] / 1000
            )
        else:
            body = b"x" * request["body_bytes"] if "body_bytes" in request else None
            return client.request(method, "/", headers, body, host)
        response = client.read_response(method)
        response.elapsed = time.monotonic() - start
        return response


# ---- The comparison ------------------------------------------------------------------------------


def header_fits(value, wanted):
    if wanted == "absent":
        return value is None
    if isinstance(wanted, dict) and "re" in wanted:
        return value is not None and re.search(wanted["re"], value) is not None
    if isinstance(wanted, dict):
        return value is not None and wanted["min"] <= int(value) <= wanted["max"]
    return value == wanted


def headers_differ(what, headers, wanted):
    for name, value in (wanted or {}).items():
        if not header_fits(headers.get(name), value):
            yield f"{what} {name}: {headers.get(name)!r}, not {value!r}"


def differ(what, seen, wanted):
    if seen != wanted:
        yield f"{what}: {seen!r}, not {wanted!r}"


def client_differences(expect, response: Response):
    yield from differ("status", response.status, expect["status"])
    yield from differ("complete", response.complete, not expect.get("cut", False))
    if "body" in expect:
        yield from differ("body", response.body.decode(), expect["body"])
    yield from headers_differ("header", response.headers, expect.get("headers"))
    if "elapsed_ms" in expect:
        limits = expect["elapsed_ms"]
        if not limits["min"] <= response.elapsed * 1000 <= limits["max"]:
            yield f"took {response.elapsed * 1000:.0f} ms, not {limits}"


def gateway_differences(expect, gateway):
    record = records(gateway)[-1]
    yield from differ("attempts", record["upstream_request_attempt_count"], expect["attempts"])
    yield from differ("flags", record["response_flags"], expect["flags"] or "-")
    yield from differ("details", record["response_code_details"], expect["details"])
    for name, value in expect.get("stats", {}).items():
        yield from differ(name, counter(gateway, name), value)


def origin_differences(expect, requests):
    seen = [request for request in requests if request.method]
    yield from differ("requests", len(seen), expect.get("requests", expect["attempts"]))
    if "outcomes" in expect:
        yield from differ("outcomes", [request.outcome for request in seen], expect["outcomes"])
    if "upstream_bytes" in expect:
        yield from differ("upstream bytes", [len(request.body) for request in seen], expect["upstream_bytes"])
    for number, wanted in enumerate(expect.get("upstream_headers", [])[: len(seen)]):
        yield from headers_differ(f"attempt {number + 1}:", seen[number].headers, wanted)


def open_after_first_failure(gateway, origin):
    until(lambda: counter(gateway, "upstream_cx_connect_fail"), interval=0.001)
    origin.open()


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_as_envoy(case):
    settings = {name: case.get(name) for name in ("retries", "timeout", "cluster_settings", "route_settings")}
    with origin_of(case) as (origin, addresses), serving(*addresses, **settings) as gateway:
        if case["origin"] == "refused_once":
            threading.Thread(target=open_after_first_failure, args=(gateway, origin), daemon=True).start()
        response = ask(case, port_of(gateway))
        found = [*client_differences(case["expect"], response), *gateway_differences(case["expect"], gateway)]
        if origin is not None:
            until(lambda: all(request.outcome != "open" for request in origin.requests))
            found += origin_differences(case["expect"], origin.requests)
    assert not found, "\n".join(found)
