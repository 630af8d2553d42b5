"""The four proxies, each with some lanes: a port in front of an origin of its own, so that cases run side by side."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import kgwcore
import peers
from support import documents

LANES = 6
PEERS = {"envoy": "1.40.", "haproxy": "2.6.", "nginx": "1.22."}  # and the version that differences.yaml speaks of

HAPROXY = """
defaults
  mode http
  retries 0
  timeout connect 5s
  timeout client 30s
  timeout server 30s
"""
HAPROXY_LANE = """
frontend lane{lane}
  bind 127.0.0.1:{port}
  default_backend origin{lane}
backend origin{lane}
  server origin 127.0.0.1:{origin}
"""
NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t;
  uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $host;
  proxy_next_upstream off;
  {lanes}
}}
"""
NGINX_LANE = """
  upstream origin{lane} {{ server 127.0.0.1:{origin}; keepalive 4; }}
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://origin{lane}; }} }}
"""


@contextlib.contextmanager
def serving(proxy: str, origins: list[int], folder: Path) -> Iterator[list[int]]:
    """-> the ports of the lanes, one in front of each origin."""
    if proxy == "kgwcore":
        with kgwcore_lanes(origins) as ports:
            yield ports
        return
    check_version(proxy)
    ports = peers.free_ports(len(origins))
    arguments = {"envoy": envoy, "haproxy": haproxy, "nginx": nginx}[proxy](folder, ports, origins)
    with peers.started(proxy, *arguments, port=ports[-1]):
        yield ports


def check_version(proxy: str) -> None:
    shown = peers.run(proxy, {"envoy": "--version", "haproxy": "-v", "nginx": "-v"}[proxy])
    if f"/{PEERS[proxy]}" not in (text := shown.stdout + shown.stderr) and f" {PEERS[proxy]}" not in text:
        peers.missing(f"the list of differences is about {proxy} {PEERS[proxy]}x, this is: {text.strip()[:80]}")


@contextlib.contextmanager
def kgwcore_lanes(origins: list[int]) -> Iterator[list[int]]:
    route = documents.route(with_options=False)
    del route["spec"]["hostnames"]  # all of them
    with contextlib.ExitStack() as stack:
        ports = []
        for origin in origins:
            slices = documents.slice_of("origin", f"127.0.0.1:{origin}")
            text = documents.text(documents.gateway(), documents.service(), slices, route)
            gateway = stack.enter_context(kgwcore.Gateway(text, listen={"http": "127.0.0.1:0"}))
            ports.append(int(gateway.url("http").rstrip("/").rpartition(":")[2]))
        yield ports


def haproxy(folder: Path, ports: list[int], origins: list[int]) -> list[object]:
    lanes = (HAPROXY_LANE.format(lane=n, port=p, origin=o) for n, (p, o) in enumerate(zip(ports, origins)))
    config = folder / "haproxy.cfg"
    config.write_text(HAPROXY + "".join(lanes))
    return ["-db", "-f", config]


def nginx(folder: Path, ports: list[int], origins: list[int]) -> list[object]:
    lanes = (NGINX_LANE.format(lane=n, port=p, origin=o) for n, (p, o) in enumerate(zip(ports, origins)))
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, lanes="".join(lanes)))
    (folder / "t").mkdir()
    return ["-e", "stderr", "-c", config]


def envoy(folder: Path, ports: list[int], origins: list[int]) -> list[object]:
    lanes = list(enumerate(zip(ports, origins)))
    bootstrap = {
        "static_resources": {
            "listeners": [envoy_listener(lane, port) for lane, (port, _) in lanes],
            "clusters": [envoy_cluster(lane, origin) for lane, (_, origin) in lanes],
        }
    }
    config = folder / "envoy.json"
    config.write_text(json.dumps(bootstrap))
    return ["-c", config, "--concurrency", 1, "--disable-hot-restart", "-l", "off"]


def loopback(port: int) -> dict:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def envoy_listener(lane: int, port: int) -> dict:
    extensions = "type.googleapis.com/envoy.extensions.filters"
    manager = {
        "@type": f"{extensions}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "http",
        "normalize_path": True,
        "merge_slashes": False,
        "upgrade_configs": [{"upgrade_type": "websocket"}],  # as kgateway has it
        "delayed_close_timeout": "0.05s",  # it does not half-close: until then its end cannot be seen
        "http_filters": [
            {"name": "router", "typed_config": {"@type": f"{extensions}.http.router.v3.Router"}},
        ],
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": f"origin{lane}"}}],
                }
            ]
        },
    }
    return {
        "name": f"lane{lane}",
        "address": loopback(port),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }


def envoy_cluster(lane: int, origin: int) -> dict:
    endpoint = {"endpoint": {"address": loopback(origin)}}
    return {
        "name": f"origin{lane}",
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": {"cluster_name": f"origin{lane}", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
