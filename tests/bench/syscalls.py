"""Counts the system calls of a keep-alive request: those of the byte relay and no more. Usage: syscalls.py PROGRAMS

Both programs run under strace and answer a small and a larger number of requests; the difference is what a request
costs, whatever starting and ending cost.
"""

import collections
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

FEW, MANY = 500, 2500
CONNECTIONS = 8
SKIPPED = 77  # what CMakeLists.txt calls a skipped test


def started(command):
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)
    word, port = process.stdout.readline().split()
    assert word == "listening"
    return process, port


def calls(programs, command, requests):
    """The system calls by name that the program of `command` makes for a whole run with that many requests."""
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace"
        process, port = started(["strace", "-f", "-q", "-o", trace, *command])
        try:
            subprocess.run(
                [programs / "bench_load", port, str(CONNECTIONS), str(requests)],
                check=True,
                timeout=60,
                stdout=subprocess.DEVNULL,
            )
        finally:
            # strace ends when what it traces does.
            traced = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            os.kill(int(traced[0]), signal.SIGTERM)
            process.wait(timeout=20)
        # "PID name(...": a call that another thread interrupts is resumed on a line of another form.
        return collections.Counter(re.findall(r"^\d+ +(\w+)\(", trace.read_text(errors="replace"), re.M))


def per_request(programs, command):
    few, many = (calls(programs, command, requests) for requests in (FEW, MANY))
    return {name: (many[name] - few[name]) / (MANY - FEW) for name in many | few}


def main():
    programs = Path(sys.argv[1])
    if not shutil.which("strace") or subprocess.run(["strace", "-qq", "true"], capture_output=True).returncode:
        print("syscalls: strace cannot trace here")
        sys.exit(SKIPPED)
    origin, port = started([programs / "bench_origin"])
    try:
        relay = per_request(programs, [programs / "bench_relay", port])
        ours = per_request(programs, [programs / "bench_kgw_host", port])
    finally:
        origin.terminate()
        origin.wait(timeout=10)

    names = sorted(name for name in relay.keys() | ours.keys() if max(relay.get(name, 0), ours.get(name, 0)) > 0.01)
    for name in names:
        print(f"{name:<16}{relay.get(name, 0):>8.3f} relay{ours.get(name, 0):>8.3f} kgwcore")
    # How many events one epoll_wait brings is up to the kernel; all else is exact but for the timers' rare ticks.
    extra = [name for name in names if name != "epoll_wait" and ours.get(name, 0) > relay.get(name, 0) + 0.01]
    if ours.get("epoll_wait", 0) > 2:
        extra.append("epoll_wait")
    if extra:
        sys.exit(f"syscalls: more than the relay makes: {', '.join(extra)}")


if __name__ == "__main__":
    main()
