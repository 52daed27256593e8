"""The article's experiment in both readings: what source and target have in common decides what can be transferred."""

from __future__ import annotations

import pytest

from tests.support.published_files import write_small
from xfer_core.analysis.common_samples import common_samples
from xfer_core.cli import main
from xfer_core.domains import published
from xfer_core.errors import XferError
from xfer_core.experiments import presets
from xfer_core.experiments.plan import plan_for
from xfer_core.experiments.plan_link import read_plan
from xfer_core.problems.problem import Problem

READINGS = ("article-written", "article-meant")


def problem_of(reading: str) -> Problem:
    spec, _condition = plan_for(reading).experiment().specs()[0]
    return spec.problem


def test_as_written_source_and_target_are_the_same_pictures_with_the_same_labels():
    found = common_samples(problem_of("article-written"))
    assert found.source == found.target == found.common > 500
    assert found.difference == 0
    assert found.new_labels == found.leaked == 0
    assert found.tested > 500


def test_as_meant_they_have_no_picture_in_common_and_differ():
    problem = problem_of("article-meant")
    found = common_samples(problem)
    assert found.common == found.leaked == 0
    assert found.target == 10 * problem.labels_per_class
    assert found.new_labels == found.source > 500
    assert found.difference > 10


@pytest.mark.parametrize("reading", READINGS)
def test_network_and_training_are_those_of_the_article(reading):
    for spec, _condition in plan_for(reading).experiment().specs():
        assert spec.network.kind == "article_net"
        assert (spec.training.optimizer.kind, spec.training.optimizer.lr) == ("sgd", 0.01)
        assert (spec.training.optimizer.momentum, spec.training.batch_size) == (0.9, 100)


def test_as_meant_both_baselines_and_a_frozen_stage_are_compared():
    specs = [spec for spec, _condition in plan_for("article-meant").experiment().specs()]
    assert {spec.strategy.kind for spec in specs} == {"target_only", "source_only", "fine_tune"}
    assert {spec.strategy.frozen for spec in specs if spec.strategy.kind == "fine_tune"} == {(), ("conv1",)}


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("source", ["digits.handwritten", "digits.printed", "digits.coloured_90", "mnist"])
def test_it_runs_on_any_domain_of_images(reading, source):
    plan, refused = read_plan({"question": reading, "problem.source": f'["{source}"]'})
    assert not refused
    assert plan.base.problem.source == (source,)
    (target,) = plan.base.problem.target
    assert target.startswith(f"{source}?")
    plan.base.problem.check_names()
    assert read_plan(plan.query()) == (plan, [])


def test_it_begins_with_cifar10_where_that_is_here(small_sets, monkeypatch):
    assert plan_for("article-written").base.problem.source == ("digits.handwritten",)
    write_small(small_sets, "cifar10")
    problem = plan_for("article-written").base.problem
    assert (problem.source, problem.target, problem.tasks) == (("cifar10",), ("cifar10?again=1",), ("object",))
    assert published.SETS["cifar10"].download.is_available(small_sets)
    found = common_samples(Problem(**{**problem.model_dump(), "labels_per_class": "all"}))
    assert (found.difference, found.new_labels, found.leaked) == (0, 0, 0)
    assert presets.PRESETS["help"].starting_settings() == ()


def test_a_domain_without_such_a_view_is_refused_with_the_fields_that_it_has(capsys):
    assert main(["experiment", "article-meant", "--set", 'problem.source=["digits.noisy"]']) == 2
    assert "the fields are sigma" in capsys.readouterr().err


def test_a_shell_checks_both_readings_on_a_chosen_domain():
    for reading in READINGS:
        plan, _refused = read_plan({"question": reading, "problem.source": '["digits.printed"]'})
        for spec, _condition in plan.experiment().specs():
            spec.check()


def test_counting_needs_a_problem_that_can_be_split():
    with pytest.raises(XferError):
        common_samples(Problem(source=("digits.handwritten",), labels_per_class=1000))
