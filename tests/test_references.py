"""References and citations: what is named must be there, or the nearest is told."""

import pytest

from helpers.pipeline.command import UserError
from helpers.pipeline.references import check_references

BOOK = "@book{boyd2004,\n title = {Convex Optimization}}\n@misc{autompg,\n}\n"


@pytest.fixture
def check(tmp_path):
    """Check a text beside a figure, a table, an equation and an appendix."""
    bibliography = tmp_path / "works.bib"
    bibliography.write_text(BOOK)

    def check_text(text, **more):
        told = [
            {"kind": "figure", "label": "fig:costs", "caption": "As @tab:rates says."},
            {"kind": "table", "label": "tab:rates", "caption": "See [@autompg]."},
            {"kind": "prose", "text": "$$ a = b $$ {#eq:model}"},
            {"kind": "prose", "text": text},
            *([more] if more else []),
        ]
        check_references(told, ["# Code {#app:code}", "## More"], bibliography)

    return check_text


def test_what_is_there_may_be_named(check):
    check(
        "As @fig:costs and @eq:model show (@app:code), by @boyd2004 [@autompg, p. 3]."
    )
    check(
        "Write to me@example.org; `@fig:nothing` is code, and so is\n```\n@nobody\n```"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "See @fig:cost.",
            r"labelled 'fig:cost'; did you mean 'fig:costs'\? \(in 'See @",
        ),
        ("See @eq:modl now.", "labelled 'eq:modl'; did you mean 'eq:model'"),
        ("Says [@boyd2005].", "of works.bib is called 'boyd2005'; did you mean 'boyd2"),
        ("$$ x $$ {#eq:model}", "the label 'eq:model' is given 2 times: rename one"),
    ],
)
def test_what_is_not_there_is_named_with_the_nearest(check, text, message):
    with pytest.raises(UserError, match=message):
        check(text)


def test_captions_are_looked_at_and_labels_are_given_once(check):
    with pytest.raises(UserError, match="nothing is labelled 'app:x'"):
        check("", kind="figure", label="fig:a", caption="A @app:x.")
    with pytest.raises(UserError, match="the label 'fig:costs' is given 2 times"):
        check("", kind="figure", label="fig:costs", caption="A figure.")
