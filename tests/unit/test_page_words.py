"""Errors speak in the words of the page, and in those of a recipe in a shell."""

from __future__ import annotations

import pytest

from pages.i18n import counted, error_words
from pages.widgets.page_words import field_titles, page_word
from xfer_core.errors import XferError, format_error
from xfer_core.networks import NETWORKS
from xfer_core.runs.spec import RunSpec
from xfer_core.strategies import STRATEGIES
from xfer_core.training import OPTIMIZERS


def test_an_error_speaks_in_the_words_of_the_page_and_a_shell_in_those_of_a_recipe():
    error = XferError("unknown_choice", "strategy.kind", "x", allowed=["fine_tune", "digits.photo/digit"])
    assert error_words(error) == "Method must be one of Fine-tuning, Digits on photographs · digit; found x."
    assert format_error(error) == "strategy.kind must be one of fine_tune, digits.photo/digit; found x."


def test_its_advice_too():
    error = XferError("too_small", "training.optimizer.lr", 0, limit=1)
    error.advice = {"strategy.kind": "dann", "lambda/digits.photo/digit": 1}
    assert error_words(error).startswith("Learning rate must be at least 1; found 0. ")
    assert "This works: set Method to DANN and λ Digits on photographs · digit to 1." in error_words(error)


@pytest.mark.parametrize(("count", "words"), [(0, "0 runs were"), (1, "1 run was"), (2, "2 runs were")])
def test_one_of_a_thing_is_one(count, words):
    assert counted(count, "1 run was", "{count} runs were") == words


@pytest.mark.parametrize("value", [None, 5, "", "ü", "conv1", "a, b", "nowhere/digit", "digits.", True, {"a": 1}])
def test_what_the_page_has_no_word_for_stays_as_it_is(value):
    assert page_word(value, str) == value


def test_every_field_of_a_recipe_has_a_word_on_the_page():
    fields = {f"training.{name}" for name in type(RunSpec().training).model_fields} - {"training.optimizer"}
    fields |= {f"problem.{name}" for name in type(RunSpec().problem).model_fields}
    for prefix, forms in (("network", NETWORKS), ("strategy", STRATEGIES), ("training.optimizer", OPTIMIZERS)):
        fields |= {f"{prefix}.{name}" for form in forms for name in form.model_fields}
    assert fields <= set(field_titles())
