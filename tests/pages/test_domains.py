"""The page Domains: its views, and its address."""

from __future__ import annotations

import pandas as pd

from tests.support.pages import app, text_of
from xfer_core.domains import domain_info, domain_keys


def titles(table: pd.DataFrame) -> list[str]:
    return list(table["Domain"])


def test_every_domain_is_listed_once():
    test = app("domains")
    assert not test.exception
    listed = [title for table in test.dataframe for title in titles(table.value)]
    assert sorted(listed) == sorted(domain_info(key).card.title for key in domain_keys())


def test_the_view_is_in_the_address_and_read_from_it():
    test = app("domains", view="own")
    assert test.query_params["view"] == "own"
    assert "No data of your own" in text_of(test)
    test.segmented_control[0].set_value("all").run()
    assert "view" not in test.query_params
    assert not app("domains", view="<b>").exception


def test_two_domains_are_put_side_by_side_with_a_sentence_on_each_kind_of_shift():
    test = app("domains", view="compare", first="planar.moons", second="planar.moons?rotate=60")
    assert not test.exception
    assert test.query_params["second"] == "planar.moons?rotate=60"
    said = text_of(test)
    assert "#### Covariate shift" in said
    assert "#### Label shift &nbsp;:green-badge" in said
    assert "#### Concept shift &nbsp;:orange-badge" in said
    assert len(test.get("plotly_chart")) == 4


def test_a_wrong_reference_in_the_address_is_ignored_and_equal_domains_are_not_compared():
    test = app("domains", view="compare", first="<b>", second="planar.moons?rotate=1e9")
    assert not test.exception
    assert test.selectbox[0].value == "digits.handwritten"
    test = app("domains", view="compare", first="planar.moons", second="planar.moons")
    assert not test.exception
    assert "no distance away from itself" in text_of(test)


def test_both_domains_can_be_exchanged():
    test = app("domains", view="compare", first="planar.moons", second="planar.moons?rotate=60")
    next(button for button in test.button if button.label == "⇄").click().run()
    assert not test.exception
    assert test.query_params["first"] == "planar.moons?rotate=60"
    assert test.query_params["second"] == "planar.moons"
