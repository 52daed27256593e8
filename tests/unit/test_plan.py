"""The plan of an experiment: which runs it asks for, and a link that asks for the same."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tests.support.experiments import QUESTIONS
from xfer_core.analysis.comparison import condition_of
from xfer_core.experiments.plan import (
    Plan,
    method_settings,
    plan_for,
    plan_to_compare,
    plan_to_sweep,
    strategy_of,
    untuned,
)
from xfer_core.experiments.plan_link import is_plan, read_plan
from xfer_core.experiments.presets import BALANCERS, PRESETS
from xfer_core.runs.spec import RunSpec, parse_spec

H, P = "digits.handwritten", "digits.photo"
DANN = parse_spec(
    {},
    ["strategy.kind=dann", "strategy.hidden=32", "training.optimizer.lr=0.001", "training.steps=400",
     "training.selection=source_validation", "network.width=8", "problem.labels_per_class=3", "seed=7",
     'problem.target=["digits.noisy"]'],
)  # fmt: skip


def digests(plan: Plan) -> list[str]:
    return [spec.digest() for spec, _arm in plan.experiment().specs()]


# ---------------------------------------------------------------------- which runs


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_preset_asks_for_its_arms_with_every_budget_of_one_seed(name):
    plan = plan_for(name)
    specs = [spec for spec, _arm in plan.experiment().specs()]
    assert len(specs) == len(plan.conditions()) * len(PRESETS[name].budgets)
    assert {spec.seed for spec in specs} == {0}
    assert plan.kinds() == list(dict.fromkeys(spec.strategy.kind for spec in specs))
    for spec in specs[: len(plan.conditions())]:
        spec.check()


def test_a_link_keeps_the_optimizer_that_was_chosen_in_place_of_the_preset_s():
    chosen = plan_for("article-written")
    chosen = replace(chosen, base=parse_spec({}, ["training.optimizer.kind=adam", "network.kind=article_net"]))
    plan, refused = read_plan(chosen.query())
    assert not refused
    assert plan.base.training == chosen.base.training


def test_settings_of_a_method_reach_its_runs_and_no_others():
    own = {"dann": {"strategy.hidden": "32", "training.optimizer.lr": "0.001"}}
    plan = Plan("compare", RunSpec(), ("fine_tune", "dann"), (1, 5), 2, own)
    for spec, arm in plan.experiment().specs():
        is_dann = strategy_of(arm) == "dann"
        assert spec.training.optimizer.lr == (0.001 if is_dann else RunSpec().training.optimizer.lr)
        assert getattr(spec.strategy, "hidden", None) == (32 if is_dann else None)
    assert len({condition_of(spec.model_dump(mode="json")) for spec, _ in plan.experiment().specs()}) == 2


@pytest.mark.parametrize(
    ("question", "kind", "field"), [("freeze", "fine_tune", "frozen"), ("lambda", "joint", "weights")]
)
def test_what_sets_an_arm_apart_wins_over_the_settings_of_its_method(question, kind, field):
    value = '["conv1"]' if field == "frozen" else f'{{"{H}/digit":1}}'
    plan = plan_for(question)
    with_own = Plan(question, plan.base, plan.methods, (5,), 1, {kind: {f"strategy.{field}": value}})
    before = [getattr(spec.strategy, field) for spec, arm in plan.experiment().specs() if strategy_of(arm) == kind]
    after = [getattr(spec.strategy, field) for spec, arm in with_own.experiment().specs() if strategy_of(arm) == kind]
    assert [str(value) for value in after] == [str(value) for value in before]


def test_one_lambda_runs_and_the_others_keep_their_proportion():
    base = parse_spec({}, [f'problem.target=["{P}","digits.noisy"]'])
    weights = f'{{"{H}/digit":3,"{P}/digit":1}}'
    plan = Plan("lambda", base, (), (5,), 1, {"joint": {"strategy.weights": weights}}, f"{P}/digit")
    swept = [spec.strategy.lambdas(spec.problem) for spec, _arm in plan.experiment().specs()]
    assert [one[f"{P}/digit"] for one in swept] == [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1]
    assert all(one["digits.noisy/digit"] == 0 for one in swept)
    assert all(sum(one.values()) == pytest.approx(1) for one in swept)


def test_balancers_stand_beside_the_values_of_lambda():
    assert {"uncertainty_weighting", "gradnorm", "dwa", "pcgrad", "mgda", "cagrad", "upgrad", "imtl_g"} == set(
        BALANCERS
    )
    plan = plan_for("lambda")
    assert plan.kinds() == ["joint", *plan.methods]
    assert set(plan.methods) < set(BALANCERS)


def test_methods_at_their_defaults_are_named():
    tuned = parse_spec({}, ["strategy.kind=dann", "strategy.hidden=32"])
    assert untuned([RunSpec(), tuned]) == ["fine_tune"]
    assert untuned([tuned]) == []


def test_only_what_differs_from_the_defaults_is_a_setting():
    assert method_settings("dann", {"hidden": 128, "weight": 0.5}) in (
        {"strategy.weight": "0.5"},
        {"strategy.hidden": "128", "strategy.weight": "0.5"},
    )
    assert method_settings("fine_tune", {"frozen": ["conv1"]}) == {"strategy.frozen": '["conv1"]'}


# ---------------------------------------------------------------------- a link


def test_compare_this_asks_for_the_same_run_beside_what_it_must_beat():
    plan, refused = read_plan(plan_to_compare(DANN).query())
    assert not refused
    assert plan.methods == ("target_only", "source_only", "dann")
    assert (plan.budgets, plan.seeds) == ((3,), 1)
    (dann,) = [spec for spec, arm in plan.experiment().specs() if strategy_of(arm) == "dann"]
    assert dann == DANN.model_copy(update={"seed": 0})


def test_source_only_stays_out_where_there_is_no_source():
    spec = parse_spec({}, ["strategy.kind=joint", "problem.source=[]"])
    assert plan_to_compare(spec).methods == ("target_only", "joint")


def test_from_scratch_stays_out_where_there_are_no_labels():
    spec = parse_spec({}, ["strategy.kind=dann", "problem.labels_per_class=0"])
    assert plan_to_compare(spec).methods == ("source_only", "dann")
    assert plan_to_compare(RunSpec(strategy=parse_spec({}, ["strategy.kind=source_only"]).strategy)).methods == (
        "target_only",
        "source_only",
    )


def test_sweep_this_keeps_the_proportions_of_train():
    joint = parse_spec(
        {}, ["strategy.kind=joint", f'strategy.weights={{"{H}/digit":3,"{P}/digit":1}}', "training.steps=20"]
    )
    plan, refused = read_plan(plan_to_sweep(joint, f"{H}/digit").query())
    assert not refused
    assert (plan.preset, plan.term, plan.base.training.steps) == ("lambda", f"{H}/digit", 20)


def plans() -> list[Plan]:
    """Plans that use every part of a link."""
    return [
        *(plan_for(name, seeds=3) for name in PRESETS),
        plan_to_compare(DANN),
        Plan("compare", DANN, ("fine_tune", "joint", "dann"), (1, "all"), 20, {
            "fine_tune": {"strategy.frozen": '["conv1"]'},
            "joint": {"strategy.weights": f'{{"{H}/digit":1,"digits.noisy/digit":3}}'},
            "dann": {"strategy.weight": "0.5", "training.optimizer.lr": "0.0005"},
        }),
        Plan("lambda", RunSpec(), ("mgda",), (0, 5), 2, {}, f"{P}/digit"),
    ]  # fmt: skip


@pytest.mark.parametrize("plan", plans(), ids=lambda plan: plan.preset)
def test_a_link_in_any_order_asks_for_the_very_same_runs(plan):
    query = list(plan.query().items())
    assert is_plan(dict(query))
    for seed in range(4):
        random.Random(seed).shuffle(query)
        read, refused = read_plan(dict(query))
        assert not refused
        assert digests(read) == digests(plan)
        assert read.query() == plan.query(), "and it is written as it was read"


def test_the_usable_part_of_a_link_is_used_and_the_rest_is_named():
    given = {
        "question": "help", "methods": "joint,nonsense,dann", "labels": "5,many,1", "seeds": "900", "fbclid": "x",
        "training.steps": "20", "training.optimizer.lr": "-1", "dann.hidden": "32", "dann.nothing": "1",
        "dann.training.steps": "9", "strategy.kind": "joint",
    }  # fmt: skip
    plan, refused = read_plan(given)
    assert (plan.preset, plan.methods, plan.budgets, plan.seeds) == ("help", ("joint", "dann"), (5, 1), 1)
    assert plan.base.training.steps == 20
    assert plan.settings == {"dann": {"strategy.hidden": "32"}}
    assert sorted(setting for setting, _error in refused) == [
        "dann.nothing=1", "dann.training.steps=9", "labels=many", "methods=nonsense", "seeds=900",
        "strategy.kind=joint", "training.optimizer.lr=-1",
    ]  # fmt: skip
    assert all(str(error) for _setting, error in refused)


@pytest.mark.parametrize(
    ("given", "left_out"),
    [
        ({"question": "why"}, "question=why"),
        ({"question": "lambda", "term": "digits.photo/tilt"}, "term=digits.photo/tilt"),
        ({"question": "lambda", "methods": "dann"}, "methods=dann"),
        ({"seeds": "0"}, "seeds=0"),
        ({"seeds": "two"}, "seeds=two"),
        ({"labels": "-1"}, "labels=-1"),
    ],
)
def test_what_cannot_be_is_left_out_and_the_form_is_as_it_would_be(given, left_out):
    plan, refused = read_plan(given)
    assert [setting for setting, _error in refused] == [left_out]
    question = given.get("question", "help")
    assert plan == plan_for(question if question in PRESETS else "help")


def test_labels_of_a_run_s_link_are_the_budget():
    plan, refused = read_plan({"problem.labels_per_class": "8", "methods": "fine_tune"})
    assert not refused
    assert (plan.preset, plan.budgets) == ("compare", (8,))


def test_what_others_append_is_no_plan():
    assert not is_plan(
        {"fbclid": "x", "utm_source": "y", "experiment": "experiment-help-1", "view": "runs", "run": "z"}
    )
