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
