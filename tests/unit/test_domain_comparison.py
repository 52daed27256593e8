"""Two domains side by side: real domains whose shift is known by how they were made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xfer_core.analysis.domain_comparison import compare_domains, neighbour_map
from xfer_core.analysis.paired_samples import can_compare, common_tasks, paired_samples
from xfer_core.analysis.shift_kinds import shift_sentences
from xfer_core.charts.domain_comparison import frequency_chart, gap_chart, statistics_chart
from xfer_core.domains import load_domain
from xfer_core.errors import XferError

TITLES = "One", "Two"


def verdicts(first: str, second: str) -> dict[str, str]:
    return {one.kind: one.verdict for one in shift_sentences(compare_domains(first, second), *TITLES)}


def test_no_example_is_in_both_and_samples_are_prepared_alike():
    first, second = load_domain("digits.handwritten"), load_domain("digits.photo")
    samples = paired_samples("digits.handwritten", "digits.photo", most=10_000)
    ids = []
    for domain, raw in zip((first, second), samples.raw, strict=True):
        rows = {row.numpy().tobytes(): number for number, row in enumerate(domain.inputs)}
        ids.append({int(domain.example_ids[rows[row.numpy().tobytes()]]) for row in raw})
    assert not ids[0] & ids[1]
    assert len(ids[0] | ids[1]) > 1700
    assert samples.prepared[0].shape[1:] == samples.prepared[1].shape[1:] == samples.spec.shape


def test_samples_are_bounded_and_the_same_again():
    one, two = (paired_samples("planar.moons", "planar.circles", most=50) for _ in range(2))
    assert len(one.prepared[0]) == 50
    assert one.features[1].equal(two.features[1])


@pytest.mark.parametrize(("second", "code"), [("digits.photo", "domain_twice"), ("planar.moons", "two_modalities")])
def test_domains_that_cannot_be_compared_are_refused(second, code):
    with pytest.raises(XferError) as raised:
        paired_samples("digits.photo", second)
    assert raised.value.code == code
    assert not can_compare("digits.photo", second)


def test_tasks_are_common_where_both_have_them():
    assert common_tasks("digits.low", "digits.photo") == ("digit", "parity", "tilt")
    assert common_tasks("digits.low", "planar.moons") == ()
    with pytest.raises(XferError) as raised:
        paired_samples("digits.low", "digits.photo", "language")
    assert raised.value.code == "unknown_task"


def test_a_reversed_colour_is_a_concept_shift_without_a_label_shift():
    found = verdicts("digits.coloured_90", "digits.coloured_10")
    assert found["label"] == "none"
    assert found["concept"] == "clear"


def test_turned_moons_have_their_labels_elsewhere():
    assert verdicts("planar.moons", "planar.moons?rotate=60") == {
        "covariate": "clear",
        "label": "none",
        "concept": "clear",
    }


def test_low_and_high_digits_have_other_labels_and_no_concept_to_compare():
    compared = compare_domains("digits.low", "digits.high")
    assert compared.label is not None
    assert compared.label.distance == pytest.approx(1)
    assert compared.balanced is None
    found = {one.kind: one for one in shift_sentences(compared, *TITLES)}
    assert found["label"].verdict == "clear"
    assert found["concept"].verdict == "unknown"
    assert found["concept"].number == ""


def test_noise_moves_inputs_so_far_that_nothing_can_be_told_of_the_concept():
    compared = compare_domains("digits.handwritten", "digits.noisy")
    found = {one.kind: one.verdict for one in shift_sentences(compared, *TITLES)}
    assert found == {"covariate": "clear", "label": "none", "concept": "unknown"}
    assert compared.statistics[0].name in ("colour", "edges")
    assert set(compared.gaps) == set("0123456789")


def test_a_regression_has_frequencies_of_intervals_and_no_concept():
    compared = compare_domains("digits.handwritten", "digits.photo", "tilt")
    assert compared.label is not None
    assert compared.label.frequencies.shape == (2, 10)
    assert compared.label.frequencies.sum(1) == pytest.approx([1, 1])
    assert compared.concept is None
    assert not compared.gaps


def test_texts_name_the_tokens_that_tell_them_apart():
    compared = compare_domains("names.family", "names.places")
    assert compared.typical is not None
    first, second = compared.typical
    assert first
    assert second
    assert not set(first) & set(second)
    assert {one.name for one in compared.statistics} == {"letters", "words", "letters per word"}


def test_columns_are_measured_in_their_units_with_both_means():
    compared = compare_domains("clinical.breast_fine", "clinical.breast_coarse")
    by_name = {one.name: one for one in compared.statistics}
    texture = by_name["mean texture"]
    column = [column.name for column in paired_samples(*compared.keys).spec.columns].index("mean texture")
    for key, mean in zip(compared.keys, texture.means, strict=True):
        values = load_domain(key).inputs[:, column].numpy()
        assert mean == pytest.approx(float(np.nanmean(values)), rel=1e-4)
    assert texture.difference is not None
    assert texture.difference > 1


def test_both_maps_show_the_same_samples_and_progress_is_told():
    told: list[float] = []
    compared = compare_domains("planar.moons", "planar.circles", progress=told.append)
    assert told[-1] == 1
    assert told == sorted(told)
    assert len(compared.points) == len(compared.features) == 600
    near = neighbour_map(compared)
    assert list(near["label"]) == list(compared.points["label"])
    assert np.isfinite(near[["x", "y"]].to_numpy()).all()


def test_charts_show_names_from_outside_literally():
    evil = "<a href=x>%{y}"
    figures = (
        frequency_chart(np.array([[1.0], [1.0]]), [evil], (evil, evil), False, "share"),
        gap_chart({evil: 1.0}, True, "gap"),
        statistics_chart({evil: 9.0}, (evil, evil), False, "d", "more in {domain}"),
    )
    for figure in figures:
        assert evil not in figure.to_json().replace("\\u003c", "<").replace("\\u003e", ">")


def test_words_above_the_differences_have_a_line_each():
    figure: Any = statistics_chart({"x": 1.0}, ("one", "another"), False, "d", "more in {domain}")
    first, second = figure.layout.annotations
    assert first.yshift - second.yshift >= 15
    assert figure.layout.margin.t >= first.yshift + 17
