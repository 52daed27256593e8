"""One run in this process: how it ends, what it leaves, and that a dead run goes on as if nothing had happened."""

from __future__ import annotations

import time

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from tests.support.runs import DIVERGING, QUICK, running_run
from xfer_core.cli import main
from xfer_core.errors import XferError
from xfer_core.execution import worker
from xfer_core.execution.worker import notes, run_here
from xfer_core.runs.artifacts import SAMPLE_WEIGHTS, WEIGHTS
from xfer_core.runs.deletion import delete_runs
from xfer_core.runs.store import FAILED, FINISHED, INTERRUPTED, RUNNING
from xfer_core.workspace import current_workspace


def test_a_finished_run_leaves_result_weights_and_one_point_a_step(store):
    run = running_run(store, 'strategy.frozen=["conv1"]')
    heard = []
    result = run_here(store, run, 1, heard.append)
    row = store.get(run)
    assert (row.status, row.result["frozen_unchanged"]) == (FINISHED, True)
    assert row.target_metric == {
        "name": "accuracy/digits.photo/digit/test",
        "value": result.metrics["accuracy/digits.photo/digit/test"],
    }
    weights = load_file(current_workspace().artifacts(run) / WEIGHTS)
    assert "stages.conv1.norm.running_mean" in weights
    points = store.updates_since(run).points
    assert [step for name, step, _ in points if name == "loss/total"] == list(range(1, 9))
    assert heard[-1]["step"] == 8


@pytest.mark.parametrize("scheme", ["uniform", "class_balanced", "hard"])
def test_the_weights_of_all_samples_of_a_domain_sum_to_its_lambda(store, scheme):
    weights = '{"digits.handwritten": 0.7, "digits.photo": 1.5}'
    run = running_run(store, "strategy.kind=generalised", f"strategy.weights={weights}", f"strategy.scheme={scheme}")
    run_here(store, run, 1)
    table = pd.read_csv(current_workspace().artifacts(run) / SAMPLE_WEIGHTS)
    sums = table.groupby("domain")["lambda"].sum()
    assert sums["digits.handwritten"] == pytest.approx(0.7, rel=1e-4)
    assert sums["digits.photo"] == pytest.approx(1.5, rel=1e-4)
    spread = table[table["domain"] == "digits.handwritten"]["lambda"]
    assert (spread.nunique() == 1) == (scheme == "uniform")


def test_a_loss_that_breaks_ends_the_run_with_step_term_and_hint(store):
    run = running_run(store, *DIVERGING)
    assert run_here(store, run, 1) is None
    row = store.get(run)
    assert (row.status, row.reason["code"]) == (FAILED, "not_finite_loss")
    assert row.reason["field"].startswith("digits.")
    assert "step" in row.reason["params"]
    assert "lower the learning rate" in row.reason["text"]


def test_an_error_of_our_own_is_one_sentence_for_people_and_a_traceback_for_us(store, monkeypatch):
    def broken(*_args, **_kwargs):
        raise RuntimeError("the disk is full\nand more")

    monkeypatch.setattr(worker, "trainer_for", broken)
    run = running_run(store)
    assert run_here(store, run, 1) is None
    row = store.get(run)
    assert (row.status, row.reason["code"]) == (FAILED, "crashed")
    assert "RuntimeError: the disk is full" in row.reason["text"]
    assert "Traceback" in (current_workspace().artifacts(run) / worker.LOG).read_text()


class Died(BaseException):
    """Stands for kill -9: nothing in the worker may catch it."""


@pytest.mark.parametrize("kind", ["fine_tune", "joint", "generalised", "source_only", "target_only"])
def test_a_killed_run_goes_on_and_ends_with_the_same_bits_and_no_point_twice(store, every_step, kind):
    whole = running_run(store, f"strategy.kind={kind}")
    run_here(store, whole, 1)
    killed = running_run(store, f"strategy.kind={kind}")

    def die(progress: dict) -> None:
        if progress["step"] >= 5:
            raise Died

    with pytest.raises(Died):
        run_here(store, killed, 1, die)
    assert store.get(killed).status == RUNNING, "it left no word"
    run_here(store, killed, 1)
    one, two = (load_file(current_workspace().artifacts(run) / WEIGHTS) for run in (whole, killed))
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)

    def told(run):
        return sorted(p for p in store.updates_since(run).points if p[0] != "samples_per_second")

    assert told(whole) == told(killed)
    assert [event["kind"] for event in store.updates_since(killed).events].count("resumed") == 1


def died(store, step: int, *changes: str) -> str:
    """A run whose process ended without a word at this step."""

    def die(progress: dict) -> None:
        if progress["step"] >= step:
            raise Died

    run = running_run(store, *changes)
    with pytest.raises(Died):
        run_here(store, run, 1, die)
    return run


@pytest.mark.parametrize(("files", "step"), [(1, 2), (2, 0)], ids=["the last", "both"])
def test_a_run_whose_checkpoint_is_damaged_goes_on_and_says_so(store, every_step, capsys, monkeypatch, files, step):
    whole = running_run(store)
    run_here(store, whole, 1)
    run = died(store, 5)
    folder = current_workspace().artifacts(run)
    for name in ("checkpoint.pt", "checkpoint.previous.pt")[:files]:
        (folder / name).write_bytes((folder / name).read_bytes()[:-99])
    assert run_here(store, run, 1).status == "finished"
    one, two = (load_file(current_workspace().artifacts(each) / WEIGHTS) for each in (whole, run))
    assert all(torch.equal(one[name], two[name]) for name in one)

    def told(run):
        return sorted(p for p in store.updates_since(run).points if p[0] != "samples_per_second")

    assert told(whole) == told(run), "no point is lost or told twice"
    ((at, details),) = [(event["step"], event["details"]) for event in store.events(run, "fallback")]
    assert (at, details["anew"], len(details["unusable"])) == (step, files == 2, files)
    (note,) = notes(store, run)
    sentence = str(note)
    assert "checkpoint could not be used (it is damaged" in sentence
    assert f"step {step}" in sentence
    monkeypatch.setenv("XFER_DATABASE_URL", str(store.engine.url))
    assert main(["show", run]) == 0
    assert sentence in capsys.readouterr().out
    assert notes(store, whole) == []


def test_a_run_is_never_trained_twice_at_once(store, every_step):
    """A worker that was taken for dead wakes while another one trains its run: it stops, and disturbs nothing."""
    whole = running_run(store)
    run_here(store, whole, 1)
    run = running_run(store)
    store.update(run, token="first")

    def taken(progress: dict) -> None:
        if progress["step"] == 4:
            store.update(run, token="second")
            run_here(store, run, 1, token="second")

    with pytest.raises(XferError) as caught:
        run_here(store, run, 1, taken, token="first")
    assert caught.value.code == "superseded"
    row = store.get(run)
    assert (row.status, row.reason, row.result["metrics"]) == (FINISHED, None, store.get(whole).result["metrics"])

    def told(run):
        return sorted(p for p in store.updates_since(run).points if p[0] != "samples_per_second")

    assert told(run) == told(whole), "no point is lost or told twice"
    one, two = (load_file(current_workspace().artifacts(each) / WEIGHTS) for each in (whole, run))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_run_that_takes_too_long_ends_itself_and_can_go_on(store, monkeypatch, every_step):
    monkeypatch.setenv("XFER_RUN_MINUTES", "60")
    run, clock = running_run(store), [0.0]
    monkeypatch.setattr(worker.time, "monotonic", lambda: clock[0])

    def slow(progress: dict) -> None:
        clock[0] = {3: 3600.0, 4: 3601.0}.get(progress["step"], clock[0])

    assert run_here(store, run, 1, slow) is None
    row = store.get(run)
    assert (row.status, row.reason["code"], row.progress["step"]) == (FAILED, "time_limit", 4)
    assert "60.0 minutes" in row.reason["text"]
    store.transition(run, (FAILED,), RUNNING)
    assert run_here(store, run, 1).step == 8, "its next life has an hour of its own"


def test_the_time_limit_holds_in_the_foreground(monkeypatch, capsys):
    monkeypatch.setenv("XFER_RUN_MINUTES", "1e-9")
    assert main(["train", *(part for change in QUICK for part in ("--set", change))]) == 1
    assert "took longer than the 1e-09 minutes" in capsys.readouterr().err


def test_a_run_that_is_silent_says_for_how_long(store, monkeypatch, capsys):
    run = running_run(store)
    store.update(run, heartbeat=time.time() - 25)
    assert [str(note) for note in notes(store, run)] == [
        "run has not been heard from for 25 s, though its process is there; if it does not come back, stop it: what "
        f"it measured is kept, and it can be resumed from its last checkpoint; found {run}."
    ]
    monkeypatch.setenv("XFER_DATABASE_URL", str(store.engine.url))
    assert main(["show", run]) == 0
    assert "has not been heard from for 25 s" in capsys.readouterr().out
    store.update(run, heartbeat=time.time())
    assert notes(store, run) == []
    store.update(run, heartbeat=time.time() - 25, status=FAILED)
    assert notes(store, run) == []


def test_control_c_marks_the_run_interrupted(store):
    def press(_progress: dict) -> None:
        raise KeyboardInterrupt

    run = running_run(store)
    with pytest.raises(KeyboardInterrupt):
        run_here(store, run, 1, press)
    assert store.get(run).status == INTERRUPTED


def test_deleting_a_run_removes_its_files(store):
    run = running_run(store)
    run_here(store, run, 1)
    delete_runs(store, [run])
    assert not current_workspace().artifacts(run).exists()
    assert store.find() == []
