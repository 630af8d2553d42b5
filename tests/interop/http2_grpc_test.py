"""A real gRPC client and server: everything of theirs that a gateway could spoil. Messages are plain bytes."""

import contextlib
import queue
import threading
from concurrent import futures

import grpc
import pytest

import http2
import kgwcore
import peers
from support import documents
from support.gateway import counter, port_of, records
from support.process import until
from support.rest import at_rest

PATIENCE = 20  # seconds: for what should be over at once
BIG = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Service(grpc.GenericRpcHandler):
    """Methods by their name, and what they saw."""

    def __init__(self):
        self.refusals = 0  # how many calls of `refused` are still refused
        self.forget()

    def forget(self):
        self.calls = queue.Queue()  # the metadata of each call
        self.waiting = queue.Queue()  # one True for each call that has begun to wait for its end
        self.ended = queue.Queue()  # one True for each that has seen it

    def service(self, details):
        name = details.method.rpartition("/")[2]
        kind = {
            "stream_out": grpc.unary_stream_rpc_method_handler,
            "break_off": grpc.unary_stream_rpc_method_handler,
            "drip": grpc.unary_stream_rpc_method_handler,
            "stream_in": grpc.stream_unary_rpc_method_handler,
            "both": grpc.stream_stream_rpc_method_handler,
        }.get(name, grpc.unary_unary_rpc_method_handler)
        self.calls.put(details.invocation_metadata)
        return kind(getattr(self, name)) if hasattr(self, name) else None

    @staticmethod
    def echo(request, context):
        context.send_initial_metadata([("x-first", "1"), ("x-bytes-bin", bytes(range(256)))])
        context.set_trailing_metadata([("x-last", "2"), ("x-last", "3"), ("x-end-bin", b"\0\xff")])
        return request

    @staticmethod
    def empty(*_):
        return b""

    @staticmethod
    def stream_out(request, _):
        count, size = map(int, request.split())
        for number in range(count):
            yield b"%d" % number + b"." * size

    @staticmethod
    def stream_in(requests, _):
        return b"%d" % sum(len(request) for request in requests)

    @staticmethod
    def both(requests, _):
        for request in requests:
            yield b"re: " + request

    @staticmethod
    def fail(request, context):
        context.set_trailing_metadata([("x-why", "because")])
        context.abort(grpc.StatusCode[request.decode()], "no: 100 % \u00e4\n")

    def refused(self, _, context):
        self.refusals -= 1
        if self.refusals >= 0:
            context.abort(grpc.StatusCode.UNAVAILABLE, "later")
        return b"at last"

    @staticmethod
    def break_off(*_):
        yield b"one"
        yield b"two"
        raise KeyError("three")

    def wait(self, _, context):
        self.wait_for_the_end(context)
        return b"too late"

    def drip(self, _, context):
        yield b"first"
        self.wait_for_the_end(context)

    def wait_for_the_end(self, context):
        over = threading.Event()
        if not context.add_callback(over.set):
            over.set()
        self.waiting.put(True)
        self.ended.put(over.wait(PATIENCE))


@contextlib.contextmanager
def serving(service):
    """-> the port of a gRPC server."""
    server = grpc.server(futures.ThreadPoolExecutor(32), handlers=[service], options=BIG)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(0).wait(PATIENCE)


def calling(gateway):
    return calling_port(port_of(gateway))


@contextlib.contextmanager
def calling_port(port):
    """-> the methods of a channel to that port."""
    # A subchannel of its own for each test: gRPC shares them across channels with the same arguments.
    options = [*BIG, ("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        yield Methods(channel)


class Methods:
    """method(NAME), by what it takes and gives."""

    def __init__(self, channel):
        self.unary = lambda name: channel.unary_unary(f"/test.Service/{name}")
        self.streaming = lambda name: channel.unary_stream(f"/test.Service/{name}")
        self.out = self.streaming("stream_out")
        self.into = channel.stream_unary("/test.Service/stream_in")
        self.both = channel.stream_stream("/test.Service/both")


@pytest.fixture(name="service", scope="module")
def service_of_all_tests():
    return Service()


@pytest.fixture(name="port", scope="module")
def port_of_service(service):
    with serving(service) as port:
        yield port


@pytest.fixture(name="gateway", scope="module")
def gateway_to_service(port):
    with http2.serving(port, h2c=True) as gateway:
        yield gateway
        at_rest(gateway)


@pytest.fixture(name="methods")
def methods_through_gateway(gateway, service):
    service.forget()
    with calling(gateway) as methods:
        yield methods


def failure(call, *arguments, **options):
    """The error that this call ends with."""
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, **{"timeout": PATIENCE, **options})
    return caught.value


def sent(count, size):
    return [b"%d" % number + b"." * size for number in range(count)]


# ---- calls that go well --------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 16384, 65536, 4_000_000])
def test_unary(methods, size):
    assert methods.unary("echo")(b"x" * size, timeout=PATIENCE) == b"x" * size


def test_server_streaming(methods):
    assert list(methods.out(b"100 0", timeout=PATIENCE)) == sent(100, 0)
    assert list(methods.out(b"0 0", timeout=PATIENCE)) == []
    assert list(methods.out(b"20 100000", timeout=PATIENCE)) == sent(20, 100_000)


def test_client_streaming(methods):
    assert methods.into(iter([b"x" * 1000] * 500), timeout=PATIENCE) == b"500000"
    assert methods.into(iter([]), timeout=PATIENCE) == b"0"


def test_each_message_of_a_dialogue_is_answered_before_the_next_is_sent(methods):
    to_send = queue.Queue()
    answers = methods.both(iter(to_send.get, None), timeout=PATIENCE)
    for number in range(100):
        to_send.put(b"%d" % number)
        assert next(answers) == b"re: %d" % number
    to_send.put(None)
    assert not list(answers) and answers.code() == grpc.StatusCode.OK


def test_both_ways_at_once(methods):
    messages = [b"%d" % number * 10_000 for number in range(200)]
    assert list(methods.both(iter(messages), timeout=PATIENCE)) == [b"re: " + message for message in messages]


def test_metadata_both_ways(methods, service):
    sent_along = [("x-text", "a"), ("x-text", "b"), ("x-raw-bin", bytes(range(256)))]
    answer, call = methods.unary("echo").with_call(b"", metadata=sent_along, timeout=PATIENCE)
    seen = service.calls.get(timeout=PATIENCE)
    assert answer == b"" and [pair for pair in seen if pair[0] in dict(sent_along)] == sent_along
    first, last = dict(call.initial_metadata()), list(call.trailing_metadata())
    assert (first["x-first"], first["x-bytes-bin"]) == ("1", bytes(range(256)))
    assert last == [("x-last", "2"), ("x-last", "3"), ("x-end-bin", b"\0\xff")]


def test_20_calls_in_parallel_on_a_channel(methods, gateway):
    calls = [methods.unary("echo").future(b"%d" % number * 1000, timeout=PATIENCE) for number in range(20)]
    assert [call.result(PATIENCE) for call in calls] == [b"%d" % number * 1000 for number in range(20)]
    streams = [methods.out(b"50 1000", timeout=PATIENCE) for _ in range(20)]
    assert [list(stream) for stream in streams] == [sent(50, 1000)] * 20
    assert counter(gateway, "downstream_cx_active") == 1, "all of it on one connection"


def test_a_thousand_calls_use_one_connection_upstream(port):
    with http2.serving(port, h2c=True) as gateway, calling(gateway) as methods:
        echo = methods.unary("echo")
        assert [echo(b"%d" % number, timeout=PATIENCE) for number in range(1000)] == [b"%d" % n for n in range(1000)]
        at_rest_but_for_connections(gateway)
        assert counter(gateway, "upstream_cx_total") == 1


def at_rest_but_for_connections(gateway):
    until(lambda: not counter(gateway, "downstream_rq_active") and not counter(gateway, "upstream_rq_active"))


# ---- calls that fail -----------------------------------------------------------------------------

CODES = [code for code in grpc.StatusCode if code != grpc.StatusCode.OK]


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_status_and_details_come_from_the_trailers(methods, code):
    error = failure(methods.unary("fail"), code.name.encode())
    assert (error.code(), error.details()) == (code, "no: 100 % \u00e4\n")
    assert ("x-why", "because") in error.trailing_metadata()


def test_an_unknown_method(methods):
    assert failure(methods.unary("nothing"), b"").code() == grpc.StatusCode.UNIMPLEMENTED


def test_an_error_after_some_messages(methods):
    call = methods.streaming("break_off")(b"", timeout=PATIENCE)
    assert [next(call), next(call)] == [b"one", b"two"]
    assert failure(lambda **_: next(call)).code() == grpc.StatusCode.UNKNOWN


@pytest.mark.parametrize("name", ["wait", "drip"])
def test_the_server_sees_that_the_deadline_of_the_client_is_over(methods, service, name):
    call = methods.streaming(name)(b"", timeout=0.3)
    assert failure(lambda **_: list(call)).code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert service.ended.get(timeout=PATIENCE)


@pytest.mark.parametrize("name", ["wait", "drip"])
def test_the_server_sees_a_cancellation(methods, service, name):
    call = methods.streaming(name)(b"", timeout=PATIENCE)
    if name == "drip":
        assert next(call) == b"first"
    assert service.waiting.get(timeout=PATIENCE)
    call.cancel()
    assert call.code() == grpc.StatusCode.CANCELLED
    assert service.ended.get(timeout=PATIENCE)


def test_a_cancelled_call_leaves_the_others_alone(methods, service):
    others = [methods.out(b"200 1000", timeout=PATIENCE) for _ in range(5)]
    call = methods.streaming("drip")(b"", timeout=PATIENCE)
    assert next(call) == b"first" and service.waiting.get(timeout=PATIENCE)
    call.cancel()
    assert service.ended.get(timeout=PATIENCE)
    assert [list(stream) for stream in others] == [sent(200, 1000)] * 5


def test_many_cancelled_streams_leave_the_connection_alone(methods, gateway):
    """The ordinary end of a stream that somebody watches."""
    to_send = queue.Queue()
    dialogue = methods.both(iter(to_send.get, None), timeout=PATIENCE)
    try:
        for _ in range(1100):
            call = methods.streaming("drip")(b"", timeout=PATIENCE)
            assert next(call) == b"first"
            call.cancel()
        to_send.put(b"1")
        assert next(dialogue) == b"re: 1"
        assert counter(gateway, "downstream_cx_active") == 1
    finally:
        to_send.put(None)


def test_the_timeout_of_the_route_is_a_status_too(port, service):
    options = {"timeout": "0.3s"}
    with http2.serving(port, h2c=True, route_options=options) as gateway, calling(gateway) as methods:
        assert failure(methods.unary("wait"), b"").code() == grpc.StatusCode.UNAVAILABLE, "what goes with a 504"
        assert service.ended.get(timeout=PATIENCE)


# ---- calls that are retried, or never get there --------------------------------------------------


@pytest.mark.parametrize("refusals, code", [(2, grpc.StatusCode.OK), (3, grpc.StatusCode.UNAVAILABLE)])
def test_unavailable_is_retried(port, service, refusals, code):
    retries = {"retryOn": "unavailable", "numRetries": 2}
    service.refusals = refusals
    with http2.serving(port, h2c=True, route_options={"retries": retries}) as gateway:
        with calling(gateway) as methods:
            call = methods.unary("refused").future(b"x" * 1000, timeout=PATIENCE)
            assert call.code() == code
            assert code != grpc.StatusCode.OK or call.result() == b"at last"
        assert records(gateway)[-1]["upstream_request_attempt_count"] == 3


def test_without_a_route():
    with kgwcore.Gateway(documents.routed(["127.0.0.1:9"]), listen={"http": "127.0.0.1:0"}) as gateway:
        with calling(gateway) as methods:
            error = failure(methods.unary("echo"), b"")
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED


def test_with_a_backend_that_is_down():
    with http2.serving(peers.free_port(), h2c=True) as gateway, calling(gateway) as methods:
        assert failure(methods.unary("echo"), b"").code() == grpc.StatusCode.UNAVAILABLE
        assert failure(lambda **_: list(methods.out(b"1 1"))).code() == grpc.StatusCode.UNAVAILABLE


def test_with_a_server_that_goes_away_and_comes_back(service):
    """It says GOAWAY: calls in flight end well, new ones find the new server."""
    first = grpc.server(futures.ThreadPoolExecutor(4), handlers=[service], options=[("grpc.so_reuseport", 1)])
    port = first.add_insecure_port("127.0.0.1:0")
    first.start()
    with http2.serving(port, h2c=True) as gateway, calling(gateway) as methods:
        to_send = queue.Queue()
        dialogue = methods.both(iter(to_send.get, None), timeout=PATIENCE)
        to_send.put(b"1")
        assert next(dialogue) == b"re: 1"
        stopping = first.stop(PATIENCE)
        second = grpc.server(futures.ThreadPoolExecutor(4), handlers=[service], options=[("grpc.so_reuseport", 1)])
        assert second.add_insecure_port(f"127.0.0.1:{port}") == port
        second.start()
        assert [methods.unary("echo")(b"x", timeout=PATIENCE) for _ in range(20)] == [b"x"] * 20
        to_send.put(b"2")
        assert next(dialogue) == b"re: 2"
        to_send.put(None)
        assert not list(dialogue) and dialogue.code() == grpc.StatusCode.OK
        assert stopping.wait(PATIENCE)
        second.stop(0).wait(PATIENCE)


def test_a_gateway_that_stops_lets_calls_end(port):
    with http2.serving(port, h2c=True) as gateway, calling(gateway) as methods:
        to_send = queue.Queue()
        dialogue = methods.both(iter(to_send.get, None), timeout=PATIENCE)
        to_send.put(b"1")
        assert next(dialogue) == b"re: 1"
        listening = port_of(gateway)
        stopping = threading.Thread(target=gateway.close)
        stopping.start()
        until(lambda: not peers.is_open(listening))
        to_send.put(b"2")
        assert next(dialogue) == b"re: 2"
        to_send.put(None)
        assert not list(dialogue) and dialogue.code() == grpc.StatusCode.OK
        stopping.join(PATIENCE)
        assert not stopping.is_alive()


# ---- among others --------------------------------------------------------------------------------


@pytest.mark.parametrize("gateway_first", [True, False])
def test_beside_envoy(port, tmp_path, gateway_first):
    with contextlib.ExitStack() as stack:
        if gateway_first:
            behind = stack.enter_context(http2.envoy(tmp_path, port))
            front = port_of(stack.enter_context(http2.serving(behind, h2c=True)))
        else:
            gateway = stack.enter_context(http2.serving(port, h2c=True))
            front = stack.enter_context(http2.envoy(tmp_path, port_of(gateway)))
        methods = stack.enter_context(calling_port(front))
        assert methods.unary("echo")(b"x" * 1_000_000, timeout=PATIENCE) == b"x" * 1_000_000
        messages = [b"%d" % number * 1000 for number in range(100)]
        assert list(methods.both(iter(messages), timeout=PATIENCE)) == [b"re: " + message for message in messages]
        error = failure(methods.unary("fail"), b"NOT_FOUND")
        assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "no: 100 % \u00e4\n")
