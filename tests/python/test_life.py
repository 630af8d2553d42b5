"""From new to closed."""

from __future__ import annotations

import gc
import socket
import threading
import warnings

import kgwcore
import pytest
from kgwcore.httpbin import Server
from support import ANY_PORT, BASE, BROKEN_ROUTE, GATEWAY, ROUTE, fetch, taken_port


def test_with_enters_when_it_listens_and_leaves_when_it_does_not() -> None:
    with kgwcore.Gateway(GATEWAY, listen=ANY_PORT) as gateway:
        (listener,) = gateway.listeners
        assert listener.name == "infra/http/http"
        assert (listener.address, listener.bound) == ("127.0.0.1", True)
        assert gateway.url() == gateway.url("http") == gateway.url("http/http") == listener.url
        assert fetch(gateway.url("http")).status == 404
        assert "running" in repr(gateway)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", listener.port))
    assert "closed" in repr(gateway)


def test_start_and_close_without_with() -> None:
    gateway = kgwcore.Gateway(GATEWAY, listen={"infra/http/http": 0})
    assert "new" in repr(gateway)
    assert gateway.start() is gateway
    assert gateway.url().startswith("http://127.0.0.1:")
    gateway.close()
    gateway.close()


def test_a_closed_gateway_says_so() -> None:
    gateway = kgwcore.Gateway(GATEWAY)
    gateway.close()
    for call in (gateway.start, gateway.stats, gateway.attempts, gateway.routes, gateway.url):
        with pytest.raises(kgwcore.ClosedError, match="closed"):
            call()


def test_it_starts_once() -> None:
    with kgwcore.Gateway(GATEWAY, listen=ANY_PORT) as gateway:
        with pytest.raises(kgwcore.ClosedError, match="started"):
            gateway.start()
        assert fetch(gateway.url()).status == 404


def test_without_documents_it_has_no_listeners() -> None:
    with kgwcore.Gateway() as gateway:
        assert gateway.listeners == []
        with pytest.raises(kgwcore.NotFoundError, match="listeners: none"):
            gateway.url("http")


def test_apply_before_the_start() -> None:
    gateway = kgwcore.Gateway(listen=ANY_PORT)
    gateway.apply(GATEWAY)
    with gateway:
        assert fetch(gateway.url("http")).status == 404


def test_a_port_in_use_is_an_os_error() -> None:
    with taken_port() as port:
        gateway = kgwcore.Gateway(GATEWAY, listen={"http": f"127.0.0.1:{port}"})
        with pytest.raises(OSError, match=str(port)) as caught:
            gateway.start()
    assert isinstance(caught.value, kgwcore.BindError)
    assert caught.value.name == "address_in_use"
    with pytest.raises(kgwcore.ClosedError):
        gateway.start()


def test_a_rejected_document_keeps_it_from_starting() -> None:
    with pytest.raises(ValueError, match="hostname") as caught:
        kgwcore.Gateway(GATEWAY + "---" + BROKEN_ROUTE, listen=ANY_PORT).start()
    assert isinstance(caught.value, kgwcore.ConfigError)
    assert [result.outcome for result in caught.value.results] == ["created", "rejected"]


def test_keep_going_serves_the_rest() -> None:
    with kgwcore.Gateway(GATEWAY + "---" + BROKEN_ROUTE, listen=ANY_PORT, keep_going=True) as gateway:
        assert [result.outcome for result in gateway.results] == ["created", "rejected"]
        assert fetch(gateway.url()).status == 404


@pytest.mark.parametrize(
    "options",
    [
        {"settings": {"no_such_setting": 1}},
        {"settings": {"drain_timeout_ms": -1}},
        {"host": "nowhere.example"},
        {"listen": {"http": "x"}},
        {"backend": {"a": ""}},
        {"concurrency": 0},
        {"admin_address": "x"},
        {"log_level": "loud"},
    ],
)
def test_options_that_no_gateway_could_have(options: dict[str, object]) -> None:
    with pytest.raises(kgwcore.KgwError) as caught:
        kgwcore.Gateway(GATEWAY, **options)  # type: ignore[arg-type]
    assert caught.value.name == "usage"


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        kgwcore.Gateway("no-such-file.yaml").start()


def test_forgetting_to_close_warns() -> None:
    gateway = kgwcore.Gateway(GATEWAY, listen=ANY_PORT).start()
    with pytest.warns(ResourceWarning, match="never closed"):
        del gateway
        gc.collect()


def test_forgetting_one_that_never_started_does_not() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kgwcore.Gateway(GATEWAY)
        gc.collect()


def test_requests_finish_before_close_returns(origin: Server) -> None:
    with kgwcore.Gateway(BASE + "---" + ROUTE, listen=ANY_PORT, backend={"*": origin.address}) as gateway:
        url = gateway.url()
        statuses: list[int] = []
        client = threading.Thread(target=lambda: statuses.append(fetch(url + "/delay/0.3").status))
        client.start()
        while not gateway.stats().as_dict().get("cluster.app_httpbin_8000.upstream_rq_active"):
            pass
    client.join()
    assert statuses == [200]


def test_a_drain_is_cut_short_by_a_second_close(origin: Server) -> None:
    gateway = kgwcore.Gateway(BASE + "---" + ROUTE, listen=ANY_PORT, backend={"*": origin.address})
    gateway.start()
    with socket.create_connection(("127.0.0.1", gateway.listeners[0].port), timeout=30) as client:
        client.sendall(b"GET /delay/10 HTTP/1.1\r\nHost: a\r\n\r\n")
        while not gateway.stats().as_dict().get("cluster.app_httpbin_8000.upstream_rq_active"):
            pass
        closing = threading.Thread(target=gateway.close, kwargs={"drain": 600})
        closing.start()
        gateway.close(drain=0)
        closing.join(timeout=30)
        assert not closing.is_alive()


def test_with_httpbin_answers_for_services_without_address() -> None:
    with kgwcore.Gateway(BASE + "---" + ROUTE, listen=ANY_PORT, with_httpbin=True) as gateway:
        headers = fetch(gateway.url() + "/headers").json["headers"]
        assert headers["X-Forwarded-Proto"] == ["http"]
        assert gateway.httpbin is not None
        url = gateway.httpbin.url
    with pytest.raises(ConnectionRefusedError):
        fetch(url)


def test_calls_of_many_threads_are_serialised_inside() -> None:
    with kgwcore.Gateway(GATEWAY, listen=ANY_PORT) as gateway:
        failures: list[BaseException] = []

        def work(number: int) -> None:
            route = {
                "apiVersion": "gateway.networking.k8s.io/v1",
                "kind": "HTTPRoute",
                "metadata": {"name": f"r{number}", "namespace": "app"},
                "spec": {"parentRefs": [{"name": "http", "namespace": "infra"}]},
            }
            try:
                for _ in range(5):
                    gateway.apply(route)
                    gateway.get("httproute", f"r{number}", namespace="app")
                    gateway.stats()
                    gateway.delete("httproute", f"r{number}", namespace="app")
            except BaseException as failure:
                failures.append(failure)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
