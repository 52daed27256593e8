"""Links to experiments of an older version open."""

from __future__ import annotations

import pytest

from tests.support.pages import app, text_of

pytestmark = pytest.mark.usefixtures("old_store")


@pytest.mark.parametrize(
    ("experiment", "title"),
    [("experiment-help-55556666", "### Lecture 3"), ("sweep-1-9999aaaa", "### How does λ change the result?")],
)
def test_compare_shows_an_old_experiment(experiment, title):
    page = app("compare", experiment=experiment)
    assert not page.exception
    assert title in text_of(page)
    assert len(page.get("plotly_chart")) == 1


def test_start_shows_an_old_race():
    page = app(race="race-33334444")
    assert not page.exception
    assert "on the same 314 photographed digits" in text_of(page)


def test_the_list_holds_every_old_run_those_of_an_experiment_together():
    page = app("compare", view="runs")
    assert not page.exception
    labels = [fold.label for fold in page.expander]
    for title, count in (("Lecture 3 · Does transfer help?", 7), ("Which layers", 2), ("How does λ", 4)):
        assert sum(title in label and f"{count} runs" in label for label in labels) == 1
