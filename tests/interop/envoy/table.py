"""The cases: what goes in, out of YAML. What comes out is not written down, it is compared between the two proxies.

A file is a list of entries. An entry with `each` stands for as many cases as it lists values, one per `{}`; a string
that is nothing but `{}` becomes the value itself.

    name      unique; says what the case shows
    needs     what kgwcore has to have for it. While it refuses the configuration, the case is played through Envoy only

    policy    retry policy of the route: retryOn, numRetries, perTryTimeout, retryBackOff, retriableStatusCodes,
              rateLimitedRetryBackOff as in a RouteOption; perTryIdleTimeout (ms), retriableHeaders and
              retriableRequestHeaders (lists of NAME or NAME=VALUE), previousHosts (true), hostSelectionAttempts
    route     timeout, hostRewrite, prefixRewrite, faults, maxStreamDuration as in a RouteOption, and of the last one
              grpcTimeoutHeaderMax and grpcTimeoutHeaderOffset; replayLimit (bytes), hedge, attemptCount,
              isTimeoutRetry (true), direct ({status, body})
    cluster   connectTimeout (ms), maxConnections, maxPendingRequests, maxRequests, maxRetries,
              retryBudget ({percent, min}), maxStreamDuration (ms); protocol (h2: the origins speak it in clear text),
              originStreams (how many at once an origin allows on a connection of HTTP/2), originUpgrades (true: it
              says that it knows extended CONNECT)
    listener  trusted (true: loopback is an internal address), streamIdleTimeout (ms), bufferBytes,
              suppressEnvoyHeaders, respectExpectedTimeout (true)

    origin    one entry per attempt, the last one serves the later ones too; or a word: none (no endpoint), refused
              (every connect), blackhole (connects never complete). origins.py says what an entry may be
    hosts     instead of it: a list of such, `dead` for a port that refuses
    client    the request, see play.py; GET / by default
    before    requests that are answered before the one that is looked at
    beside    a request that is under way meanwhile
    draws     upper bounds in ms of the random waits between the attempts; those of the policy's back-off by default
    slack     ms by which times may differ besides; 150 by default
    ignore    fields of the outcome that are races, with the reason in `why`
"""

import functools
from dataclasses import dataclass, field
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent
SLACK = 150


@dataclass(frozen=True)
class Case:
    name: str
    number: int  # of the case in the table
    file: str = ""
    needs: tuple[str, ...] = ()
    policy: dict = field(default_factory=dict)
    route: dict = field(default_factory=dict)
    cluster: dict = field(default_factory=dict)
    listener: dict = field(default_factory=dict)
    hosts: tuple[object, ...] = ()
    client: dict = field(default_factory=dict)
    before: tuple[dict, ...] = ()
    beside: dict = field(default_factory=dict)
    draws: tuple[int, ...] = ()
    slack: int = SLACK
    ignore: tuple[str, ...] = ()

    @property
    def alone(self) -> bool:
        """Its times are measured to a few ms: nothing runs beside it."""
        return "clients" in self.client

    def draw(self, retry: int) -> int:
        """Upper bound in ms of the wait before that retry, from 0."""
        return self.draws[min(retry, len(self.draws) - 1)]


def milliseconds(duration: str) -> int:
    for unit, factor in (("ms", 1), ("s", 1000)):
        if duration.endswith(unit):
            return round(float(duration.removesuffix(unit)) * factor)
    raise ValueError(duration)


def back_off_bounds(policy: dict, most: int = 8) -> tuple[int, ...]:
    """Of full jitter: the base, doubled up to the maximum."""
    interval = policy.get("retryBackOff", {})
    base = milliseconds(interval.get("baseInterval", "25ms"))
    limit = milliseconds(interval["maxInterval"]) if "maxInterval" in interval else 10 * base
    return tuple(min(base << retry, limit) for retry in range(most))


def filled(thing: object, value: object) -> object:
    """The entry with "{}" replaced by the value, everywhere."""
    if thing == "{}":
        return value
    if isinstance(thing, str):
        return thing.replace("{}", str(value))
    if isinstance(thing, list):
        return [filled(element, value) for element in thing]
    if isinstance(thing, dict):
        return {filled(key, value): filled(element, value) for key, element in thing.items()}
    return thing


def variants(entry: dict) -> list[dict]:
    values = entry.pop("each", None)
    if values is None:
        return [entry]
    return [{**filled(entry, value), "name": entry["name"].replace("{}", str(value))} for value in values]


HOSTS: dict[str, tuple[object, ...]] = {"none": (), "refused": ("dead",), "blackhole": ("blackhole",)}


def hosts_of(entry: dict) -> tuple[object, ...]:
    if "hosts" in entry:
        return tuple(entry["hosts"])
    origin = entry.get("origin", [200])
    return HOSTS[origin] if isinstance(origin, str) else (origin,)


# The words of an entry and of its parts: one that nobody reads would make a case say something else than it does.
REQUEST = "method path host headers body body_bytes chunks gap_ms last_byte_after_ms leave_open protocol trailers reset"
WORDS = {
    "": "name needs policy route cluster listener origin hosts client before beside draws slack ignore why",
    "policy": "retryOn numRetries perTryTimeout retryBackOff retriableStatusCodes rateLimitedRetryBackOff "
    "perTryIdleTimeout retriableHeaders retriableRequestHeaders previousHosts hostSelectionAttempts",
    "route": "timeout hostRewrite prefixRewrite faults maxStreamDuration replayLimit hedge attemptCount isTimeoutRetry "
    "grpcTimeoutHeaderMax grpcTimeoutHeaderOffset direct",
    "cluster": "connectTimeout maxConnections maxPendingRequests maxRequests maxRetries retryBudget maxStreamDuration "
    "protocol originStreams originUpgrades",
    "listener": "trusted streamIdleTimeout bufferBytes suppressEnvoyHeaders respectExpectedTimeout",
    "client": f"{REQUEST} leave_after_requests leave_after_answers leave_after_first_byte clients",
    "beside": f"{REQUEST} until_requests",
}


def check_words(entry: dict) -> None:
    for part, words in WORDS.items():
        unknown = (entry.get(part, {}) if part else entry).keys() - words.split()
        assert not unknown, f"{entry['name']}: {part} {unknown}"
    assert "why" in entry or "ignore" not in entry, f"{entry['name']}: why"


def case_of(number: int, file: str, entry: dict) -> Case:
    check_words(entry)
    policy = entry.get("policy", {})
    return Case(
        name=entry["name"],
        number=number,
        file=file,
        needs=tuple(entry.get("needs", ())),
        policy=policy,
        route=entry.get("route", {}),
        cluster=entry.get("cluster", {}),
        listener=entry.get("listener", {}),
        hosts=hosts_of(entry),
        client=entry.get("client", {}),
        before=tuple(entry.get("before", ())),
        beside=entry.get("beside", {}),
        draws=tuple(entry.get("draws", back_off_bounds(policy))),
        slack=entry.get("slack", SLACK),
        ignore=tuple(entry.get("ignore", ())),
    )


@functools.cache
def load() -> dict[str, Case]:
    files = sorted((FOLDER / "cases").glob("*.yaml"))
    entries = [(file.stem, entry) for file in files for entry in yaml.safe_load(file.read_text(encoding="utf-8"))]
    flat = [(file, variant) for file, entry in entries for variant in variants(entry)]
    cases = [case_of(number, file, entry) for number, (file, entry) in enumerate(flat)]
    names = [case.name for case in cases]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)
    return {case.name: case for case in cases}


def chosen(word: str) -> dict[str, Case]:
    """Those with the word in their name, or as the name of their file; all without one."""
    return {name: case for name, case in load().items() if word in name or word == case.file}
