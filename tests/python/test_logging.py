"""Records of the library in Python's logging."""

from __future__ import annotations

import logging
import threading

import kgwcore
import kgwcore.logging
import pytest
from support import ANY_PORT, BASE, ROUTE


def test_records_go_to_the_logger_of_their_module(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "kgwcore"), kgwcore.Gateway(BASE + "---" + ROUTE, listen=ANY_PORT):
        assert kgwcore.logging.flush()
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings, "a Service without address is worth a warning"
    assert all(record.name.startswith("kgwcore.") for record in caplog.records)
    assert any("--backend" in record.getMessage() for record in warnings)


def test_level_off_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with (
        caplog.at_level(logging.DEBUG, "kgwcore"),
        kgwcore.Gateway(BASE + "---" + ROUTE, listen=ANY_PORT, log_level="off"),
    ):
        assert kgwcore.logging.flush()
    assert caplog.records == []


def test_a_handler_may_call_the_gateway() -> None:
    seen: list[int] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(len(gateway.listeners))

    handler = Handler()
    logger = logging.getLogger("kgwcore")
    gateway = kgwcore.Gateway(BASE, listen=ANY_PORT)
    logger.addHandler(handler)
    try:
        with gateway:
            gateway.apply(ROUTE)
            assert kgwcore.logging.flush(timeout=30)
    finally:
        logger.removeHandler(handler)
    assert seen


def test_one_thread_dispatches_for_all() -> None:
    with kgwcore.Gateway(), kgwcore.Gateway():
        assert [thread.name for thread in threading.enumerate()].count("kgwcore-log") == 1
