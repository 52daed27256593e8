"""The gallery of all domains, and the details of one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from tests.support.mnist_files import Network
from tests.support.pages import app, markdown_fields, press, text_of
from xfer_core import domains
from xfer_core.analysis.domain_samples import (
    class_counts,
    class_samples,
    frequent_tokens,
    plane_points,
    sample_table,
    statistics_table,
)
from xfer_core.charts.plane import plane_chart
from xfer_core.domains import Card, Domain, Task, domain_info, domain_keys, load_domain, registry
from xfer_core.modalities import Column, ImageInput, TableInput

ROUGH = "Ward <b>x</b> ![](http://a.b/c) *one*"


@pytest.fixture
def ward() -> str:
    """An own table with markup in its title, a column of categories and missing values."""
    labels = torch.arange(40) % 2
    rows = torch.stack([labels + torch.randn(40), torch.arange(40) % 3], 1).float()
    rows[0] = torch.nan
    card = Card(ROUGH, "Patients.", "me", "CC0 1.0", "typed", "Not for care.")
    own = registry().own
    assert own
    domain = Domain("own.ward", card, "ward", rows, torch.arange(40), {"ill": Task("ill", labels, ("no", "yes"))})
    own.save(domain, TableInput((Column("age", unit="years"), Column("sex", ("f", "m", "d")))))
    return "own.ward"


def tiles(test: Any) -> list[str]:
    return [button.key.removeprefix("domain-tile-") for button in test.button if "domain-tile-" in (button.key or "")]


def test_every_domain_has_one_tile_own_ones_first_and_marked(ward: str):
    test = app("domains")
    assert not test.exception
    assert sorted(tiles(test)) == sorted(domain_keys())
    tables = [key for key in tiles(test) if domain_info(key).spec.modality == "table"]
    assert tables[0] == ward
    marked = [button.key for button in test.button if "yours" in button.label]
    assert marked == [f"domain-tile-{ward}"]
    shown = [text for kind, text in markdown_fields(test) if kind != "html.body"]
    assert not [text for text in shown if ROUGH in text]
    assert "Not for care." in text_of(test)


def test_pictures_are_not_built_for_the_gallery(monkeypatch):
    built: list[str] = []
    load = domains.DomainRegistry.load
    monkeypatch.setattr(
        domains.DomainRegistry, "load", lambda self, key, field="domain": built.append(key) or load(self, key, field)
    )
    assert not app("domains", search="digit").exception
    assert not [key for key in built if domain_info(key).spec.modality != "text"], "the browser asks for them"


def test_domains_to_be_downloaded_are_folded_with_a_button_each(folder, network: Network):
    test = app("domains", search="usps")
    assert tiles(test) == ["usps"]
    assert [button.label for button in test.button if button.label.startswith("Download")] == ["Download (8 MB)"]
    assert network.asked == []


def test_search_finds_titles_classes_and_sources_and_says_where_nothing_fits():
    test = app("domains", search="CROATIAN")
    assert set(tiles(test)) == {"names.family", "names.places", "names.given"}
    test.text_input[0].set_value("nothing like it").run()
    assert tiles(test) == []
    assert "No domain fits" in text_of(test)
    assert test.query_params["search"] == "nothing like it"


def test_a_tile_opens_the_details_and_a_link_leads_to_them():
    test = app("domains")
    test.button(key="domain-tile-digits.rotated").click().run()
    assert not test.exception
    assert test.query_params["domain"] == "digits.rotated"
    assert "CC BY 4.0" in text_of(test)
    slider = next(one for one in test.slider if one.label == "Angle in degrees")
    slider.set_value(60.0).run()
    assert test.query_params["domain"] == "digits.rotated?degrees=60"
    again = app("domains", domain="digits.rotated?degrees=60")
    assert next(one for one in again.slider if one.label == "Angle in degrees").value == 60
    press(again, "All domains")
    assert "domain" not in again.query_params
    assert len(tiles(again)) == len(domain_keys())


@pytest.mark.parametrize("key", ["names.family", "clinical.breast_fine", "planar.moons", "ward", "usps"])
def test_details_of_each_kind(key: str, ward: str, folder):
    key = ward if key == "ward" else key
    test = app("domains", domain=key)
    assert not test.exception
    assert not test.error
    assert ROUGH not in text_of(test)
    assert domain_info(key).card.licence in text_of(test)
    assert bool(test.get("plotly_chart")) == (key != "usps")


def test_points_have_a_legend_of_their_classes_by_colour_and_by_mark():
    points, labels = plane_points("planar.blobs?rotate=30", "class")
    assert len(points) == len(labels) == 1000
    domain = load_domain("planar.blobs?rotate=30")
    assert points[1].tolist() == domain.inputs[2].tolist()
    assert labels[1] == domain.tasks["class"].labels[2]
    figure: Any = plane_chart(points, labels, ("a", "b", "<b>c"), ("x", "y"), dark=False)
    assert [trace.name for trace in figure.data] == ["a", "b", "&lt;b&gt;c"]
    assert all(trace.showlegend is None for trace in figure.data)
    assert len({trace.marker.symbol for trace in figure.data}) == 3
    assert len({trace.marker.color for trace in figure.data}) == 3
    assert sum(len(trace.x) for trace in figure.data) == 1000
    moved: Any = plane_chart(points + 5, labels, ("a", "b", "c"), ("x", "y"), dark=False, around=points)
    low, high = moved.layout.xaxis.range
    assert low < points[:, 0].min() < (points + 5)[:, 0].max() < high
    values: Any = plane_chart(points, points[:, 0], (), ("x", "y"), dark=True, value_title="mm")
    assert values.data[0].marker.colorbar.title.text == "mm"
    test = app("domains", domain="planar.blobs")
    assert len(test.get("plotly_chart")) == 2, "the points, and the class balance"


@pytest.mark.parametrize(("classes", "pages"), [(30, ["1–12", "13–24", "25–30"]), (12, []), (100, None)])
def test_samples_of_every_class_are_shown_on_pages(classes: int, pages: list[str] | None):
    labels = torch.arange(2 * classes) % classes
    names = tuple(f"kind {ROUGH} {number}" for number in range(classes))
    inputs = torch.zeros(len(labels), 1, 4, 4, dtype=torch.uint8)
    card = Card("Kinds", "Many.", "me", "CC0 1.0", "drawn")
    own = registry().own
    assert own
    domain = Domain(
        "own.kinds", card, "kinds", inputs, torch.arange(len(labels)), {"kind": Task("kind", labels, names)}
    )
    own.save(domain, ImageInput(1, 4, 4))
    test = app("domains", domain="own.kinds")
    assert not test.exception
    asked = [one for one in (*test.button_group, *test.selectbox) if one.label.startswith(f"All {classes} classes")]
    assert len(asked) == (pages != [])
    assert shown_kinds(test) == list(range(12))
    if asked:
        if pages:
            assert asked[0].options == pages
        asked[0].set_value(2).run()
        assert not test.exception
        assert shown_kinds(test) == list(range(24, min(36, classes)))


def shown_kinds(test: Any) -> list[int]:
    """The numbers of the classes whose names stand beside pictures."""
    return [int(one.value.split()[-1]) for one in test.markdown if one.value.startswith("kind ")]


@pytest.mark.parametrize("given", ["nothing.like.it", "<b>", "planar.moons?rotate=1e9", "digits.rotated?x=1"])
def test_a_wrong_domain_in_the_address_shows_the_gallery(given: str):
    test = app("domains", domain=given)
    assert not test.exception
    assert len(tiles(test)) == len(domain_keys())
    assert "domain" not in test.query_params


def test_the_ways_on_lead_to_train_compare_and_rank_with_the_parameters():
    test = press(app("domains", domain="planar.moons?rotate=60"), "How far apart from …?")
    assert not test.exception
    assert (test.query_params["view"], test.query_params["first"]) == ("compare", "planar.moons?rotate=60")
    test = press(app("domains", domain="clinical.breast_fine"), "Which source fits?")
    assert not test.exception
    assert (test.query_params["view"], test.query_params["target"]) == ("rank", "clinical.breast_fine")
    test = press(app("domains", domain="planar.moons?rotate=60"), "Train on it")
    assert not test.exception
    assert test.query_params["problem.target"] == '["planar.moons?rotate=60"]'
    assert test.query_params["problem.source"] == '["planar.moons"]'


# ---------------------------------------------------------------------- what the details are computed from


def test_samples_of_a_class_have_that_class_and_values_are_in_order():
    labels = load_domain("digits.photo").tasks["digit"].labels
    chosen = class_samples("digits.photo", "digit", 5)
    assert {name: labels[places].tolist() for name, places in chosen.items()} == {str(i): [i] * 5 for i in range(10)}
    counts = class_counts("digits.photo", "digit")
    assert sum(counts.values()) == len(labels)
    assert counts["3"] == int((labels == 3).sum())
    assert class_counts("digits.photo", "tilt") == {}
    (places,) = class_samples("digits.photo", "tilt", 5).values()
    values = load_domain("digits.photo").tasks["tilt"].labels
    assert values[places].tolist() == sorted(values[places].tolist())
    assert values[places[0]] == values.min()
    assert values[places[-1]] == values.max()


def test_a_row_reads_as_its_categories_and_a_missing_value_is_empty(ward: str):
    table = sample_table(ward, [0, 4])
    assert list(table) == ["age (years)", "sex"]
    assert table["sex"].tolist()[1] == "m"
    assert table.iloc[0].isna().all()
    found = statistics_table(ward).set_index("name")
    assert found.loc["age (years)", "missing"] == pytest.approx(1 / 40)
    ages = load_domain(ward).inputs[1:, 0].double().numpy()
    assert found.loc["age (years)", "mean"] == pytest.approx(np.mean(ages))


def test_tokens_are_counted_once_per_text():
    tokens = frequent_tokens("names.family")
    assert tokens
    shares = list(tokens.values())
    assert shares == sorted(shares, reverse=True)
    assert 0 < shares[0] <= 1
    assert frequent_tokens("planar.moons") is None


def test_a_changed_card_is_kept_apart(ward: str):
    own = registry().own
    assert own
    domain = load_domain(ward)
    own.save(replace(domain, card=replace(domain.card, title="Other")), domain_info(ward).spec)  # a new version
    assert "Other" in next(button.label for button in app("domains").button if button.key == f"domain-tile-{ward}")
