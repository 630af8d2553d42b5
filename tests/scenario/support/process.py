"""The command line as a process of its own: one that serves, and ones that answer and end."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time


def kgwcore(*arguments, stdin=None, admin=None, timeout=60):
    """Runs `kgwcore ARGUMENTS` to its end, against the gateway with that admin URL."""
    environment = {**os.environ, "KGWCORE_ADMIN_ADDRESS": admin.removeprefix("http://")} if admin else None
    return subprocess.run(
        [sys.executable, "-m", "kgwcore", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env=environment,
    )


class Run:
    """`kgwcore run ARGUMENTS`, ready: the ports of its listeners by NS/GW/LISTENER, the URL of its admin address.

    `descriptors` limits how many it may have open.
    """

    def __init__(self, *arguments, patience=30, descriptors=None):
        limit = (resource.RLIMIT_NOFILE, (descriptors, descriptors))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kgwcore", "run", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=(lambda: resource.setrlimit(*limit)) if descriptors else None,
        )
        self.listeners, self.admin, self.errors = {}, None, []
        # Both pipes are read all the time, so that the process never waits for us.
        self._readers = [threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True)]
        self._readers[0].start()
        late = threading.Timer(patience, self.process.kill)
        late.start()
        ready = self._read_until_ready()
        late.cancel()
        self._readers.append(threading.Thread(target=lambda: list(self.process.stdout), daemon=True))
        self._readers[1].start()
        if not ready:
            self.stop()
            raise RuntimeError("kgwcore run did not become ready: " + "".join(self.errors))

    def _read_until_ready(self):
        for line in self.process.stdout:
            word, *rest = line.split()
            if word == "listening":
                self.listeners[rest[1]] = int(rest[0].rpartition(":")[2])
            elif word == "admin":
                self.admin = rest[0]
            elif word == "ready":
                return True
        return False

    @property
    def port(self):
        return next(iter(self.listeners.values()))

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        """-> its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        for reader, pipe in zip(self._readers, (self.process.stderr, self.process.stdout)):
            reader.join(10)
            pipe.close()
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Memory:
    """Resident memory of a process, in bytes."""

    def __init__(self, pid):
        self.pid = pid
        self.start = self._read("VmRSS")
        with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")  # the high-water mark starts again from here

    def _read(self, field):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(field + ":"))

    @property
    def growth(self):
        """Of the high-water mark since the start."""
        return self._read("VmHWM") - self.start


def until(condition, patience=10, interval=0.005):
    """Waits until condition() is true; -> its value."""
    deadline = time.monotonic() + patience
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(interval)
    return value


SANITIZED = bool(os.environ.get("KGW_SANITIZED"))
