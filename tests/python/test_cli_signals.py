"""The words that signals become."""

import signal
import sys
import threading

import pytest
from kgwcore._cli.signals import Events

ROUNDS = 100


@pytest.mark.parametrize(
    "number, word", [(signal.SIGTERM, "stop"), (signal.SIGINT, "stop"), (signal.SIGHUP, "reload"), (signal.SIGUSR1, "reopen")]
)
def test_a_signal_that_wakes_another_thread_is_heard(number, word):
    """Nor is one lost that comes just before the main thread goes to sleep; that cannot be timed, this can."""
    main = threading.get_ident()
    heard = threading.Semaphore(0)

    def send():
        for _ in range(ROUNDS):
            while sys._current_frames()[main].f_code.co_name != "next":
                pass
            signal.pthread_kill(threading.get_ident(), number)
            if not heard.acquire(timeout=5):
                signal.pthread_kill(main, signal.SIGUSR2)
                return

    def give_up(*_):
        raise TimeoutError("nothing was heard")

    before = signal.signal(signal.SIGUSR2, give_up)
    sender = threading.Thread(target=send)
    try:
        with Events() as events:
            sender.start()
            for _ in range(ROUNDS):
                assert events.next() == word
                heard.release()
    finally:
        sender.join()
        signal.signal(signal.SIGUSR2, before)


def test_signals_of_others_are_no_words_and_all_handlers_come_back():
    taken = []
    before = signal.signal(signal.SIGUSR2, lambda *_: taken.append("ours"))
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
    handlers = [signal.getsignal(number) for number in numbers]
    try:
        with Events() as events:
            signal.raise_signal(signal.SIGUSR2)
            signal.raise_signal(signal.SIGHUP)
            assert events.next() == "reload"
        assert taken == ["ours"]
        assert [signal.getsignal(number) for number in numbers] == handlers
        assert signal.set_wakeup_fd(-1) == -1
    finally:
        signal.signal(signal.SIGUSR2, before)
