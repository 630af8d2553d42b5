"""A gateway on the documents of a test, and what it wrote down."""

import contextlib

import kgwcore

from . import documents
from .process import Run, until

H2C = "kubernetes.io/h2c"  # appProtocol of a backend that speaks HTTP/2 in clear text


@contextlib.contextmanager
def serving(
    *addresses, retries=None, timeout=None, cluster_settings=None, route_settings=None, app_protocol=None, **options
):
    """A running kgwcore.Gateway that routes test.example to these addresses."""
    text = documents.routed(addresses, retries, timeout, cluster_settings, route_settings, app_protocol)
    with kgwcore.Gateway(text, listen={"http": "127.0.0.1:0"}, **options) as gateway:
        yield gateway


def apart(directory, *addresses, settings=None, **options):
    """The same as a process of its own, for what looks at its memory or might end it."""
    file = directory / "gateway.yaml"
    file.write_text(documents.routed(addresses, **options))
    limits = [word for name, value in (settings or {}).items() for word in ("--set", f"{name}={value}")]
    return Run("-f", file, "--listen", "http=127.0.0.1:0", "--admin-address", "127.0.0.1:0", *limits)


def port_of(gateway):
    if isinstance(gateway, Run):
        return gateway.port
    return int(gateway.url("http").rstrip("/").rpartition(":")[2])


def records(gateway, count=1):
    """The records of the last `count` requests. Waits: a record is filed just after the client has its answer."""
    return until(lambda: (found := gateway.attempts(limit=count)) and len(found) >= count and found)


def counter(gateway, name):
    """The counter or gauge of that name, summed over its labels."""
    return sum(row.value for row in gateway.stats() if row.name == name)
