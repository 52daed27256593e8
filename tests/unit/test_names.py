"""Names of metrics and terms: what is read from a text is written as the same text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xfer_core.names import MetricName, TermName, is_accuracy, is_error, lambda_name, term_of_lambda

PARTS = st.text(st.characters(codec="ascii", exclude_characters="/", exclude_categories=("Cc",)), min_size=1)


@given(st.sampled_from(["accuracy", "error"]), PARTS, PARTS, st.sampled_from(["train", "validation", "test"]))
def test_a_metric_is_read_as_it_was_written(measure, domain, task, split):
    name = MetricName(measure, domain, task, split)
    assert MetricName.parse(str(name)) == name
    assert is_error(str(name)) == (measure == "error") != is_accuracy(str(name))


@given(PARTS, st.one_of(st.just(""), PARTS))
def test_a_term_is_read_as_it_was_written(domain, task):
    name = TermName(domain, task)
    assert TermName.parse(str(name)) == name
    assert term_of_lambda(lambda_name(str(name))) == str(name)


def test_what_is_no_metric_is_refused():
    with pytest.raises(ValueError, match="unpack"):
        MetricName.parse("samples_per_second")
