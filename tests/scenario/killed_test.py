"""The process is killed or stands still, and what is left works."""

import signal
import threading
import time

import pytest

from support import documents
from support.client import get
from support.load import Load, echo
from support.origin import Origin, respond, stall
from support.process import SANITIZED, Run
from support.rest import at_rest, descriptors

ROUNDS = 10 if not SANITIZED else 2


@pytest.fixture(name="running")
def gateway_process(tmp_path):
    def start(origin, port=0, **policy):
        file = tmp_path / "gateway.yaml"
        file.write_text(documents.routed([origin.address], **policy))
        return Run("-f", file, "--listen", f"http=127.0.0.1:{port}", "--admin-address", "127.0.0.1:0")

    return start


def test_a_kill_under_load_leaves_the_port_free_and_shows_as_resets(running):
    """The same port again at once, each time; a client sees its answer, or that there is none."""
    port = 0
    with Origin(echo) as origin:
        for seed in range(ROUNDS):
            with running(origin, port) as run:
                assert port in (0, run.port)
                port = run.port
                assert get(port, headers={"x-id": "first"}).status == 200
                with Load(port, seed=seed) as load:
                    load.wait_for(100)
                    run.process.kill()
                    asked = load.join()
                assert run.process.wait(timeout=20) == -signal.SIGKILL
            assert {one.status for one in asked} <= {0, 200}
            assert {one.ended for one in asked} <= {"answered", "closed", "reset", "cut"}
            assert sum(one.ended == "answered" for one in asked) >= 50
            assert {"closed", "reset", "cut"} & {one.ended for one in asked}, "nobody noticed"


def stand_still(run, seconds):
    run.process.send_signal(signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        run.process.send_signal(signal.SIGCONT)


def test_traffic_goes_on_after_the_process_stood_still(running):
    with Origin(echo) as origin, running(origin, timeout="60s") as run:
        before = descriptors(run.pid)
        with Load(run.port, seed=1) as load:
            load.wait_for(100)
            stand_still(run, 2)
            load.wait_for(len(load.asked) + 100)
            asked = load.stop()
        assert {(one.status, one.ended) for one in asked} == {(200, "answered")}
        assert max(one.took for one in asked) > 1.5, "nobody waited"
        at_rest(run)
        # A request that waits for a new connection takes one that is free sooner: there may be two for each of the 6 clients.
        assert descriptors(run.pid) - before <= 12


def test_calls_that_are_interrupted_go_on(running):
    """A process that is stopped and goes on has every call that waits come back with EINTR."""
    with Origin(echo) as origin, running(origin, timeout="60s") as run:
        with Load(run.port, seed=2) as load:
            for _ in range(200):
                run.process.send_signal(signal.SIGSTOP)
                run.process.send_signal(signal.SIGCONT)
                time.sleep(0.002)
            load.wait_for(300)
            asked = load.stop()
        assert {(one.status, one.ended) for one in asked} == {(200, "answered")}
        at_rest(run)
        assert run.stop() == 0


def test_its_timers_fire_late_and_once(running):
    """Four times perTryTimeout passes while it stands still: one retry, and the next one has its whole time again."""
    retries = {"retryOn": "5xx", "numRetries": 5, "perTryTimeout": "500ms"}
    answers = []
    with Origin(stall(), stall(), respond(body=b"third")) as origin:
        with running(origin, retries=retries, timeout="60s") as run:
            client = threading.Thread(target=lambda: answers.append(get(run.port)))
            client.start()
            origin.wait_for_requests(1)
            stand_still(run, 2)
            client.join(60)
            (answer,) = answers
            assert (answer.status, answer.body) == (200, b"third")
            first, second, third = (request.arrived for request in origin.requests)
            assert second - first >= 1.9
            assert third - second >= 0.45
            at_rest(run)
