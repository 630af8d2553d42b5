"""Calls a page that often fails through a gateway that tries it ten times, and prints what each try did."""

import urllib.request

import kgwcore
from kgwcore.httpbin import Server

with Server() as origin, kgwcore.Gateway.to(origin.url, retry_on="5xx", retries=9) as gateway:
    print(urllib.request.urlopen(gateway.url("http") + "/unstable?failure_rate=0.3").status)
    for attempt in gateway.attempts(limit=1)[0]["attempts"]:
        print(attempt["endpoint"], attempt.get("status"), attempt["decision_text"])
