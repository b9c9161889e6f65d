"""Limiting linear algebra to one thread, even from several threads at once."""

from threading import Event, Thread

import pytest
from threadpoolctl import threadpool_info

from helpers.threads import one_thread


def threads():
    """Return how many threads NumPy's linear algebra has."""
    pools = [i for i in threadpool_info() if i["user_api"] == "blas"]
    # SciPy's wheels bring their own library, which other tests may have loaded.
    numpys = [i for i in pools if "numpy" in i["filepath"]] or pools
    return {i["num_threads"] for i in numpys}


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

    one_thread(threads)()  # this thread has set the limit and removed it again
    one, two = Thread(target=first), Thread(target=second)
    one.start()
    inside.wait(30)
    two.start()
    one.join()
    gone.set()
    two.join()
    assert seen == [{1}]
    assert threads() == before
