"""kgateway's retry and routing rules inside any process.

>>> import kgwcore
>>> with kgwcore.Gateway("config/examples/retry", listen={"http": "127.0.0.1:0"}) as gateway:
...     gateway.url("http")

:class:`Gateway` starts one from the manifests of a cluster, :meth:`Gateway.to` from nothing but a URL.
:mod:`kgwcore.aio` has the awaitable twin, :mod:`kgwcore.errors` the exceptions, :mod:`kgwcore.httpbin` a small origin
to try things on.
"""

from __future__ import annotations

from kgwcore import _core
from kgwcore.errors import (
    BindError,
    ClosedError,
    ConfigError,
    Diagnostic,
    InternalError,
    KgwError,
    NotFoundError,
    Result,
)
from kgwcore.gateway import Gateway
from kgwcore.validation import validate
from kgwcore.views import Listener, Stat, Stats

__version__ = _core.version()

__all__ = [
    "BindError",
    "ClosedError",
    "ConfigError",
    "Diagnostic",
    "Gateway",
    "InternalError",
    "KgwError",
    "Listener",
    "NotFoundError",
    "Result",
    "Stat",
    "Stats",
    "validate",
]
