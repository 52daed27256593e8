"""How long runs will take: what is said lies around what finished runs took, and is of the right order without any."""

from __future__ import annotations

import pytest
import torch

from xfer_core.analysis import duration
from xfer_core.analysis.cost import cost
from xfer_core.analysis.duration import estimate, paces, seconds_left
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import FINISHED, RUNNING, Store

TUNED, JOINT = parse_spec({}, ["strategy.kind=fine_tune"]), parse_spec({}, ["strategy.kind=joint"])


@pytest.fixture(autouse=True)
def _two_cores_and_two_runs_at_a_time(monkeypatch):
    monkeypatch.setattr(duration, "available_cores", lambda: 2)
    monkeypatch.setenv("XFER_SLOTS", "2")


def trained(
    store: Store, spec: RunSpec, seconds: float, experiment: str = "b", threads: int = 1, overhead: float = 0.5
):
    """A run that took so long, counted from when its training began."""
    run = store.create(spec, experiment=experiment)
    result = {"seconds": seconds, "device": "cpu", "metrics": {}}
    ended = 100.0 + seconds + overhead
    store.update(run, status=FINISHED, started=100.0, ended=ended, threads=threads, result=result)
    return run


def test_runs_of_one_kind_take_what_runs_of_that_kind_took(store):
    """Two at a time on two cores, one thread each, 10 s and half a second beside: ten more are 5 × 10.5 s."""
    for seed in range(6):
        trained(store, TUNED.model_copy(update={"seed": seed}), 10.0)
    span = estimate([TUNED] * 10, paces(store.find()))
    assert span.low == pytest.approx(52.5)
    assert span.high == pytest.approx(52.5)


def test_a_method_is_timed_by_its_own_runs_and_another_by_all_of_its_network(store):
    for seed in range(6):
        trained(store, TUNED.model_copy(update={"seed": seed}), 10.0, overhead=0)
        trained(store, JOINT.model_copy(update={"seed": seed}), 30.0, overhead=0)
    done = paces(store.find())
    assert estimate([JOINT] * 2, done).high == pytest.approx(30)
    assert estimate([TUNED] * 2, done).low == pytest.approx(10)
    other = estimate([parse_spec({}, ["strategy.kind=source_only"])] * 2, done)
    assert other.low < other.high, "by both, so between the two"


def test_few_runs_say_less(store):
    trained(store, TUNED, 10.0, overhead=0)
    trained(store, TUNED.model_copy(update={"seed": 1}), 20.0, overhead=0)
    span = estimate([TUNED] * 2, paces(store.find()))
    assert span.low == pytest.approx(8)
    assert span.high == pytest.approx(26)


def test_a_run_alone_had_all_cores(store):
    """5 s on both cores are 10 s of one: two runs at once, a core each, take 10 s."""
    for seed in range(6):
        trained(store, TUNED.model_copy(update={"seed": seed}), 5.0, experiment="", threads=2, overhead=0)
    done = paces(store.find())
    assert estimate([TUNED] * 2, done).high == pytest.approx(10)
    assert estimate([TUNED], done).high == pytest.approx(5)


def test_longer_training_takes_longer_by_as_much(store):
    for seed in range(6):
        trained(store, TUNED.model_copy(update={"seed": seed}), 10.0, overhead=0)
    long = parse_spec({}, [f"training.steps={4 * TUNED.training.steps}"])
    ratio = cost(long).work / cost(TUNED).work
    assert estimate([long] * 2, paces(store.find())).high == pytest.approx(10 * ratio)


def test_without_any_run_a_few_batches_are_timed():
    once = estimate([TUNED])
    assert 0 < once.low < once.high
    assert estimate([TUNED] * 20).high > 4 * once.high
    other = parse_spec({}, ["network.width=4"])
    assert estimate([other]).low > 0


def test_runs_of_another_network_or_device_say_nothing(store):
    trained(store, parse_spec({}, ["network.width=4"]), 1000.0)
    run = trained(store, TUNED, 1000.0)
    store.update(run, result={"seconds": 1000.0, "device": "cuda", "metrics": {}})
    assert estimate([TUNED], paces(store.find())).high < 100


def test_what_is_left_is_what_living_runs_still_have_to_do(store):
    for seed in range(6):
        trained(store, TUNED.model_copy(update={"seed": seed}), 10.0, overhead=0)
    done = paces(store.find())
    half = store.create(TUNED.model_copy(update={"seed": 7}), experiment="b")
    store.update(half, status=RUNNING, progress={"step": 150, "steps": 300})
    store.create(TUNED.model_copy(update={"seed": 8}), experiment="b")
    left = seconds_left(store.find(experiment="b"), done)
    assert left.high == pytest.approx(7.5)
    assert seconds_left(store.find(experiment="b"), []) is None, "nothing is known yet"
    assert seconds_left([run for run in store.find(experiment="b") if run.status == FINISHED], done) is None


def test_results_that_come_at_once_do_not_make_it_quick(store):
    """Three runs that began together end together; their pace is what each took, not the time between their ends."""
    ended = [trained(store, TUNED.model_copy(update={"seed": seed}), 60.0, overhead=0) for seed in range(3)]
    for i, run in enumerate(ended):
        store.update(run, ended=160.0 + 0.1 * i)
    for seed in range(3, 12):
        store.create(TUNED.model_copy(update={"seed": seed}), experiment="b")
    runs = store.find(experiment="b")
    assert seconds_left(runs, paces(runs)).low > 0.7 * 9 * 60 / 2


def test_no_accelerator_is_woken_for_an_estimate(monkeypatch):
    monkeypatch.setattr(duration, "select_device", lambda _: torch.device("cuda"))
    assert estimate([RunSpec()]) is None


@pytest.mark.parametrize("domain", ["digits.photo", "planar.moons", "names.family"])
def test_a_network_of_every_kind_of_input_is_timed(domain):
    spec = parse_spec({}, ["strategy.kind=target_only", "problem.source=[]", f'problem.target=["{domain}"]'])
    assert 0 < duration.core_seconds_per_sample(spec) < 1
