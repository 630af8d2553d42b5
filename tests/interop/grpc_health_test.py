"""gRPC health checks (grpc.health.v1) of a real gRPC server, and of origins that answer something else."""

import contextlib
import threading
from concurrent import futures

import grpc
import pytest

import peers
from support import documents, h2_peer
from support.gateway import H2C, counter, port_of, serving
from support.h2_peer import H2Client, H2Origin
from support.process import until

SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"
CHECK = "/grpc.health.v1.Health/Check"


def policy(interval="100ms", timeout="2s", **check):
    rules = {"timeout": timeout, "interval": interval, "unhealthyThreshold": 1, "healthyThreshold": 1}
    return documents.text(documents.backend_policy(healthCheck={**rules, "grpc": check}))


class Health(grpc.GenericRpcHandler):
    """Says of each service what `services` says, as the real one does of names that it does not know."""

    def __init__(self):
        self.services, self.asked = {}, []

    def service(self, details):
        if details.method == CHECK:
            return grpc.unary_unary_rpc_method_handler(self.check)
        return grpc.unary_unary_rpc_method_handler(lambda request, _: request)

    def check(self, request, context):
        name = request[2:].decode()
        self.asked.append((name, context.time_remaining()))
        if name not in self.services:
            context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return self.services[name]


@contextlib.contextmanager
def grpc_server(handler):
    port = peers.free_port()
    server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[handler])
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait(10)


@pytest.mark.parametrize("service", ["", "a.Service"])
def test_a_real_server_comes_and_goes(service):
    handler = Health()
    handler.services = {service: NOT_SERVING}
    with grpc_server(handler) as address, serving(address, app_protocol=H2C) as gateway:
        with H2Client(port_of(gateway)) as client:
            client.request()  # a cluster without traffic is asked once a minute
            gateway.apply(policy(**({"serviceName": service} if service else {})))
            until(lambda: counter(gateway, "health_check.failure") >= 1)
            handler.services[service] = SERVING
            until(lambda: counter(gateway, "health_check.success") >= 1)
            handler.services = {}  # NOT_FOUND
            before = counter(gateway, "health_check.failure")
            until(lambda: counter(gateway, "health_check.failure") > before)
    assert {name for name, _ in handler.asked} == {service}
    assert all(0 < left <= 2 for _, left in handler.asked), "grpc-timeout is the check's"


def answer(*, status=200, body=b"\0\0\0\0\x02" + SERVING, trailers=(("grpc-status", "0"),)):
    return h2_peer.respond(status, {"content-type": "application/grpc"}, body, trailers=list(trailers))


OTHERS = {
    "not serving": answer(body=b"\0\0\0\0\x02" + NOT_SERVING),
    "no message": answer(body=b""),
    "half a message": answer(body=b"\0\0\0\0\x02\x08"),
    "a message that is none": answer(body=b"<html>"),
    "no gRPC status": answer(trailers=()),
    "another gRPC status": answer(trailers=[("grpc-status", "13")]),
    "another status": answer(status=503),
    "trailers alone": h2_peer.trailers_only("12"),
    "trailers alone that say OK": h2_peer.trailers_only("0"),
    "a reset": h2_peer.rst(h2_peer.REFUSED_STREAM),
    "more than anyone reads": answer(body=b"x" * 100_000),
}


@pytest.mark.parametrize("name", OTHERS)
def test_anything_else_is_a_failure(name):
    with H2Origin(OTHERS[name]) as origin, serving(origin.address, app_protocol=H2C) as gateway:
        gateway.apply(policy("60s"))
        until(lambda: counter(gateway, "health_check.failure") == 1)
        assert counter(gateway, "health_check.success") == 0


def test_what_is_asked():
    with H2Origin(answer()) as origin, serving(origin.address, app_protocol=H2C) as gateway:
        gateway.apply(policy("60s", serviceName="a.B", authority="health.example"))
        until(lambda: counter(gateway, "health_check.success") == 1)
        (request,) = origin.requests
        assert (request.method, request.path) == ("POST", CHECK)
        assert request.headers.get(":authority") == "health.example"
        assert request.headers.get("content-type") == "application/grpc" and request.headers.get("te") == "trailers"
        assert request.headers.get("grpc-timeout") == "2000m"
        assert bytes(request.body) == b"\0\0\0\0\x05\x0a\x03a.B" and request.complete


def test_a_service_without_h2c_is_asked_over_http2_all_the_same():
    """As Envoy does: gRPC is nothing else. Its requests are HTTP/1."""
    with H2Origin(answer()) as origin, serving(origin.address) as gateway:
        gateway.apply(policy("60s"))
        until(lambda: counter(gateway, "health_check.success") == 1)
        assert origin.requests[0].path == CHECK


def test_silence_is_a_timeout():
    gate = threading.Event()
    with H2Origin(h2_peer.respond(gate=gate)) as origin, serving(origin.address, app_protocol=H2C) as gateway:
        gateway.apply(policy("60s", "200ms"))
        until(lambda: counter(gateway, "health_check.network_failure") == 1)
        gate.set()
