"""apply, delete, get and the views, against a gateway in another process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from kgwcore.cli import main
from support import BASE, BROKEN_ROUTE, POLICIES, RETRYING_ROUTE, ROUTE, Running, fetch, running

HTTP = "infra/http/http"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One `kgwcore run` for the tests of this module; each cleans up after itself."""
    folder = tmp_path_factory.mktemp("base")
    (folder / "base.yaml").write_text(BASE)
    with running("-f", str(folder), "--listen", "http=127.0.0.1:0", "--with-httpbin") as started:
        yield started


class Command:
    """`kgwcore VERB` in this process against that one."""

    def __init__(self, process: Running, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.url = process.listening[HTTP]
        self._address = process.address
        self._folder = folder
        self._capsys = capsys

    def __call__(self, *words: str, code: int = 0) -> str:
        """Standard output; the exit code has to be `code`."""
        self._capsys.readouterr()
        ended = main([*words, "--admin-address", self._address])
        out, self.errors = self._capsys.readouterr()
        assert ended == code, self.errors
        return out

    def apply(self, text: str, *words: str, code: int = 0) -> str:
        """`kgwcore apply -f` of a text."""
        file = self._folder / "manifest.yaml"
        file.write_text(text)
        return self("apply", "-f", str(file), *words, code=code)


@pytest.fixture
def command(process: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    made = Command(process, tmp_path, capsys)
    yield made
    policies = ("rto/retry", "trafficpolicy/retry", "backendconfigpolicy/breakers", "xbtrafficpolicy/budget")
    made("delete", "httproute/all", *policies, "-n", "app", "--ignore-not-found")


def test_outcomes_are_those_of_kubectl(command: Command) -> None:
    assert command.apply(ROUTE) == "httproute.gateway.networking.k8s.io/all created\n"
    assert fetch(command.url + "/status/201").status == 201
    assert command.apply(ROUTE) == "httproute.gateway.networking.k8s.io/all unchanged\n"
    changed = ROUTE.replace("  rules:", "  hostnames: [a.example]\n  rules:")
    assert command.apply(changed) == "httproute.gateway.networking.k8s.io/all configured\n"
    assert command("delete", "httproute", "all", "-n", "app") == 'httproute.gateway.networking.k8s.io "all" deleted\n'
    assert fetch(command.url + "/status/201").status == 404


def test_a_namespace_for_documents_without_one(command: Command) -> None:
    command.apply(ROUTE.replace(", namespace: app}", "}", 1), "-n", "app")
    assert command("get", "httproute", "all", "-n", "app", "-o", "name") == "httproute.gateway.networking.k8s.io/all\n"


def test_an_ignored_kind_is_said_to_be(command: Command) -> None:
    deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n"
    assert command.apply(deployment) == "deployment.apps/x ignored\n"
    unknown = "apiVersion: monitoring.example/v1\nkind: Probe\nmetadata: {name: x}\n"
    assert command.apply(unknown).endswith(" ignored\n")


def test_an_error_has_its_position_and_stops_no_other(command: Command) -> None:
    out = command.apply(BROKEN_ROUTE + "---" + ROUTE, code=1)
    assert out == "httproute.gateway.networking.k8s.io/all created\n"
    assert "manifest.yaml:6:3: HTTPRoute app/broken: spec.hostname: " in command.errors


def test_delete_by_document(command: Command, tmp_path: Path) -> None:
    command.apply(RETRYING_ROUTE)
    out = command("delete", "-f", str(tmp_path / "manifest.yaml"))
    assert out.splitlines()[1] == 'httproute.gateway.networking.k8s.io "all" deleted'
    assert command("get", "rto", "-n", "app") == ""
    assert "No resources found in app namespace." in command.errors


def test_what_is_not_there(command: Command) -> None:
    for words in (["delete", "httproute", "x"], ["get", "httproute", "x"], ["delete", "httproute/x"]):
        command(*words, "-n", "app", code=1)
        assert 'httproutes.gateway.networking.k8s.io "x" not found' in command.errors
        command(*words, "-n", "app", "--ignore-not-found")
        assert command.errors == ""
    command("get", "htroute", code=1)
    assert 'no kind "htroute"' in command.errors


def test_tables(command: Command) -> None:
    command.apply(ROUTE)
    header, row = command("get", "httproute", "-n", "app").splitlines()
    assert header.split() == ["NAME", "HOSTNAMES", "AGE"]
    assert row.split()[0] == "all"
    header, row = command("get", "httproute", "-A", "-o", "wide").splitlines()
    assert header.split()[:2] == ["NAMESPACE", "NAME"]
    assert row.split()[:2] == ["app", "all"]
    assert "True" in row.split()


def test_tables_of_policies(command: Command) -> None:
    command.apply(ROUTE + "---" + POLICIES)
    for kind in ("trafficpolicy", "backendconfigpolicy"):
        header, row = command("get", kind, "-n", "app").splitlines()
        assert header.split() == ["NAME", "ACCEPTED", "ATTACHED", "AGE"]
        assert row.split()[1:3] == ["True", "True"]
    header, row = command("get", "xbtrafficpolicy", "-n", "app").splitlines()
    assert (header.split(), row.split()[0]) == (["NAME", "AGE"], "budget")


def test_everything_at_once(command: Command) -> None:
    command.apply(ROUTE)
    out = command("get", "all", "-A")
    assert "httproute.gateway.networking.k8s.io/all" in out
    assert "gateway.gateway.networking.k8s.io/http" in out


def test_whole_objects(command: Command) -> None:
    command.apply(ROUTE)
    as_json = json.loads(command("get", "httproute", "all", "-n", "app", "-o", "json"))
    as_yaml = yaml.safe_load(command("get", "httproute", "all", "-n", "app", "-o", "yaml"))
    assert as_json == as_yaml
    assert as_json["kind"] == "HTTPRoute"
    assert as_json["status"]["parents"]
    assert "kubectl.kubernetes.io/last-applied-configuration" in as_json["metadata"]["annotations"]
    listed = json.loads(command("get", "httproute", "-n", "app", "-o", "json"))
    assert (listed["kind"], len(listed["items"])) == ("List", 1)


def test_the_ledger_says_in_words_why_no_try_followed(command: Command) -> None:
    command.apply(ROUTE)
    fetch(command.url + "/status/503")
    out = command("attempts", "--limit", "1")
    assert "/status/503" in out
    assert "the route has no retry policy" in out
    (request,) = json.loads(command("attempts", "--limit", "1", "-o", "json"))
    assert request["attempts"][0]["decision"] == "no_policy"


def test_the_route_table(command: Command) -> None:
    command.apply(ROUTE)
    header, row = command("routes").splitlines()
    assert header.split()[0] == "LISTENER"
    assert "app_httpbin_8000" in row
    assert len(json.loads(command("routes", "-o", "json"))) == 1
