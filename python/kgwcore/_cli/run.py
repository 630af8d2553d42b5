"""``kgwcore run``."""

from __future__ import annotations

import argparse
import logging
import resource
import sys
from collections.abc import Iterable
from typing import Any

from kgwcore._cli.inputs import sources
from kgwcore._cli.signals import Events
from kgwcore._cli.stderr_log import log_to_stderr
from kgwcore._cli.yaml import dump
from kgwcore.errors import BindError, ClosedError, ConfigError, Diagnostic
from kgwcore.gateway import Gateway
from kgwcore.quick import LISTENER, Policy, documents
from kgwcore.sources import Source
from kgwcore.views import socket_address

log = logging.getLogger("kgwcore.cli")

_QUICK_ONLY = ("retry_on", "retries", "per_try_timeout", "timeout")


def run(arguments: argparse.Namespace) -> int:
    """Runs a gateway until it is told to stop."""
    _check(arguments)
    quick = _quick_documents(arguments) if arguments.to else None
    if arguments.output:
        print("---\n".join(dump(document) for document in quick or ()), end="")
        return 0
    with log_to_stderr(arguments.log_level), Events() as events:
        _raise_fd_limit()
        source: Source = quick if quick is not None else sources(arguments.filename)
        return _serve(arguments, source, events)


def _check(arguments: argparse.Namespace) -> None:
    if arguments.to and arguments.filename:
        arguments.usage_error("--to and -f exclude each other")
    if not arguments.to:
        given = [name for name in _QUICK_ONLY if getattr(arguments, name) is not None]
        if given or arguments.output:
            arguments.usage_error(f"--{(given or ['output'])[0].replace('_', '-')} needs --to")


def _quick_documents(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    if arguments.retries and not arguments.retry_on:
        arguments.usage_error(
            "--retries needs --retry-on, or nothing would be retried; for example --retry-on 5xx,reset"
        )
    policy = Policy(**{name: getattr(arguments, name) for name in _QUICK_ONLY})
    return documents(arguments.to, policy, arguments.port or 8080)


def _raise_fd_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        log.info("open files: soft limit raised from %s to %s", soft, hard)


def _serve(arguments: argparse.Namespace, source: Source, events: Events) -> int:
    if arguments.watch:
        events.remember(source)
    gateway = Gateway(source, **_options(arguments))
    try:
        gateway.start()
    except ConfigError as error:
        _report(error.diagnostics)
        print(f"kgwcore: {error}", file=sys.stderr)
        return 1
    try:
        _report(problem for result in gateway.results for problem in result.diagnostics)
        _announce(gateway, arguments)
        if arguments.watch:
            events.watch(source)
        _obey(gateway, events)
    finally:
        gateway.close(drain=0)
    return 0


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    listen = list(arguments.listen or ())
    if arguments.to:
        listen.insert(0, f"{LISTENER}={socket_address(arguments.host or '127.0.0.1', arguments.port)}")
    return {
        "host": arguments.host,
        "listen": listen,
        "backend": arguments.backend,
        "settings": arguments.set,
        "edge": arguments.edge,
        "concurrency": arguments.concurrency,
        "admin_address": arguments.admin_address,
        "admin_token": arguments.admin_token,
        "namespace": arguments.namespace,
        "log_level": arguments.log_level,
        "keep_going": arguments.keep_going,
        "with_httpbin": arguments.with_httpbin,
        "access_log": _access_log(arguments.access_log),
        "access_log_headers": arguments.access_log_header,
        "internal_cidr": arguments.internal_cidr,
    }


def _access_log(given: str | None) -> str | None:
    if given is None:
        return "-" if sys.stdout.isatty() else None
    return None if given == "off" else given


def _report(problems: Iterable[Diagnostic]) -> None:
    """Prints the errors; the library has logged the warnings."""
    for problem in problems:
        if problem.severity == "error":
            print(problem, file=sys.stderr)


def _announce(gateway: Gateway, arguments: argparse.Namespace) -> None:
    for listener in gateway.listeners:
        if listener.bound:
            print(f"listening {listener.url} {listener.name}")
    if arguments.admin_address != "off":
        print(f"admin {gateway.admin_url}")
    print("ready", flush=True)


def _obey(gateway: Gateway, events: Events) -> None:
    while (event := events.next()) != "stop":
        if event == "reload":
            _reload(gateway)
        else:
            _reopen(gateway)
    log.info("draining; a second signal stops at once")
    events.closing(gateway)


def _reopen(gateway: Gateway) -> None:
    try:
        gateway.reopen_access_log()
    except ClosedError:
        log.info("there is no access log to open again")
    except BindError as error:
        log.error("%s; the one before stays in use", error)
    else:
        log.info("opened the access log again")


def _reload(gateway: Gateway) -> None:
    try:
        results = gateway.reload()
    except ConfigError as error:
        _report(error.diagnostics)
        results = error.results
    except OSError as error:
        log.error("reload: %s; nothing was changed", error)
        return
    changed = [str(result) for result in results if result.outcome not in ("unchanged", "rejected")]
    log.info("reloaded: %s", ", ".join(changed) or "nothing has changed")
