"""The documents behind Gateway.to and run --to."""

from __future__ import annotations

from typing import Any

import pytest
from kgwcore import KgwError, validate
from kgwcore.quick import Policy, documents


def options(policy: Policy, url: str = "http://a.example") -> Any:
    return documents(url, policy)[2]["spec"]["options"]


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example",
        "http://[::1]:80",
        "http://127.0.0.1:1/",
        "https://a.example:8443",
    ],
)
def test_they_are_valid(url: str) -> None:
    policy = Policy(retry_on="5xx,reset", retries=3, per_try_timeout=0.5, timeout="3s")
    assert [problem for problem in validate(documents(url, policy)) if problem.severity == "error"] == []


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://a.example", "a.example"),
        ("http://a.example:80", "a.example"),
        ("http://a.example:81", "a.example:81"),
        ("https://a.example:443/", "a.example"),
        ("https://a.example:80", "a.example:80"),
        ("http://[::1]", "[::1]"),
        ("http://[::1]:81", "[::1]:81"),
    ],
)
def test_the_origin_sees_its_own_name(url: str, host: str) -> None:
    assert options(Policy(), url) == {"hostRewrite": host}


def test_http_is_a_static_backend() -> None:
    backend = documents("http://a.example:81", Policy())[3]
    assert backend["kind"] == "Backend"
    assert backend["spec"] == {"type": "Static", "static": {"hosts": [{"host": "a.example", "port": 81}]}}


def test_https_is_an_upstream_with_tls_and_a_server_name() -> None:
    backend = documents("https://a.example", Policy())[3]
    assert backend["kind"] == "Upstream"
    host = {"addr": "a.example", "port": 443, "sniAddr": "a.example"}
    assert backend["spec"] == {"static": {"hosts": [host], "useTls": True}}


def test_limits_become_durations() -> None:
    made = options(Policy(retry_on="reset", retries=2, per_try_timeout=1.5, timeout="3s"))
    assert made["retries"] == {"retryOn": "reset", "numRetries": 2, "perTryTimeout": "1500ms"}
    assert made["timeout"] == "3s"


def test_the_number_of_retries_may_stay_the_default() -> None:
    assert options(Policy(retry_on="5xx"))["retries"] == {"retryOn": "5xx"}


def test_no_retries_at_all_has_no_condition() -> None:
    assert "retries" not in options(Policy(retry_on="5xx", retries=0))
    assert options(Policy(retry_on="5xx", retries=0, per_try_timeout=1))["retries"] == {"perTryTimeout": "1000ms"}


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (Policy(retries=2), "without retry_on"),
        (Policy(retry_on="5xx", retries=-1), "need 0 or more"),
        (Policy(timeout=-1), "need 0 or more seconds"),
    ],
)
def test_limits_that_cannot_be(policy: Policy, message: str) -> None:
    with pytest.raises(KgwError, match=message):
        documents("http://a.example", policy)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("a.example", "need http://"),
        ("ftp://a.example", "need http://"),
        ("http://", "need http://"),
        ("http://a.example/path", "without a path"),
        ("http://a.example?a=1", "without a path"),
        ("http://me@a.example", "without a user name"),
        ("http://a.example:0", "port 0"),
        ("http://a.example:99999", "out of range"),
    ],
)
def test_urls_that_cannot_be(url: str, message: str) -> None:
    with pytest.raises(KgwError, match=message):
        documents(url, Policy())
