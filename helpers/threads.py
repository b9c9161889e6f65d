"""Sums that do not depend on how many threads share them."""

from functools import cache, wraps


def one_thread(function):
    """Have a function's linear algebra done by one thread.

    The order in which numbers are added decides the last bits of their sum. Where
    the library behind NumPy shares a sum among its threads, their number does.
    """

    @wraps(function)
    def alone(*arguments, **options):
        with _controller().limit(limits=1, user_api="blas"):
            return function(*arguments, **options)

    return alone


@cache
def _controller():
    from threadpoolctl import ThreadpoolController  # looks at all that is loaded

    return ThreadpoolController()
