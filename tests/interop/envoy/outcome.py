"""What came of a case at one proxy, field by field, and where two of them differ.

Texts have to be equal, times (floats, in ms) nearly: as far apart as the random waits of the case and its slack allow.
Of many clients the fields are counted, and the mean of each retry's waits is compared and what nine of ten do not
exceed, which shows the bound that the waits are drawn below.

    status body interim complete header.NAME trailer.NAME elapsed
                                                         as the client saw them; left is a client that went away
    reset                                                the code that the stream of a client of HTTP/2 was reset with
    attempts flags details                               as the proxy notes them
    requests hosts connections                           how many the origins saw, of which host, on which connection
    origin.N.line .body .outcome .header.NAME .trailer.NAME
                                                         the N-th of them
    gap.N                                                from the end of attempt N to the arrival of the next
    counter.NAME                                         of the cluster, if not 0
"""

import collections
import hashlib
import re
import statistics
from collections.abc import Iterable

from support.client import Response
from support.origin import Request

from .h2_client import H2Response
from .h2_origins import SeenRequest
from .play import Counters, Play
from .table import Case

Outcome = dict[str, str | float]

NOT_COMPARED = {"date", "server"}  # the one changes, Envoy writes its name into the other
EXPECTED_TIMEOUT = "header.x-envoy-expected-rq-timeout-ms"
SERVICE_TIME = "header.x-envoy-upstream-service-time"
UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
OF_A_STATUS = re.compile(r"(retry\.)?upstream_rq_[1-5]\d\d")  # counters that are there once they are not 0
NOTED = ("attempts", "flags", "details")
MOST_SHOWN = 200
# How far the means (or the ninth tenths) of many draws may lie from each other, as a part of their bound, and in ms.
SPREAD, SPREAD_MS = 0.25, 15


def shown(body: bytes) -> str:
    if len(body) <= MOST_SHOWN:
        return body.decode("latin-1")
    return f"{len(body)} bytes, {hashlib.sha256(body).hexdigest()[:8]}"


def fields_of(prefix: str, fields: Iterable[tuple[str, str]]) -> Outcome:
    values = collections.defaultdict(list)
    for name, value in fields:
        if name not in NOT_COMPARED:
            values[f"{prefix}.{name}"].append(UUID.sub("a UUID", value))
    return {name: " | ".join(parts) for name, parts in values.items()}


def number(text: object) -> object:
    return float(text) if isinstance(text, str) and text.isdecimal() else text


# ---- From what was seen to fields ----------------------------------------------------------------


def of_client(response: Response) -> Outcome:
    outcome: Outcome = {
        "status": str(response.status),
        "body": shown(response.body),
        "interim": " ".join(map(str, response.interim)),
        "complete": "yes" if response.complete else "no",
        "elapsed": response.elapsed * 1000,
        **fields_of("header", response.headers),
        **fields_of("trailer", response.trailers),
    }
    if isinstance(response, H2Response) and response.reset:
        outcome["reset"] = response.reset
    if SERVICE_TIME in outcome:
        outcome[SERVICE_TIME] = number(outcome[SERVICE_TIME])
    return outcome


def of_request(n: int, request: Request | SeenRequest, first: bool) -> Outcome:
    prefix = f"origin.{n}."
    outcome = {
        f"{prefix}line": f"{request.method} {request.target}",
        f"{prefix}outcome": request.outcome,
        **fields_of(f"{prefix}header", request.headers),
        **fields_of(f"{prefix}trailer", request.trailers),
    }
    if request.complete:  # how much of another one came is a race
        outcome[f"{prefix}body"] = shown(request.body)
    if not first and prefix + EXPECTED_TIMEOUT in outcome:  # what is left of the timeout
        outcome[prefix + EXPECTED_TIMEOUT] = number(outcome[prefix + EXPECTED_TIMEOUT])
    return outcome


def letters(things: Iterable[object]) -> str:
    """A for the first of them wherever it is, B for the next that is another one."""
    names: dict[object, str] = {}
    return "".join(names.setdefault(thing, chr(ord("A") + len(names))) for thing in things)


def gaps(requests: list[Request | SeenRequest]) -> list[float]:
    return [max(0.0, (after.arrived - before.ended) * 1000) for before, after in zip(requests, requests[1:])]


def of_one(play: Play, attempts: int) -> Outcome:
    requests = [request for _, request in play.arrived]
    outcome: Outcome = {
        "requests": str(len(requests)),
        "hosts": letters(address for address, _ in play.arrived),
        "connections": letters((address, request.connection) for address, request in play.arrived),
    }
    for n, request in enumerate(requests, 1):
        outcome |= of_request(n, request, first=n == 1 and attempts == len(requests))
    ids = {request.headers.get("x-request-id") for request in requests}
    if len(ids) > 1:
        outcome["request ids"] = "differ"
    outcome |= {f"gap.{n}": gap for n, gap in enumerate(gaps(requests), 1)}
    return outcome | (of_client(play.responses[0]) if play.responses else {"left": "yes"})


def counted(values: Iterable[object]) -> str:
    counts = collections.Counter(map(str, values))
    return ", ".join(f"{count} times {value}" for value, count in sorted(counts.items()))


def of_many(play: Play) -> Outcome:
    by_client = collections.defaultdict(list)
    for _, request in play.arrived:
        by_client[request.headers.get("x-client")].append(request)
    waits = collections.defaultdict(list)
    for requests in by_client.values():
        for n, gap in enumerate(gaps(requests), 1):
            waits[n].append(gap)
    return {
        "status": counted(response.status for response in play.responses),
        "requests": counted(len(requests) for requests in by_client.values()),
        **{f"gap.{n}.ninth": statistics.quantiles(values, n=10)[-1] for n, values in waits.items() if len(values) > 1},
        **{f"gap.{n}.mean": sum(values) / len(values) for n, values in waits.items()},
    }


def outcome_of(case: Case, play: Play, records: list[dict], counters: Counters) -> Outcome:
    """`records`: attempts, flags, details of the main requests."""
    if "clients" in case.client:
        noted = {name: counted(record[name] for record in records) for name in NOTED}
        seen = of_many(play)
    else:
        noted = {name: str(records[-1][name]) for name in NOTED}
        seen = of_one(play, int(noted["attempts"]))
    moved = {name: value - play.counters.get(name, 0) for name, value in counters.items()}
    return {**seen, **noted, **{f"counter.{name}": str(value) for name, value in moved.items() if value}}


# ---- Two of them ---------------------------------------------------------------------------------


def tolerance(case: Case, name: str, attempts: object) -> float:
    if name.startswith("gap."):
        draw = case.draw(int(name.split(".")[1]) - 1)
        return SPREAD * draw + SPREAD_MS if name.count(".") == 2 else draw + case.slack
    retries = int(attempts) - 1 if str(attempts).isdecimal() else 0
    return case.slack + sum(map(case.draw, range(retries)))


def difference(case: Case, name: str, envoy: Outcome, kgwcore: Outcome) -> str | None:
    """One line that is the same in every run; None: they agree."""
    theirs, ours = (outcome.get(name, "0" if name.startswith("counter.") else "absent") for outcome in (envoy, kgwcore))
    if isinstance(theirs, float) and isinstance(ours, float):
        if abs(theirs - ours) <= tolerance(case, name, envoy["attempts"]):
            return None
        return f"{name}: kgwcore {'more' if ours > theirs else 'less'}"
    if theirs == ours:
        return None
    return f"{name}: Envoy {worded(theirs)}, kgwcore {worded(ours)}"


def worded(value: str | float) -> str:
    return "a time" if isinstance(value, float) else value or "nothing"


def is_compared(case: Case, name: str, counters: Iterable[str]) -> bool:
    if name in case.ignore or (case.alone and name.startswith("counter.upstream_cx_")):  # how many meet is a race
        return False
    if not name.startswith("counter."):
        return True
    counter = name.removeprefix("counter.")
    return counter in counters or bool(OF_A_STATUS.fullmatch(counter))


def differences(case: Case, envoy: Outcome, kgwcore: Outcome, counters: Iterable[str]) -> list[str]:
    """`counters`: the names of those that both of them have."""
    names = [name for name in dict.fromkeys([*envoy, *kgwcore]) if is_compared(case, name, counters)]
    return sorted(line for name in names if (line := difference(case, name, envoy, kgwcore)) is not None)


def measured(envoy: Outcome, kgwcore: Outcome) -> str:
    """The times behind a difference, for the one who reads the failure."""
    both = [name for name in envoy if isinstance(envoy[name], float) and isinstance(kgwcore.get(name), float)]
    return ", ".join(f"{name} {envoy[name]:.0f} and {kgwcore[name]:.0f} ms" for name in both)
