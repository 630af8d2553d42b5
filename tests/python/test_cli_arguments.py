"""The grammar of the command line, in this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from kgwcore import validate
from kgwcore.cli import main
from support import BROKEN_ROUTE, GATEWAY, taken_port


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Options of the caller's shell stay out."""
    import os

    for name in list(os.environ):
        if name.startswith("KGWCORE_"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "VERB"),
        (["fly"], "invalid choice"),
        (["run", "--to", "http://a.example", "-f", "x.yaml"], "exclude each other"),
        (["run", "--to", "http://a.example", "--retries", "3"], "--retries needs --retry-on"),
        (["run", "--to", "http://a.example/path"], "without a path"),
        (["run", "--retry-on", "5xx"], "--retry-on needs --to"),
        (["run", "-o", "yaml"], "--output needs --to"),
        (["run", "--port", "70000"], "need 0 to 65535"),
        (["run", "--log-level", "loud"], "invalid choice"),
        (["run", "--keep"], "unrecognized"),
        (["run", "--admin-address", "off", "--access-log-header", "a b"], "need a field name"),
        (["run", "--admin-address", "off", "--access-log-header", "cookie"], "secrets are never logged"),
        (["run", "--admin-address", "off", *["--access-log-header=x"] * 17], "need at most 16"),
        (["run", "--admin-address", "off", "--internal-cidr", "10.0.0.0/33"], "need ADDRESS/BITS"),
        (["run", "--gateway-addresses", "127.0.1.0/24"], "--gateway-addresses is not built yet"),
        (["run", "-f", "no-such-file.yaml"], "no-such-file.yaml"),
        (["explain", "-f", "x", "--request", "GET http://a"], "explain: error: this verb is not built yet"),
        (["test", "policy.yaml"], "test: error: this verb is not built yet"),
        (["simulate"], "simulate: error: this verb is not built yet"),
        (["validate"], "-f"),
        (["validate", "-f", "no-such-file.yaml"], "no-such-file.yaml"),
        (["apply"], "-f"),
        (["delete"], "need KIND NAME or -f"),
        (["delete", "httproute", "x", "-f", "y.yaml"], "need KIND NAME or -f"),
        (["attempts", "--limit", "-1"], "need 0 or more"),
        (["get", "httproute", "--admin-address", "a:b"], "a:b"),
    ],
)
def test_usage_errors_end_with_2(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["apply", "delete", "get", "routes", "attempts"])
def test_no_gateway_to_talk_to_ends_with_3(verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = tmp_path / "a.yaml"
    manifest.write_text(GATEWAY)
    words = {"apply": ["-f", str(manifest)], "delete": ["svc", "x"], "get": ["svc"]}.get(verb, [])
    with taken_port() as port:
        free = port
    assert main([verb, *words, "--admin-address", f"127.0.0.1:{free}"]) == 3
    assert "kgwcore run" in capsys.readouterr().err


def test_help_is_good(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "validate" in capsys.readouterr().out


def test_version_names_the_libraries(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    first, *libraries = capsys.readouterr().out.splitlines()
    assert first == "kgwcore 0.1.0"
    assert libraries


def test_settings_as_table_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings"]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split() == ["NAME", "SCOPE", "UNIT", "DEFAULT", "EDGE", "RANGE", "MEANING"]
    assert main(["settings", "-o", "json"]) == 0
    settings = json.loads(capsys.readouterr().out)
    assert len(settings) == len(rows)
    assert {"name", "scope", "unit", "default", "edge", "least", "most", "meaning", "words"} == set(settings[0])
    assert "drain_timeout_ms" in {setting["name"] for setting in settings}


def test_kubeconfig_is_what_kubectl_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kubeconfig", "--admin-address", "127.0.0.1:1", "--admin-token", "secret"]) == 0
    config = yaml.safe_load(capsys.readouterr().out)
    assert config["clusters"] == [{"name": "kgwcore", "cluster": {"server": "http://127.0.0.1:1/secret"}}]
    assert config["current-context"] == "kgwcore"


def test_options_come_from_the_environment_and_flags_win(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KGWCORE_ADMIN_ADDRESS", "127.0.0.1:7")
    main(["kubeconfig"])
    assert "http://127.0.0.1:7" in capsys.readouterr().out
    main(["kubeconfig", "--admin-address", "127.0.0.1:8"])
    assert "http://127.0.0.1:8" in capsys.readouterr().out


def test_repeatable_options_and_switches_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in "ab":
        (tmp_path / name).write_text(BROKEN_ROUTE)
    monkeypatch.setenv("KGWCORE_FILENAME", f"{tmp_path / 'a'} {tmp_path / 'b'}")
    assert main(["validate"]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert main(["validate", "-f", str(tmp_path / "a")]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 1
    monkeypatch.setenv("KGWCORE_EDGE", "perhaps")
    assert main(["validate", "-f", str(tmp_path / "a")]) == 2
    assert "KGWCORE_EDGE: got 'perhaps'" in capsys.readouterr().err


def test_to_prints_its_documents(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--retry-on", "5xx,reset", "--retries", "3", "--per-try-timeout", "2s", "--port", "0", "-o", "yaml"]
    assert main(["run", "--to", "http://api.example:81", *words]) == 0
    text = capsys.readouterr().out
    documents = list(yaml.safe_load_all(text))
    assert [document["kind"] for document in documents] == ["Gateway", "HTTPRoute", "RouteOption", "Backend"]
    assert documents[0]["spec"]["listeners"][0]["port"] == 8080
    assert documents[2]["spec"]["options"]["retries"]["numRetries"] == 3
    assert [problem for problem in validate(text) if problem.severity == "error"] == []
