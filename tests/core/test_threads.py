"""One thread for linear algebra, whoever else needs it at the same time."""

from threading import Event, Thread

import pytest
from threadpoolctl import threadpool_info

from helpers.threads import one_thread


def threads():
    """Return how many threads NumPy's linear algebra has."""
    found = [i for i in threadpool_info() if i["user_api"] == "blas"]
    # SciPy's wheels bring a library of their own, which tests beside this may load.
    own = [i for i in found if "numpy" in i["filepath"]] or found
    return {i["num_threads"] for i in own}


def test_it_is_one_inside_and_as_before_after_also_if_it_raises():
    before = threads()

    @one_thread
    def fail():
        assert threads() == {1}
        raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert threads() == before


def test_it_stays_one_for_who_goes_on_when_another_is_done():
    before = threads()
    inside, other, gone, seen = Event(), Event(), Event(), []

    @one_thread
    def first():
        inside.set()
        other.wait(30)

    @one_thread
    def second():
        other.set()
        gone.wait(30)
        seen.append(threads())

    one_thread(threads)()  # this thread has set the limit, and taken it back
    one, two = Thread(target=first), Thread(target=second)
    one.start()
    inside.wait(30)
    two.start()
    one.join()
    gone.set()
    two.join()
    assert seen == [{1}]
    assert threads() == before
