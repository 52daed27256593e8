"""The benchmark of reviews: its reader, its choice without target labels, and its table."""

from __future__ import annotations

import pytest

from benchmarks.reviews import CONDITIONS, PAIRS, STATED, chosen_norm, jobs, labelled_reviews, table
from tests.support.own_texts import review_file


def test_reviews_are_read_with_title_and_label(tmp_path):
    for name, number in (("negative", 2), ("positive", 3)):
        (tmp_path / f"{name}.review").write_bytes(review_file(number, name, text="caf\xe9\nno {number}"))
    texts, labels = labelled_reviews(tmp_path)
    assert labels == [0, 0, 1, 1, 1]
    assert texts[1] == "negative 1\ncaf\xe9\nno 1"


def measured(seeds: list[int], validation: dict[bool, float]) -> list[dict]:
    """Made-up results of every run."""
    rows: list[dict] = []
    for job in jobs(seeds, rows):
        given = {"validation": validation[job["norm"]]} if "norm" in job else {}
        rows.append({**job, **given, "source": 0.9, "target": 0.7 + 0.02 * job["seed"]})
    return rows


@pytest.mark.parametrize("better", [False, True])
def test_batch_norm_is_chosen_by_the_source_alone_and_only_the_choice_is_trained_with_more_seeds(better):
    rows = measured([0, 1], {better: 0.8, not better: 0.7})
    assert chosen_norm(rows, PAIRS[0], "dann", 0) is better
    assert chosen_norm(rows, PAIRS[0], "adabn", 0) is True
    trained = [row for row in rows if "norm" in row]
    assert {row["norm"] for row in trained if row["seed"] == 1 and row["kind"] != "adabn"} == {better}
    assert {row["norm"] for row in trained if row["seed"] == 0} == {True, False}
    assert len(trained) == len(PAIRS) * (2 * len(CONDITIONS) - 1 + len(CONDITIONS))


def test_the_table_has_a_line_per_condition_and_marks_what_is_above_the_reference():
    lines = table(measured([0, 1], {True: 0.8, False: 0.7})).splitlines()
    assert len(lines) == 3 + 2 + len(CONDITIONS)
    for line in lines[3:]:
        cells = line.strip("| ").split(" | ")[2:]
        for cell, pair in zip(cells, PAIRS, strict=True):
            assert "71.0 ± 1.4" in cell
            assert ("**" in cell) == (STATED[pair] < 0.71)
            assert ("(bn)" in cell) == ("tf-idf" not in line)


@pytest.mark.parametrize("rows", [[], [{"pair": ["books", "dvd"], "kind": "tf-idf", "labels": 0, "words": 1}]])
def test_a_condition_without_all_pairs_has_no_line(rows):
    assert len(table(rows).splitlines()) == 3
