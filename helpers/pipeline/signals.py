"""End processes on signals as on Ctrl-C, and together with their parent."""

import contextlib
import os
import signal
import threading
from multiprocessing import parent_process


def interrupt_by_signals():
    """Make SIGTERM and SIGHUP act like Ctrl-C.

    Returns a list that holds SIGINT; the number of a received signal is appended.
    """
    received = [signal.SIGINT]

    def interrupt(number, _):
        import psutil  # here, because it is rarely needed

        signal.signal(number, lambda *_: None)  # once is enough
        received.append(number)
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error, ProcessLookupError):
                if (
                    os.getpgid(child.pid) == os.getpgrp()
                ):  # those that Ctrl-C would reach
                    child.send_signal(signal.SIGINT)
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:  # unless ignored, as under nohup
            signal.signal(number, interrupt)
    return received


def when_parent_ends(end):
    """Call a function when the parent of this process ends, even if it is killed."""

    def wait():
        parent_process().join()
        end()

    threading.Thread(target=wait, daemon=True).start()
