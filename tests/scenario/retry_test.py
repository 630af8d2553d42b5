"""What the guide on retries promises, over real sockets."""

import threading

from support import documents
from support.client import Client, get
from support.gateway import counter, port_of, records, serving
from support.origin import Origin, close, half_close, informational, pause, respond, stall
from support.process import until

NO_CONNECTION = (
    b"upstream connect error or disconnect/reset before headers. retried and the latest reset reason: "
    b"remote connection failure"
)
GUIDE = {"retryOn": "connect-failure", "numRetries": 3, "perTryTimeout": "5s"}


def in_background(call, *args):
    """-> a function that waits for the result of call(*args)."""
    results = []
    thread = threading.Thread(target=lambda: results.append(call(*args)), daemon=True)
    thread.start()

    def result():
        thread.join(60)
        return results[0]

    return result


def gaps_ms(attempts):
    """From the end of each attempt to the start of the next."""
    return [later["start_ms"] - earlier["end_ms"] for earlier, later in zip(attempts, attempts[1:])]


def test_backend_down_is_503_after_four_attempts():
    with Origin(listening=False) as origin, serving(origin.address, retries=GUIDE) as gateway:
        response = get(port_of(gateway), "/headers")
        assert (response.status, response.body) == (503, NO_CONNECTION)
        assert response.headers.get("content-length") == "121"
        assert response.headers.get("content-type") == "text/plain"
        record = records(gateway)[-1]
        assert record["upstream_request_attempt_count"] == len(record["attempts"]) == 4
        assert record["response_flags"] == "URX,UF"
        assert [attempt["decision"] for attempt in record["attempts"]] == ["retry_reset"] * 3 + ["limit_reached"]
        assert {attempt["endpoint"] for attempt in record["attempts"]} == {origin.address}


def test_back_off_doubles_from_25_ms():
    limits = [25, 50, 100]
    late = []
    with Origin(listening=False) as origin, serving(origin.address, retries=GUIDE) as gateway:
        for number in range(3):
            get(port_of(gateway))
            attempts = records(gateway, number + 1)[-1]["attempts"]
            delays = [attempt["delay_ms"] for attempt in attempts[:-1]]
            assert all(0 <= delay < limit for delay, limit in zip(delays, limits)), delays
            late.append([gap for gap, limit in zip(gaps_ms(attempts), limits) if not 0 <= gap < limit + 10])
    assert [] in late, f"no run of three kept to the clock: {late}"


def test_backend_back_during_back_off_is_200():
    retries = {**GUIDE, "retryBackOff": {"baseInterval": "1s"}}
    with Origin(respond(body=b"back"), listening=False) as origin, serving(origin.address, retries=retries) as gateway:
        response = in_background(get, port_of(gateway))
        until(lambda: counter(gateway, "upstream_cx_connect_fail"), interval=0.001)
        origin.open()
        assert (response().status, response().body) == (200, b"back")
        assert [attempt["decision"] for attempt in records(gateway)[-1]["attempts"]][-1] == "forwarded"


def test_slow_answer_is_504_and_the_ledger_says_why():
    with Origin([pause(6), respond()]) as origin, serving(origin.address, retries=GUIDE) as gateway:
        response = get(port_of(gateway))
        assert (response.status, response.body) == (504, b"upstream request timeout")
        assert 4.99 <= response.elapsed < 5.5
        record = records(gateway)[-1]
        assert (record["response_flags"], record["response_code_details"]) == ("UT", "upstream_per_try_timeout")
        assert [attempt["decision"] for attempt in record["attempts"]] == ["per_try_timeout_not_covered"]
        assert "connect-failure" in record["attempts"][0]["decision_text"]
        assert len(origin.requests) == 1
        assert origin.requests[0].headers.get("x-envoy-expected-rq-timeout-ms") == "5000"


def test_new_endpoint_during_back_off_gets_the_retry():
    retries = {"retryOn": "5xx", "numRetries": 5, "retryBackOff": {"baseInterval": "500ms"}}
    with (
        Origin(respond(503)) as old,
        Origin(respond(body=b"new")) as new,
        serving(old.address, retries=retries) as gateway,
    ):
        response = in_background(get, port_of(gateway))
        old.wait_for_requests(1)
        gateway.apply(documents.text(documents.slice_of("origin-0", new.address)))
        tried_before = len(old.requests)
        assert (response().status, response().body) == (200, b"new")
        assert len(old.requests) == tried_before, "an attempt after the apply went to the endpoint that was gone"
        endpoints = [attempt["endpoint"] for attempt in records(gateway)[-1]["attempts"]]
        assert endpoints == [old.address] * tried_before + [new.address]


def test_a_slot_of_the_retry_breaker_is_held_until_the_retry_answers():
    with (
        Origin(respond(503), stall(), respond(503)) as origin,
        serving(origin.address, retries={"retryOn": "5xx"}, cluster_settings={"max_retries": 1}) as gateway,
    ):
        with Client(port_of(gateway)) as waiting:
            waiting.send_head()
            origin.wait_for_requests(2)
            assert get(port_of(gateway)).status == 503
            assert counter(gateway, "upstream_rq_retry_overflow") == 1
            assert records(gateway)[-1]["attempts"][-1]["decision"] == "breaker_full"


def test_a_1xx_answer_frees_the_slot():
    with (
        Origin(respond(503), [informational(103), stall()], respond(503), respond(200)) as origin,
        serving(origin.address, retries={"retryOn": "5xx"}, cluster_settings={"max_retries": 1}) as gateway,
    ):
        with Client(port_of(gateway)) as waiting:
            waiting.send_head()
            until(lambda: counter(gateway, "upstream_rq_1xx"))
            assert get(port_of(gateway)).status == 200
            assert counter(gateway, "upstream_rq_retry_overflow") == 0


def test_a_kept_connection_that_the_origin_closed_is_not_used_again():
    with Origin([respond(), half_close()], respond()) as origin, serving(origin.address) as gateway:
        with Client(port_of(gateway)) as client:
            assert client.request().status == 200
            until(lambda: counter(gateway, "upstream_cx_active") == 0)
            assert client.request().status == 200
        assert [request.connection for request in origin.requests] == [0, 1]


def test_a_kept_connection_with_an_unasked_answer_is_not_used_again():
    timed_out = respond(408, {"connection": "close"})
    with Origin([respond(), timed_out, close()], respond()) as origin, serving(origin.address) as gateway:
        with Client(port_of(gateway)) as client:
            assert client.request().status == 200
            until(lambda: counter(gateway, "upstream_cx_active") == 0)
            assert client.request().status == 200
        assert [request.connection for request in origin.requests] == [0, 1]


def test_request_id_is_the_same_on_every_attempt_and_only_the_timeout_changes():
    with (
        Origin(respond(503), respond(503), respond()) as origin,
        serving(origin.address, retries={"retryOn": "5xx", "numRetries": 2}, timeout="10s") as gateway,
    ):
        assert get(port_of(gateway)).status == 200
        heads = [
            [field for field in request.headers if field[0] != "x-envoy-expected-rq-timeout-ms"]
            for request in origin.requests
        ]
        assert len(heads) == 3 and heads[0] == heads[1] == heads[2]
        assert all(
            0 < int(request.headers.get("x-envoy-expected-rq-timeout-ms")) <= 10000 for request in origin.requests
        )


def test_a_body_is_sent_again_whole():
    body = bytes(range(256)) * 1000
    with (
        Origin(respond(503), respond(503), respond()) as origin,
        serving(origin.address, retries={"retryOn": "5xx", "numRetries": 2}) as gateway,
    ):
        with Client(port_of(gateway)) as client:
            assert client.request("POST", body=body).status == 200
            assert client.request("POST", body=[body[:1000], body[1000:]]).status == 200
        assert [request.body == body for request in origin.requests] == [True] * 4
