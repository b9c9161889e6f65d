"""How processes end: by a signal as by Ctrl-C, and with the process that began them."""

import contextlib
import os
import signal
import threading
from multiprocessing import parent_process


def interrupt_by_signals():
    """Have signals that end a process do what Ctrl-C does; return a list that grows.

    It has SIGINT, and the number of the signal that was received.
    """
    received = [signal.SIGINT]

    def interrupt(number, _):
        import psutil  # here, as it is seldom needed

        signal.signal(number, lambda *_: None)  # once is enough
        received.append(number)
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error, ProcessLookupError):
                if os.getpgid(child.pid) == os.getpgrp():  # whom Ctrl-C reaches too
                    child.send_signal(signal.SIGINT)
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:  # nohup ignores the second
            signal.signal(number, interrupt)
    return received


def when_parent_ends(end):
    """Call a function when the parent of this process has ended, even if killed."""

    def wait():
        parent_process().join()
        end()

    threading.Thread(target=wait, daemon=True).start()
