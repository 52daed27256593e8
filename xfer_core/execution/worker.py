"""One run from the store, trained in this process."""

from __future__ import annotations

import csv
import io
import math
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from xfer_core.domains import domain_info
from xfer_core.errors import XferError, format_error
from xfer_core.files import write_whole
from xfer_core.runs.artifacts import CHECKPOINT, LOG, SAMPLE_WEIGHTS, WEIGHTS
from xfer_core.runs.process import identity
from xfer_core.runs.snapshots import SnapshotWriter, write_weights
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import FAILED, FINISHED, INTERRUPTED, PAUSED, RUNNING, STOPPED, Store
from xfer_core.runs.train import trainer_for
from xfer_core.settings import place_error, settings
from xfer_core.training.callback import Command, Point
from xfer_core.training.trainer import Result, Trainer

WEIGHTS_SECONDS = 3.0
SILENT_SECONDS = 10.0  # without a heartbeat, of which a run has about ten a second, before people are told
Listener = Callable[[dict[str, Any]], None]


class StoreCallback:
    """Writes what a run tells into the store, and hands it what people asked for.

    Args:
        store: where to.
        run: its id.
        listener: hears every progress, such as a progress bar.
        token: the fencing token of this life of the run: once the run has another one, nothing is written any more.
    """

    def __init__(self, store: Store, run: str, listener: Listener | None = None, token: str | None = None) -> None:
        self.store, self.run, self.listener, self.token = store, run, listener, token
        self.begun, self.limit = time.monotonic(), settings().run_minutes
        self.seq = 0  # the last number that this run has given out
        self.evaluation_hooks: list[Callable[[], None]] = []
        self.phase_hooks: list[Callable[[], None]] = []

    def on_start(self, step: int) -> None:
        """Forget what the run will tell again, and go on with the numbers after the last."""
        self.seq = self.store.truncate_after(self.run, step, self.token)

    def on_metrics(self, points: Sequence[Point], progress: dict[str, Any]) -> None:
        """Number the points and write them with the progress and a heartbeat, in one transaction."""
        first = self.seq + 1
        self.seq += len(points)
        numbered = [(first + i, *point) for i, point in enumerate(points)]
        self.store.append(self.run, numbered, by=self.token, progress=progress, heartbeat=time.time())
        if self.listener:
            self.listener(progress)

    def on_evaluation(self) -> None:
        """The network was just looked at: a good moment to write down how it and the weights of the samples are."""
        for write in self.evaluation_hooks:
            write()

    def on_event(self, kind: str, step: int, **details: Any) -> None:
        """Number and write one event."""
        self.seq += 1
        event = {"seq": self.seq, "step": step, "kind": kind, "details": details, "time": time.time()}
        self.store.append(self.run, events=[event], by=self.token)
        if kind == "phase":
            for write in self.phase_hooks:
                write()

    def commands(self) -> Sequence[Command]:
        """What people asked for since the last call.

        Raises:
            XferError: ``time_limit``: the run took longer than this machine allows.
        """
        if self.limit and time.monotonic() - self.begun > 60 * self.limit:
            raise XferError("time_limit", "run", self.run, limit=self.limit)
        return self.store.pop_commands(self.run, self.token)


def run_here(
    store: Store, run: str, threads: int, listener: Listener | None = None, token: str | None = None
) -> Result | None:
    """Train a run whose status is *running* in this process, and write how it ended.

    Args:
        store: where it is.
        run: its id.
        threads: of torch.
        listener: hears every progress.
        token: the fencing token that the run was given for this life; None for a run that nobody else could train.

    Returns:
        The result; None if it failed, with the reason in the store.

    Raises:
        XferError: why it failed, where the store could not take that: it is locked, full, or gone, or the run is
            somebody else's by now (``superseded``).
    """
    torch.set_num_threads(threads)
    folder = settings().artifacts(run)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        spec = store.get(run).typed_spec
        observer = StoreCallback(store, run, listener, token)
        trainer = trainer_for(
            spec,
            callback=observer,
            checkpoint=folder / CHECKPOINT,
            replay=_earlier_changes(store, run),
        )
        kept = SnapshotWriter(folder, trainer)
        observer.evaluation_hooks, observer.phase_hooks = (
            [kept.on_evaluation, SampleWeightWriter(folder, trainer)],
            [kept.on_phase_start],
        )
        result = trainer.run()
        if result.status != PAUSED:
            _write_artifacts(folder, trainer)
        store.append(run, by=token, **_outcome(result, spec))
        return result
    except KeyboardInterrupt:
        store.transition(run, (RUNNING,), INTERRUPTED, by=token, ended=time.time())
        raise
    except XferError as error:
        _fail(store, run, error, token)
    except Exception as error:  # whatever it is, the run must not look as if it were running
        place = place_error(error) if isinstance(error, OSError) else None
        if place is None:
            with suppress(OSError):
                (folder / LOG).write_text(traceback.format_exc())
            sentence = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
            place = XferError("crashed", "run", run, reason=sentence)
        _fail(store, run, place, token)
    return None


def _fail(store: Store, run: str, error: XferError, token: str | None) -> None:
    """Write why a run failed, or raise it if that cannot be written."""
    reason: dict[str, Any] = {
        "code": error.code,
        "field": error.field,
        "value": str(error.value),
        "text": format_error(error),
    }
    reason["params"] = {key: str(value) for key, value in error.params.items()}
    try:
        failed = {"ended": time.time(), "reason": reason}
        if error.code != "database_locked" and store.transition(run, (RUNNING,), FAILED, by=token, **failed):
            return
    except XferError:
        pass  # of the two, the first is the cause
    raise error


def failure_reason(code: str, run: str, **params: Any) -> dict[str, Any]:
    """A reason for the store that no rule of a field explains."""
    error = XferError(code, "run", run, **params)
    return {"code": code, "field": "run", "value": run, "params": params, "text": format_error(error)}


def _earlier_changes(store: Store, run: str) -> list[tuple[int, Command]]:
    """What people set in an earlier life of the run, with the steps."""
    return [
        (event["step"], Command("set", event["details"]["name"], event["details"]["value"]))
        for event in store.events(run, "set")
    ]


def notes(store: Store, run: str) -> list[XferError]:
    """What a person should know of how a run goes on: that it is silent, checkpoints that it could not use, and what is
    wrong with its network: of the one that is reported once there is a result, before that what was seen so far."""
    found = []
    for row in store.find(ids=[run], statuses=(RUNNING,)):
        # By the wall clock, which may be wrong: this is told, and nothing is decided by it.
        silence = time.time() - (row.heartbeat or math.inf)
        if silence > SILENT_SECONDS:
            found.append(XferError("not_heard", "run", run, seconds=round(silence)))
    for event in store.events(run, "fallback"):
        unusable = event["details"]["unusable"]
        code = "checkpoint_anew" if event["details"]["anew"] else "checkpoint_before"
        reason = "; ".join(unusable.values())
        found.append(XferError(code, "checkpoint", list(unusable), reason=reason, step=event["step"]))
    result = store.get(run).result
    seen = result.get("warnings", []) if result else [event["details"] for event in store.events(run, "collapsed")]
    return found + warnings(seen)


def warnings(told: Sequence[Mapping[str, Any]]) -> list[XferError]:
    """The warnings of a result, or of events, for :func:`xfer_core.errors.format_error`: domains by their titles,
    shares in per cent."""
    found = []
    for warning in told:
        params = dict(warning["params"])
        params["domain"] = domain_info(params["domain"]).card.title
        params |= {name: f"{100 * params[name]:.0f} %" for name in ("share", "largest") if name in params}
        if "guessing" in params:
            params["times"] = f"{warning['value'] / params['guessing']:.2g}"
            params["guessing"] = f"{params['guessing']:.2f}"
        found.append(XferError(warning["code"], warning["field"], warning["value"], **params))
    return found


def _outcome(result: Result, spec: RunSpec) -> dict[str, Any]:
    """The columns of the run's row that say how it ended."""
    if result.status == PAUSED:
        return {"status": PAUSED, "pid": None}
    name = spec.target_metric()
    target = {"name": name, "value": result.metrics[name]}
    status = {"finished": FINISHED, "stopped": STOPPED}[result.status]
    return {"status": status, "ended": time.time(), "pid": None, "result": {**asdict(result), "target_metric": target}}


class SampleWeightWriter:
    """Writes λ of each domain and sample while a run trains, every few seconds, as long as they differ.

    Args:
        folder: of the run's artifacts.
        trainer: the run.
    """

    def __init__(self, folder: Path, trainer: Trainer) -> None:
        self.folder, self.trainer = folder, trainer
        self.next, self.still = 0.0, False
        self.written: dict[str, torch.Tensor] = {}

    def __call__(self) -> None:
        """Write them, if it is time and they can still change."""
        if self.still or time.monotonic() < self.next:
            return
        before, self.written = self.written, write_sample_weights(self.folder, self.trainer)
        self.still = self.written.keys() == before.keys() and all(
            torch.equal(values, before[key]) for key, values in self.written.items()
        )
        self.next = time.monotonic() + WEIGHTS_SECONDS


def _write_artifacts(folder: Path, trainer: Trainer) -> None:
    write_weights(trainer.network, folder / WEIGHTS, durable=True)
    write_sample_weights(folder, trainer)


def write_sample_weights(folder: Path, trainer: Trainer) -> dict[str, torch.Tensor]:
    """Replace the table of λ_{d,i} in one move; returns it by domain, empty where the strategy has none."""
    weights = trainer.sample_weights()
    if not weights:
        return weights
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    tasks = list(trainer.data.classes)
    writer.writerow(["domain", "original", *tasks, "lambda"])
    for key, values in weights.items():
        labelled = trainer.data.training[key].labelled
        names = [_label_names(trainer.data.classes[task], labelled.labels[task]) for task in tasks]
        rows = zip(labelled.example_ids.tolist(), *names, values.tolist(), strict=True)
        writer.writerows([key, *row] for row in rows)
    write_whole(folder / SAMPLE_WEIGHTS, table.getvalue().encode())
    return weights


def _label_names(classes: tuple[str, ...], labels: torch.Tensor) -> list[Any]:
    """Labels as a reader knows them: names of classes, or values."""
    return [classes[label] for label in labels.tolist()] if classes else labels.tolist()


def worker(url: str, run: str, threads: int, token: str) -> None:
    """What the dispatcher's child process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if "torch._dynamo" not in sys.modules:
        print(f"run {run}: this process was not warm; the first step will be late", file=sys.stderr)
    try:
        store = Store(url)
        store.append(run, by=token, pid=os.getpid(), process=identity(), heartbeat=time.time())
        run_here(store, run, threads, token=token)
    except XferError as error:  # nobody but the log has heard of it
        sys.exit(f"run {run} ended: {format_error(error)}")
