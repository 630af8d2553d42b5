"""Outlier detection and panic beside a real Envoy: the same failing endpoints, asked one request after the other."""

import contextlib
import json
from collections import Counter
from dataclasses import dataclass

import pytest

import kgwcore
import peers
from envoy import real
from support import documents
from support.client import HOST, Client
from support.gateway import port_of
from support.origin import Origin, close, respond
from support.process import until

REQUESTS_PER_ENDPOINT = 22
# Envoy has more, older names for the same; kgwcore has those that are not deprecated.
COMPARED = (
    "ejections_enforced_total",
    "ejections_overflow",
    "ejections_detected_consecutive_5xx",
    "ejections_enforced_consecutive_5xx",
    "ejections_detected_consecutive_gateway_failure",
    "ejections_enforced_consecutive_gateway_failure",
)


@dataclass
class Case:
    name: str
    good: int
    bad: list  # the script of each endpoint that fails; None: it refuses connections
    outlier: dict  # words of a BackendConfigPolicy


CASES = [
    Case("10 percent of 1", 0, [respond(503)], {}),
    Case("10 percent of 2", 1, [respond(503)], {}),
    Case("49 percent of 2", 1, [respond(503)], {"maxEjectionPercent": 49}),
    Case("50 percent of 2", 1, [respond(503)], {"maxEjectionPercent": 50}),
    Case("10 percent of 9", 8, [respond(503)], {}),
    Case("10 percent of 10", 9, [respond(503)], {}),
    Case("two of four, 50 percent", 2, [respond(503)] * 2, {"maxEjectionPercent": 50}),
    Case("two of four, 49 percent", 2, [respond(503)] * 2, {"maxEjectionPercent": 49}),
    Case("three of four, all may go: panic", 1, [respond(503)] * 3, {"maxEjectionPercent": 100}),
    Case("500 is no gateway failure", 1, [respond(500)], {"maxEjectionPercent": 100}),
    Case("3 in a row", 1, [respond(502)], {"maxEjectionPercent": 100, "consecutive5xx": 3}),
    Case("resets count", 1, [close()], {"maxEjectionPercent": 100}),
    Case("refused connections count", 1, [None], {"maxEjectionPercent": 100}),
    Case("404 does not", 1, [respond(404)], {"maxEjectionPercent": 100}),
    Case("four 503 and a 200, over and over", 1, [[[respond(503)]] * 4 + [[respond(200)]]], {"maxEjectionPercent": 100}),
    Case("never", 1, [respond(503)], {"consecutive5xx": 0, "maxEjectionPercent": 100}),
]


@contextlib.contextmanager
def endpoints(case):
    """-> their addresses, the bad ones in front."""
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(
                Origin(listening=False) if script is None else Origin(*(script * 20 if isinstance(script, list) else [script]))
            ).address
            for script in case.bad + [respond(200)] * case.good
        ]


def ask(case, port, after_failure=lambda: None):
    """-> how many answers of each status."""
    answers = Counter()
    with Client(port) as client:
        for _ in range(REQUESTS_PER_ENDPOINT * (len(case.bad) + case.good)):
            status = client.request().status
            answers[status] += 1
            if status >= 500:
                after_failure()
    return answers


# ---- Envoy ---------------------------------------------------------------------------------------


def cluster_of(name, case, addresses):
    words = {"consecutive5xx": "consecutive_5xx", "maxEjectionPercent": "max_ejection_percent"}
    hosts = [{"endpoint": {"address": real.loopback(int(address.rpartition(":")[2]))}} for address in addresses]
    return {
        "name": name,
        "type": "STATIC",
        # By default only the first change of a second counts at once. kgwcore takes each as it comes.
        "common_lb_config": {"update_merge_window": "0s"},
        "outlier_detection": {words[word]: value for word, value in case.outlier.items()},
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": hosts}]},
    }


def listener_of(name):
    host = {"name": "all", "domains": [HOST], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": name}}]}
    manager = real.filter_of(
        "envoy.filters.network.http_connection_manager",
        "network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="http",
        route_config={"virtual_hosts": [host]},
        http_filters=[real.filter_of("envoy.filters.http.router", "http.router.v3.Router")],
    )
    return {"name": name, "address": real.loopback(0), "filter_chains": [{"filters": [manager]}]}


@pytest.fixture(name="envoy", scope="module")
def play_through_envoy(tmp_path_factory):
    """-> of each case: the answers, the counters."""
    real.check_version()
    folder = tmp_path_factory.mktemp("envoy")
    admin, names = peers.free_port(), {case.name: f"case{number}" for number, case in enumerate(CASES)}
    seen = {}
    with contextlib.ExitStack() as stack:
        addresses = {case.name: stack.enter_context(endpoints(case)) for case in CASES}
        config = folder / "envoy.json"
        config.write_text(
            json.dumps(
                {
                    "admin": {"address": real.loopback(admin)},
                    "static_resources": {
                        "listeners": [listener_of(name) for name in names.values()],
                        "clusters": [cluster_of(names[case.name], case, addresses[case.name]) for case in CASES],
                    },
                }
            )
        )
        options = ("--concurrency", 1, "--disable-hot-restart", "-l", "error")
        stack.enter_context(peers.started("envoy", "-c", config, *options, port=admin))
        process = real.Envoy(admin, folder / "none")
        until(lambda: process.ready(len(CASES)), 30)
        for case in CASES:
            name = names[case.name]
            # One thread of Envoy notices a failure, another decides. That one answers here too, when it has decided.
            answers = ask(case, process.ports[name], lambda: process.get("/stats?format=json&filter=^none$"))
            rows = process.get(f"/stats?format=json&filter=^cluster.{name}\\.")["stats"]
            seen[case.name] = answers, {row["name"].split(".", 2)[2]: row["value"] for row in rows if "name" in row}
    return seen


# ---- kgwcore -------------------------------------------------------------------------------------


def text_of(case, addresses):
    policy = documents.backend_policy(outlierDetection={"interval": "10s", **case.outlier})
    slices = [documents.slice_of(f"origin-{number}", address) for number, address in enumerate(addresses)]
    route = documents.route(with_options=False)
    return documents.text(documents.gateway(), documents.service(), *slices, policy, route)


def play_through_kgwcore(case):
    with endpoints(case) as addresses:
        text = text_of(case, addresses)
        with kgwcore.Gateway(text, listen={"http": "127.0.0.1:0"}, log_level="error") as gateway:
            answers = ask(case, port_of(gateway))
            return answers, {row.name: row.value for row in gateway.stats()}


# ---- Tests ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_same_endpoints_are_ejected(case, envoy):
    answers, counters = envoy[case.name]
    our_answers, ours = play_through_kgwcore(case)
    # Whose turn it is behind an ejection may differ, each time by one.
    most = max(2, case.good + len(case.bad))
    assert our_answers.keys() == answers.keys()
    assert all(abs(our_answers[status] - answers[status]) <= most for status in answers), (our_answers, answers)
    active = "outlier_detection.ejections_active"
    assert ours[active] == counters[active]
    # Envoy notices on one thread and decides on another: what fails in between counts or not. So how often is no
    # matter of either program, but whether at all is.
    names = [f"outlier_detection.{name}" for name in COMPARED]
    assert {name: ours[name] > 0 for name in names} == {name: counters[name] > 0 for name in names}
    assert (ours["lb_healthy_panic"] > 0) == (counters["lb_healthy_panic"] > 0)


def test_the_cases_tell_something(envoy):
    """Some eject, some are kept from it, one is in panic."""
    counters = [of_case for _, of_case in envoy.values()]
    for name in ("outlier_detection.ejections_active", "outlier_detection.ejections_overflow", "lb_healthy_panic"):
        assert 0 < sum(of_case[name] > 0 for of_case in counters) < len(CASES)
