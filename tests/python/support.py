"""Documents, requests and processes for the tests."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

GATEWAY = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: http, namespace: infra}
spec:
  gatewayClassName: kgateway
  listeners:
  - {name: http, port: 8080, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}
"""

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: httpbin, namespace: app}
spec: {ports: [{name: http, port: 8000}]}
"""

ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: all, namespace: app}
spec:
  parentRefs: [{name: http, namespace: infra}]
  rules:
  - backendRefs: [{name: httpbin, port: 8000}]
"""

RETRYING_ROUTE = """
apiVersion: gateway.kgateway.dev/v1alpha1
kind: RouteOption
metadata: {name: retry, namespace: app}
spec: {options: {retries: {retryOn: 5xx, numRetries: 2}}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: all, namespace: app}
spec:
  parentRefs: [{name: http, namespace: infra}]
  rules:
  - filters: [{type: ExtensionRef, extensionRef: {group: gateway.kgateway.dev, kind: RouteOption, name: retry}}]
    backendRefs: [{name: httpbin, port: 8000}]
"""

POLICIES = """
apiVersion: gateway.kgateway.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: retry, namespace: app}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: all}]
  retry: {retryOn: [5xx], attempts: 2}
---
apiVersion: gateway.kgateway.dev/v1alpha1
kind: BackendConfigPolicy
metadata: {name: breakers, namespace: app}
spec:
  targetRefs: [{group: "", kind: Service, name: httpbin}]
  circuitBreakers: {maxRetries: 7}
---
apiVersion: gateway.networking.x-k8s.io/v1alpha1
kind: XBackendTrafficPolicy
metadata: {name: budget, namespace: app}
spec:
  targetRefs: [{group: "", kind: Service, name: httpbin}]
"""

BROKEN_ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: broken, namespace: app}
spec:
  hostname: [a.example]
"""

BASE = GATEWAY + "---" + SERVICE
ANY_PORT = {"http": "127.0.0.1:0"}


@dataclass(frozen=True)
class Reply:
    """A response."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def fetch(url: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None) -> Reply:
    """One request on a connection of its own."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=30)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "") or "/"
        connection.request(method, target, body, headers or {})
        response = connection.getresponse()
        return Reply(response.status, response.headers, response.read())
    finally:
        connection.close()


@contextmanager
def taken_port() -> Iterator[int]:
    """A loopback port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def environment() -> dict[str, str]:
    """That of a child process, without options that the caller's shell may set."""
    return {name: value for name, value in os.environ.items() if not name.startswith("KGWCORE_")}


def kgwcore(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """The command line to its end."""
    command = [sys.executable, "-m", "kgwcore", *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, env=environment())


def python(script: str) -> subprocess.CompletedProcess[str]:
    """A script in an interpreter of its own, with every warning shown but that of newer ones about fork."""
    command = [sys.executable, "-W", "always", "-W", "ignore::DeprecationWarning", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment())


class Running:
    """A `kgwcore run` in the background: what it printed up to `ready`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.listening: dict[str, str] = {}
        self.admin = ""
        assert process.stdout
        for line in process.stdout:
            word, _, rest = line.rstrip("\n").partition(" ")
            if word == "ready":
                return
            if word == "listening":
                url, _, name = rest.partition(" ")
                self.listening[name] = url
            elif word == "admin":
                self.admin = rest

    @property
    def address(self) -> str:
        """The admin address for `--admin-address`."""
        return self.admin.removeprefix("http://")


@contextmanager
def running(*arguments: str, admin: str = "127.0.0.1:0") -> Iterator[Running]:
    """`kgwcore run` with these arguments, ready; killed at the end unless it has ended."""
    command = [sys.executable, "-m", "kgwcore", "run", "--admin-address", admin, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    try:
        yield Running(process)
    finally:
        process.kill()
        process.communicate(timeout=30)


def outcomes(results: Sequence[Any]) -> list[str]:
    """The lines that kubectl would print."""
    return [str(result) for result in results]
