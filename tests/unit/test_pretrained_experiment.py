"""The experiment on what a pretrained network gives: its networks, its photographs, the same from a link."""

from __future__ import annotations

from tests.support.published_files import write_small
from xfer_core.experiments.plan import plan_for
from xfer_core.experiments.plan_link import read_plan
from xfer_core.experiments.presets import photographs


def test_it_takes_the_photographs_that_are_here(small_sets):
    assert photographs() is None
    assert plan_for("pretrained").base.problem.target == ("digits.photo",)
    write_small(small_sets, "stl10")
    assert photographs() == "stl10"
    problem = plan_for("pretrained").base.problem
    assert (problem.source, problem.target, problem.tasks) == ((), ("stl10",), ("object",))


def test_three_networks_learn_from_five_labels_without_a_source():
    plan, refused = read_plan({"question": "pretrained", "problem.target": '["digits.photo"]'})
    assert not refused
    assert read_plan(plan.query()) == (plan, [])
    specs = [spec for spec, _condition in plan.experiment().specs()]
    assert [(spec.network.kind, spec.strategy.kind) for spec in specs] == [
        ("efficientnet_lite0", "linear_probe"), ("pixels", "target_only"), ("small_cnn", "target_only")
    ]  # fmt: skip
    assert {(spec.problem.source, spec.problem.labels_per_class, spec.training.augment) for spec in specs} == {
        ((), 5, ())
    }
    for spec in specs[1:]:
        spec.check()
