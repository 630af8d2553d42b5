"""A gateway on the documents of a test, and what it wrote down."""
import contextlib

import kgwcore

from . import documents


@contextlib.contextmanager
def serving(*addresses, text=None, retries=None, timeout=None, cluster_settings=None, route_settings=None, **options):
    """A running kgwcore.Gateway that routes test.example to these addresses (or serves `text`); .port is its listener's."""
    if text is None:
        text = documents.routed(addresses, retries, timeout, cluster_settings, route_settings)
    with kgwcore.Gateway(text, listen={"http": "127.0.0.1:0"}, **options) as gateway:
        yield gateway


def port_of(gateway):
    return int(gateway.url("http").rstrip("/").rpartition(":")[2])


def last_record(gateway):
    return gateway.attempts(limit=1)[-1]


def counter(gateway, name):
    """The counter or gauge of that name, summed over its labels."""
    return sum(row.value for row in gateway.stats() if row.name == name)
