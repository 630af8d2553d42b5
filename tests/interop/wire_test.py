"""The same raw bytes through kgwcore and three other proxies: kgwcore does what each case says, all differences are known.

`wire/` holds the cases and the list of differences; tests/README.md says how to add one.
"""

import functools
import os
import tempfile
import threading
from pathlib import Path

import pytest

from wire import cases, differences, proxies, verdict
from wire.origin import Origin

CASES = cases.load()
PROXIES = ["kgwcore", *proxies.PEERS]


@functools.cache
def verdicts_of(proxy: str) -> dict[str, str]:
    """By case. Each lane takes the next case as soon as it has done one."""
    verdicts: dict[str, str] = {}
    failures: list[Exception] = []
    queue = iter(list(CASES.values()))
    lock = threading.Lock()

    def run(port: int, origin: Origin) -> None:
        try:
            while True:
                with lock:
                    if (case := next(queue, None)) is None or failures:
                        return
                verdicts[case.name] = verdict.judge(case, port, origin)
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
    return verdicts


def parameter(case: cases.Case):
    marks = [pytest.mark.xfail(strict=True, reason=case.defect)] if case.defect else []
    return pytest.param(case.name, marks=marks)


@pytest.mark.parametrize("name", map(parameter, CASES.values()))
def test_kgwcore_does_what_the_case_says(name):
    assert verdicts_of("kgwcore")[name] == CASES[name].expect


@pytest.mark.parametrize("peer", proxies.PEERS)
def test_differences_are_known(peer, capsys):
    ours, theirs = verdicts_of("kgwcore"), verdicts_of(peer)
    found = {name: theirs[name] for name in CASES if theirs[name] != ours[name]}
    with capsys.disabled():
        print(f"\n{peer}: {len(CASES)} cases, {len(CASES) - len(found)} as kgwcore, {against_must(theirs)} against a MUST")
    reasons = differences.load()
    if os.environ.get("KGW_WIRE_UPDATE"):
        differences.write(reasons := differences.updated(peer, found, reasons))
    assert found == differences.known(peer, reasons)


def against_must(verdicts: dict[str, str]) -> int:
    return sum(case.level == "must" and not verdict.keeps_clause(case, verdicts[case.name]) for case in CASES.values())
