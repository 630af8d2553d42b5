"""The real Envoy: one process with a listener, a route and a cluster for each case, set up as kgateway sets them up."""

import contextlib
import http.client
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import peers
from support.client import HOST
from support.process import until

from .ours import DELAYED_CLOSE_MS, INTERNAL
from .origins import Endpoints
from .play import BEFORE, BESIDE, Counters
from .table import Case

VERSION = "1.40."  # the list of differences is about this one
TYPES = "type.googleapis.com/envoy.extensions"
EXTENSIONS = f"{TYPES}.filters"
HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
FILE_LOG = f"{TYPES}.access_loggers.file.v3.FileAccessLog"
PREVIOUS_HOSTS = f"{TYPES}.retry.host.previous_hosts.v3.PreviousHostsPredicate"
STREAM_DURATION = {
    "maxStreamDuration": "max_stream_duration",
    "grpcTimeoutHeaderMax": "grpc_timeout_header_max",
    "grpcTimeoutHeaderOffset": "grpc_timeout_header_offset",
}
LOGGED = {
    "path": "%REQ(:PATH)%",
    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
}


def ms(value: int) -> str:
    return f"{value / 1000:.3f}s"


def duration(text: str) -> str:
    return text if not text.endswith("ms") else ms(int(text.removesuffix("ms")))


def loopback(port: int) -> dict:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def filter_of(name: str, kind: str, **config: object) -> dict:
    return {"name": name, "typed_config": {"@type": f"{EXTENSIONS}.{kind}", **config}}


# ---- The route -----------------------------------------------------------------------------------


def back_off(interval: dict) -> dict:
    words = {"baseInterval": "base_interval", "maxInterval": "max_interval"}
    return {words[word]: duration(value) for word, value in interval.items()}


def rate_limited(interval: dict) -> dict:
    limit = {"max_interval": duration(interval["maxInterval"])} if "maxInterval" in interval else {}
    return {"reset_headers": interval["resetHeaders"], **limit}


def matcher(text: str) -> dict:
    name, equals, value = text.partition("=")
    return {"name": name, **({"string_match": {"exact": value}} if equals else {"present_match": True})}


def retry_policy(policy: dict) -> dict:
    made: dict[str, object] = {"num_retries": policy.get("numRetries") or 1}  # 0 means 1 in a RouteOption
    words = {
        "retryOn": ("retry_on", str),
        "perTryTimeout": ("per_try_timeout", duration),
        "perTryIdleTimeout": ("per_try_idle_timeout", ms),
        "retryBackOff": ("retry_back_off", back_off),
        "retriableStatusCodes": ("retriable_status_codes", list),
        "rateLimitedRetryBackOff": ("rate_limited_retry_back_off", rate_limited),
        "retriableHeaders": ("retriable_headers", lambda values: [matcher(value) for value in values]),
        "retriableRequestHeaders": ("retriable_request_headers", lambda values: [matcher(value) for value in values]),
        "hostSelectionAttempts": ("host_selection_retry_max_attempts", int),
    }
    made |= {name: convert(policy[word]) for word, (name, convert) in words.items() if word in policy}
    if policy.get("previousHosts"):
        predicate = {"name": "envoy.retry_host_predicates.previous_hosts", "typed_config": {"@type": PREVIOUS_HOSTS}}
        made["retry_host_predicate"] = [predicate]
    return made


def action_of(case: Case) -> dict:
    action: dict[str, object] = {"cluster": cluster_name(case), "timeout": duration(case.route.get("timeout", "15s"))}
    if case.policy:
        action["retry_policy"] = retry_policy(case.policy)
    if case.route.get("hedge"):
        action["hedge_policy"] = {"hedge_on_per_try_timeout": True}
    if "hostRewrite" in case.route:
        action["host_rewrite_literal"] = case.route["hostRewrite"]
    if "prefixRewrite" in case.route:
        action["prefix_rewrite"] = case.route["prefixRewrite"]
    if stream := {name: duration(case.route[word]) for word, name in STREAM_DURATION.items() if word in case.route}:
        action["max_stream_duration"] = stream
    return action


def route_of(case: Case) -> dict:
    route: dict[str, object] = {"match": {"prefix": "/"}}
    if "direct" in case.route:
        direct = case.route["direct"]
        route["direct_response"] = {"status": direct["status"], "body": {"inline_string": direct.get("body", "")}}
        return route
    route["route"] = action_of(case)
    if "replayLimit" in case.route:
        route["request_body_buffer_limit"] = case.route["replayLimit"]
    return route


def virtual_host(case: Case) -> dict:
    host: dict[str, object] = {"name": "all", "domains": [HOST, f"{HOST}:*"], "routes": [route_of(case)]}
    if case.route.get("attemptCount"):
        host |= {"include_request_attempt_count": True, "include_attempt_count_in_response": True}
    if case.route.get("isTimeoutRetry"):
        host["include_is_timeout_retry_header"] = True
    return host


# ---- The listener --------------------------------------------------------------------------------


def percentage(value: object) -> dict:
    return {"numerator": round(float(value) * 10_000), "denominator": "MILLION"}


def fault_filter(faults: dict) -> dict:
    config: dict[str, object] = {}
    if "delay" in faults:
        delay = faults["delay"]
        config["delay"] = {"fixed_delay": duration(delay["fixedDelay"]), "percentage": percentage(delay["percentage"])}
    if "abort" in faults:
        abort = faults["abort"]
        config["abort"] = {"http_status": abort["httpStatus"], "percentage": percentage(abort["percentage"])}
    return filter_of("envoy.filters.http.fault", "http.fault.v3.HTTPFault", **config)


def listener_of(case: Case, log: Path) -> dict:
    faults = [fault_filter(case.route["faults"])] if "faults" in case.route else []
    router: dict[str, object] = {}
    if case.listener.get("suppressEnvoyHeaders"):
        router["suppress_envoy_headers"] = True
    if case.listener.get("respectExpectedTimeout"):
        router["respect_expected_rq_timeout"] = True
    manager: dict[str, object] = {
        "stat_prefix": "http",
        "use_remote_address": True,
        "normalize_path": True,
        "merge_slashes": True,
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "delayed_close_timeout": ms(DELAYED_CLOSE_MS),
        "http_filters": [*faults, filter_of("envoy.filters.http.router", "http.router.v3.Router", **router)],
        "route_config": {"virtual_hosts": [virtual_host(case)]},
        "access_log": [access_log(case, log)],
    }
    if case.listener.get("trusted"):
        address, length = INTERNAL.split("/")
        manager["internal_address_config"] = {"cidr_ranges": [{"address_prefix": address, "prefix_len": int(length)}]}
    if "streamIdleTimeout" in case.listener:
        manager["stream_idle_timeout"] = ms(case.listener["streamIdleTimeout"])
    kind = "network.http_connection_manager.v3.HttpConnectionManager"
    listener = {
        "name": cluster_name(case),
        "address": loopback(0),
        "filter_chains": [{"filters": [filter_of("envoy.filters.network.http_connection_manager", kind, **manager)]}],
    }
    if "bufferBytes" in case.listener:
        listener["per_connection_buffer_limit_bytes"] = case.listener["bufferBytes"]
    return listener


def access_log(case: Case, log: Path) -> dict:
    logged = {"json_format": {"case": case.name.replace("%", "%%"), **LOGGED}}
    config = {"@type": FILE_LOG, "path": str(log), "log_format": logged}
    return {"name": "envoy.access_loggers.file", "typed_config": config}


# ---- The cluster ---------------------------------------------------------------------------------


def cluster_name(case: Case) -> str:
    return f"case{case.number}"


def thresholds_of(cluster: dict) -> dict:
    words = {
        "maxConnections": "max_connections",
        "maxPendingRequests": "max_pending_requests",
        "maxRequests": "max_requests",
        "maxRetries": "max_retries",
    }
    thresholds = {name: cluster[word] for word, name in words.items() if word in cluster}
    if "retryBudget" in cluster:
        budget = cluster["retryBudget"]
        thresholds["retry_budget"] = {"budget_percent": {"value": budget["percent"]}} if "percent" in budget else {}
        if "min" in budget:
            thresholds["retry_budget"]["min_retry_concurrency"] = budget["min"]
    return thresholds


def protocol_options(cluster: dict) -> dict:
    protocol = "http2_protocol_options" if cluster.get("protocol") == "h2" else "http_protocol_options"
    if "maxStreamDuration" not in cluster and "protocol" not in cluster:
        return {}
    options: dict[str, object] = {"explicit_http_config": {protocol: {}}}
    if "maxStreamDuration" in cluster:
        options["common_http_protocol_options"] = {"max_stream_duration": ms(cluster["maxStreamDuration"])}
    return options


def cluster_of(case: Case, endpoints: Endpoints) -> dict:
    ports = [int(address.rpartition(":")[2]) for address in endpoints.addresses]
    hosts = [{"endpoint": {"address": loopback(port)}} for port in ports]
    name = cluster_name(case)
    cluster = {
        "name": name,
        "type": "STATIC",
        "connect_timeout": ms(case.cluster.get("connectTimeout", 5000)),
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": hosts}]},
    }
    if thresholds := thresholds_of(case.cluster):
        cluster["circuit_breakers"] = {"thresholds": [thresholds]}
    if options := protocol_options(case.cluster):
        options["@type"] = f"type.googleapis.com/{HTTP_OPTIONS}"
        cluster["typed_extension_protocol_options"] = {HTTP_OPTIONS: options}
    return cluster


# ---- The process ---------------------------------------------------------------------------------


class Envoy:
    """Running. Records of requests are there once it has stopped: that is when it writes the last of them."""

    def __init__(self, admin: int, log: Path) -> None:
        self._admin, self._log = admin, log
        self.ports: dict[str, int] = {}

    def get(self, path: str) -> dict:
        connection = http.client.HTTPConnection("127.0.0.1", self._admin, timeout=20)
        with contextlib.closing(connection):
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())

    def ready(self, count: int) -> bool:
        listeners = self.get("/listeners?format=json").get("listener_statuses", [])
        self.ports = {row["name"]: row["local_address"]["socket_address"]["port_value"] for row in listeners}
        return len(self.ports) == count and self.get("/server_info")["state"] == "LIVE"

    def port(self, case: Case) -> int:
        return self.ports[cluster_name(case)]

    def counters(self, case: Case | None = None) -> dict[str, Counters]:
        """Of each cluster, or of one."""
        found: dict[str, Counters] = {}
        scope = f"cluster.{cluster_name(case)}." if case else "cluster.case"
        for row in self.get(f"/stats?format=json&type=Counters&filter=^{scope}")["stats"]:
            _, cluster, name = row["name"].split(".", 2)
            found.setdefault(cluster, {})[name] = row["value"]
        return found

    def counters_of(self, case: Case) -> Counters:
        return self.counters(case).get(cluster_name(case), {})

    def records(self) -> dict[str, list[dict]]:
        """Of the main requests of each case."""
        found: dict[str, list[dict]] = {}
        for line in self._log.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if not str(row["path"]).startswith((BEFORE, BESIDE)):
                found.setdefault(row["case"], []).append({**row, "flags": row["flags"] or "-"})
        return found


def check_version() -> None:
    shown = peers.run("envoy", "--version").stdout
    if f"/{VERSION}" not in shown:
        peers.missing(f"the list of differences is about Envoy {VERSION}x, this is: {shown.strip()[:80]}")


def bootstrap(cases: list[Case], endpoints: dict[str, Endpoints], log: Path, admin: int) -> str:
    return json.dumps(
        {
            "admin": {"address": loopback(admin)},
            "static_resources": {
                "listeners": [listener_of(case, log) for case in cases],
                "clusters": [cluster_of(case, endpoints[case.name]) for case in cases],
            },
        }
    )


@contextlib.contextmanager
def running(cases: list[Case], endpoints: dict[str, Endpoints], folder: Path) -> Iterator[Envoy]:
    check_version()
    log, config, admin = folder / "access.log", folder / "envoy.json", peers.free_port()
    config.write_text(bootstrap(cases, endpoints, log, admin), encoding="utf-8")
    with peers.started(
        "envoy", "-c", config, "--concurrency", 1, "--disable-hot-restart", "-l", "error", port=admin
    ) as process:
        envoy = Envoy(admin, log)
        until(lambda: process.poll() is not None or envoy.ready(len(cases)), 30)
        yield envoy
        process.terminate()
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
