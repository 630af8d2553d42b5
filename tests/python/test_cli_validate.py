"""kgwcore validate."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from kgwcore.cli import main
from support import BASE, BROKEN_ROUTE, ROUTE, kgwcore

TEN_MISTAKES = """\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: http, namespace: infra}
spec:
  gatewayClassName: kgateway
  listenerz: []
  listeners:
  - {name: http, port: 80800, protocol: HTTP}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: app}
spec:
  hostname: [a.example]
  parentRefs: [{nam: http}]
  rules:
  - timeouts: {request: fast}
    backendRefs:
    - {name: httpbin, port: "8000"}
    - {name: httpbin, port: 8000, weight: -1}
---
apiVersion: gateway.kgateway.dev/v1alpha1
kind: RouteOption
metadata: {name: retry, namespace: app}
spec:
  options:
    timeout: soon
    retries: {retryOn: 5xx, numRetries: many, perTryTimeout: 0s}
"""


def test_every_mistake_is_told_at_once_with_its_position(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = tmp_path / "mistakes.yaml"
    manifest.write_text(TEN_MISTAKES)
    assert main(["validate", "-f", str(manifest)]) == 1
    errors = [line for line in capsys.readouterr().out.splitlines() if "warning: " not in line]
    positions = [re.match(rf"{re.escape(str(manifest))}:(\d+):(\d+): ", line) for line in errors]
    assert all(positions), errors
    lines = [int(position[1]) for position in positions if position]
    assert {6, 8, 14, 15, 17, 19, 20, 27, 28} <= set(lines)
    assert lines.count(28) == 2
    assert len(errors) >= 10


def test_good_manifests_are_silent_but_for_warnings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = tmp_path / "good.yaml"
    manifest.write_text(BASE + "---" + ROUTE)
    assert main(["validate", "-f", str(manifest), "--backend", "*=127.0.0.1:1"]) == 0
    assert [line for line in capsys.readouterr().out.splitlines() if "warning: " not in line] == []


def test_json_has_the_fields_of_a_diagnostic() -> None:
    checked = kgwcore("validate", "-f", "-", "-o", "json", text=BROKEN_ROUTE)
    assert checked.returncode == 1
    (problem,) = json.loads(checked.stdout)
    assert set(problem) == {"severity", "code", "file", "line", "column", "object", "path", "text"}
    assert (problem["file"], problem["line"], problem["path"]) == ("-", 6, "spec.hostname")


def test_a_syntax_error_has_its_position() -> None:
    checked = kgwcore("validate", "-f", "-", text="kind: [\n")
    assert checked.returncode == 1
    assert re.match(r"-:\d+:\d+: ", checked.stdout)


def test_an_unknown_setting_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text(BASE)
    assert main(["validate", "-f", str(tmp_path), "--set", "drain_timeout=1"]) == 2
    assert "drain_timeout_ms" in capsys.readouterr().err
