"""Processor time per request with HTTP/2 and TLS: kgwcore, nghttpx, Envoy, HAProxy and nginx, as far as each can do it.

Four ways: h2 to h1, h2 to h2, TLS with h1, TLS with h2 (both to h1). The load is h2load with 10 connections, over HTTP/2 with 20
streams each. Every subject has one worker on core 0; origin and load share core 1. Rounds are interleaved, the median counts.
"""

import argparse
import base64
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import (
    HAPROXY,
    NGINX,
    OTHERS_CORE,
    SUBJECT_CORE,
    Subject,
    free_port,
    processor_seconds,
    start,
    told_port,
    wait_until_open,
)

WAYS = {"h2->h1": (False, True, False), "h2->h2": (False, True, True), "tls h1": (True, False, False), "tls h2": (True, True, False)}

ENVOY = """
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: bench
          codec_type: AUTO
          use_remote_address: true
          route_config: {{virtual_hosts: [{{name: all, domains: ["*"], routes: [{{match: {{prefix: /}}, route: {{cluster: origin}}}}]}}]}}
          http_filters: [{{name: router, typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}}}]
      {tls}
  clusters:
  - name: origin
    connect_timeout: 5s
    load_assignment:
      cluster_name: origin
      endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {origin}}}}}}}}}]}}]
    {http2}
"""
ENVOY_TLS = """transport_socket:
        name: tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
          common_tls_context:
            alpn_protocols: [h2, http/1.1]
            tls_certificates: [{{certificate_chain: {{filename: {folder}/c.pem}}, private_key: {{filename: {folder}/k.pem}}}}]
"""
ENVOY_HTTP2 = """typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {http2_protocol_options: {}}
"""
KGWCORE = """
apiVersion: v1
kind: Secret
metadata: {{name: cert}}
type: kubernetes.io/tls
data: {{tls.crt: {chain}, tls.key: {key}}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: bench}}
spec: {{gatewayClassName: kgateway, listeners: [{{name: bench, port: {port}, {listener}}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: origin}}
spec: {{ports: [{{port: 80, appProtocol: {protocol}}}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: bench}}
spec: {{parentRefs: [{{name: bench}}], rules: [{{backendRefs: [{{name: origin, port: 80}}]}}]}}
"""


class Failed(Exception):
    """Requests of a subject went wrong."""


class Bench:
    def __init__(self, build, folder, way):
        self.build, self.folder = build, Path(folder)
        self.tls, self.h2, self.h2_origin = WAYS[way]

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def certificate(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
            + ["-subj", "/CN=a.example", "-keyout", self.folder / "k.pem", "-out", self.folder / "c.pem"],
            check=True,
            capture_output=True,
        )

    def origin(self):
        if not self.h2_origin:
            process = start([self.build / "tests/bench/bench_origin"], OTHERS_CORE)
            return process, told_port(process)
        port = free_port()
        self.write("index.html", "ok")
        process = start(["nghttpd", "--no-tls", "-d", self.folder, port], OTHERS_CORE)
        wait_until_open(port)
        return process, port

    def commands(self, origin):
        """By subject: what to start, and the port that it will listen on."""
        port = free_port()
        yield "kgwcore", self.kgwcore(port, origin), port
        port = free_port()
        front = "" if self.tls else ";no-tls"
        back = ";;proto=h2" if self.h2_origin else ""
        files = [self.folder / "k.pem", self.folder / "c.pem"] if self.tls else []
        yield "nghttpx", ["nghttpx", f"--frontend=127.0.0.1,{port}{front}", f"--backend=127.0.0.1,{origin}{back}"] + [
            "--workers=1", "--accesslog-file=/dev/null", "--log-level=FATAL", "--no-ocsp", *files
        ], port
        port = free_port()
        text = ENVOY.format(
            port=port,
            origin=origin,
            tls=ENVOY_TLS.format(folder=self.folder) if self.tls else "",
            http2=ENVOY_HTTP2 if self.h2_origin else "",
        )
        yield "envoy", ["envoy", "--concurrency", 1, "-l", "off", "--base-id", port, "-c", self.write("envoy.yaml", text)], port
        port = free_port()
        (self.folder / "both.pem").write_text((self.folder / "c.pem").read_text() + (self.folder / "k.pem").read_text())
        bind = f"ssl crt {self.folder}/both.pem alpn h2,http/1.1" if self.tls else "proto h2"
        text = HAPROXY.format(port=port, origin=origin, bind=bind, server="proto h2" if self.h2_origin else "")
        yield "haproxy", ["haproxy", "-db", "-q", "-f", self.write("haproxy.conf", text)], port
        if self.h2_origin:
            return  # nginx has no such backend
        port = free_port()
        files = f"ssl_certificate {self.folder}/c.pem; ssl_certificate_key {self.folder}/k.pem;"
        text = NGINX.format(
            folder=self.folder,
            port=port,
            origin=origin,
            listen="ssl http2" if self.tls else "http2",
            certificate=files if self.tls else "",
        )
        yield "nginx", ["nginx", "-e", "stderr", "-c", self.write("nginx.conf", text)], port

    def kgwcore(self, port, origin):
        listener = "protocol: HTTPS, tls: {certificateRefs: [{name: cert}]}" if self.tls else "protocol: HTTP"
        encoded = [base64.b64encode((self.folder / name).read_bytes()).decode() for name in ("c.pem", "k.pem")]
        text = KGWCORE.format(
            port=port,
            listener=listener,
            chain=encoded[0],
            key=encoded[1],
            protocol="kubernetes.io/h2c" if self.h2_origin else "http",
        )
        options = ["-f", self.write("kgwcore.yaml", text), "--backend", f"default/origin=127.0.0.1:{origin}"]
        python = ["env", f"PYTHONPATH={self.build}/python", sys.executable, "-m", "kgwcore"]
        return [*python, "run", *options, "--admin-address", "off"]

    def measure(self, subject, requests):
        before = processor_seconds(subject.process.pid)
        scheme = "https" if self.tls else "http"
        command = ["h2load", "-n", requests, "-c", 10, *(["-m", 20] if self.h2 else ["--h1"]), f"{scheme}://127.0.0.1:{subject.port}/"]
        done = subprocess.run(
            [str(word) for word in command],
            capture_output=True,
            text=True,
            check=True,
            timeout=600,
            preexec_fn=lambda: os.sched_setaffinity(0, {OTHERS_CORE}),
        )
        if f"{requests} succeeded" not in done.stdout:
            raise Failed(re.search(r"^requests: .*$", done.stdout, re.MULTILINE)[0])
        return (processor_seconds(subject.process.pid) - before) / requests * 1e6


def run(way, options):
    with tempfile.TemporaryDirectory(prefix="kgw-bench-") as folder, contextlib.ExitStack() as stack:
        bench = Bench(options.build, folder, way)
        bench.certificate()

        def keep(process):
            stack.callback(lambda: (process.terminate(), process.wait(timeout=10)))
            return process

        origin, at = bench.origin()
        keep(origin)
        subjects, failures = [], []
        for name, command, port in bench.commands(at):
            if not shutil.which(name) and name != "kgwcore":
                failures.append(f"{way}: {name} was not measured (./dev peers installs it)")
                continue
            subjects.append(Subject(name, keep(start(command, SUBJECT_CORE)), port))
            wait_until_open(port)
        for subject in list(subjects):
            try:
                bench.measure(subject, max(options.requests // 10, 1000))
            except Failed as why:
                if subject.name == "kgwcore":
                    raise
                print(f"bench: {way}: {subject.name} is left out: {why}", file=sys.stderr)
                subjects.remove(subject)
        for number in range(options.rounds):
            for subject in subjects if number % 2 else reversed(subjects):
                subject.rounds.append(bench.measure(subject, options.requests))
    ours = subjects[0].median
    for subject in subjects:
        print(f"{way:<8}{subject.name:<10}{subject.median:>10.2f}{min(subject.rounds):>9.2f}{max(subject.rounds):>9.2f}{subject.median / ours:>9.2f}")
    return failures + [f"{way}: kgwcore is not below {other.name}" for other in subjects[1:] if other.median <= ours]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, required=True, help="build tree (-O2) with the bench programs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=50000, help="per subject and round")
    parser.add_argument("--print-only", action="store_true", help="print the table, never fail")
    parser.add_argument("ways", nargs="*", default=list(WAYS), metavar="WAY", help=", ".join(WAYS))
    options = parser.parse_args()
    options.build = options.build.resolve()
    print(f"{'way':<8}{'subject':<10}{'us/request':>10}{'lowest':>9}{'highest':>9}{'x ours':>9}")
    failures = [failure for way in options.ways for failure in run(way, options)]
    for failure in failures:
        print("bench:", failure)
    sys.exit(1 if failures and not options.print_only else 0)


if __name__ == "__main__":
    main()
