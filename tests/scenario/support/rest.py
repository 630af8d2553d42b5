"""What a gateway may hold when nothing happens: nothing but the connections it keeps."""

import os
import time

from .client import get
from .gateway import counter
from .process import Run

GAUGES = (
    "downstream_cx_active",
    "downstream_rq_active",
    "downstream_cx_upgrades_active",
    "upstream_rq_active",
    "upstream_rq_pending_active",
    "rq_retry_open",
)
BOOKS = ("downstream_rq_total", "downstream_rq_completed", "downstream_rq_aborted")


def descriptors(pid=None):
    """How many descriptors a process has open."""
    return len(os.listdir(f"/proc/{pid or os.getpid()}/fd"))


def admin_stats(run):
    """The counters and gauges of a `kgwcore run`, as its admin address shows them, by the end of their names."""
    port = int(run.admin.rpartition(":")[2])
    found = {}
    for line in get(port, "/stats", host=f"127.0.0.1:{port}").body.decode().splitlines():
        name, _, value = line.rpartition(": ")
        name = name.rpartition(".")[2]
        found[name] = found.get(name, 0) + int(value)
    return found


def at_rest(gateway, patience=20):
    """Waits until every gauge of work is 0 and the books are even. `gateway`: a kgwcore.Gateway or a Run."""

    def busy():
        names = (*GAUGES, *BOOKS)
        values = admin_stats(gateway) if isinstance(gateway, Run) else {name: counter(gateway, name) for name in names}
        total, completed, aborted = (values[name] for name in BOOKS)
        return {name: values[name] for name in GAUGES if values[name]} or total != completed + aborted and values

    deadline = time.monotonic() + patience
    while found := busy():
        assert time.monotonic() < deadline, f"not at rest: {found}"
        time.sleep(0.005)
