"""What a running gateway tells about itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, overload


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One listener: ``name`` is ``NAMESPACE/GATEWAY/LISTENER``; ``address`` and ``port`` are those it is bound to;
    ``bound`` is False when it
    does not listen, because the gateway is not started or the port was taken at an apply; ``tls`` is True for HTTPS."""

    name: str
    address: str
    port: int
    bound: bool
    tls: bool = False

    @property
    def url(self) -> str:
        """``http://ADDRESS:PORT`` or ``https://ADDRESS:PORT``, with loopback in the place of an address that stands for all."""
        return f"{'https' if self.tls else 'http'}://{authority(self.address, self.port)}"

    def matches(self, name: str) -> bool:
        """Whether ``name`` is this name or its last one or two parts."""
        return self.name == name or self.name.endswith("/" + name)


def socket_address(host: str, port: int) -> str:
    """``HOST:PORT``, with brackets where the host needs them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def authority(address: str, port: int) -> str:
    """What goes into a URL to reach a socket bound to ``address``."""
    return socket_address({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address), port)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat:
    """One counter or gauge, summed over the workers. Unpacks as ``name, labels, value``.

    ``name`` is Envoy's without the scope (``upstream_rq_retry``), ``full_name`` the whole one
    (``cluster.httpbin_httpbin_8000.upstream_rq_retry``), ``kind`` is ``"counter"`` or ``"gauge"``.
    """

    name: str
    labels: Mapping[str, str]
    value: int
    kind: str
    full_name: str

    def __iter__(self) -> Iterator[Any]:
        return iter((self.name, self.labels, self.value))


class Stats(Sequence[Stat]):
    """The rows of one moment."""

    def __init__(self, rows: Sequence[tuple[str, Mapping[str, str], int, str, str]]) -> None:
        self._rows = [
            Stat(name=name, labels=labels, value=value, kind=kind, full_name=full_name)
            for name, labels, value, kind, full_name in rows
        ]

    @overload
    def __getitem__(self, index: int) -> Stat: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Stat]: ...

    def __getitem__(self, index: int | slice) -> Stat | Sequence[Stat]:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def as_dict(self) -> dict[str, int]:
        """Values by full name."""
        return {row.full_name: row.value for row in self._rows}


def access_log_names(row: dict[str, Any]) -> dict[str, Any]:
    """A request record of the extension under the names of the access log."""
    started = datetime.fromtimestamp(row["start_time_us"] / 1e6, timezone.utc)
    rest = {key: value for key, value in row.items() if key != "start_time_us"}
    return {"start_time": started.isoformat(timespec="milliseconds").replace("+00:00", "Z"), **rest}
