"""The end of the interpreter, and children of fork."""

from __future__ import annotations

import os

import kgwcore
import pytest
from support import ANY_PORT, GATEWAY, fetch, python

LIVE = f"""
import kgwcore
gateway = kgwcore.Gateway({GATEWAY!r}, listen={ANY_PORT!r}, with_httpbin=True).start()
print(gateway.url("http"))
"""


def test_the_interpreter_ends_with_a_live_gateway() -> None:
    ended = python(LIVE)
    assert ended.returncode == 0
    assert ended.stdout.startswith("http://127.0.0.1:")
    assert ended.stderr == ""


def test_the_interpreter_ends_by_an_exception_with_a_live_gateway() -> None:
    ended = python(LIVE + "raise SystemExit(7)")
    assert (ended.returncode, ended.stderr) == (7, "")


def test_the_interpreter_ends_while_another_thread_waits_in_a_call() -> None:
    ended = python(
        LIVE + "import threading\nthreading.Thread(target=lambda: [gateway.stats() for _ in range(50)]).start()"
    )
    assert ended.returncode == 0


def in_child(check: str) -> str:
    """What a forked child of a process with a live gateway prints."""
    script = (
        LIVE + f"import os\nchild = os.fork()\nif child == 0:\n    {check}\nelse:\n    print(os.waitpid(child, 0)[1])"
    )
    ended = python(script)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return ended.stdout


def test_a_forked_child_is_told() -> None:
    check = "\n    ".join(
        [
            "try: gateway.stats()",
            "except kgwcore.ClosedError as error: print(error, flush=True)",
            "os._exit(5)",
        ]
    )
    assert "forked" in in_child(check)


def test_a_forked_child_may_close_what_it_inherited() -> None:
    assert in_child("gateway.close(); os._exit(0)").splitlines()[-1] == "0"


def test_a_forked_child_ends_as_any_other() -> None:
    assert in_child("raise SystemExit(0)").splitlines()[-1] == "0"


@pytest.mark.skipif(
    os.environ.get("KGW_SANITIZED") == "tsan", reason="the thread sanitizer cannot follow threads made behind a fork"
)
def test_a_forked_child_may_make_its_own() -> None:
    check = f"with kgwcore.Gateway({GATEWAY!r}, listen={ANY_PORT!r}) as own: print(own.url(), flush=True); os._exit(0)"
    assert in_child(check).splitlines()[-1] == "0"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # newer interpreters dislike fork beside threads
def test_the_parent_serves_on() -> None:
    with kgwcore.Gateway(GATEWAY, listen=ANY_PORT) as gateway:
        child = os.fork()
        if child == 0:
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert fetch(gateway.url()).status == 404
