"""The benchmark of reviews: its reader, its choice without target labels, and its table."""

from __future__ import annotations

import pytest

from benchmarks.reviews import CONDITIONS, PAIRS, STATED, chosen, jobs, read_reviews, table

REVIEW = """<review>
<unique_id>
1
</unique_id>
<title>
{title}
</title>
<review_text>
{text}

</review_text>
</review>
"""


def test_reviews_are_read_with_title_and_label(tmp_path):
    for name, number in (("negative", 2), ("positive", 3)):
        reviews = "".join(REVIEW.format(title=f"{name} {i}", text=f"caf\xe9\nno {i}") for i in range(number))
        (tmp_path / f"{name}.review").write_text(reviews, encoding="latin-1")
    texts, labels = read_reviews(tmp_path)
    assert labels == [0, 0, 1, 1, 1]
    assert texts[1] == "negative 1\ncaf\xe9\nno 1"


def test_the_variant_is_chosen_by_the_source_alone():
    worse = [{"norm": True, "validation": 0.7, "target": 0.99}, {"norm": True, "validation": 0.8, "target": 0.99}]
    better = [{"norm": False, "validation": 0.8, "target": 0.1}, {"norm": False, "validation": 0.8, "target": 0.1}]
    assert chosen([*worse, *better], "norm") == better


def test_the_table_has_a_line_per_condition_and_marks_what_is_above_the_reference():
    rows = [
        {**job, "validation": 0.5 + 0.1 * job.get("norm", 0), "source": 0.9, "target": 0.7 + 0.02 * job["seed"]}
        for job in jobs([0, 1])
    ]
    lines = table(rows).splitlines()
    assert len(lines) == 3 + 2 + len(CONDITIONS)
    for line in lines[3:]:
        cells = line.strip("| ").split(" | ")[2:]
        for cell, pair in zip(cells, PAIRS, strict=True):
            assert "71.0 ± 1.4" in cell
            assert ("**" in cell) == (STATED[pair] < 0.71)
            assert ("(bn)" in cell) == ("tf-idf" not in line)


def test_every_run_is_asked_for_once():
    every = [tuple(map(str, job.items())) for job in jobs(range(5))]
    assert len(every) == len(set(every)) == 5 * len(PAIRS) * (2 + 2 * len(CONDITIONS) - 1)


@pytest.mark.parametrize("rows", [[], [{"pair": ["books", "dvd"], "kind": "tf-idf", "labels": 0, "words": 1}]])
def test_a_condition_without_all_pairs_has_no_line(rows):
    assert len(table(rows).splitlines()) == 3
