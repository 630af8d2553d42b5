"""What the HTTP/2 tests share: a gateway for any host, origins that speak HTTP/2 in cleartext."""

import asyncio
import base64
import contextlib
import json

import httpx

import kgwcore
import peers
from support import documents
from support.gateway import port_of


def text(address, h2c=False, options=None, settings=None):
    """Documents that route every host to that address."""
    service = documents.service(settings)
    if h2c:
        service["spec"]["ports"][0]["appProtocol"] = "kubernetes.io/h2c"
    policy = [documents.route_option(options)] if options else []
    route = documents.route(bool(policy))
    del route["spec"]["hostnames"]
    return documents.text(documents.gateway(), service, documents.slice_of("origin", address), *policy, route)


@contextlib.contextmanager
def serving(port, h2c=False, route_options=None, cluster_settings=None, **options):
    """-> a gateway to that port."""
    documents_ = text(f"127.0.0.1:{port}", h2c, route_options, cluster_settings)
    with kgwcore.Gateway(documents_, listen={"http": "127.0.0.1:0"}, **options) as gateway:
        yield gateway


def direct_text(body):
    """Documents of a gateway that says this to everything, without any origin."""
    direct = {
        "apiVersion": "gateway.kgateway.dev/v1alpha1",
        "kind": "DirectResponse",
        "metadata": {"name": "direct", "namespace": documents.NAMESPACE},
        "spec": {"status": 200, "body": body},
    }
    reference = {"group": "gateway.kgateway.dev", "kind": "DirectResponse", "name": "direct"}
    route = documents.route(with_options=False)
    del route["spec"]["hostnames"]
    route["spec"]["rules"] = [{"filters": [{"type": "ExtensionRef", "extensionRef": reference}]}]
    return documents.text(documents.gateway(), direct, route)


@contextlib.contextmanager
def answering(body):
    """-> a gateway that does so."""
    with kgwcore.Gateway(direct_text(body), listen={"http": "127.0.0.1:0"}) as gateway:
        yield gateway


def url_of(gateway):
    return f"http://127.0.0.1:{port_of(gateway)}"


def all_at_once(url, paths):
    """-> the answers to GETs on one connection. Its threads would share a connection without a lock, so no threads."""

    async def ask():
        limits = httpx.Limits(max_connections=1)
        async with httpx.AsyncClient(http1=False, http2=True, base_url=url, timeout=20, limits=limits) as client:
            await client.get(paths[0])  # from now on there is a connection to share
            return await asyncio.gather(*(client.get(path) for path in paths))

    return asyncio.run(ask())


def posted(body):
    """The bytes that a go-httpbin says it got."""
    return base64.urlsafe_b64decode(json.loads(body)["data"].partition("base64,")[2])


# ---- origins and proxies -------------------------------------------------------------------------


@contextlib.contextmanager
def nghttpd(folder, *options):
    """-> the port of an h2c origin that serves the files of that folder. It speaks nothing but HTTP/2."""
    port = peers.free_port()
    with peers.started("nghttpd", "--no-tls", "-a", "127.0.0.1", "-d", folder, *options, port, port=port):
        yield port


@contextlib.contextmanager
def nghttpx(backend, h2c=False):
    """-> the port of an nghttpx, which takes both versions, in front of that port."""
    port = peers.free_port()
    logs = ["--errorlog-file=/dev/stderr", "--accesslog-file=/dev/null"]
    options = ["--conf=/dev/null", "--workers=1", "--no-ocsp", *logs]
    back = f"-b127.0.0.1,{backend};;{'proto=h2' if h2c else ''}".rstrip(";")
    with peers.started("nghttpx", *options, f"-f127.0.0.1,{port};no-tls", back, port=port):
        yield port


@contextlib.contextmanager
def h2c_httpbin():
    """-> the port of a go-httpbin that is asked over h2c."""
    with peers.go_httpbin() as (_, backend), nghttpx(backend) as port:
        yield port


HAPROXY = """
global
  nbthread 1
defaults
  mode http
  timeout connect 10s
  timeout client 20s
  timeout server 20s
frontend front
  bind 127.0.0.1:{port} {front}
  default_backend back
backend back
  server one 127.0.0.1:{backend} {back}
"""


@contextlib.contextmanager
def haproxy(folder, backend, front_h2c=True, back_h2c=True):
    """-> the port of a HAProxy that asks that port."""
    port = peers.free_port()
    config = folder / "haproxy.cfg"
    front, back = ("proto h2" if h2c else "" for h2c in (front_h2c, back_h2c))
    config.write_text(HAPROXY.format(port=port, backend=backend, front=front, back=back), encoding="utf-8")
    with peers.started("haproxy", "-db", "-f", config, port=port):
        yield port


OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
TYPES = "type.googleapis.com/envoy.extensions"


def envoy_config(port, backend, back_h2c=True):
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    target = {"socket_address": {"address": "127.0.0.1", "port_value": backend}}
    protocol = {"http2_protocol_options": {"allow_connect": True}} if back_h2c else {"http_protocol_options": {}}
    router = {"name": "router", "typed_config": {"@type": f"{TYPES}.filters.http.router.v3.Router"}}
    manager = {
        "@type": f"{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "http",
        "http_filters": [router],
        "http2_protocol_options": {"allow_connect": True},
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "route_config": {
            "virtual_hosts": [
                {"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "back"}}]}
            ]
        },
    }
    cluster = {
        "name": "back",
        "connect_timeout": "5s",
        "load_assignment": {
            "cluster_name": "back",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": target}}]}],
        },
        "typed_extension_protocol_options": {
            OPTIONS: {
                "@type": f"type.googleapis.com/{OPTIONS}",
                "explicit_http_config": protocol,
            }
        },
    }
    listener = {"address": address, "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}]}
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


@contextlib.contextmanager
def envoy(folder, backend, back_h2c=True):
    """-> the port of an Envoy, which takes both versions, and asks that port."""
    port = peers.free_port()
    config = folder / "envoy.json"
    config.write_text(json.dumps(envoy_config(port, backend, back_h2c)), encoding="utf-8")
    options = ["--concurrency", 1, "--disable-hot-restart", "-l", "error"]
    with peers.started("envoy", "-c", config, *options, port=port):
        yield port
