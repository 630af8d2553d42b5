"""The user's guide on retries, step by step: our client and the real kubectl, the built-in and a real httpbin."""

import contextlib
import json
import re
from pathlib import Path

import pytest

import peers
from support.process import Run, kgwcore

EXAMPLE = Path(__file__).parents[2] / "config/examples/retry"
LISTENER = "kgateway-system/http/http"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class Kgwcore:
    """Our own commands."""

    def __init__(self, run, folder):
        self.admin = run.admin
        del folder  # it keeps nothing

    def __call__(self, *arguments, stdin=None):
        return kgwcore(*arguments, stdin=stdin, admin=self.admin)


class Kubectl:
    """The unmodified kubectl, with nothing but the address of the server."""

    def __init__(self, run, folder):
        self.options = ["--server", run.admin, "--cache-dir", folder / "cache"]
        self.home = str(folder)

    def __call__(self, *arguments, stdin=None):
        return peers.run("kubectl", *self.options, *arguments, stdin=stdin, HOME=self.home, KUBECONFIG="/dev/null")


@contextlib.contextmanager
def built_in():
    yield ["--with-httpbin"]


@contextlib.contextmanager
def real_httpbin():
    with peers.go_httpbin() as (_, port):
        yield ["--backend", f"httpbin/httpbin:8000=127.0.0.1:{port}"]


@contextlib.contextmanager
def gateway(*options, file="base.yaml"):
    addresses = ["--listen", "http=127.0.0.1:0", "--admin-address", "127.0.0.1:0"]
    with Run("-f", EXAMPLE / file, *addresses, *options) as run:
        yield run


@pytest.fixture(
    name="guide",
    params=[(c, o) for c in (Kgwcore, Kubectl) for o in (built_in, real_httpbin)],
    ids=lambda p: f"{p[0].__name__}-{p[1].__name__}",
)
def gateway_and_client(request, tmp_path):
    """-> (the running gateway, the client's command)."""
    client, origin = request.param
    with origin() as options, gateway(*options) as run:
        yield run, client(run, tmp_path)


def done(result, *lines):
    """Checks that a command went well and printed these lines."""
    assert result.returncode == 0, result.stderr
    # kubectl says the namespace since 1.34.
    printed = [re.sub(r'" deleted from \S+ namespace$', '" deleted', line) for line in result.stdout.splitlines()]
    assert printed == list(lines)


def curl(run, path="/headers", host="retry.example"):
    """-> (status, body) for the curl line of the guide."""
    result = peers.run(
        "curl",
        "-sk",
        "-w",
        "\n%{http_code}",
        f"http://127.0.0.1:{run.listeners[LISTENER]}{path}",
        "-H",
        f"host: {host}",
    )
    assert result.returncode == 0, result.stderr
    body, _, status = result.stdout.rpartition("\n")
    return int(status), body


def apply_guide(command):
    done(
        command("apply", "-n", "httpbin", "-f", "-", stdin=(EXAMPLE / "route-option.yaml").read_text()),
        "routeoption.gateway.kgateway.dev/retry created",
    )
    done(
        command("apply", "-f", "-", stdin=(EXAMPLE / "http-route.yaml").read_text()),
        "httproute.gateway.networking.k8s.io/httpbin-retry created",
    )


def conditions(command):
    result = command("get", "httproute", "httpbin-retry", "-n", "httpbin", "-o", "json")
    assert result.returncode == 0, result.stderr
    (parent,) = json.loads(result.stdout)["status"]["parents"]
    return {condition["type"]: condition["status"] for condition in parent["conditions"]}


def test_the_guide(guide):
    run, command = guide
    assert curl(run)[0] == 404, "no route yet"
    apply_guide(command)
    assert conditions(command) == {"Accepted": "True", "ResolvedRefs": "True"}

    for host in ("retry.example", "retry.example:8080"):
        status, body = curl(run, host=host)
        assert status == 200
        headers = json.loads(body)["headers"]
        assert all(isinstance(value, list) for value in headers.values()), headers
        assert headers["X-Envoy-Expected-Rq-Timeout-Ms"] == ["5000"]
        assert headers["X-Forwarded-Proto"] == ["http"]
        assert headers["Host"] == [host]
        assert len(headers["X-Request-Id"]) == 1 and re.fullmatch(UUID, headers["X-Request-Id"][0])

    done(
        command("delete", "httproute", "httpbin-retry", "-n", "httpbin"),
        'httproute.gateway.networking.k8s.io "httpbin-retry" deleted',
    )
    assert curl(run)[0] == 404, "at once"
    # One object under two groups: the clients name the one that the server lists first.
    done(command("delete", "routeoption", "retry", "-n", "httpbin"), 'routeoption.gateway.solo.io "retry" deleted')


def test_deleting_only_the_options_is_500(guide):
    run, command = guide
    apply_guide(command)
    assert curl(run)[0] == 200
    assert command("delete", "routeoption", "retry", "-n", "httpbin").returncode == 0
    assert curl(run)[0] == 500
    assert conditions(command)["ResolvedRefs"] == "False"
    result = command("apply", "-n", "httpbin", "-f", "-", stdin=(EXAMPLE / "route-option.yaml").read_text())
    done(result, "routeoption.gateway.kgateway.dev/retry created")
    assert curl(run)[0] == 200


def test_applying_again_changes_nothing(guide):
    _, command = guide
    apply_guide(command)
    done(
        command("apply", "-f", "-", stdin=(EXAMPLE / "http-route.yaml").read_text()),
        "httproute.gateway.networking.k8s.io/httpbin-retry unchanged",
    )
    changed = (EXAMPLE / "http-route.yaml").read_text().replace("retry.example", "other.example")
    done(command("apply", "-f", "-", stdin=changed), "httproute.gateway.networking.k8s.io/httpbin-retry configured")


def test_the_whole_example_folder_serves_at_once():
    with gateway("--with-httpbin", file=".") as run:
        status, body = curl(run)
        assert status == 200
        assert json.loads(body)["headers"]["X-Envoy-Expected-Rq-Timeout-Ms"] == ["5000"]


def test_stopped_backend_is_503_and_the_attempts_are_listed():
    with peers.go_httpbin() as (process, port):
        with gateway("--backend", f"httpbin/httpbin:8000=127.0.0.1:{port}", file=".") as run:
            assert curl(run)[0] == 200
            process.terminate()
            process.wait(timeout=20)
            status, body = curl(run)
            assert (status, body[:40]) == (503, "upstream connect error or disconnect/res")
            listed = kgwcore("attempts", "-o", "json", admin=run.admin)
            assert listed.returncode == 0, listed.stderr
            last = json.loads(listed.stdout)[-1]
            assert last["upstream_request_attempt_count"] == 4
            assert [attempt["endpoint"] for attempt in last["attempts"]] == [f"127.0.0.1:{port}"] * 4
