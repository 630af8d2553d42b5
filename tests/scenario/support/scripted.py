"""What origins of every protocol share: a port, a script, the requests that came, and threads that end with it."""

import itertools
import socket
import threading

PATIENCE = 30  # seconds after which a wait counts as hung; every wait ends at once when the origin closes


class Scripted:
    """Calls `_accepted(sock, number)` for each connection; `_hang_up()` ends those that are open.

    `script`: an entry per request, each a step or a list of steps. With `listening=False` the port is taken and
    refuses until `open`.
    """

    def __init__(self, script, listening=True, host="127.0.0.1"):
        self.script = [list(entry) if isinstance(entry, (list, tuple)) else [entry] for entry in script]
        self.requests = []
        self.errors = []  # what a step raised, other than a peer that left
        self.closing = threading.Event()
        self.arrived = threading.Condition()
        self._threads = []
        # Bound and not listening, a port is refused and cannot be taken by anyone else.
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((host, 0))
        self.host, self.port = self._listener.getsockname()
        if listening:
            self.open()

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def open(self):
        self._listener.listen(1024)
        self._start(self._accept)

    def close(self):
        self.closing.set()
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it never listened
        self._listener.close()
        self._hang_up()
        for thread in self._threads:
            thread.join(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.close()
        if kind is None and self.errors:
            raise self.errors[0]

    def wait_for_requests(self, count, patience=PATIENCE):
        """Until that many have arrived; -> all that have."""
        with self.arrived:
            assert self.arrived.wait_for(
                lambda: len(self.requests) >= count, patience
            ), f"{len(self.requests)} of {count} requests arrived"
        return self.requests

    def steps(self, number):
        """Of the request of that number; the last entry serves all later ones too."""
        return self.script[min(number, len(self.script) - 1)]

    def _remember(self, request):
        with self.arrived:
            self.requests.append(request)
            self.arrived.notify_all()

    def _start(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        for number in itertools.count():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._accepted(sock, number)
