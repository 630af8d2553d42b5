"""apply, delete, get, reload, and what went wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import kgwcore
import pytest
from kgwcore.httpbin import Server
from support import ANY_PORT, BASE, BROKEN_ROUTE, GATEWAY, POLICIES, RETRYING_ROUTE, ROUTE, fetch


@pytest.fixture
def gateway(origin: Server) -> Iterator[kgwcore.Gateway]:
    """Base documents, no route, the origin for every Service."""
    with kgwcore.Gateway(BASE, listen=ANY_PORT, backend={"*": origin.address}) as running:
        yield running


def test_a_route_works_when_apply_returns_and_is_gone_when_delete_does(gateway: kgwcore.Gateway) -> None:
    for _ in range(3):
        (result,) = gateway.apply(ROUTE)
        assert (result.outcome, result.kind, result.namespace, result.name) == ("created", "HTTPRoute", "app", "all")
        assert str(result) == "httproute.gateway.networking.k8s.io/all created"
        assert fetch(gateway.url() + "/status/201").status == 201
        gateway.delete("httproute", "all", namespace="app")
        assert fetch(gateway.url() + "/status/201").status == 404


def test_outcomes(gateway: kgwcore.Gateway) -> None:
    assert [result.outcome for result in gateway.apply(RETRYING_ROUTE)] == ["created", "created"]
    assert [result.outcome for result in gateway.apply(RETRYING_ROUTE)] == ["unchanged", "unchanged"]
    changed = RETRYING_ROUTE.replace("numRetries: 2", "numRetries: 3")
    assert [result.outcome for result in gateway.apply(changed)] == ["configured", "unchanged"]
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}}
    assert [result.outcome for result in gateway.apply(deployment)] == ["ignored"]


def test_get_has_the_status(gateway: kgwcore.Gateway) -> None:
    gateway.apply(ROUTE)
    route = gateway.get("httproute", "all", namespace="app")
    conditions = {condition["type"]: condition["status"] for condition in route["status"]["parents"][0]["conditions"]}
    assert conditions["Accepted"] == conditions["ResolvedRefs"] == "True"


def test_policies_work_when_apply_returns_and_are_gone_when_delete_does(gateway: kgwcore.Gateway) -> None:
    gateway.apply(ROUTE)
    assert [result.outcome for result in gateway.apply(POLICIES)] == ["created"] * 3
    fetch(gateway.url() + "/status/503")
    assert gateway.attempts(limit=1)[0]["upstream_request_attempt_count"] == 3
    assert gateway.routes()[0]["budget"] == "total 15s, 3 tries, back-off 75ms, 7 retries at once"
    gateway.delete("trafficpolicy", "retry", namespace="app")
    fetch(gateway.url() + "/status/503")
    assert gateway.attempts(limit=1)[0]["upstream_request_attempt_count"] == 1


@pytest.mark.parametrize(
    ("kind", "name", "accepted"),
    [
        ("trafficpolicy", "retry", "Valid"),
        ("backendconfigpolicies", "breakers", "Valid"),
        ("xbtrafficpolicy", "budget", "Accepted"),
    ],
)
def test_policies_have_a_status(gateway: kgwcore.Gateway, kind: str, name: str, accepted: str) -> None:
    gateway.apply(ROUTE + "---" + POLICIES)
    (ancestor,) = gateway.get(kind, name, namespace="app")["status"]["ancestors"]
    assert ancestor["controllerName"] == "kgwcore.dev/kgwcore"
    assert {condition["status"] for condition in ancestor["conditions"]} == {"True"}
    assert ancestor["conditions"][0]["reason"] == accepted


@pytest.mark.parametrize("kind", ["httproute", "HTTPRoutes", "httproutes.gateway.networking.k8s.io"])
def test_a_kind_has_many_names(gateway: kgwcore.Gateway, kind: str) -> None:
    gateway.apply(ROUTE)
    assert gateway.get(kind, "all", namespace="app")["kind"] == "HTTPRoute"


def test_get_without_a_name_is_a_list(gateway: kgwcore.Gateway) -> None:
    assert gateway.get("httproute") == []
    gateway.apply(ROUTE)
    assert [route["metadata"]["name"] for route in gateway.get("httproute")] == ["all"]
    assert gateway.get("httproute", namespace="elsewhere") == []


def test_what_is_not_there_is_a_key_error(gateway: kgwcore.Gateway) -> None:
    for call in (gateway.get, gateway.delete):
        with pytest.raises(KeyError) as caught:
            call("httproute", "nothing", namespace="app")
        assert isinstance(caught.value, kgwcore.NotFoundError)
        assert str(caught.value) == 'httproutes.gateway.networking.k8s.io "nothing" not found'


def test_a_kind_that_is_none(gateway: kgwcore.Gateway) -> None:
    with pytest.raises(kgwcore.KgwError, match="htroute"):
        gateway.get("htroute", "all")


def test_a_namespace_for_documents_without_one(gateway: kgwcore.Gateway) -> None:
    route = ROUTE.replace(", namespace: app}", "}", 1)
    gateway.apply(route, namespace="app")
    assert gateway.get("httproute", "all", namespace="app")["metadata"]["namespace"] == "app"
    with pytest.raises(kgwcore.ConfigError, match="namespace"):
        gateway.apply(ROUTE, namespace="other")


def test_the_gateways_own_namespace_is_the_default() -> None:
    route = ROUTE.replace(", namespace: app}", "}", 1)
    with kgwcore.Gateway(route, namespace="app") as gateway:
        assert gateway.get("httproute", "all")["metadata"]["namespace"] == "app"
        gateway.delete("httproute", "all")


def test_a_rejected_document_stops_no_other(gateway: kgwcore.Gateway) -> None:
    with pytest.raises(kgwcore.ConfigError) as caught:
        gateway.apply(BROKEN_ROUTE + "---" + ROUTE)
    assert [result.outcome for result in caught.value.results] == ["rejected", "created"]
    assert fetch(gateway.url() + "/status/201").status == 201


def test_an_unchecked_apply_returns_its_rejections(gateway: kgwcore.Gateway) -> None:
    (result,) = gateway.apply(BROKEN_ROUTE, check=False)
    assert result.outcome == "rejected"
    assert result.diagnostics[0].line == 6


def test_a_diagnostic_has_its_position(gateway: kgwcore.Gateway) -> None:
    with pytest.raises(kgwcore.ConfigError) as caught:
        gateway.apply(BROKEN_ROUTE)
    (problem,) = caught.value.diagnostics
    assert (problem.severity, problem.code) == ("error", "unknown_field")
    assert (problem.file, problem.line, problem.column) == ("<text>", 6, 3)
    assert problem.object == "HTTPRoute app/broken"
    assert problem.path == "spec.hostname"
    assert "hostnames" in problem.text
    assert str(problem) == f"<text>:6:3: HTTPRoute app/broken: spec.hostname: {problem.text}"
    assert "full" not in problem.as_dict()


def test_a_rejected_update_leaves_the_version_before(gateway: kgwcore.Gateway) -> None:
    gateway.apply(ROUTE)
    with pytest.raises(kgwcore.ConfigError):
        gateway.apply(ROUTE.replace("rules:", "rulez:"))
    assert fetch(gateway.url() + "/status/201").status == 201


def test_validate_needs_no_gateway() -> None:
    assert [problem.path for problem in kgwcore.validate(BROKEN_ROUTE)] == ["spec.hostname"]
    assert [problem for problem in kgwcore.validate(GATEWAY) if problem.severity == "error"] == []


def test_reload_follows_the_files(tmp_path: Path, origin: Server) -> None:
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "route.yaml").write_text(ROUTE)
    with kgwcore.Gateway(tmp_path, listen=ANY_PORT, backend={"*": origin.address}) as gateway:
        gateway.apply(ROUTE.replace("name: all", "name: mine"))
        (tmp_path / "route.yaml").write_text(ROUTE.replace("name: all", "name: other"))
        outcomes = {result.name: result.outcome for result in gateway.reload()}
        assert (outcomes["other"], outcomes["all"]) == ("created", "deleted")
        assert {route["metadata"]["name"] for route in gateway.get("httproute")} == {"mine", "other"}
        (tmp_path / "route.yaml").write_text("kind: [\n")
        with pytest.raises(kgwcore.ConfigError):
            gateway.reload()
        assert {route["metadata"]["name"] for route in gateway.get("httproute")} == {"mine", "other"}
