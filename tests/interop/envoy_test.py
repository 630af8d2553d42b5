"""The same scripted origins behind a real Envoy and behind kgwcore, with the same policy: every difference is known.

`envoy/` holds the cases and the list of differences; tests/README.md says how to add one.

    KGW_ENVOY_CASES=WORD      only the cases with that word in their name or as the name of their file
"""

import collections
import concurrent.futures
import dataclasses
import functools
import json
import os
import re
import tempfile
from pathlib import Path

import pytest

from envoy import differences, ours, outcome, play, real, table
from envoy.origins import Endpoints
from support.process import SANITIZED

ALL = table.load()
CASES = table.chosen(os.environ.get("KGW_ENVOY_CASES", ""))
LANES = 12 if not SANITIZED else 2  # cases at a time; an instrumented gateway is too slow for more, and times are compared
DEFECT = "DEFECT"  # so begins the reason of what kgwcore has to mend
LOOKS, MOST_DOUBTFUL = 3, 40
COUNTED = re.compile(
    r"^(retry\.)?upstream_rq_(retry|timeout|per_try|max_duration|maintenance|.*overflow|[1-5]\d\d$|[1-5]xx$)"
)
# Counters of retries and timeouts that Envoy has and kgwcore may lack; the comparison is about those that both have.
MAY_LACK = {
    "upstream_rq_maintenance_mode",
}
Outcomes = dict[str, outcome.Outcome]


# ---- Playing -------------------------------------------------------------------------------------


def in_lanes(cases, lanes, run):
    """run(case) for each, some at a time; those that measure go alone behind them."""
    with concurrent.futures.ThreadPoolExecutor(lanes) as pool:
        tasks = {case.name: pool.submit(run, case) for case in cases if not case.alone}
        for name, task in tasks.items():
            if failure := task.exception():
                pool.shutdown(cancel_futures=True)
                raise AssertionError(f"the case cannot be played: {name}") from failure
    for case in cases:
        if case.alone:
            run(case)


def outcomes_of_envoy(cases, lanes=LANES) -> Outcomes:
    endpoints = {case.name: Endpoints(case) for case in cases}
    plays = {}

    def run(case):
        counters = functools.partial(envoy.counters_of, case)
        plays[case.name] = play.play_case(case, envoy.port(case), endpoints[case.name], counters)
        endpoints[case.name].close()

    try:
        with tempfile.TemporaryDirectory() as folder:
            with real.running(cases, endpoints, Path(folder)) as envoy:
                in_lanes(cases, lanes, run)
                counters = envoy.counters()
            records = envoy.records()
    finally:
        for of_case in endpoints.values():
            of_case.close()
    return {
        case.name: outcome.outcome_of(
            case, plays[case.name], records[case.name], counters.get(real.cluster_name(case), {})
        )
        for case in cases
    }


def outcome_of_kgwcore(case) -> outcome.Outcome:
    endpoints = Endpoints(case)
    try:
        with ours.serving(case, endpoints) as gateway:
            counters = functools.partial(ours.counters, gateway)
            played = play.play_case(case, ours.port(gateway), endpoints, counters)
            return outcome.outcome_of(case, played, ours.records(gateway, played), counters())
    finally:
        endpoints.close()


def outcomes_of_kgwcore(cases, lanes=LANES) -> Outcomes:
    outcomes = {}

    def run(case):
        outcomes[case.name] = outcome_of_kgwcore(case)

    in_lanes(cases, lanes, run)
    return outcomes


@functools.cache
def counters_of_kgwcore():
    case = next(case for case in ALL.values() if case.hosts)
    endpoints = Endpoints(case)
    try:
        with ours.serving(case, endpoints) as gateway:
            return frozenset(ours.counters(gateway))
    finally:
        endpoints.close()


@functools.cache
def compared_and_not_yet():
    """-> cases that both are played through, and those that kgwcore has to learn first with what it lacks."""
    not_yet = {name: text for name, case in CASES.items() if case.needs and (text := ours.lacks(case))}
    return [case for name, case in CASES.items() if name not in not_yet], not_yet


@dataclasses.dataclass
class Played:
    theirs: Outcomes
    our: Outcomes
    again: dict[str, list[str]]  # cases that were looked at again, and what differed before


@pytest.fixture(name="played", scope="module")
def all_played():
    """What is not as listed is played again with less beside it: on a busy machine timers of either side are late."""
    played = Played(outcomes_of_envoy(list(CASES.values())), outcomes_of_kgwcore(compared_and_not_yet()[0]), {})
    listed = differences.known(differences.load())
    for _ in range(LOOKS - 1):
        found = found_in(played.theirs, played.our)
        doubtful = [CASES[name] for name in played.our if found.get(name, []) != listed.get(name, [])]
        if not doubtful or len(doubtful) > MOST_DOUBTFUL:
            break
        for case in doubtful:
            played.again[case.name] = sorted({*found.get(case.name, [])} ^ {*listed.get(case.name, [])})
        played.theirs |= outcomes_of_envoy(doubtful, 2)
        played.our |= outcomes_of_kgwcore(doubtful, 2)
    return played


def found_in(theirs: Outcomes, our: Outcomes) -> differences.Found:
    """Cases that differ."""
    lines = {
        name: outcome.differences(CASES[name], theirs[name], of_case, counters_of_kgwcore())
        for name, of_case in our.items()
    }
    return {name: of_case for name, of_case in lines.items() if of_case}


# ---- Tests ---------------------------------------------------------------------------------------


def test_differences_are_known(played, capsys):
    theirs, our = played.theirs, played.our
    found, reasons = found_in(theirs, our), differences.load()
    if os.environ.get("KGW_ENVOY_UPDATE"):
        differences.write(reasons := differences.updated(found, reasons, our))
    with capsys.disabled():
        print(summary(played, found, reasons), end="")
    listed = differences.known(reasons)
    assert differences.UNEXPLAINED not in [reason["reason"] for reason in reasons]
    wrong = {
        name: {
            "not listed": sorted({*found.get(name, [])} - {*listed.get(name, [])}),
            "gone": sorted({*listed.get(name, [])} - {*found.get(name, [])}),
            "times of Envoy and kgwcore": outcome.measured(theirs[name], our[name]),
        }
        for name in our
        if found.get(name, []) != listed.get(name, [])
    }
    assert not wrong, json.dumps(wrong, indent=1)
    assert not listed.keys() - ALL.keys(), "cases that do not exist are listed"


def summary(played: Played, found: differences.Found, reasons: list[dict]) -> str:
    _, not_yet = compared_and_not_yet()
    needs = collections.Counter(need for name in not_yet for need in CASES[name].needs)
    of_defects = {
        name
        for reason in reasons
        if reason["reason"].startswith(DEFECT)
        for names in reason["differences"].values()
        for name in names
    }
    return (
        f"\nEnvoy: {len(CASES)} cases, {len(played.our)} compared: {len(played.our) - len(found)} agree,"
        f" {len(found)} differ in something ({len(of_defects & found.keys())} by a defect); {len(not_yet)} not yet: "
        + (", ".join(f"{need} {count}" for need, count in sorted(needs.items())) or "none")
        + "".join(f"\n  looked at again: {name}: {'; '.join(lines)}" for name, lines in played.again.items())
    )


def test_counters_are_compared(played, capsys):
    """All that Envoy moves of retries and timeouts, apart from a few."""
    fields = {name for of_case in played.theirs.values() for name in of_case}
    names = {name.removeprefix("counter.") for name in fields if name.startswith("counter.")}
    lacking = {name for name in names if COUNTED.match(name)} - counters_of_kgwcore()
    lacking = {name for name in lacking if not outcome.OF_A_STATUS.fullmatch(name)}
    with capsys.disabled():
        print(f"\nEnvoy: counters that kgwcore lacks: {', '.join(sorted(lacking)) or 'none'}", end="")
    assert not lacking - MAY_LACK


@pytest.mark.parametrize(
    "name, changes, seen_in",
    [
        ("2 retries, never enough", {"policy": {"numRetries": 3}}, "attempts"),
        ("5xx: 500", {"policy": {"retryOn": "gateway-error"}}, "status"),
        ("timeout", {"route": {"timeout": "800ms"}}, "elapsed"),
        ("per-try timeout, then an answer", {"policy": {"perTryTimeout": "600ms"}}, "elapsed"),
        ("425 is retried at once", {"policy": {"retryOn": "retriable-4xx"}}, "attempts"),
        ("back-off 200ms, drawn by many", {"policy": {"retryBackOff": {"baseInterval": "400ms"}}}, "gap.1.ninth"),
        ("one retry allowed, one request with three retries", {"cluster": {"maxRetries": 0}}, "flags"),
        ("replay limit 10, a body of 10", {"route": {"replayLimit": 9}}, "counter.retry_or_shadow_abandoned"),
        ("host rewrite in all attempts", {"route": {"hostRewrite": "another.example"}}, "origin.2.header.host"),
        ("refused, connect-failure", {"policy": {"retryOn": "retriable-4xx"}}, "body"),
        ("stream idle timeout", {"listener": {"streamIdleTimeout": 700}}, "elapsed"),
        ("h2, REFUSED_STREAM before the head, refused-stream", {"policy": {"retryOn": "connect-failure"}}, "status"),
        ("h2, two streams on the only connection", {"cluster": {"maxRequests": 1}}, "status"),
    ],
)
def test_a_changed_kgwcore_is_found(played, name, changes, seen_in):
    """The comparison sees what it is there for: other settings than Envoy's are other outcomes."""
    if name not in CASES:
        pytest.skip("was not chosen")
    case = CASES[name]
    changed = dataclasses.replace(case, **{part: {**getattr(case, part), **words} for part, words in changes.items()})
    lines = outcome.differences(case, played.theirs[name], outcome_of_kgwcore(changed), counters_of_kgwcore())
    new = {*lines} - {*differences.known(differences.load()).get(name, [])}
    assert seen_in in {line.partition(":")[0] for line in new}, lines
