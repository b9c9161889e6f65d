"""Sums that do not depend on how many threads share them."""

from contextlib import ContextDecorator
from functools import partial
from threading import Lock

import numpy  # noqa: F401  whose threads they are: the controller must find them
from threadpoolctl import OpenBLASController, ThreadpoolController


class _OneThread(ContextDecorator):
    """Have the linear algebra of a function, or of a block, done by one thread.

    The order in which numbers are added decides the last bits of their sum. Where
    the library behind NumPy shares a sum among its threads, their number does.

    The limit is the process's: from the first who needs it to the last.
    """

    def __init__(self):
        self._controller = ThreadpoolController()
        self._free = partial(OpenBLASController.clear_controlling_thread, force=True)
        self._lock, self._inside, self._before = Lock(), 0, None

    def __enter__(self):
        with self._lock:
            if not self._inside:
                self._free()  # of a thread that alone may set it, since it has before
                self._before = self._controller.limit(limits=1, user_api="blas")
            self._inside += 1

    def __exit__(self, *_):
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._free()
                self._before.restore_original_limits()
                self._free()


one_thread = _OneThread()
