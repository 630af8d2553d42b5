"""Gateways between HTTP/1 and HTTP/2 peers, and what tests ask of them again and again."""

import contextlib
from dataclasses import dataclass

from . import h2_peer
from . import origin as h1_origin
from .client import Client
from .gateway import H2C, port_of, serving
from .h2_peer import ENHANCE_YOUR_CALM, H2Client, H2Origin
from .origin import Origin
from .process import SANITIZED
from .rest import at_rest
from .wire import Closed

MIB = 1 << 20


@dataclass
class Between:
    client: object
    origin: object
    gateway: object
    steps: object  # the module that makes the origin's steps
    to_h1: bool
    from_h1: bool


def path_of(request):
    return request.target if hasattr(request, "target") else request.path


def authority_of(request):
    return request.headers.get("host") if hasattr(request, "target") else request.headers.get(":authority")


@contextlib.contextmanager
def between(combination, *script, **options):
    """Client, gateway and origin. A script entry is a function of the module that makes the origin's steps."""
    client_side, _, origin_side = combination.partition("-")
    steps = h2_peer if origin_side == "h2" else h1_origin
    make = H2Origin if origin_side == "h2" else Origin
    entries = [entry(steps) for entry in script or (lambda steps: steps.respond(body=b"ok"),)]
    protocol = {"app_protocol": H2C} if origin_side == "h2" else {}
    with make(*entries) as origin, serving(origin.address, **protocol, **options) as gateway:
        with (H2Client if client_side == "h2" else Client)(port_of(gateway), timeout=10) as client:
            yield Between(client, origin, gateway, steps, origin_side == "h1", client_side == "h1")
        at_rest(gateway)


@contextlib.contextmanager
def limited(*script, **settings):
    """An HTTP/1 origin of that script behind a gateway with those settings: -> origin, gateway, client."""
    with Origin(*script or (h1_origin.respond(),)) as origin, serving(origin.address, settings=settings) as gateway:
        with H2Client(port_of(gateway)) as client:
            client.ping()  # both sides' settings are known
            yield origin, gateway, client
        at_rest(gateway)


def goes_on(client):
    """The connection serves the next request."""
    return client.request().status == 200


def alive(client):
    """Whether the connection is open; all that was sent before has been read then."""
    try:
        client.ping()
    except (Closed, OSError):
        return False
    return client.goaway is None


def ends_calmly(client):
    """The connection ends with ENHANCE_YOUR_CALM."""
    try:
        return client.ended() == ENHANCE_YOUR_CALM
    except TimeoutError:
        return False


def half_a_head(client):
    """HEADERS without its end."""
    return client.head_frames(client.next_stream(), client.head(), True, pieces=2)[0]


def small(memory, most=16 * MIB):
    if not SANITIZED:  # a sanitizer keeps freed memory back
        assert memory.growth < most, f"{memory.growth / MIB:.1f} MiB"
