"""Documents for one listener in front of one URL, for those who have no manifests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from kgwcore.errors import KgwError
from kgwcore.views import socket_address

NAMESPACE = "kgwcore"
NAME = "local"
LISTENER = f"{NAMESPACE}/{NAME}/http"
_DEFAULT_PORTS = {"http": 80, "https": 443}

Duration = str | float | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Retries and time limits of :meth:`kgwcore.Gateway.to`, whose documentation tells their meaning."""

    retry_on: str | None = None
    retries: int | None = None
    per_try_timeout: Duration | None = None
    timeout: Duration | None = None

    def options(self) -> dict[str, Any]:
        """The ``options`` of a RouteOption."""
        limits = {"timeout": duration("timeout", self.timeout), "retries": self._retries()}
        return {name: value for name, value in limits.items() if value}

    def _retries(self) -> dict[str, Any]:
        count = self.retries
        if count is not None and count < 0:
            raise KgwError(f"retries: got {count}; need 0 or more")
        if count and not self.retry_on:
            raise KgwError(
                f"retries: got {count} without retry_on, which says what is retried; for example '5xx,reset'"
            )
        policy: dict[str, Any] = {}
        # numRetries 0 means 1, as in Envoy; no retries at all is a policy without conditions.
        if self.retry_on and count != 0:
            policy["retryOn"] = self.retry_on
            if count:
                policy["numRetries"] = count
        if self.per_try_timeout is not None:
            policy["perTryTimeout"] = duration("per_try_timeout", self.per_try_timeout)
        return policy


def duration(name: str, value: Duration | None) -> str | None:
    """A duration as manifests write it; a number counts seconds."""
    if value is None or isinstance(value, str):
        return value
    if value < 0:
        raise KgwError(f"{name}: got {value}; need 0 or more seconds")
    return f"{round(value * 1000)}ms"


def documents(url: str, policy: Policy, port: int = 8080) -> list[dict[str, Any]]:
    """Gateway, route, its options and the backend for a URL. ``port`` is that of the listener."""
    origin = _origin(url)
    backend = _backend(origin)
    reference = {"group": backend["apiVersion"].split("/")[0], "kind": backend["kind"], "name": NAME}
    return [_gateway(port), _route(reference), _route_option(origin, policy), backend]


def _origin(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise KgwError(f"URL {url!r}: need http://HOST[:PORT] or https://HOST[:PORT]")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise KgwError(f"URL {url!r}: need it without a path, because requests keep their own")
    if parts.username is not None:
        raise KgwError("URL: need it without a user name; send an authorization header with the request")
    try:
        _port(parts)
    except ValueError as error:
        raise KgwError(f"URL {url!r}: {error}") from None
    return parts


def _port(origin: SplitResult) -> int:
    port = origin.port
    if port == 0:
        raise ValueError("port 0 is none")
    return port or _DEFAULT_PORTS[origin.scheme]


def _host(origin: SplitResult) -> str:
    assert origin.hostname is not None  # _origin has looked
    return origin.hostname


def _host_header(origin: SplitResult) -> str:
    host, port = _host(origin), _port(origin)
    if port != _DEFAULT_PORTS[origin.scheme]:
        return socket_address(host, port)
    return f"[{host}]" if ":" in host else host


def _metadata() -> dict[str, str]:
    return {"name": NAME, "namespace": NAMESPACE}


def _gateway(port: int) -> dict[str, Any]:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": _metadata(),
        "spec": {"gatewayClassName": "kgateway", "listeners": [{"name": "http", "port": port, "protocol": "HTTP"}]},
    }


def _route(backend: dict[str, Any]) -> dict[str, Any]:
    options = {"group": "gateway.kgateway.dev", "kind": "RouteOption", "name": NAME}
    rule = {"filters": [{"type": "ExtensionRef", "extensionRef": options}], "backendRefs": [backend]}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": _metadata(),
        "spec": {"parentRefs": [{"name": NAME}], "rules": [rule]},
    }


def _route_option(origin: SplitResult, policy: Policy) -> dict[str, Any]:
    return {
        "apiVersion": "gateway.kgateway.dev/v1alpha1",
        "kind": "RouteOption",
        "metadata": _metadata(),
        "spec": {"options": {**policy.options(), "hostRewrite": _host_header(origin)}},
    }


def _backend(origin: SplitResult) -> dict[str, Any]:
    host, port = _host(origin), _port(origin)
    if origin.scheme == "https":
        static: dict[str, Any] = {"hosts": [{"addr": host, "port": port, "sniAddr": host}], "useTls": True}
        return {
            "apiVersion": "gloo.solo.io/v1",
            "kind": "Upstream",
            "metadata": _metadata(),
            "spec": {"static": static},
        }
    static = {"hosts": [{"host": host, "port": port}]}
    return {
        "apiVersion": "gateway.kgateway.dev/v1alpha1",
        "kind": "Backend",
        "metadata": _metadata(),
        "spec": {"type": "Static", "static": static},
    }
