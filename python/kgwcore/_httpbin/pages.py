"""What the small httpbin answers."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from kgwcore._httpbin.request import Reply, Request

_MAX_DELAY = 10.0
_MAX_BYTES = 100 * 1024
_INDEX = b"/headers /get /post /anything /status/CODE /delay/SECONDS /unstable?failure_rate=RATE /bytes/N\n"


def answer(request: Request, stopping: threading.Event) -> Reply:
    """The reply for a request; waits for ``/delay`` until ``stopping`` is set."""
    name, _, rest = request.path.lstrip("/").partition("/")
    if name == "delay" and rest:
        return _delay(request, rest, stopping)
    page = _PAGES.get(name)
    if page is None or (rest and name not in _WITH_ARGUMENT):
        return _error(404, "no such page")
    try:
        return page(request, rest)
    except ValueError as error:
        return _error(400, str(error))


def _error(status: int, detail: str) -> Reply:
    error = "Bad Request" if status == 400 else "Not Found"
    return Reply.of_json({"status_code": status, "error": error, "detail": detail}, status)


def _index(_: Request, __: str) -> Reply:
    return Reply(body=_INDEX, content_type="text/plain; charset=utf-8")


def _headers(request: Request, _: str) -> Reply:
    return Reply.of_json({"headers": dict(sorted(request.headers.items()))})


def _facts(request: Request) -> dict[str, Any]:
    return {
        "args": request.args,
        "headers": dict(sorted(request.headers.items())),
        "method": request.method,
        "origin": request.peer,
        "url": request.url,
    }


def _get(request: Request, _: str) -> Reply:
    return _only(request, "GET", "HEAD") or Reply.of_json(_facts(request))


def _post(request: Request, _: str) -> Reply:
    return _only(request, "POST") or _anything(request, "")


def _only(request: Request, *methods: str) -> Reply | None:
    if request.method in methods:
        return None
    return Reply(status=405, headers={"Allow": ", ".join(methods)})


def _anything(request: Request, _: str) -> Reply:
    form = request.header("Content-Type").startswith("application/x-www-form-urlencoded")
    text = request.body.decode("utf-8", "replace")
    body = {"data": text, "files": {}, "form": parse_qs(text) if form else {}, "json": _json(request.body)}
    return Reply.of_json({**_facts(request), **body})


def _json(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return None


def _status(_: Request, code: str) -> Reply:
    if not code.isdecimal() or not 200 <= int(code) <= 599:
        raise ValueError(f"status {code!r}: need 200 to 599")
    return Reply(status=int(code), content_type="text/plain; charset=utf-8")


def _unstable(request: Request, _: str) -> Reply:
    rate = float(request.args.get("failure_rate", ["0.5"])[0])
    if not 0 <= rate <= 1:
        raise ValueError("failure_rate: need 0 to 1")
    failed = _source(request).random() < rate
    return Reply(status=500 if failed else 200, content_type="text/plain; charset=utf-8")


def _bytes(request: Request, count: str) -> Reply:
    if not count.isdecimal():
        raise ValueError(f"bytes {count!r}: need a number")
    return Reply(body=_source(request).randbytes(min(int(count), _MAX_BYTES)), content_type="application/octet-stream")


def _source(request: Request) -> random.Random:
    seed = request.args.get("seed", [""])[0]
    return random.Random(int(seed)) if seed else random.Random()


def _delay(request: Request, seconds: str, stopping: threading.Event) -> Reply:
    try:
        wait = float(seconds)
    except ValueError:
        return _error(400, f"delay {seconds!r}: need seconds")
    if not 0 <= wait <= _MAX_DELAY:
        return _error(400, f"delay {seconds!r}: need 0 to {_MAX_DELAY:g} seconds")
    stopping.wait(wait)
    return _anything(request, "")


_PAGES: dict[str, Callable[[Request, str], Reply]] = {
    "": _index,
    "headers": _headers,
    "get": _get,
    "post": _post,
    "anything": _anything,
    "status": _status,
    "unstable": _unstable,
    "bytes": _bytes,
}
_WITH_ARGUMENT = ("anything", "status", "bytes")
