"""The page of all methods: made from the classes, with links that open Train with exactly the recipe."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from pages.methods.showcases import baseline, few_labels
from pages.widgets.lesson import lesson_of, typeset
from tests.support.pages import app, text_of
from xfer_core.analysis.accuracy import mean_std
from xfer_core.domains import builtin_domains
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.showcases.catalogue import COUNTEREXAMPLES, examples_of
from xfer_core.showcases.measured import known, recipes, values
from xfer_core.strategies import STRATEGIES, Strategy

RECIPES = recipes()
KINDS: dict[str, type[Strategy]] = {form.kind_name(): form for form in STRATEGIES}
CAN = {
    kind: form.abilities | ({"no_target_labels"} if not form.needs.target_labels else set())
    for kind, form in KINDS.items()
}
EXAMPLES = [
    f"{example.problem}.{example.recipe(form.kind_name())}"
    for form in STRATEGIES
    for example in examples_of(form.kind_name())
    if example
]


def opened(*kinds: str) -> AppTest:
    """The page with the cards of these methods open; all, where none is named."""
    test = app()
    for kind in kinds or KINDS:
        test.session_state[f"methods.open.{kind}"] = True
    return test.switch_page("methods/page.py").run()


def cards(test: AppTest) -> list[str]:
    """The kinds that are listed."""
    titles = {f"**{form.title}**": kind for kind, form in KINDS.items()}
    return [titles[label.partition(" — ")[0]] for label in (box.label for box in test.expander) if " — " in label]


def links() -> list[tuple[dict[str, str], RunSpec]]:
    """The words of each link of the page, and what Train makes of them."""
    found = [
        dict(parse_qsl(link.proto.query_string)) for link in opened().get("page_link") if link.proto.page == "train"
    ]
    return [(query, parse_spec({}, [f"{key}={value}" for key, value in query.items()])) for query in found]


def test_every_method_has_its_idea_its_name_and_its_formula():
    test = opened()
    assert not test.exception
    said, formulas = text_of(test), [formula.value for formula in test.latex]
    for form in STRATEGIES:
        assert f"`{form.kind_name()}`" in said
        assert any(form.formula in formula for formula in formulas)
    ideas = [box.label.partition(" — ")[2] for box in test.expander]
    assert all(lesson_of(form).idea in ideas for form in STRATEGIES)


def test_the_links_ask_for_exactly_the_recipes_and_else_for_the_method():
    assert all(query for query, _ in links()), "an empty link would leave Train as it was"
    asked = [spec for _, spec in links()]
    assert all(RECIPES[name] in asked for name in EXAMPLES)
    without = {form.kind_name() for form in STRATEGIES if form.kind_name() not in COUNTEREXAMPLES}
    assert without <= {spec.strategy.kind for spec in asked}


def test_every_example_says_why_and_what_was_measured_beside_what_it_is_compared_with():
    test = opened()
    said, bars = text_of(test), [bar.proto for bar in test.get("progress")]
    assert all(example.why in said for form in STRATEGIES for example in examples_of(form.kind_name()))
    several = [name for name in EXAMPLES if len(RECIPES[name].problem.tasks) > 1]
    assert len(bars) == 2 * (len(EXAMPLES) - len(several))
    assert said.count("$Δ_m$ **") == 2 * len(several)
    own = mean_std(values(known()["handwritten_to_noisy.mmd"]))
    assert own.deviation is not None
    assert any(bar.text == f"MMD (DAN): {100 * own.mean:.1f} ± {100 * own.deviation:.1f} %" for bar in bars)


@pytest.mark.parametrize("name", EXAMPLES[:: len(EXAMPLES) // 3])
def test_train_takes_the_link_as_it_is(name):
    assert {*RECIPES[name].problem.source, *RECIPES[name].problem.target} <= set(builtin_domains())
    test = app("train", **next(query for query, asked in links() if asked == RECIPES[name]))
    assert not test.exception
    assert not test.error, text_of(test)
    assert test.session_state["train.spec"] == RECIPES[name]


def test_a_closed_card_holds_nothing_and_no_card_is_open_at_first():
    test = app("methods")
    assert sorted(cards(test)) == sorted(KINDS)
    assert not test.latex
    assert len(opened("dann").latex) == 1


@pytest.mark.parametrize("name", ["no_target_labels", "freezes", "weighs", "balances"])
def test_a_filter_keeps_exactly_the_methods_of_which_it_holds(name):
    test = app("methods", only=name)
    assert sorted(cards(test)) == sorted(kind for kind, held in CAN.items() if name in held)
    assert 0 < len(cards(test)) < len(KINDS)


def test_what_a_method_can_do_follows_from_its_class():
    can = CAN
    assert "no_target_labels" in can["dann"] & can["source_only"] & can["erm"]
    assert "no_target_labels" not in can["fine_tune"] | can["joint"] | can["target_only"]
    assert "freezes" in can["fine_tune"] & can["linear_probe"] & can["gradual_unfreezing"]
    assert "freezes" not in can["l2_sp"] | can["joint"]
    assert "weighs" in can["joint"] & can["dann"] & can["irm"] & can["distillation"]
    assert "balances" in can["gradnorm"] & can["group_dro"]
    assert not any({"weighs", "balances"} <= held for held in can.values())


def test_few_labels_are_those_of_the_problem_where_a_method_shines():
    assert few_labels(KINDS["fine_tune"])
    assert not few_labels(KINDS["cagrad"])  # shines with 10 labels per class
    assert not few_labels(KINDS["linear_probe"])  # shines nowhere
    assert "fine_tune" in cards(app("methods", only="few_labels"))


def test_search_family_and_filters_are_in_the_address_and_read_from_it():
    test = app("methods")
    test.text_input[0].input("discriminator").run()
    assert "dann" in cards(test)
    assert "fine_tune" not in cards(test)
    assert test.query_params["search"] == "discriminator"
    test.text_input[0].input("").run()
    test.selectbox[0].select("Joint").run()
    assert {KINDS[kind].family for kind in cards(test)} == {"joint"}
    assert test.query_params["family"] == "joint"
    again = app("methods", family="joint", only="balances,nonsense", method="gradnorm")
    assert again.selectbox[0].value == "Joint"
    assert all(KINDS[kind].sets_loss_weights() for kind in cards(again))
    assert len(again.latex) == 1, "the method of the link is open"
    none = app("methods", search="no such word")
    assert not cards(none)
    assert "No method fits" in text_of(none)


def test_a_method_goes_into_compare_beside_its_baseline():
    found = [link.proto for link in opened("dann").get("page_link") if link.proto.page == "compare"]
    query = dict(parse_qsl(found[0].query_string))
    assert query == {"view": "experiments", "methods": "source_only,dann"}
    test = app("compare", **query)
    assert not test.exception
    assert not test.error
    assert baseline(KINDS["dann"]) == "source_only"


def test_symbols_in_a_lesson_are_set_as_mathematics():
    assert typeset("Minimise L_source(θ), then") == r"Minimise $L_{\text{source}}$(θ), then"
    assert typeset("λ_{d,i} and e^{−s_i}") == "$λ_{d,i}$ and $e^{-s_i}$"
    assert typeset("class_balanced, `fine_tune`, https://a.org/b_c") == "class_balanced, `fine_tune`, https://a.org/b_c"


def test_the_paired_difference_stands_before_the_bars():
    said = text_of(opened("fine_tune"))
    assert re.search(
        r"\*\*[+−]\d+\.\d points\*\* against .* \(95 % interval .* to .*\), better in \d+ of 10 seeds", said
    )


def test_an_old_link_to_a_method_leads_to_it():
    test = app("old_addresses/catalogue.py", method="mmd", only="no_target_labels")
    assert not test.exception
    assert test.query_params["method"] == "mmd"
    assert test.query_params["only"] == "no_target_labels"
