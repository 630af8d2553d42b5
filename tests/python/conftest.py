"""What the tests of the Python package share."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from kgwcore import _core
from kgwcore.httpbin import Server


@pytest.fixture(autouse=True)
def no_handle_is_left() -> Iterator[None]:
    """Every object of the C API that a test made is free again when it ends."""
    before = _core.live_handles()
    yield
    gc.collect()
    assert _core.live_handles() == before


@pytest.fixture
def origin() -> Iterator[Server]:
    """A running httpbin."""
    with Server() as server:
        yield server
