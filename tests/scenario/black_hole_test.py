"""An endpoint that never answers a SYN: which timer ends what."""

from support.client import get
from support.gateway import counter, port_of, records, serving
from support.origin import BlackHole
from support.rest import at_rest, descriptors


def address(hole):
    return f"{hole.host}:{hole.port}"


def test_the_connect_timeout_ends_it():
    with BlackHole() as hole:
        before = descriptors()
        with serving(address(hole), cluster_settings={"connect_timeout_ms": 300}) as gateway:
            response = get(port_of(gateway))
            assert (response.status, 0.29 <= response.elapsed < 4) == (503, True)
            assert b"connection timeout" in response.body
            record = records(gateway)[-1]
            assert (record["response_flags"], len(record["attempts"])) == ("UF", 1)
            assert counter(gateway, "upstream_cx_connect_timeout") == 1
            at_rest(gateway)
            assert counter(gateway, "upstream_cx_active") == 0
        assert descriptors() == before


def test_it_is_retried_as_a_connect_failure():
    retries = {"retryOn": "connect-failure", "numRetries": 2}
    settings = {"connect_timeout_ms": 100}
    with BlackHole() as hole, serving(address(hole), retries=retries, cluster_settings=settings) as gateway:
        assert get(port_of(gateway)).status == 503
        record = records(gateway)[-1]
        assert (record["response_flags"], len(record["attempts"])) == ("URX,UF", 3)
        assert counter(gateway, "upstream_cx_connect_timeout") == 3
        at_rest(gateway)


def test_per_try_timeout_does_not_cover_connecting():
    retries = {"retryOn": "5xx", "numRetries": 1, "perTryTimeout": "50ms"}
    settings = {"connect_timeout_ms": 400}
    with BlackHole() as hole, serving(address(hole), retries=retries, cluster_settings=settings) as gateway:
        response = get(port_of(gateway))
        assert (response.status, response.elapsed >= 0.79) == (503, True)
        assert records(gateway)[-1]["response_flags"] == "URX,UF"
        assert counter(gateway, "upstream_rq_per_try_timeout") == 0
        at_rest(gateway)


def test_the_timeout_of_the_request_does():
    settings = {"connect_timeout_ms": 60000}
    with BlackHole() as hole, serving(address(hole), timeout="300ms", cluster_settings=settings) as gateway:
        response = get(port_of(gateway))
        assert (response.status, response.body) == (504, b"upstream request timeout")
        assert 0.29 <= response.elapsed < 10
        assert records(gateway)[-1]["response_flags"] == "UT"
        at_rest(gateway)
