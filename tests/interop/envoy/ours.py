"""kgwcore with the documents of a case: a gateway of its own for each."""

import contextlib
import inspect
import re
from collections.abc import Iterator

import kgwcore
from support import documents
from support.gateway import H2C, port_of
from support.process import until

from .origins import Endpoints
from .play import BEFORE, BESIDE, Counters, Play
from .table import Case

# Words of the policy that a RouteOption has under the same name; the others are settings.
OF_ROUTE_OPTION = (
    "retryOn",
    "numRetries",
    "perTryTimeout",
    "retryBackOff",
    "retriableStatusCodes",
    "rateLimitedRetryBackOff",
)
STREAM_DURATION = ("maxStreamDuration", "grpcTimeoutHeaderMax", "grpcTimeoutHeaderOffset")
SETTINGS = {
    "policy": {
        "perTryIdleTimeout": "per_try_idle_timeout_ms",
        "retriableHeaders": "retriable_headers",
        "retriableRequestHeaders": "retriable_request_headers",
    },
    "route": {
        "replayLimit": "replay_limit_bytes",
        "hedge": "hedge_on_per_try_timeout",
        "isTimeoutRetry": "is_timeout_retry_header",
    },
    "cluster": {
        "connectTimeout": "connect_timeout_ms",
        "maxConnections": "max_connections",
        "maxPendingRequests": "max_pending_requests",
        "maxRequests": "max_requests",
        "maxRetries": "max_retries",
        "maxStreamDuration": "max_stream_duration_ms",
    },
    "listener": {
        "streamIdleTimeout": "stream_idle_timeout_ms",
        "bufferBytes": "buffer_bytes",
        "suppressEnvoyHeaders": "suppress_envoy_headers",
        "respectExpectedTimeout": "respect_expected_rq_timeout",
    },
}
HOST_SETTINGS = {"previousHosts": "previous_hosts", "hostSelectionAttempts": "host_selection_attempts"}
TO_BOTH = "both"  # attempt counts, to the origin and to the client
NOT_YET = re.compile(r"not built yet|not supported yet|unknown setting")
CLUSTER_SCOPE = re.compile(r"^cluster\.[^.]+\.")
INTERNAL = "127.0.0.0/8"
DELAYED_CLOSE_MS = 50  # as at Envoy: a client that is cut off sees it at once


def value_of(value: object) -> object:
    if isinstance(value, bool):
        return int(value)
    return ",".join(value) if isinstance(value, list) else value


def settings_of(scope: str, words: dict) -> dict[str, object]:
    return {name: value_of(words[word]) for word, name in SETTINGS[scope].items() if word in words}


def route_settings(case: Case) -> dict[str, object]:
    hosts = {name: value_of(case.policy[word]) for word, name in HOST_SETTINGS.items() if word in case.policy}
    counts = {"attempt_count_headers": TO_BOTH} if case.route.get("attemptCount") else {}
    return settings_of("policy", case.policy) | settings_of("route", case.route) | hosts | counts


def cluster_settings(case: Case) -> dict[str, object]:
    budget = case.cluster.get("retryBudget", {})
    return settings_of("cluster", case.cluster) | {f"retry_budget_{word}": value for word, value in budget.items()}


def direct_response(direct: dict) -> dict:
    return {
        "apiVersion": "gateway.kgateway.dev/v1alpha1",
        "kind": "DirectResponse",
        "metadata": {"name": "direct", "namespace": documents.NAMESPACE},
        "spec": direct,
    }


def filter_of(kind: str, name: str) -> dict:
    reference = {"group": "gateway.kgateway.dev", "kind": kind, "name": name}
    return {"type": "ExtensionRef", "extensionRef": reference}


def text_of(case: Case, addresses: list[str]) -> str:
    if "direct" in case.route:
        route = documents.route(with_options=False)
        route["spec"]["rules"] = [{"filters": [filter_of("DirectResponse", "direct")]}]
        return documents.text(documents.gateway(), direct_response(case.route["direct"]), route)
    words = ("timeout", "hostRewrite", "prefixRewrite", "faults")
    options = {word: case.route[word] for word in words if word in case.route}
    if stream := {word: case.route[word] for word in STREAM_DURATION if word in case.route}:
        options["maxStreamDuration"] = stream
    retries = {word: case.policy[word] for word in OF_ROUTE_OPTION if word in case.policy}
    if retries:
        options["retries"] = retries
    slices = [documents.slice_of(f"origin-{n}", address) for n, address in enumerate(addresses)]
    settings = route_settings(case)
    policy = [documents.route_option(options, settings)] if options or settings else []
    route = documents.route(with_options=bool(policy))
    protocol = H2C if case.cluster.get("protocol") == "h2" else None
    service = documents.service(cluster_settings(case), protocol)
    return documents.text(documents.gateway(), service, *slices, *policy, route)


def options_of(case: Case) -> dict[str, object]:
    options: dict[str, object] = {}
    if case.listener.get("trusted"):
        options["internal_cidr"] = [INTERNAL]
    options["settings"] = {"delayed_close_timeout_ms": DELAYED_CLOSE_MS, **settings_of("listener", case.listener)}
    return options


def lacks(case: Case) -> str:
    """What this kgwcore refuses of the case's configuration, or "". Every case that names no needs has to be taken."""
    options = options_of(case)
    if unknown := options.keys() - inspect.signature(kgwcore.Gateway).parameters:
        return f"no option {', '.join(unknown)}"
    known = {row["name"] for row in kgwcore._core.settings()}  # pylint: disable=protected-access
    if unknown := options["settings"].keys() - known:
        return f"no setting {', '.join(unknown)}"
    told = kgwcore.validate(text_of(case, ["127.0.0.1:1"]))
    return next((str(line) for line in told if NOT_YET.search(str(line))), "")


@contextlib.contextmanager
def serving(case: Case, endpoints: Endpoints) -> Iterator[kgwcore.Gateway]:
    text = text_of(case, endpoints.addresses)
    with kgwcore.Gateway(text, listen={"http": "127.0.0.1:0"}, log_level="error", **options_of(case)) as gateway:
        yield gateway


def port(gateway: kgwcore.Gateway) -> int:
    return port_of(gateway)


def records(gateway: kgwcore.Gateway, play: Play) -> list[dict]:
    """Of the main requests. Waits: a record is filed just after the client has its answer."""
    wanted = len(play.responses) + play.gone

    def found() -> list[dict]:
        rows = [row for row in gateway.attempts(limit=1000) if not row["path"].startswith((BEFORE, BESIDE))]
        return rows if len(rows) >= wanted else []

    return [
        {
            "attempts": row["upstream_request_attempt_count"],
            "flags": row["response_flags"],
            "details": row["response_code_details"],
        }
        for row in until(found)
    ]


def counters(gateway: kgwcore.Gateway) -> Counters:
    """Those of the cluster, by Envoy's names."""
    rows = [row for row in gateway.stats() if row.kind == "counter" and CLUSTER_SCOPE.match(row.full_name)]
    return {CLUSTER_SCOPE.sub("", row.full_name): row.value for row in rows}
