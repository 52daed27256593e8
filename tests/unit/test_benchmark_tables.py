"""The tables for several tasks and several domains: Δ_m and paired differences by hand."""

from __future__ import annotations

import pytest
from scipy.stats import ttest_rel

from benchmarks import balancing
from benchmarks.accuracy import judged
from benchmarks.families import differences, domains_table, joint_table
from xfer_core.analysis.task_gain import task_gain, task_gains
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.training import Result

TWO = {"problem": {"tasks": ["digit", "tilt"]}, "strategy": {"kind": "joint"}}
SPEC = parse_spec(TWO)
D, T = "accuracy/digits.photo/digit/test", "error/digits.photo/tilt/test"


def run(digit: float, tilt: float, **more) -> dict:
    return {"value": digit, "metrics": {D: digit, T: tilt}, "seconds": 2.0, **more}


def test_the_task_gain_is_the_mean_relative_gain_and_lower_errors_are_better():
    single = {"digit": {D: 0.8, T: 9.0}, "tilt": {D: 0.1, T: 4.0}}
    assert task_gain({D: 0.8, T: 4.0}, single, SPEC) == 0
    assert task_gain({D: 0.84, T: 3.0}, single, SPEC) == pytest.approx((0.05 + 0.25) / 2)
    assert task_gain({D: 0.4, T: 4.0}, single, SPEC) == pytest.approx(-0.25)


MEASURED = {
    "p.joint-digit": {"seeds": {"0": run(0.8, 9), "1": run(0.5, 9)}},
    "p.joint-tilt": {"seeds": {"0": run(0.1, 4), "1": run(0.1, 2)}},
    "p.joint": {"seeds": {"0": run(0.8, 4), "1": run(0.5, 2)}},
    "p.mgda": {"seeds": {"0": run(0.88, 4), "1": run(0.5, 1.8)}},
}
SPECS = {name: parse_spec({**TWO, "strategy": {"kind": name.partition(".")[2]}}) for name in ("p.joint", "p.mgda")}
SPECS |= {f"p.joint-{task}": SPECS["p.joint"] for task in ("digit", "tilt")}


def test_gains_are_taken_seed_by_seed():
    assert task_gains("p", "mgda", SPECS, MEASURED) == pytest.approx({"0": 0.05, "1": 0.05})
    assert task_gains("p", "joint", SPECS, MEASURED) == {"0": 0, "1": 0}


def test_the_table_of_tasks_says_the_difference_to_equal_lambda_and_its_interval():
    text = "\n".join(joint_table("p", SPECS, MEASURED))
    assert "| digit, % | tilt, mean error in degrees |" in text
    assert "| `mgda` | 69.0 ± 26.9 | 2.9 ± 1.6 | +5.0 ± 0.0 | +5.0 ± 0.0 (+5.0 to +5.0) | not clear | 2 | 2 |" in text
    assert "| `joint` | 65.0 ± 21.2 | 3.0 ± 1.4 | +0.0 ± 0.0 |  |  | 2 | 2 |" in text
    assert "| `joint-digit` | 65.0 ± 21.2 |  |  |  |  | 2 | 2 |" in text, "of its own task only"


def test_differences_to_equal_lambda_are_called_clear_for_all_rows_at_once():
    """Of two methods the less clear one has p 0.03: not below 5 % of two, but below 5 % once the other is called."""
    seeds = {str(seed): 0.0 for seed in range(5)}
    gains = {
        "joint": seeds,
        "far": {seed: 1 + int(seed) / 100 for seed in seeds},
        "near": dict(zip(seeds, (0.1, 0.5, 0.3, 0.6, 0.2), strict=True)),
        "noise": dict(zip(seeds, (0.1, -0.5, 0.3, -0.6, 0.2), strict=True)),
        "nothing": {},
    }
    found = differences(gains, "joint")
    assert set(found) == {"far", "near", "noise"}
    assert [found[kind].is_significant for kind in ("far", "near", "noise")] == [True, True, False]
    alone = ttest_rel(list(gains["near"].values()), list(seeds.values())).pvalue
    assert found["near"].p == pytest.approx(2 * alone), "the second smallest of three"


def test_the_table_of_domains_shows_what_each_rule_keeps():
    problem = {"source": ["digits.coloured_90"], "target": ["digits.coloured_80"], "unseen": ["digits.coloured_10"],
               "tasks": ["below_five"], "labels_per_class": "all"}  # fmt: skip
    specs = {f"p.{kind}": parse_spec({"problem": problem, "strategy": {"kind": kind}}) for kind in ("erm", "irm")}
    measured = {
        f"p.{kind}": {
            "seeds": {
                str(seed): {"seconds": 1.0, "selection": {"last": {"value": last}, "oracle": {"value": best}}}
                for seed in (0, 1)
            }
        }
        for kind, last, best in (("erm", 0.1, 0.25), ("irm", 0.5, 0.75))
    }
    text = "\n".join(domains_table("p", specs, measured))
    assert "| method | last | oracle | oracle, against `erm` | seeds | seconds a seed |" in text
    assert "| `irm` | 50.0 ± 0.0 | 75.0 ± 0.0 | +50.0 ± 0.0 (+50.0 to +50.0) | 2 | 1 |" in text


def result(metrics: dict, last: float = 0.0) -> Result:
    return Result("finished", 1, metrics, {"last": {"step": 1, "value": last}}, 1.0, 1.0, "cpu", "float32", 1, None)


def test_a_recipe_is_judged_by_the_worst_target_and_by_the_unseen_domain_where_there_is_one():
    metrics = {D: 0.75, "accuracy/digits.noisy/digit/test": 0.5}
    several = parse_spec({"problem": {"target": ["digits.photo", "digits.noisy"]}})
    assert judged(several, result(metrics)) == 0.5
    assert judged(RunSpec(), result(metrics)) == 0.75
    unseen = parse_spec({"problem": {"unseen": ["digits.noisy"]}})
    assert judged(unseen, result(metrics, last=0.25)) == 0.25


def test_the_cost_of_a_balancer_is_a_ratio_taken_alternately(monkeypatch):
    few = {kind: balancing.METHODS[kind] for kind in ("joint", "dwa", "mgda")}
    monkeypatch.setattr(balancing, "METHODS", few)
    ratios = balancing.measure(rounds=2, steps=2)
    assert set(ratios) == {"dwa", "mgda"}
    assert all(len(found) == 2 and min(found) > 0 for found in ratios.values())
