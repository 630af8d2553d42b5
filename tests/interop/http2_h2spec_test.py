"""h2spec, the conformance suite of HTTP/2, all of it and strictly."""

import xml.etree.ElementTree as xml

import http2
import peers
from support.gateway import port_of

EXCUSED = {
    # On a port that also speaks HTTP/1 these bytes are a malformed HTTP/1 request and get a 400 (RFC 9112 3), which
    # h2spec, a reader of frames, does not take for the end of the connection.
    "http2/3.5/2": "Sends invalid connection preface",
}
LEAST = 146  # cases that h2spec 2.2.1 has


def cases_of(port, path, folder, *more):
    """-> {id of each case: (title, what is wrong or "")}."""
    report = folder / "report.xml"
    options = ["--strict", "--timeout", 10, "--port", port, "--path", path, "--junit-report", report, *more]
    shown = peers.run("h2spec", *options, timeout=240)
    assert report.exists(), shown.stdout + shown.stderr
    cases = {}
    for suite in xml.parse(report).getroot().iter("testsuite"):
        for number, case in enumerate(suite.iter("testcase"), 1):
            wrong = [f"{element.tag}: {''.join(element.itertext())}" for element in case]
            cases[f"{case.get('package')}/{number}"] = (case.get("classname"), " ".join(wrong))
    return cases


def check(cases):
    assert len(cases) >= LEAST
    assert {name: cases[name][0] for name in EXCUSED} == EXCUSED, "the list is about other cases"
    failed = {name: case for name, case in cases.items() if case[1]}
    assert not {name: case for name, case in failed.items() if name not in EXCUSED}
    assert not EXCUSED.keys() - failed.keys(), "these pass by now: take them off the list"


def test_what_the_gateway_answers_itself(tmp_path):
    with http2.answering("hello") as gateway:
        check(cases_of(port_of(gateway), "/", tmp_path))


def test_what_an_origin_answers(tmp_path):
    with peers.go_httpbin() as (_, port), http2.serving(port) as gateway:
        check(cases_of(port_of(gateway), "/get", tmp_path))


def test_what_an_h2c_origin_answers(tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files/x").write_bytes(b"x" * 100_000)
    with http2.nghttpd(tmp_path) as port, http2.serving(port, h2c=True) as gateway:
        check(cases_of(port_of(gateway), "/files/x", tmp_path))
