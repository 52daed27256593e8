"""Worker: trains one run from the store in this process."""

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
from xfer_core.runs.frames import FrameWriter
from xfer_core.runs.process import identity
from xfer_core.runs.snapshots import SnapshotWriter, write_weights
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import FAILED, FINISHED, INTERRUPTED, PAUSED, RUNNING, STOPPED, Store
from xfer_core.runs.train import trainer_for
from xfer_core.settings import place_error, settings
from xfer_core.training.callback import Command, Point
from xfer_core.training.trainer import Result, Trainer
from xfer_core.workspace import current_workspace

WEIGHTS_SECONDS = 3.0
SILENT_SECONDS = 10.0  # without a heartbeat (usually ten per second) before a page shows a note
Listener = Callable[[dict[str, Any]], None]


class StoreCallback:
    """Writes metrics and events of a run into the store, and passes on its commands.

    Args:
        store: of the run.
        run: its id.
        listener: called with every progress, such as a progress bar.
        token: the fencing token of this attempt of the run: once the run has another one, nothing is written any more.
    """

    def __init__(self, store: Store, run: str, listener: Listener | None = None, token: str | None = None) -> None:
        self.store, self.run, self.listener, self.token = store, run, listener, token
        self.begun, self.limit = time.monotonic(), settings().run_minutes
        self.seq = 0  # the last sequence number of this run
        self.evaluation_hooks: list[Callable[[], None]] = []
        self.phase_hooks: list[Callable[[], None]] = []
        self.frames: FrameWriter | None = None

    def on_start(self, step: int) -> None:
        """Delete the scalars and events that the run will report again, and continue the sequence numbers."""
        self.seq = self.store.truncate_after(self.run, step, self.token)

    def on_metrics(self, points: Sequence[Point], progress: dict[str, Any]) -> None:
        """Number the points and write them with the progress and a heartbeat, in one transaction."""
        first = self.seq + 1
        self.seq += len(points)
        numbered = [(first + i, *point) for i, point in enumerate(points)]
        self.store.append(self.run, numbered, by=self.token, progress=progress, heartbeat=time.time())
        if self.frames:
            self.frames()
        if self.listener:
            self.listener(progress)

    def on_evaluation(self) -> None:
        """After an evaluation: write a snapshot of the network and the weights of the samples."""
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
        """The commands since the last call for the loop. A run that nobody watches any more is paused.

        Raises:
            XferError: ``time_limit``: the run took longer than this installation allows.
        """
        if self.limit and time.monotonic() - self.begun > 60 * self.limit:
            raise XferError("time_limit", "run", self.run, limit=self.limit)
        commands = self.store.pop_commands(self.run, self.token)
        return self.frames.hear(commands) if self.frames else commands


def run_here(
    store: Store, run: str, threads: int, listener: Listener | None = None, token: str | None = None
) -> Result | None:
    """Train a run whose status is *running* in this process, and write its outcome.

    Args:
        store: of the run.
        run: its id.
        threads: of torch.
        listener: called with every progress.
        token: the fencing token of this attempt; None for a run that no other process could train.

    Returns:
        The result; None if it failed, with the reason in the store.

    Raises:
        XferError: why it failed, if the store could not record it: it is locked, full, or gone, or the run now belongs
            to another process (``superseded``).
    """
    torch.set_num_threads(threads)
    folder = current_workspace().artifacts(run)
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
        if FrameWriter.suits(trainer):
            observer.frames = FrameWriter(folder, trainer)
            if observer.frames.was_played:  # it holds until it is told to go on, whatever ended the worker before
                trainer.pace.apply(Command("allow", value=0), time.perf_counter())
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
    except Exception as error:  # for any error: the run must not keep the status running
        place = place_error(error) if isinstance(error, OSError) else None
        if place is None:
            with suppress(OSError):
                (folder / LOG).write_text(traceback.format_exc())
            sentence = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
            place = XferError("crashed", "run", run, reason=sentence)
        _fail(store, run, place, token)
    return None


def _fail(store: Store, run: str, error: XferError, token: str | None) -> None:
    """Write why a run failed, or raise the error if that cannot be written."""
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
        pass  # raise the first error, the cause
    raise error


def _earlier_changes(store: Store, run: str) -> list[tuple[int, Command]]:
    """Live changes in earlier attempts of the run, with the steps."""
    return [
        (event["step"], Command("set", event["details"]["name"], event["details"]["value"]))
        for event in store.events(run, "set")
    ]


def notes(store: Store, run: str) -> list[XferError]:
    """Notes on a run for people: no heartbeat, unusable checkpoints, and warnings about its network: about the
    selected checkpoint once there is a result, before that from the events so far."""
    found = []
    for row in store.find(ids=[run], statuses=(RUNNING,)):
        # By the wall clock, which may be wrong: this is only shown, nothing depends on it.
        silence = time.time() - (row.heartbeat or math.inf)
        if silence > SILENT_SECONDS:
            found.append(XferError("not_heard", "run", run, seconds=round(silence)))
    for event in store.events(run, "fallback"):
        unusable = event["details"]["unusable"]
        code = "checkpoint_anew" if event["details"]["anew"] else "checkpoint_before"
        reason = "; ".join(unusable.values())
        found.append(XferError(code, "checkpoint", list(unusable), reason=reason, step=event["step"]))
    result = store.get(run).result
    reported = result.get("warnings", []) if result else [event["details"] for event in store.events(run, "collapsed")]
    return found + warnings(reported)


def warnings(told: Sequence[Mapping[str, Any]]) -> list[XferError]:
    """The warnings of a result, or of events, for :func:`xfer_core.errors.format_error`: domains by their titles,
    fractions in per cent."""
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
    """The columns of the run's row for its outcome."""
    if result.status == PAUSED:
        return {"status": PAUSED, "pid": None}
    name = spec.target_metric()
    target = {"name": name, "value": result.metrics[name]}
    status = {"finished": FINISHED, "stopped": STOPPED}[result.status]
    return {"status": status, "ended": time.time(), "pid": None, "result": {**asdict(result), "target_metric": target}}


class SampleWeightWriter:
    """Writes λ of each domain and sample during training, every few seconds, until they no longer change.

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
    """Replace the table of λ_{d,i} atomically; returns it by domain, empty if the strategy has none."""
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
    """Labels for readers: names of classes, or values."""
    return [classes[label] for label in labels.tolist()] if classes else labels.tolist()


def worker(url: str, run: str, threads: int, token: str) -> None:
    """Entry point of the dispatcher's child process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if "torch._dynamo" not in sys.modules:
        print(f"run {run}: this process was not warm; the first step will be late", file=sys.stderr)
    try:
        store = Store(url)
        store.append(run, by=token, pid=os.getpid(), process=identity(), heartbeat=time.time())
        run_here(store, run, threads, token=token)
    except XferError as error:  # it is in no other log
        sys.exit(f"run {run} ended: {format_error(error)}")
