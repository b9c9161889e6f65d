"""Make sums independent of the number of threads."""

from contextlib import ContextDecorator
from functools import partial
from threading import Lock

import numpy  # noqa: F401  must be loaded for the controller to find its threads
from threadpoolctl import OpenBLASController, ThreadpoolController


class _OneThread(ContextDecorator):
    """Limit the linear algebra in a function or a block to one thread.

    The order in which numbers are added decides the last bits of their sum. If the
    library behind NumPy splits a sum among its threads, so does their number.

    The limit applies to the whole process while at least one thread is inside.
    """

    def __init__(self):
        self._controller = ThreadpoolController()
        self._free = partial(OpenBLASController.clear_controlling_thread, force=True)
        self._lock, self._inside, self._limit = Lock(), 0, None

    def __enter__(self):
        with self._lock:
            if not self._inside:
                self._free()  # else only the thread that set it last could set it again
                self._limit = self._controller.limit(limits=1, user_api="blas")
            self._inside += 1

    def __exit__(self, *_):
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._free()
                self._limit.restore_original_limits()
                self._free()


one_thread = _OneThread()
