"""The real programs that kgwcore is tried against: where they are, and how they are started on a free port."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

INSTALLED = Path(__file__).parents[2] / "build/peers"  # by ./dev peers
FOLDERS = [str(INSTALLED / folder) for folder in ("bin", "usr/bin", "usr/sbin")] + [os.environ["PATH"], "/usr/sbin"]

# Not those of a sanitizer: the programs of others are not instrumented.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}


def program(name):
    """Its path. Without it the test is skipped, or fails when the peers are required."""
    path = shutil.which(name, path=os.pathsep.join(FOLDERS))
    if path:
        return path
    return missing(f"no {name} on this machine; ./dev peers installs it")


def missing(reason):
    return pytest.fail(reason) if os.environ.get("KGW_REQUIRE_PEERS") else pytest.skip(reason)


def run(name, *arguments, stdin=None, binary=False, timeout=60, **environment):
    """The program with these arguments, to its end."""
    command = [program(name), *map(str, arguments)]
    return subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=not binary,
        timeout=timeout,
        env={**ENVIRONMENT, **environment},
        check=False,
    )


def free_ports(count):
    """Different ones: all are taken before the first is given back."""
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [sock.getsockname()[1] for sock in taken]


def free_port():
    return free_ports(1)[0]


@contextlib.contextmanager
def started(name, *arguments, port):
    """The program, once it listens on that port."""
    with subprocess.Popen(
        [program(name), *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    ) as process:
        try:
            deadline = time.monotonic() + 20
            while not is_open(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    process.kill()
                    raise RuntimeError(f"{name} does not listen: {process.stderr.read()}")
                time.sleep(0.02)
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=20)


def is_open(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


@contextlib.contextmanager
def go_httpbin():
    """-> (process, port) of a real go-httpbin."""
    port = free_port()
    with started("go-httpbin", "-host", "127.0.0.1", "-port", port, "-log-level", "OFF", port=port) as process:
        yield process, port
