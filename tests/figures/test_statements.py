"""Counts in words, and sentences that must hold."""

import math

import pandas as pd
import pytest

from helpers.figures.statements import (
    at_text,
    count_text,
    first_text,
    number_word,
    require,
    the_run,
)


@pytest.mark.parametrize(
    ("found", "total", "text"),
    [
        (3, 3, "all three"),
        (2, 2, "both"),
        (1, 1, "the only one"),
        (0, 4, "none"),
        (0, 0, "none"),
        (2, 6, "two of the six"),
        (13, 15, "13 of the 15"),
    ],
)
def test_counts_are_read_as_words(found, total, text):
    assert count_text(found, total) == text


def test_large_numbers_stay_digits():
    assert [number_word(n) for n in (1, 12, 13, 2000)] == [
        "one",
        "twelve",
        "13",
        "2,000",
    ]


@pytest.mark.parametrize(
    ("close", "text"),
    [
        (
            [3, 1, math.nan, 2],
            "The first within 1 % of the optimum: b, at iteration 1.",
        ),
        (
            [1, 5, 1, 1],
            "The first within 1 % of the optimum: a, c and d, at iteration 1.",
        ),
        ([1200], "The first within 1 % of the optimum: a, at iteration 1,200."),
        ([math.nan] * 2, "None came within 1 % of the optimum."),
        (
            [0, 0, 0],
            "within 1 % of the optimum already, so by this share there is nothing",
        ),
    ],
)
def test_all_that_were_the_first_are_named(close, text):
    said = first_text(dict(zip("abcd", close, strict=False)), 0.01)
    assert text in said.replace("\N{NO-BREAK SPACE}", " ")


def test_where_nothing_happened_is_said():
    assert at_text(["1", "2"]) == "at 1 and 2"
    assert at_text([]) == "at none of them"


def test_a_sentence_that_does_not_hold_is_named():
    require(True, "it holds")
    with pytest.raises(ValueError, match="'it diverges', which no longer holds"):
        require(False, "it diverges")


def test_the_run_of_a_sentence_is_found_by_its_setting():
    runs = pd.DataFrame(
        {"features": ["a", "b", "b"], "rate": [1, 1, 2], "k": [7, 8, 9]}
    )
    assert the_run(runs, "there is one", features="b", rate=2).k == 9
    with pytest.raises(ValueError, match="'a is fast', which no longer holds"):
        the_run(runs, "a is fast", features="a", rate=2)
