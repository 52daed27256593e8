"""Answers that collapse onto one class: noticed without labels, told once, and said wherever the run is shown."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.support.pages import app, finished_run
from tests.support.training import SOURCE, TARGET, At, Recorder, settings, small_problem, trainer
from xfer_core.cli import main
from xfer_core.errors import format_error
from xfer_core.execution.worker import notes, run_here
from xfer_core.exports import export_run, onnx
from xfer_core.problems.problem import Problem
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import RUNNING, open_store
from xfer_core.strategies.joint.joint import Joint
from xfer_core.training.collapse import collapses

PARAMS = {"domain": TARGET, "task": "digit", "share": 0.974, "largest": 0.104, "step": 300}
WARNING = {"code": "one_answer", "field": "network", "value": "8", "params": PARAMS}
SENTENCE = (
    "network predicts one and the same digit for 97 % of the samples of Digits on photographs at step 300, where no "
    "class has more than 10 % of the training labels: its predictions collapsed onto one class; lower the learning "
    "rate; found 8."
)


def counts(*shares: float) -> torch.Tensor:
    return torch.tensor([round(1000 * share) for share in shares])


def with_labels(problem: Problem, shares: dict[int, float], key: str = SOURCE):
    """The problem with other training labels in one domain: class → share."""
    data = small_problem(problem, 0)
    domain = data.training[key]
    labels = torch.cat([torch.full((round(100 * share),), label) for label, share in shares.items()])
    labelled = replace(domain.labelled, labels={**domain.labelled.labels, "digit": labels})
    return replace(data, training={**data.training, key: replace(domain, labelled=labelled)})


EVEN = dict.fromkeys(range(10), 0.1)


@pytest.mark.parametrize(("share", "is_one"), [(1.0, True), (0.56, True), (0.55, False), (0.2, False)])
def test_the_limit_is_half_of_what_is_left_above_the_largest_training_share(share, is_one):
    answered = {(TARGET, "digit"): counts(*[(1 - share) / 9] * 8, share, (1 - share) / 9)}
    found = collapses(answered, with_labels(Problem(), EVEN))
    assert [(one.domain, one.task, one.predicted) for one in found] == ([(TARGET, "digit", "8")] if is_one else [])
    if found:
        assert found[0].share == pytest.approx(share, abs=0.003)
        assert found[0].largest == pytest.approx(0.1)


def test_training_labels_of_one_class_for_the_most_part_allow_as_many_answers():
    data = with_labels(Problem(), {3: 0.9, 4: 0.1})
    answers = {(TARGET, "digit"): counts(0, 0, 0, 0.94, 0.06)}
    assert not collapses(answers, data)
    assert collapses({(TARGET, "digit"): counts(0, 0, 0, 0.97, 0.03)}, data)
    assert collapses(answers, with_labels(Problem(), EVEN)), "the same answers after balanced labels"


def test_without_a_source_the_labelled_training_samples_count_and_without_any_nothing_is_said():
    answers = {(TARGET, "digit"): counts(0, 0, 0, 0.94, 0.06)}
    alone = Problem(source=(), labels_per_class=5)
    assert collapses(answers, small_problem(alone, 0))
    assert not collapses(answers, with_labels(alone, {3: 0.9, 4: 0.1}, TARGET))


def test_the_source_is_not_looked_at_and_a_domain_of_few_classes_may_be_answered_with_few():
    assert not collapses({(SOURCE, "digit"): counts(1.0, 0)}, small_problem(Problem(), 0))
    few = replace(small_problem(Problem(), 0), domain_classes={(TARGET, "digit"): ("3", "4")})
    assert not collapses({(TARGET, "digit"): counts(0, 0, 0, 0.7, 0.3)}, few)
    assert collapses({(TARGET, "digit"): counts(0, 0, 0, 0.8, 0.2)}, few)


def answer_one_class(run, label: int = 8) -> None:
    """Give the network a head that answers one class whatever it sees."""
    with torch.no_grad():
        run.network.heads["digit"].weight.zero_()
        run.network.heads["digit"].bias.fill_(-1e3)
        run.network.heads["digit"].bias[label] = 1e3


@pytest.mark.parametrize("unseen", [(), ("digits.noisy",)])
def test_a_network_of_one_answer_is_told_once_and_reported(every_step, unseen):
    told = At(dict.fromkeys(range(7), lambda: answer_one_class(run)))
    run = trainer(Joint(), problem=Problem(unseen=unseen), training=settings(6, evaluations=6), callback=told)
    result = run.run()
    events = [(step, details["params"]["domain"]) for kind, step, details in told.events if kind == "collapsed"]
    assert events == [(3, key) for key in (TARGET, *unseen)], "once each, from the middle of the last phase on"
    collapsed = [one for one in result.warnings if one["code"] == "one_answer"]
    assert [(one["value"], one["params"]["domain"]) for one in collapsed] == [("8", key) for key in (TARGET, *unseen)]
    assert {(one["params"]["share"], one["params"]["step"]) for one in collapsed} == {(1.0, 6)}


def test_a_network_of_many_answers_is_not(every_step):
    told = Recorder()
    result = trainer(Joint(), training=settings(150, batch_size=32, evaluations=6), callback=told).run()
    assert result.metrics[f"accuracy/{SOURCE}/digit/test"] > 0.5
    assert result.warnings == []
    assert not [kind for kind, _, _ in told.events if kind == "collapsed"]


def test_a_resumed_run_does_not_tell_it_again(every_step, tmp_path):
    told = At({step: lambda: answer_one_class(run) for step in range(5)})
    run = trainer(Joint(), training=settings(6, evaluations=6), callback=told, checkpoint=tmp_path / "checkpoint.pt")
    state = {}
    write = run._save
    run._save = lambda durable=False: (write(durable), state.update(collapsed=set(run.collapsed)))  # pyright: ignore
    run.run()
    assert state["collapsed"] == {(TARGET, "digit")}
    again = trainer(Joint(), training=settings(6, evaluations=6), checkpoint=tmp_path / "checkpoint.pt")
    again.callback = Recorder()
    again.run()
    assert again.collapsed == {(TARGET, "digit")}
    assert not [kind for kind, _, _ in again.callback.events if kind == "collapsed"]


def test_the_advice_fits_the_method():
    assert RunSpec().strategy.on_collapse == "one_answer"
    assert parse_spec({}, ["strategy.kind=pseudo_labels"]).strategy.on_collapse == "one_pseudo_label"


def collapsed_run() -> str:
    store = open_store()
    run = finished_run(store, RunSpec(), 0.1)
    store.update(run, result={**store.get(run).result, "warnings": [WARNING]})
    return run


def test_the_run_s_page_the_command_and_the_report_say_it(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx, "find_spec", lambda name: None)
    run = collapsed_run()
    on_page = SENTENCE.replace("network", "Network", 1)
    warning, verdict = sorted((warning.value for warning in app("run", run=run).warning), key=on_page.__ne__)
    assert warning == on_page
    assert "predicts nearly one class for everything" in verdict
    assert main(["show", run]) == 0
    assert capsys.readouterr().out.count(SENTENCE) == 1
    export_run(open_store(), run, tmp_path)
    assert SENTENCE in (tmp_path / "report.html").read_text()


def test_while_it_trains_the_page_says_what_was_told():
    store = open_store()
    run = store.create(RunSpec(), status=RUNNING)
    params = {**PARAMS, "step": 200}
    event = {"seq": 1, "step": 200, "kind": "collapsed", "details": {**WARNING, "params": params}, "time": 1.5}
    store.append(run, events=[event])
    assert [warning.value for warning in app("run", run=run).warning] == [
        SENTENCE.replace("300", "200").replace("network", "Network", 1)
    ]
    store.truncate_after(run, 100)
    assert not notes(store, run), "the run will tell it again"


def test_a_rate_of_ten_is_noticed_in_a_real_run(store, capsys):
    spec = parse_spec({}, ["training.optimizer.lr=10", "training.steps=20", "training.batch_size=8", "network.width=4"])
    run = store.create(spec, status=RUNNING)
    run_here(store, run, 1)
    row = store.get(run)
    if row.result:
        assert row.outcome == "diverged"
        told = {note.code: format_error(note) for note in notes(store, run)}
        assert "so the training diverged; lower the learning rate" in told["diverged"]
        assert "collapsed onto one class" in told["one_answer"]
    else:
        assert "lower the learning rate" in row.reason["text"]
