"""Experiments: what is asked, what is missing, and what came of it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from tests.support.experiments import FOUR_METHODS, QUESTIONS, finish_run
from xfer_core.analysis.comparison import budgets, by_condition, run_records
from xfer_core.analysis.cost import cost
from xfer_core.analysis.findings import default_reference, label_efficiencies, summarize_conditions
from xfer_core.analysis.intervals import paired_difference
from xfer_core.analysis.label_efficiency import label_efficiency
from xfer_core.analysis.learning_curves import downsample, mean_curve, mean_curves
from xfer_core.analysis.spec_diff import ABSENT, diff_specs, telling_differences, why_not_comparable
from xfer_core.errors import XferError
from xfer_core.experiments.experiment import (
    MAX_RUNS,
    Condition,
    Experiment,
    add_seeds,
    finished_unique,
    missing_specs,
    one_run_per_condition,
    pause,
    resume,
)
from xfer_core.experiments.presets import (
    PRESETS,
    freeze_conditions,
    lambda_conditions,
    source_conditions,
    strategy_conditions,
)
from xfer_core.modalities import ImageInput
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import FAILED, FINISHED, INTERRUPTED, PAUSED, QUEUED, RUNNING, STOPPED, Store


def asked(conditions=FOUR_METHODS, budgets=(1, 5, 20), seeds=5) -> Experiment:
    return Experiment("help", RunSpec(), tuple(conditions), tuple(budgets), tuple(range(seeds)))


def started(store: Store, experiment: Experiment) -> tuple[str, list[str]]:
    begun = experiment.begin(store)
    return begun, [run.id for run in store.find(experiment=begun)[::-1]]


# ---------------------------------------------------------------------- what is asked


def test_an_experiment_is_every_arm_with_every_budget_and_seed_once():
    specs = [spec for spec, _ in asked().specs()]
    assert len(specs) == len(asked()) == 60
    assert len({spec.digest() for spec in specs}) == 60
    assert {spec.problem.labels_per_class for spec in specs} == {1, 5, 20}
    assert [spec.seed for spec in specs] == [seed for seed in range(5) for _ in range(12)], "seed by seed"
    assert {spec.strategy.kind for spec in specs} == {"target_only", "source_only", "fine_tune", "joint"}


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_asks_for_runs_that_can_be_trained(name):
    question = PRESETS[name]
    base = parse_spec({}, question.settings)
    arms = question.conditions(base) if question.conditions else strategy_conditions(question.kinds)
    assert len(arms) > 1
    specs = Experiment(name, base, arms, question.budgets, (0,)).specs()
    for spec, arm in specs:
        spec.check()
        assert arm.title.format(**arm.params)
    assert len({spec.digest() for spec, _ in specs}) == len(specs), "no arm twice"


def test_stages_are_fixed_one_more_each_time():
    fixed = [parse_spec({}, arm.settings).strategy.frozen for arm in freeze_conditions(RunSpec())]
    assert fixed[0] == ()
    assert [len(names) for names in fixed] == list(range(len(fixed)))
    assert all(longer[: len(shorter)] == shorter for shorter, longer in pairwise(fixed))


def test_lambda_runs_from_0_to_1():
    specs = [parse_spec({}, arm.settings) for arm in lambda_conditions(RunSpec())]
    shares = [spec.strategy.lambdas(spec.problem)["digits.photo/digit"] for spec in specs]
    assert (shares[0], shares[-1]) == (0, 1)
    assert shares == sorted(shares)
    assert all(sum(spec.strategy.lambdas(spec.problem).values()) == pytest.approx(1) for spec in specs)


def test_other_sources_have_the_tasks_and_classes_of_the_first():
    sources = [parse_spec({}, arm.settings).problem.source for arm in source_conditions(RunSpec())[1:]]
    assert sources[0] == ("digits.handwritten",)
    assert len(sources) == len(set(sources)) > 2
    assert ("digits.low",) not in sources
    assert ("digits.photo",) not in sources


def test_ten_thousand_runs_are_refused_with_what_would_fit():
    with pytest.raises(XferError, match=f"at most {MAX_RUNS} runs.* 50 seeds fit.*found 10008") as refused:
        asked(seeds=834).specs()
    assert refused.value.field == "experiment.seeds"
    assert len(asked(seeds=50).specs()) == MAX_RUNS


@pytest.mark.parametrize("empty", ["conditions", "budgets", "seeds"])
def test_an_experiment_of_nothing_is_refused(empty):
    given = {"conditions": FOUR_METHODS, "budgets": (5,), "seeds": 2} | {empty: 0 if empty == "seeds" else ()}
    with pytest.raises(XferError, match=f"experiment.{empty} must name at least one"):
        asked(**given).specs()


# ---------------------------------------------------------------------- what is missing


def test_nothing_is_counted_twice_and_nothing_is_lost(store):
    experiment, ids = started(store, asked(FOUR_METHODS[:2], (5,), 2))
    finish_run(store, ids[0], 0.5)
    store.update(ids[1], status=STOPPED)
    store.update(ids[2], status=INTERRUPTED)
    store.update(ids[3], status=FAILED)
    runs = store.find(experiment=experiment)
    assert [run.id for run in finished_unique(runs)] == [ids[0]]
    assert [spec.digest() for spec, _ in missing_specs(runs)] == [store.get(ids[1]).digest]
    assert resume(store, experiment) == 3
    runs = store.find(experiment=experiment)
    assert len(runs) == 5, "one anew, in place of the one that was stopped"
    assert sorted(run.status for run in runs) == sorted([FINISHED, STOPPED, QUEUED, QUEUED, QUEUED])
    for run in runs:
        if run.status == QUEUED:
            finish_run(store, run.id, 0.25)
    runs = store.find(experiment=experiment)
    assert len(finished_unique(runs)) == 4
    assert not missing_specs(runs)
    assert resume(store, experiment) == 0
    twice = store.create(runs[0].typed_spec, experiment=experiment)
    finish_run(store, twice, 1.0)
    assert len(finished_unique(store.find(experiment=experiment))) == 4, "the same spec a second time"


def test_a_run_that_was_deleted_is_missing(store):
    experiment, ids = started(store, asked(FOUR_METHODS[:2], (5,), 2))
    for run in ids:
        finish_run(store, run, 0.5)
    gone = store.get(ids[3])
    store.delete([gone.id])
    (spec, name), *rest = missing_specs(store.find(experiment=experiment))
    assert (spec.digest(), name, rest) == (gone.digest, gone.name, [])


def test_paused_and_going_on(store):
    experiment, ids = started(store, asked(FOUR_METHODS[:2], (5,), 1))
    store.update(ids[0], status=RUNNING)
    pause(store, store.find(experiment=experiment))
    assert [command.kind for command in store.pop_commands(ids[0])] == ["pause"]
    assert store.get(ids[1]).status == PAUSED
    store.update(ids[0], status=PAUSED)
    assert resume(store, experiment) == 2
    assert {run.status for run in store.find(experiment=experiment)} == {QUEUED}


def test_more_seeds_are_the_same_ways_with_the_next_seeds(store):
    experiment, _ids = started(store, asked(FOUR_METHODS[:2], (1, 5), 2))
    runs = store.find(experiment=experiment)
    more = add_seeds(runs, 3)
    assert [spec.seed for spec, _ in more] == [seed for seed in (2, 3, 4) for _ in range(4)]
    store.create_many(more, experiment)
    assert store.experiment(experiment).seeds == [0, 1, 2, 3, 4]
    runs = store.find(experiment=experiment)
    assert len({run.digest for run in runs}) == len(runs) == 20
    assert len(one_run_per_condition(runs)) == 4
    with pytest.raises(XferError, match="150 seeds fit"):
        add_seeds(runs, 2500)


# ---------------------------------------------------------------------- what came of it


def table_of(store: Store, accuracies: dict[str, dict[int, list[float]]]):
    """Rows of made-up runs: kind → budget → accuracy of each seed."""
    for kind, curves in accuracies.items():
        for budget, values in curves.items():
            for seed, value in enumerate(values):
                spec = parse_spec({}, [f"strategy.kind={kind}", f"problem.labels_per_class={budget}", f"seed={seed}"])
                finish_run(store, store.create(spec, name=kind, experiment="b"), value)
    return run_records(finished_unique(store.find(experiment="b")))


def test_rows_hold_what_was_measured(store):
    (row,) = table_of(store, {"joint": {5: [0.75]}})
    assert (row.title, row.kind, row.budget, row.seed) == ("joint", "joint", 5, 0)
    assert (row.value, row.source_accuracy, row.seconds, row.share) == (0.75, 0.9, 2.0, 0.5)
    assert row.targets == {"digits.photo": 0.75}


def test_an_arm_is_what_remains_without_seed_and_budget_whatever_its_runs_are_called(store):
    table_of(store, {"joint": {1: [0.5, 0.5], 5: [0.75]}, "fine_tune": {5: [0.5]}})
    store.rename(store.find(experiment="b")[-1].id, "mine")
    table = run_records(store.find(experiment="b"))
    assert sorted(len(own) for own in by_condition(table).values()) == [1, 3]
    assert {row.title for row in table} == {"joint", "fine_tune"}
    assert budgets(table) == [1, 5]


def test_all_labels_come_last(store):
    assert budgets(table_of(store, {"joint": {"all": [0.5], 20: [0.5], 3: [0.5]}})) == [3, 20, "all"]


def test_findings_are_means_and_paired_differences_to_the_reference(store):
    table = table_of(
        store, {"target_only": {5: [0.5, 0.25, 0.4, 0.3, 0.6]}, "joint": {5: [0.75, 0.5, 0.65, 0.55, 0.85]}}
    )
    reference = default_reference(table)
    found = {one.condition: one for one in summarize_conditions(table, reference)}
    own = found[next(arm for arm in found if arm != reference)]
    assert found[reference].difference is None
    assert own.over.mean == pytest.approx(0.66)
    assert (own.difference.mean, own.difference.seeds) == (pytest.approx(0.25), 5)
    assert own.difference.is_significant
    worse = {one.condition: one for one in summarize_conditions(table, reference, higher_is_better=False)}[
        own.condition
    ]
    assert worse.difference.mean == pytest.approx(-0.25), "of errors, less is better"
    assert worse.over.mean == pytest.approx(0.66)


def test_findings_of_one_experiment_hold_their_level_together(store):
    """Five arms of which one differs by chance with p = 0.03: by itself clear, among four comparisons not."""
    noise = [0.04, 0.01, 0.02, 0.0, 0.03]
    assert 0.02 < paired_difference(dict(enumerate(noise)), dict.fromkeys(range(5), 0.0)).p < 0.05
    flat = [0.5 + 0.1 * value for value in (1, -1, 0.5, -0.5, 0)]
    table = table_of(
        store,
        {
            "target_only": {5: [0.5] * 5},
            "joint": {5: [0.5 + value for value in noise]},
            **{kind: {5: flat} for kind in ("fine_tune", "source_only", "erm")},
        },
    )
    found = summarize_conditions(table, default_reference(table))
    assert [one.difference.comparisons for one in found if one.difference] == [4] * 4
    assert not any(one.difference.is_significant for one in found if one.difference)
    two = [row for row in table if row.kind in ("target_only", "joint")]
    (one,) = (one.difference for one in summarize_conditions(two, default_reference(two)) if one.difference)
    assert one.is_significant
    assert one.low > 0


def over_seeds(values, seeds: int = 5, wobble: float = 0.0):
    """Labels → seed → accuracy; seeds differ by ``wobble``, which is 0 on average."""
    return {labels: {seed: value + wobble * (seed - (seeds - 1) / 2) for seed in range(seeds)}
            for labels, value in values.items()}  # fmt: skip


def test_labels_are_worth_what_the_other_needs():
    """0.3 + 0.1 · log2(labels) reaches 0.7 at 2⁴ labels: straight in the logarithm, so the interpolation is exact."""
    scratch = over_seeds({labels: 0.3 + 0.1 * np.log2(labels) for labels in (1, 4, 32)})
    found = label_efficiency(over_seeds({4: 0.7, 32: 0.75}), scratch, 4)
    assert (found.few, found.many, found.seeds) == (4, pytest.approx(16), 5)
    assert (found.low, found.high) == (pytest.approx(16, rel=0.01), pytest.approx(16, rel=0.01)), "nothing varies"
    never = label_efficiency(over_seeds({4: 0.9}), scratch, 4)
    assert (never.many, never.low, never.high, never.most) == (None, None, None, 32), "within what was measured"
    assert label_efficiency(over_seeds({4: 0.4}), scratch, 4) is None, "no better"
    assert label_efficiency(over_seeds({4: 0.7}), over_seeds({4: 0.5}), 4) is None, "one point is no curve"
    assert label_efficiency(over_seeds({4: 0.7}), scratch, 5) is None


def test_the_worth_of_labels_says_how_sure_it_is():
    """Differences of −0.02 … 0.02 around 0: the half-width of their t-interval, 0.0196, in labels is a factor of
    2^0.196 on a curve that rises by 0.1 a doubling."""
    scratch = over_seeds({labels: 0.3 + 0.1 * np.log2(labels) for labels in (1, 4, 32)})
    found = label_efficiency(over_seeds({4: 0.7}, wobble=0.01), scratch, 4)
    half = 2.776445 * np.std([-0.02, -0.01, 0, 0.01, 0.02], ddof=1) / np.sqrt(5)
    assert found.many == pytest.approx(16)
    assert (found.low, found.high) == pytest.approx((16 / 2 ** (10 * half), 16 * 2 ** (10 * half)), rel=0.02)
    wide = label_efficiency(over_seeds({4: 0.78}, wobble=0.02), scratch, 4)
    assert wide.high is None, "it goes on beyond what was measured"
    assert label_efficiency(over_seeds({4: 0.7}, seeds=4), scratch, 4) is None, "four shared seeds"
    assert label_efficiency(over_seeds({4: np.nan}), scratch, 4) is None


def test_the_interval_of_labels_covers_the_true_number():
    """400 experiments in which 8 labels of the one are worth exactly 20 of the other."""
    random, held = np.random.default_rng(0), 0
    for _ in range(400):
        at = {8: 0.3 + 0.1 * np.log2(20)}, {labels: 0.3 + 0.1 * np.log2(labels) for labels in (1, 4, 16, 64)}
        own, other = (
            {labels: dict(enumerate(value + 0.03 * random.normal(size=5))) for labels, value in one.items()}
            for one in at
        )
        found = label_efficiency(own, other, 8)
        held += found is not None and found.low is not None and found.low <= 20 <= (found.high or 64)
    assert 0.92 <= held / 400 <= 0.98


def test_the_worth_of_labels_needs_a_clear_difference_and_five_seeds(store):
    scratch = {1: [0.3, 0.32, 0.31, 0.29, 0.28], 16: [0.7, 0.72, 0.71, 0.69, 0.68]}
    tuned = {1: [0.52, 0.5, 0.51, 0.49, 0.48], 16: [0.74, 0.7, 0.69, 0.7, 0.68]}
    table = table_of(store, {"target_only": scratch, "fine_tune": tuned})
    reference = default_reference(table)
    (seen,) = label_efficiencies(table, summarize_conditions(table, reference), reference).values()
    assert (seen.few, seen.accuracy, seen.many) == (1, pytest.approx(0.5), pytest.approx(4))
    assert seen.low < 4 < seen.high
    fewer = [row for row in table if row.seed < 4]
    assert label_efficiencies(fewer, summarize_conditions(fewer, reference), reference) == {}


def test_a_band_is_mean_and_deviation_at_the_steps_that_all_have():
    found = mean_curve([[(0, 0.0), (10, 0.5), (20, 1.0)], [(0, 0.2), (20, 0.6)]])
    assert found.steps.tolist() == [0, 20]
    assert found.mean.tolist() == pytest.approx([0.1, 0.8])
    deviation = np.std([1.0, 0.6], ddof=1)
    assert found.high.tolist()[1] == pytest.approx(0.8 + deviation)
    assert found.low.tolist()[1] == pytest.approx(0.8 - deviation)
    single = mean_curve([[(0, 0.5)]])
    assert (single.low.tolist(), single.high.tolist(), single.seeds) == ([0.5], [0.5], 1)
    assert mean_curve([]) is None
    assert mean_curve([[(0, 1.0)], [(1, 1.0)]]) is None
    assert list(mean_curves({"r": [(0, 1.0)]}, {"a": ["r", "gone"], "b": ["gone"]})) == ["a"]


def test_a_long_curve_is_thinned_and_keeps_its_ends_and_its_peak():
    steps = np.arange(20_000)
    values = np.sin(steps / 3000)
    values[7001] = 9.0
    kept = downsample(steps, values)
    assert len(kept) == 400
    assert {0, 7001, 19_999} <= set(kept.tolist())
    assert downsample(steps[:400], values[:400]).tolist() == list(range(400))


def test_curves_are_read_by_run_and_name(store):
    one, other = store.create(RunSpec()), store.create(RunSpec())
    store.append(one, [(1, "a", 0, 0.5), (2, "b", 0, 9.0), (3, "a", 10, float("nan"))])
    curves = store.curves([one, other], "a")
    assert list(curves) == [one]
    assert curves[one][0] == (0, 0.5)
    assert np.isnan(curves[one][1][1])


def test_costs_are_counted_from_the_phases():
    plain = cost(parse_spec({}, ["strategy.kind=fine_tune"]))
    steps, size = RunSpec().training.steps, RunSpec().training.batch_size
    assert plain.train_samples == steps * size, "one domain a step"
    assert cost(parse_spec({}, ["strategy.kind=joint"])).train_samples == 2 * plain.train_samples, "two domains a step"
    some = cost(parse_spec({}, ["strategy.kind=fine_tune", 'strategy.frozen=["conv1"]']))
    everything = plain.updatable - some.updatable
    stages = {
        part["name"]: part["parameters"] for part in RunSpec().network.summary(ImageInput(3, 32, 32), {"digit": 10})
    }
    assert everything == stages["conv1"]
    assert plain.updatable == sum(stages.values())
    head = cost(parse_spec({}, ["strategy.kind=linear_probe"]))
    assert head.updatable == stages["head"]


def test_differences_of_specs_are_named_by_field():
    specs = [parse_spec({}, given).model_dump(mode="json") for given in (["seed=1"], ["strategy.kind=joint"])]
    found = diff_specs(specs)
    assert found["seed"] == ["1", "0"]
    assert found["strategy.kind"] == ["fine_tune", "joint"]
    assert found["strategy.frozen"] == ["[]", ""]
    assert "network.kind" not in found
    assert diff_specs(specs[:1] * 2) == {}


def test_only_telling_differences_are_told():
    asked = (["seed=1"], ["strategy.kind=joint"], ["strategy.kind=joint", 'strategy.weights={"digits.photo/digit":1}'])
    specs = [parse_spec({}, given) for given in asked]
    found = telling_differences(specs)
    assert list(found) == ["strategy.kind", "strategy.weights", "seed"], "frozen and source_share are at their defaults"
    assert found["strategy.weights"] == [ABSENT, {}, {"digits.photo/digit": 1.0}]
    frozen = parse_spec({}, ['strategy.frozen=["conv1"]'])
    assert telling_differences([frozen, *specs])["strategy.frozen"] == [["conv1"], [], ABSENT, ABSENT]
    assert telling_differences(specs[:1] * 2) == {}


def test_runs_of_other_targets_do_not_compare():
    specs = [parse_spec({}, given).model_dump(mode="json") for given in ([], ['problem.target=["digits.noisy"]'])]
    assert why_not_comparable(specs) == ["target"]
    other_source = parse_spec({}, ['problem.source=["digits.noisy"]']).model_dump(mode="json")
    assert why_not_comparable([specs[0], other_source]) == []


def test_an_arm_may_be_anything_that_a_setting_can_say():
    arms = (Condition("wide", ("network.width=8",)), Condition("narrow", ("network.width=4",)))
    assert [spec.network.width for spec, _ in asked(arms, (5,), 1).specs()] == [8, 4]
