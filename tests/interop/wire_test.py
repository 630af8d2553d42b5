"""The same raw bytes through kgwcore and three other proxies: kgwcore does what a case says, differences are known.

`wire/` holds the cases and the list of differences; tests/README.md says how to add one.
"""

import os
import tempfile
import threading
from pathlib import Path

import pytest

from wire import cases, differences, proxies, verdict
from wire.origin import Origin

CASES = cases.load()
Outcomes = dict[str, tuple[str, bytes]]  # by case: the verdict, and what the origin got of incomplete requests


def outcomes_of(proxy: str) -> Outcomes:
    """Each lane takes the next case as soon as it has done one."""
    outcomes: Outcomes = {}
    failures: list[Exception] = []
    queue = iter(list(CASES.values()))
    lock = threading.Lock()

    def run(port: int, origin: Origin) -> None:
        try:
            while True:
                with lock:
                    if (case := next(queue, None)) is None or failures:
                        return
                outcomes[case.name] = verdict.judge(case, port, origin)
        except Exception as failure:  # told by the main thread
            failures.append(failure)

    origins = [Origin() for _ in range(proxies.LANES)]
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            proxies.serving(proxy, [origin.port for origin in origins], Path(folder)) as ports,
        ):
            threads = [threading.Thread(target=run, args=lane) for lane in zip(ports, origins)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        for origin in origins:
            origin.close()
    if failures:
        raise failures[0]
    return outcomes


def verdicts(outcomes: Outcomes) -> dict[str, str]:
    return {name: text for name, (text, _) in outcomes.items()}


@pytest.fixture(name="ours", scope="module")
def outcomes_of_kgwcore():
    return outcomes_of("kgwcore")


def parameter(case: cases.Case):
    marks = [pytest.mark.xfail(strict=True, reason=case.defect)] if case.defect else []
    return pytest.param(case.name, marks=marks)


@pytest.mark.parametrize("name", map(parameter, CASES.values()))
def test_kgwcore_does_what_the_case_says(ours, name):
    assert ours[name][0] == CASES[name].expect


def test_nothing_of_a_refused_request_reaches_the_origin(ours):
    """One that is first on its connection: a body that breaks later has been forwarded in part."""
    refused = [name for name, case in CASES.items() if not case.about_response and case.expect[:1] in "45"]
    assert {name: parts for name in refused if (parts := ours[name][1])} == {}


@pytest.mark.parametrize("peer", proxies.PEERS)
def test_differences_are_known(ours, peer, capsys):
    theirs = verdicts(outcomes_of(peer))
    found = {name: theirs[name] for name in CASES if theirs[name] != ours[name][0]}
    with capsys.disabled():
        print(f"\n{peer}: {len(CASES)} cases, {len(CASES) - len(found)} as kgwcore,", summary(theirs), end="")
    reasons = differences.load()
    if os.environ.get("KGW_WIRE_UPDATE"):
        differences.write(reasons := differences.updated(peer, found, reasons))
    assert differences.UNEXPLAINED not in [reason["reason"] for reason in reasons]
    assert differences.unlisted(found, differences.known(peer, reasons)) == {}


def test_musts(ours, capsys):
    """The only clauses that kgwcore breaks are those of a known defect."""
    with capsys.disabled():
        print(f"\nkgwcore: {len(CASES)} cases,", summary(verdicts(ours)), end="")
    assert all(CASES[name].defect for name in broken_musts(verdicts(ours)))


def broken_musts(seen: dict[str, str]) -> list[str]:
    musts = [case for case in CASES.values() if case.level == "must"]
    return [case.name for case in musts if not verdict.keeps_clause(case, seen[case.name])]


def summary(seen: dict[str, str]) -> str:
    musts = sum(case.level == "must" for case in CASES.values())
    return f"{len(broken_musts(seen))} of {musts} MUSTs broken"
