"""The gateway as a Python object."""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Iterable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any

from kgwcore import _core, lifetime, logging, quick
from kgwcore.errors import BindError, ClosedError, ConfigError, NotFoundError, Result, to_results
from kgwcore.httpbin import Server
from kgwcore.options import Backend, Listen, Path, Settings, native_options
from kgwcore.quick import Duration
from kgwcore.sources import Document, Source, read
from kgwcore.views import Listener, Stats, access_log_names, authority

if TYPE_CHECKING:
    from kgwcore import aio


class Gateway:
    """A gateway in this process.

    Used with ``with`` it listens on entry, ports known, and has drained on exit; ``async with`` gives the twin of
    :mod:`kgwcore.aio`; without either, call :meth:`start` and :meth:`close`. Every method may be called from any
    thread, and none holds the GIL while it waits.

    Parameters:
        source: The configuration: a path (file or directory), YAML text (a ``str`` with a line break), a dict, a list
            of these, or None.
        host: Numeric address that listeners bind to. Default ``127.0.0.1``.
        listen: Addresses of listeners by name, ``{"http": "127.0.0.1:0"}``. The name is ``namespace/gateway/listener``
            or its end where that is unambiguous; port 0 is any free port; a number alone is a port on ``host``.
        backend: Addresses of Services, ``{"namespace/service:port": "127.0.0.1:8000"}``, or a list of addresses. The
            name ``*`` stands for every Service that has no address.
        settings: Values of settings by name, for everything that has no annotation of its own; ``kgwcore settings``
            lists them.
        edge: Start every setting at its value for listeners that face untrusted clients. Default False.
        concurrency: Worker threads, 1 to 256. Default 1.
        admin_address: ``ADDRESS:PORT`` of the admin address, port 0 any free one. Default None: there is none.
        admin_token: The secret that the admin address asks for. Off loopback it is required. Default None.
        namespace: For documents that name none; a document with another one is rejected. Default None: ``default``,
            unchecked.
        log_level: Least important level that reaches :mod:`logging`: ``trace``, ``debug``, ``info``, ``warning``,
            ``error``, ``off``. Default ``info``.
        keep_going: Serve what is good although a document was rejected. Default False.
        with_httpbin: Start a small httpbin on a free port, for every Service that has no address. Default False.
        access_log: Path of the access log, appended to: one JSON object per line and finished request, with the names and
            values of :meth:`attempts`. ``"-"`` is standard output. Default None: there is none. What cannot be written
            is dropped and counted (``access_log_dropped``, ``access_log_write_failed`` of :meth:`stats`).
        access_log_headers: Names of at most 16 request headers that the log shows as ``request_headers``; a request
            without one has no such key. Secrets (``authorization``, ``cookie`` and the like) are refused. Default None.
        internal_cidr: ``ADDRESS/BITS`` of clients that may steer retries and timeouts with ``x-envoy-*`` request headers,
            if they send no ``x-forwarded-for``; from all others these are stripped. Default None: nobody, as in kgateway.

    Raises :class:`~kgwcore.KgwError` for an option that no gateway could have.
    """

    _native: _core.Gateway | None = None

    def __init__(
        self,
        source: Source | None = None,
        *,
        host: str | None = None,
        listen: Listen | None = None,
        backend: Backend | None = None,
        settings: Settings | None = None,
        edge: bool = False,
        concurrency: int = 1,
        admin_address: str | None = None,
        admin_token: str | None = None,
        namespace: str | None = None,
        log_level: str = "info",
        keep_going: bool = False,
        with_httpbin: bool = False,
        access_log: Path | None = None,
        access_log_headers: Iterable[str] | None = None,
        internal_cidr: Iterable[str] | None = None,
    ) -> None:
        self._source = source
        self._namespace = namespace or ""
        self._keep_going = keep_going
        self._admin_token = admin_token
        self._closing = threading.Lock()
        self._started = False
        self._forked = False
        self._results: list[Result] = []
        self._httpbin = Server().start() if with_httpbin else None
        logging.ensure_dispatcher()
        try:
            options = native_options(
                host=host,
                listen=listen,
                backend=backend,
                settings=settings,
                edge=edge,
                concurrency=concurrency,
                admin_address=admin_address,
                admin_token=admin_token,
                log_level=log_level,
                keep_going=keep_going,
                access_log=access_log,
                access_log_headers=access_log_headers,
                internal_cidr=internal_cidr,
            )
            if self._httpbin:
                options["backend"] = [*options.get("backend", []), f"*={self._httpbin.address}"]
            self._native = _core.Gateway(options)
        except BaseException:
            self._close_httpbin()
            raise
        lifetime.opened(self)

    @classmethod
    def to(
        cls,
        url: str,
        *,
        retry_on: str | None = None,
        retries: int | None = None,
        per_try_timeout: Duration | None = None,
        timeout: Duration | None = None,
        port: int = 0,
        **options: Any,
    ) -> Gateway:
        """A gateway in front of one URL, without any manifest.

        Its listener ``http`` passes every request on to ``url`` (``http://HOST[:PORT]`` or ``https://HOST[:PORT]``, no
        path), which sees its own name as Host.

        Parameters:
            retry_on: What is retried, a comma list of Envoy's conditions such as ``"5xx,reset"``. Default None:
                nothing.
            retries: Most retries after the first try, 0 for none. Default: 1 when ``retry_on`` is given.
            per_try_timeout: Limit of one try, ``"2s"`` or seconds. Default: none.
            timeout: Limit of the request with all its tries, ``"30s"`` or seconds; 0 is none. Default: 15 seconds.
            port: Of the listener; 0, the default, is any free port.
            options: Those of :class:`Gateway`.

        Raises :class:`~kgwcore.KgwError` for a URL or a limit that cannot be, and for ``retries`` without ``retry_on``.
        """
        policy = quick.Policy(retry_on=retry_on, retries=retries, per_try_timeout=per_try_timeout, timeout=timeout)
        documents = quick.documents(url, policy, port or 8080)
        options.setdefault("listen", {quick.LISTENER: port})
        return cls(documents, **options)

    # ---- Life ----

    def start(self) -> Gateway:
        """Loads the configuration, opens every socket, and returns when all of them listen.

        Raises :class:`~kgwcore.ConfigError` when a document is rejected (see ``keep_going``),
        :class:`~kgwcore.BindError` when a port or the access log cannot be had, :class:`OSError` when a file cannot be read, and
        :class:`~kgwcore.ClosedError` when it was started before. After a failure the gateway is closed, unless it was
        running already.
        """
        native = self._use()
        if self._started:
            raise ClosedError("the gateway is started already")
        try:
            self._results = self._load(native, 0)
            native.start()
        except BaseException:
            self.close(drain=0)
            raise
        self._started = True
        return self

    def close(self, *, drain: float | None = None) -> None:
        """Stops accepting, lets accepted requests finish, and frees the gateway. A second call does nothing.

        ``drain`` is how many seconds they may take: 0 resets them at once; None, the default, is the setting
        ``drain_timeout_ms``. Calling with 0 from another thread cuts a drain short.
        """
        native = self._native
        if native is None:
            return
        if self._started and not self._forked:
            self._stop(native, drain)
        with self._closing:
            if self._native is None:
                return
            self._native = None
            native.free()
        lifetime.closed(self)
        self._close_httpbin()
        if not self._forked:
            logging.flush()

    @staticmethod
    def _stop(native: _core.Gateway, drain: float | None) -> None:
        limit = _core.DRAIN_DEFAULT if drain is None else min(round(drain * 1000), _core.DRAIN_DEFAULT - 1)
        with suppress(ClosedError):  # another thread was first
            native.stop(limit)

    def __enter__(self) -> Gateway:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> aio.Gateway:
        from kgwcore import aio

        self._twin = aio.Gateway.wrap(self)
        return await self._twin.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._twin.close()

    def __del__(self) -> None:
        if self._native is None:
            return
        if self._started and not self._forked:
            warnings.warn(f"{self!r} was never closed", ResourceWarning, stacklevel=1, source=self)
        self.close(drain=0)

    def __repr__(self) -> str:
        state = "closed" if self._native is None else "running" if self._started else "new"
        return f"<kgwcore.Gateway {state}>"

    # ---- Where it listens ----

    @property
    def listeners(self) -> Sequence[Listener]:
        """The listeners in the order of the documents."""
        rows = self._use().listeners()
        return [Listener(name=name, address=address, port=port, bound=bound, tls=tls) for name, address, port, bound, tls in rows]

    def url(self, name: str | None = None) -> str:
        """``http://ADDRESS:PORT`` of a listener, or ``https://`` where it speaks TLS.

        ``name`` is ``namespace/gateway/listener`` or its end; None, the default, is the only listener there is. Raises
        :class:`~kgwcore.NotFoundError` when none or several match and :class:`~kgwcore.BindError` when it does not
        listen.
        """
        listeners = self.listeners
        found = [listener for listener in listeners if name is None or listener.matches(name)]
        if len(found) != 1:
            names = ", ".join(listener.name for listener in listeners) or "none"
            what = "one listener" if name is None else f"one listener {name!r}"
            raise NotFoundError(f"need exactly {what}, {len(found)} match; listeners: {names}")
        if not found[0].bound:
            raise BindError(f"listener {found[0].name} does not listen", code=0x0302, name="io")
        return found[0].url

    @property
    def admin_url(self) -> str:
        """``http://ADDRESS:PORT`` of the admin address.

        :class:`~kgwcore.ClosedError` when there is none or the gateway is not started.
        """
        _, address, port, *_ = self._use().admin()
        return f"http://{authority(address, port)}"

    # ---- Configuration ----

    @property
    def results(self) -> Sequence[Result]:
        """What became of each document of the source at the start."""
        return list(self._results)

    def apply(self, source: Source, *, namespace: str | None = None, check: bool = True) -> list[Result]:
        """Stores documents and serves the result; returns when every worker serves it.

        ``source`` is as for :class:`Gateway`. ``namespace`` is for documents that name none, and one with another is
        rejected; default: that of the gateway. Returns one result per document. Raises :class:`~kgwcore.ConfigError`
        when one was rejected: the others are in force all the same, ``.results`` has all, and what was rejected leaves
        its version before in service. With ``check=False`` the results are returned instead. Legal before the start.
        """
        chosen = self._namespace if namespace is None else namespace
        return self._apply(self._use(), read(source), chosen, 0, check)

    def reload(self) -> list[Result]:
        """Reads the files of the source again, applies them, and deletes the objects that came from them before and are
        gone.

        A file that does not parse changes nothing. Raises as :meth:`apply`. A source without files is left as it is.
        """
        return self._load(self._use(), _core.APPLY_RELOAD)

    def delete(self, kind: str, name: str, *, namespace: str | None = None) -> None:
        """Deletes one object; returns when no worker serves it any more.

        ``kind`` is any name of it, as for kubectl (``httproute``, ``rto``, ``gateways.gateway.networking.k8s.io``);
        ``namespace`` defaults to that of the gateway, else ``default``. Raises :class:`~kgwcore.NotFoundError`.
        """
        self._use().delete(kind, self._namespace if namespace is None else namespace, name)

    def get(self, kind: str, name: str | None = None, *, namespace: str | None = None) -> Any:
        """One object as a dict, with its status; without ``name`` a list of all, in ``namespace`` or in every one.

        ``kind`` and ``namespace`` are as for :meth:`delete`. Raises :class:`~kgwcore.NotFoundError`.
        """
        chosen = self._namespace if namespace is None else namespace
        found = json.loads(self._use().get(kind, chosen, name or ""))
        return found if name else found["items"]

    def _load(self, native: _core.Gateway, flags: int) -> list[Result]:
        documents = read(self._source)
        files = [document for document in documents if document.from_file]
        texts = [document for document in documents if not document.from_file]
        check = not self._keep_going or flags != 0
        results = (
            self._apply(native, files, self._namespace, flags | _core.APPLY_FROM_FILES, check) if files or flags else []
        )
        if texts and not flags:
            results += self._apply(native, texts, self._namespace, 0, check)
        return results

    @staticmethod
    def _apply(
        native: _core.Gateway, documents: Sequence[Document], namespace: str, flags: int, check: bool
    ) -> list[Result]:
        try:
            return to_results(native.apply([document.native for document in documents], namespace, flags))
        except ConfigError as error:
            if check:
                raise
            return error.results

    # ---- What it did ----

    def attempts(self, *, limit: int = 10) -> list[dict[str, Any]]:
        """The last finished requests, newest last, under the names of the access log; ``limit`` 0 is all that are kept.

        Times of attempts are milliseconds after the start of the request; None is what did not happen.
        """
        return [access_log_names(row) for row in self._use().attempts(limit)]

    def stats(self) -> Stats:
        """All counters and gauges, summed over the workers: rows of ``name, labels, value``; ``as_dict()`` has them by
        full name.
        """
        return Stats(self._use().stats())

    def reopen_access_log(self) -> None:
        """Opens the path of the access log again, after a rotation has renamed it; the renamed file gets nothing more.

        Raises :class:`~kgwcore.BindError`, which is an :class:`OSError`, when it cannot be opened, and the old file stays
        in use; :class:`~kgwcore.ClosedError` when there is no access log.
        """
        self._use().reopen_access_log()

    def routes(self) -> list[dict[str, str]]:
        """The compiled route table in match order."""
        return self._use().routes()

    @property
    def httpbin(self) -> Server | None:
        """The origin that ``with_httpbin`` started."""
        return self._httpbin

    # ---- Inside ----

    def _use(self) -> _core.Gateway:
        native = self._native
        if self._forked:
            raise ClosedError("the gateway belongs to the process that this one was forked from; make a new one here")
        if native is None:
            raise ClosedError("the gateway is closed")
        return native

    def _inherited(self) -> None:
        """After a fork, in the child, where no other thread is left and a lock may be held for ever."""
        self._forked = True
        self._closing = threading.Lock()
        if self._httpbin:
            self._httpbin.inherited()

    def _close_httpbin(self) -> None:
        if self._httpbin:
            self._httpbin.close()
