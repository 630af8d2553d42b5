"""Processor time per request: kgwcore, a byte relay, HAProxy and nginx in one run. HTTP/1 keep-alive, a small answer.

--ledger instead: kgwcore with its records of attempts beside the same without; the median ratio of the pairs counts.

Every subject has one worker on core 0; origin and load share core 1. Rounds are interleaved, so that whatever else the
machine does falls on all subjects alike; the median of the rounds counts. Only ratios carry over to another machine.
"""

import argparse
import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MOST_TIMES_RELAY = 1.30
MOST_TIMES_NO_LEDGER = 1.03
SUBJECT_CORE, OTHERS_CORE = 0, 1

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 3600s; tcp_nodelay on;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder};
  scgi_temp_path {folder};
  upstream origin {{ server 127.0.0.1:{origin}; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} {listen};
    {certificate}
    proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
    location / {{ proxy_pass http://origin; }}
  }}
}}
"""
HAPROXY = """
global
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout connect 5s
  timeout client 3600s
  timeout server 3600s
  http-reuse always
frontend bench
  bind 127.0.0.1:{port} {bind}
  default_backend origin
backend origin
  server origin 127.0.0.1:{origin} {server}
"""
PLAIN_HTTP1 = {"listen": "", "certificate": "", "bind": "", "server": ""}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def start(command, core):
    return subprocess.Popen(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )


def told_port(process):
    """The port in "listening PORT", the first line of our own programs."""
    line = process.stdout.readline().split()
    if line[:1] != ["listening"]:
        raise SystemExit(f"bench: {process.args[0]} did not start")
    return int(line[1])


def wait_until_open(port):
    for _ in range(100):
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise SystemExit(f"bench: nothing listens on port {port}")


def descendants(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid] + [below for child in children for below in descendants(int(child))]


def processor_seconds(pid):
    """Time on a processor of all threads of the process and of those it started."""
    return (
        sum(
            int((task / "schedstat").read_text().split()[0])
            for process in descendants(pid)
            for task in Path(f"/proc/{process}/task").iterdir()
        )
        / 1e9
    )


class Subject:
    def __init__(self, name, process, port):
        self.name, self.process, self.port, self.rounds = name, process, port, []

    def measure(self, load, connections, requests):
        before = processor_seconds(self.process.pid)
        command = [str(word) for word in (load, self.port, connections, requests)]
        subprocess.run(
            command,
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=600,
            preexec_fn=lambda: os.sched_setaffinity(0, {OTHERS_CORE}),
        )
        return (processor_seconds(self.process.pid) - before) / requests * 1e6

    @property
    def median(self):
        return statistics.median(self.rounds)


def start_peer(name, command, template, origin, folder):
    port = free_port()
    config = Path(folder) / f"{name}.conf"
    config.write_text(template.format(folder=folder, origin=origin, port=port, **PLAIN_HTTP1))
    process = start([word.format(config=config) for word in command], SUBJECT_CORE)
    wait_until_open(port)
    return Subject(name, process, port)


def start_ours(name, program, origin, *settings):
    process = start([program, origin, *settings], SUBJECT_CORE)
    return Subject(name, process, told_port(process))


def start_pair(programs, origin, _folder):
    yield start_ours("no ledger", programs / "bench_kgw_host", origin, "ledger_records=0")
    yield start_ours("ledger", programs / "bench_kgw_host", origin)


def start_subjects(programs, origin, folder):
    yield start_ours("relay", programs / "bench_relay", origin)
    if (programs / "bench_kgw_host").exists():
        yield start_ours("kgwcore", programs / "bench_kgw_host", origin)
    peers = {
        "haproxy": (["haproxy", "-db", "-q", "-f", "{config}"], HAPROXY),
        "nginx": (["nginx", "-e", "stderr", "-c", "{config}"], NGINX),
    }
    for name, (command, template) in peers.items():
        if shutil.which(name):
            yield start_peer(name, command, template, origin, folder)
        else:
            print(f"bench: no {name} on this machine (./dev peers installs it)", file=sys.stderr)


def complaints(subjects):
    median = {subject.name: subject.median for subject in subjects}
    for name in {"kgwcore", "haproxy", "nginx"} - median.keys():
        yield f"{name} was not measured"
    if "kgwcore" not in median:
        return
    ratio = median["kgwcore"] / median["relay"]
    if ratio > MOST_TIMES_RELAY:
        yield f"kgwcore needs {ratio:.2f} times the relay, more than {MOST_TIMES_RELAY:.2f}"
    for name in ("haproxy", "nginx"):
        if median["kgwcore"] >= median.get(name, float("inf")):
            yield f"kgwcore is not below {name}"


def ledger_complaints(subjects):
    without, with_it = subjects
    ratio = statistics.median(after / before for before, after in zip(without.rounds, with_it.rounds))
    print(f"ledger: {ratio:.3f} times the processor time without, median of {len(with_it.rounds)} pairs")
    if ratio > MOST_TIMES_NO_LEDGER:
        yield f"the ledger needs {ratio:.3f} times the time without, more than {MOST_TIMES_NO_LEDGER:.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, required=True, help="build tree (-O2) with the bench programs")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=100000, help="per subject and round")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--ledger", action="store_true", help="kgwcore with and without its ledger, nothing else")
    parser.add_argument("--print-only", action="store_true", help="print the table, never fail")
    options = parser.parse_args()
    programs = options.build / "tests/bench"

    subjects = []
    with tempfile.TemporaryDirectory(prefix="kgw-bench-") as folder:
        origin = start([programs / "bench_origin"], OTHERS_CORE)
        try:
            start_all = start_pair if options.ledger else start_subjects
            subjects.extend(start_all(programs, told_port(origin), folder))
            for subject in subjects:
                subject.measure(programs / "bench_load", options.connections, max(options.requests // 10, 1000))
            for number in range(options.rounds):
                for subject in subjects if number % 2 else reversed(subjects):
                    subject.rounds.append(
                        subject.measure(programs / "bench_load", options.connections, options.requests)
                    )
        finally:
            for process in [origin] + [subject.process for subject in subjects]:
                process.terminate()
                process.wait(timeout=10)

    first = subjects[0]
    print(f"{'subject':<10}{'us/request':>12}{'lowest':>9}{'highest':>9}{'x ' + first.name:>12}")
    for subject in subjects:
        print(
            f"{subject.name:<10}{subject.median:>12.2f}{min(subject.rounds):>9.2f}{max(subject.rounds):>9.2f}"
            f"{subject.median / first.median:>12.2f}"
        )
    failures = list(ledger_complaints(subjects) if options.ledger else complaints(subjects))
    for failure in failures:
        print("bench:", failure)
    sys.exit(1 if failures and not options.print_only else 0)


if __name__ == "__main__":
    main()
