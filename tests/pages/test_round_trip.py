"""Spec → link → page → spec: equal to the last digit, for every field and every method."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings

from tests.support.pages import app
from tests.support.specs import specs
from xfer_core.errors import XferError
from xfer_core.runs.spec import RunSpec, parse_spec, spec_settings
from xfer_core.strategies import STRATEGIES, Generalised, Joint

HAND, PHOTO = "digits.handwritten/digit", "digits.photo/digit"
quick = settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def through_the_link(spec: RunSpec) -> RunSpec:
    return parse_spec({}, [f"{path}={value}" for path, value in spec_settings(spec).items()])


@pytest.mark.parametrize("table", ["12", "true", "[1]", '"x"', "null", "NaN", "{}", " 1 ", "", "a,b\r\n", "ü"])
def test_a_table_that_reads_as_json_survives_its_link(table):
    spec = RunSpec(strategy=Generalised(table=table))
    assert through_the_link(spec) == spec


def page_of(spec: RunSpec):
    test = app("train", **(spec_settings(spec) or {"seed": "0"}))
    assert not test.exception
    assert not test.warning
    assert not test.error, [error.value for error in test.error]
    return test


def assert_kept(test, spec: RunSpec) -> None:
    assert test.session_state["train.spec"] == spec
    assert test.session_state["train.spec"].digest() == spec.digest()
    address = {path: value[0] if isinstance(value, list) else value for path, value in test.query_params.items()}
    assert address == spec_settings(spec)


GIVEN_λ = {
    "small": {HAND: 1, PHOTO: 0.0004},
    "digits": {HAND: 0.12345, PHOTO: 0.333},
    "equal": {HAND: 0.5, PHOTO: 0.5},
    "as in thirds": {HAND: 0.333, PHOTO: 0.333},
    "above the slider": {HAND: 37.5, PHOTO: 1e-9},
    "only one": {PHOTO: 0.7},
    "none": {},
}


@pytest.mark.parametrize("weights", GIVEN_λ.values(), ids=GIVEN_λ)
def test_lambda_stays_as_given_until_its_slider_is_moved(weights):
    spec = RunSpec(strategy=Joint(weights=weights))
    test = page_of(spec)
    assert_kept(test, spec)
    test.switch_page("compare/page.py").run()
    test.switch_page("train/page.py").run()
    assert_kept(test, spec)
    given = spec.strategy.lambdas(spec.problem)
    next(slider for slider in test.slider if "photographs" in slider.label).set_value(1.5).run()
    assert test.session_state["train.spec"].strategy.weights == {HAND: given[HAND], PHOTO: 1.5}


def test_a_drawing_stays_as_a_link_gives_it_while_its_sliders_move_it():
    source, target = "planar.drawn?points=AgABAAFAgL-A", "planar.drawn?rotate=30&points=AgABAAFAgL-_"
    spec = parse_spec({}, [f'problem.source=["{source}"]', f'problem.target=["{target}"]', "network.kind=mlp"])
    test = page_of(spec)
    assert_kept(test, spec)
    next(slider for slider in test.slider if slider.value == 30 and "Rotation" in slider.label).set_value(45).run()
    assert not test.exception
    assert test.session_state["train.spec"].problem.source == (source,)
    assert test.session_state["train.spec"].problem.target == (target.replace("30", "45"),)


def test_three_lambda_given_as_thirds_of_three_digits_are_not_taken_for_the_default():
    weights = {f"{key}/digit": 0.333 for key in ("digits.handwritten", "digits.photo", "digits.noisy")}
    spec = parse_spec({"problem": {"target": ["digits.photo", "digits.noisy"]},
                       "strategy": {"kind": "joint", "weights": weights}})  # fmt: skip
    assert_kept(page_of(spec), spec)


@pytest.mark.parametrize(
    "settings",
    [
        ['strategy.frozen=["head.digit", "conv2", "conv1"]'],
        ["strategy.kind=generalised", "strategy.gamma=0.1234567891", 'strategy.table="12"'],
        ["training.optimizer.lr=1e-7", "strategy.target_lr=1.23456789e-7", "strategy.source_share=0.3333333333333333"],
        ["problem.labels_per_class=7"],
        ['training.augment=["rotation", "flip"]', "seed=2147483647", "training.device=cpu"],
        ['problem.source=["digits.noisy", "digits.handwritten"]'],
    ],
)
def test_what_a_control_shows_more_coarsely_stays_as_given(settings):
    spec = parse_spec({}, settings)
    assert_kept(page_of(spec), spec)


@pytest.mark.parametrize("form", STRATEGIES, ids=lambda form: form.kind_name())
def test_every_spec_that_can_run_survives_the_page(form):
    @given(specs(form, fitting=True))
    @settings(quick, max_examples=1)
    def survives(spec):
        try:
            spec.check()
        except XferError:
            assume(False)
        assert_kept(page_of(spec), spec)

    survives()


def test_a_scheme_without_its_table_is_said_and_no_example_is_made_up():
    test = app("train", strategy__kind="generalised", strategy__scheme="table")
    assert [error.value.startswith("Table of weights ") for error in test.error] == [True]
