"""What a gateway tells about the requests it served."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import kgwcore
import pytest
from kgwcore.httpbin import Server
from support import ANY_PORT, BASE, RETRYING_ROUTE, fetch


@pytest.fixture
def gateway(origin: Server) -> Iterator[kgwcore.Gateway]:
    """Two retries on 5xx in front of the origin."""
    with kgwcore.Gateway(BASE + "---" + RETRYING_ROUTE, listen=ANY_PORT, backend={"*": origin.address}) as running:
        yield running


def test_every_try_is_recorded(gateway: kgwcore.Gateway, origin: Server) -> None:
    assert fetch(gateway.url() + "/status/503").status == 503
    (request,) = gateway.attempts()
    assert request["method"] == "GET"
    assert request["path"] == "/status/503"
    assert request["authority"] == gateway.url().removeprefix("http://")
    assert request["response_code"] == 503
    assert request["route_name"].startswith("app/all/")
    assert request["upstream_host"] == origin.address
    assert request["upstream_request_attempt_count"] == 3
    assert datetime.fromisoformat(request["start_time"].replace("Z", "+00:00")).tzinfo is not None
    assert request["duration"] > 0
    decisions = [attempt["decision"] for attempt in request["attempts"]]
    assert decisions == ["retry_status", "retry_status", "limit_reached"]
    assert [attempt["status"] for attempt in request["attempts"]] == [503, 503, 503]
    assert [attempt["delay_ms"] is None for attempt in request["attempts"]] == [False, False, True]
    assert request["attempts"][2]["decision_text"].endswith("used up")
    assert {attempt["chosen"] for attempt in request["attempts"]} == {"only_host"}


def test_a_refused_connection_has_a_reason_and_no_status(gateway: kgwcore.Gateway, origin: Server) -> None:
    origin.close()
    assert fetch(gateway.url() + "/get").status == 503
    (request,) = gateway.attempts()
    for attempt in request["attempts"]:
        assert "status" not in attempt
        assert attempt["reset_reason"]
        assert attempt["first_byte_ms"] is None


def test_the_last_ones_come_newest_last(gateway: kgwcore.Gateway) -> None:
    for code in (201, 202, 203):
        fetch(f"{gateway.url()}/status/{code}")
    assert [request["response_code"] for request in gateway.attempts(limit=2)] == [202, 203]
    assert [request["response_code"] for request in gateway.attempts(limit=0)] == [201, 202, 203]


def test_counters_have_names_labels_and_values(gateway: kgwcore.Gateway) -> None:
    fetch(gateway.url() + "/status/503")
    stats = gateway.stats()
    counters = stats.as_dict()
    assert counters["cluster.app_httpbin_8000.upstream_rq_retry"] == 2
    assert len(counters) == len(stats)
    found = [(labels, value) for name, labels, value in stats if name == "upstream_rq_retry"]
    assert [value for _, value in found] == [2]
    assert "app_httpbin_8000" in found[0][0].values()
    assert {row.kind for row in stats} == {"counter", "gauge"}


def test_routes_in_match_order(gateway: kgwcore.Gateway) -> None:
    (route,) = gateway.routes()
    assert route["path"] == "/"
    assert "app_httpbin_8000" in route["target"]
    assert route["rule"].startswith("app/all/")
    assert route["budget"] == "total 15s, 3 tries, back-off 75ms, 3 retries at once"


def test_a_url_needs_no_manifest(origin: Server) -> None:
    with kgwcore.Gateway.to(origin.url, retry_on="5xx", retries=1) as gateway:
        assert fetch(gateway.url("http") + "/headers").json["headers"]["Host"] == [origin.address]
        assert fetch(gateway.url("http") + "/status/500").status == 500
        assert gateway.attempts(limit=1)[0]["upstream_request_attempt_count"] == 2


def test_a_url_without_conditions_is_never_retried(origin: Server) -> None:
    with kgwcore.Gateway.to(origin.url, per_try_timeout=10) as gateway:
        reply = fetch(gateway.url("http") + "/headers")
        assert reply.json["headers"]["X-Envoy-Expected-Rq-Timeout-Ms"] == ["10000"]
        fetch(gateway.url("http") + "/status/500")
        assert gateway.attempts(limit=1)[0]["upstream_request_attempt_count"] == 1
