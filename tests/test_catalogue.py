"""The page of all methods: made from the classes, with links that open Train with exactly the recipe."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from test_pages import _nobody_trains, app, words  # noqa: F401 - a fixture

from benchmarks.measured import known, recipes, values
from xfer_core.analysis.accuracy import spread
from xfer_core.domains import always_there
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.strategies import STRATEGIES

RECIPES = recipes()
EXAMPLES = [
    f"{example.problem}.{example.recipe(form.model_fields['kind'].default)}"
    for form in STRATEGIES
    for example in (form.shines, form.fails)
    if example
]


def links() -> list[tuple[dict[str, str], RunSpec]]:
    """The words of each link of the page, and what Train makes of them."""
    found = [dict(parse_qsl(link.proto.query_string)) for link in app("catalogue").get("page_link")]
    return [(query, parse_spec({}, [f"{key}={value}" for key, value in query.items()])) for query in found]


def test_every_method_has_its_idea_its_name_and_its_formula():
    test = app("catalogue")
    assert not test.exception
    said, formulas = words(test), [formula.value for formula in test.latex]
    for form in STRATEGIES:
        assert f"`{form.model_fields['kind'].default}`" in said
        assert any(form.formula in formula for formula in formulas)
        assert " ".join((form.__doc__ or "").strip().partition("\n\n")[0].split()) in said


def test_the_links_ask_for_exactly_the_recipes_and_else_for_the_method():
    assert all(query for query, _ in links()), "an empty link would leave Train as it was"
    asked = [spec for _, spec in links()]
    assert all(RECIPES[name] in asked for name in EXAMPLES)
    without = {form.model_fields["kind"].default for form in STRATEGIES if not form.fails}
    assert without <= {spec.strategy.kind for spec in asked}


def test_every_example_says_why_and_what_was_measured_beside_what_it_is_compared_with():
    test = app("catalogue")
    said, bars = words(test), [bar.proto for bar in test.get("progress")]
    assert all(example.why in said for form in STRATEGIES for example in (form.shines, form.fails) if example)
    several = [name for name in EXAMPLES if len(RECIPES[name].problem.tasks) > 1]
    assert len(bars) == 2 * (len(EXAMPLES) - len(several))
    assert said.count("Δ_m **") == 2 * len(several)
    own = spread(values(known()["handwritten_to_noisy.mmd"]))
    assert any(bar.text == f"MMD (DAN): {100 * own.mean:.1f} ± {100 * own.deviation:.1f} %" for bar in bars)


@pytest.mark.parametrize("name", EXAMPLES[:: len(EXAMPLES) // 3])
def test_train_takes_the_link_as_it_is(name):
    assert {*RECIPES[name].problem.source, *RECIPES[name].problem.target} <= set(always_there())
    test = app("train", **next(query for query, asked in links() if asked == RECIPES[name]))
    assert not test.exception
    assert not test.error, words(test)
    assert test.session_state["train.spec"] == RECIPES[name]
