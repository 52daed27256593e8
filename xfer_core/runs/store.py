"""The run store: the only interface between pages and training.

Specs, commands and the workspace are imported where they are used: they need torch, and the dispatcher does not.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache, cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import Connection, Engine

from xfer_core.errors import XferError
from xfer_core.names import TermName
from xfer_core.runs import schema
from xfer_core.runs.database import Database, UnusableSchema
from xfer_core.runs.lease import Held, read, release, renew, take

if TYPE_CHECKING:
    from xfer_core.runs.spec import RunSpec
    from xfer_core.training.callback import Command, Point

QUEUED, RUNNING, PAUSED = "queued", "running", "paused"
FINISHED, STOPPED, FAILED, INTERRUPTED = "finished", "stopped", "failed", "interrupted"
AT_ONCE = 500  # ids per query
DIVERGED, COLLAPSED = "diverged", "collapsed"  # outcomes of a finished run
LIVE = (QUEUED, RUNNING)
MEASURED = (FINISHED, STOPPED)  # they have test metrics, and a network that can be loaded
ENDED = (*MEASURED, FAILED, INTERRUPTED)
RESUMABLE = (PAUSED, FAILED, INTERRUPTED)
NAME_LENGTH = 200  # characters of the name of a run or an experiment
PATIENCE_SECONDS = 600.0  # wait for a lock: a training run gains nothing by giving up

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Run:
    """One row of the table ``runs``. Times are seconds since 1970."""

    id: str
    name: str
    experiment: str
    spec: dict[str, Any]
    digest: str
    status: str
    reason: dict[str, Any] | None
    created: float
    started: float | None
    ended: float | None
    heartbeat: float | None
    pid: int | None
    threads: int | None
    code: str | None
    progress: dict[str, Any] | None
    result: dict[str, Any] | None
    token: str | None
    process: str | None
    deaths: int
    died_at: int | None

    @cached_property
    def typed_spec(self) -> RunSpec:
        """What it was asked to do.

        Raises:
            ValidationError: a row that this version cannot read.
        """
        from xfer_core.runs.spec import RunSpec

        return RunSpec.model_validate(self.spec)

    @property
    def target_metric(self) -> dict[str, Any] | None:
        """{name, value} of the run's main metric; None before it has a result."""
        return (self.result or {}).get("target_metric")

    def temperature(self, domain: str, task: str) -> dict[str, Any] | None:
        """{value, domain, labels} of the temperature for this domain and task, as
        :class:`xfer_core.training.temperature.Temperature`; None without one, as in runs of earlier versions."""
        return (self.result or {}).get("temperatures", {}).get(str(TermName(domain, task)))

    @property
    def broke(self) -> bool:
        """Whether it ended with a metric that is not finite. Today such a run fails without a result; only rows of
        earlier versions look like this."""
        metrics = (self.result or {}).get("metrics", {})
        return not all(map(math.isfinite, metrics.values()))

    @property
    def outcome(self) -> str:
        """The status for readers: *failed* if the network broke; *diverged* if a loss ended far above that of guessing,
        *collapsed* if the first target's predictions are nearly all the same."""
        if self.broke:
            return FAILED
        warnings = (self.result or {}).get("warnings", ())
        if any(warning["code"] == "diverged" for warning in warnings):
            return DIVERGED
        target = self.spec["problem"]["target"][0]
        return COLLAPSED if any(warning["params"]["domain"] == target for warning in warnings) else self.status


@dataclass(frozen=True)
class StoredExperiment:
    """One row of the table ``experiments``, without base and conditions, which may be large: :meth:`Store.asked`.

    Attributes:
        id: also in ``Run.experiment``.
        name: given by a person; empty for none.
        preset: says which page shows it, and how.
        budgets: labels per class in the target.
        seeds: of its runs, with those that were added later.
        created: in seconds since 1970.
        owner: empty for the one workspace.
    """

    id: str
    name: str
    preset: str
    budgets: list[Any]
    seeds: list[int]
    created: float
    owner: str


@dataclass(frozen=True)
class RunUpdate:
    """Scalars and events that a run's writer added after some seq, in order of seq."""

    seq: int
    points: list[Point]
    events: list[dict[str, Any]]


def new_token() -> str:
    """A fencing token: identifies one attempt of a run."""
    return secrets.token_hex(8)


def transaction(method: Callable[Concatenate[Store, P], T]) -> Callable[Concatenate[Store, P], T]:
    """Make a method of the store one transaction, repeated while the database is locked (:meth:`Database.work`)."""

    @wraps(method)
    def patient(self: Store, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.database.work(lambda: method(self, *args, **kwargs), self.patience)

    return patient


class Store:
    """Runs, their scalars, events and commands, in any database that SQLAlchemy supports.

    ``seq`` counts per run over scalars and events together and is set by the run's only writer, so a reader's cursor
    is (run, seq) and never misses late data.

    Args:
        url: SQLAlchemy URL. The schema is migrated when the store is opened.
        patience: seconds to wait for a database that another process has locked.

    Raises:
        XferError: ``no_database``, ``no_folder`` or ``database_locked``, by any method as well.
    """

    def __init__(self, url: str, patience: float = PATIENCE_SECONDS) -> None:
        self.database, self.patience = _database(url), patience
        self.database.work(lambda: None, patience)

    @property
    def engine(self) -> Engine:
        """The SQLAlchemy engine."""
        return self.database.engine

    # ------------------------------------------------------------------ requests

    def create(self, spec: RunSpec, name: str = "", experiment: str = "", status: str = QUEUED) -> str:
        """Write a new run and return its id."""
        return self.create_many([(spec, name)], experiment, status)[0]

    @transaction
    def create_many(
        self, wanted: Sequence[tuple[RunSpec, str]], experiment: str = "", status: str = QUEUED
    ) -> list[str]:
        """Write several runs, each with its name, in one transaction: a dispatcher sees all of them or none.

        Their seeds are added to those of the experiment.
        """
        table = schema.experiments
        with self.engine.begin() as connection:
            ids = self._insert(connection, wanted, experiment, status)
            query = sa.select(table.c.seeds).where(table.c.id == experiment).with_for_update()
            before = connection.execute(query).scalar()
            if before is not None:
                seeds = sorted({*before, *(spec.seed for spec, _name in wanted)})
                connection.execute(table.update().where(table.c.id == experiment).values(seeds=seeds))
        return ids

    @transaction
    def create_experiment(
        self, asked: Mapping[str, Any], wanted: Sequence[tuple[RunSpec, str]], name: str = "", status: str = QUEUED
    ) -> str:
        """Write an experiment with its runs in one transaction, and return its id.

        Args:
            asked: preset, base, conditions, budgets and seeds.
            wanted: its runs, each with its name.
            name: of the experiment.
            status: of its runs.
        """
        experiment = f"experiment-{secrets.token_hex(4)}"
        row = {**asked, "id": experiment, "name": name.strip()[:NAME_LENGTH], "created": time.time(), "owner": ""}
        with self.engine.begin() as connection:
            connection.execute(schema.experiments.insert().values(row))
            self._insert(connection, wanted, experiment, status)
        return experiment

    @transaction
    def command(self, run: str, kind: str, name: str = "", value: float = 0.0) -> None:
        """Request that a run pauses, resumes, stops, sets a λ or the learning rate, or goes at another pace. Without a
        worker, done at once.

        Args:
            run: its id.
            kind, name, value: as in :class:`xfer_core.training.callback.Command`; or ``resume``.

        Raises:
            XferError: ``unknown_run``; ``not_in_status`` if the run can no longer do that; ``unknown_choice``,
                ``negative``, ``not_above`` or ``not_finite`` for an invalid live setting or value.
        """
        allowed = {"pause": LIVE, "resume": RESUMABLE}
        allowed |= dict.fromkeys(("stop", "set", "allow", "speed", "frames"), (*LIVE, PAUSED))
        allowed = allowed[kind]
        with self.engine.begin() as connection:
            row = self._get(connection, run)
            if row.status not in allowed:
                raise XferError("not_in_status", kind, row.status, allowed=allowed)
            if kind == "set":
                row.typed_spec.check_live(name, value)
            if kind == "resume":
                values = {"status": QUEUED, "reason": None, "ended": None, "deaths": 0, "died_at": None}
                self._change(connection, run, RESUMABLE, values)
                # A stop or a pause from before a worker's death must not affect the next; a changed λ or rate must.
                commands = schema.commands
                ends = commands.c.kind.in_(("pause", "stop"))
                connection.execute(commands.delete().where(commands.c.run == run, ends))
                return
            at_once = {"pause": PAUSED, "stop": STOPPED}.get(kind)
            waiting = (QUEUED, PAUSED) if kind == "stop" else (QUEUED,)
            ended = {"ended": time.time()} if kind == "stop" else {}
            if at_once and self._change(connection, run, waiting, {"status": at_once, **ended}):
                return
            row = {"run": run, "kind": kind, "name": name, "value": value, "time": time.time()}
            connection.execute(schema.commands.insert().values(row))

    def rename(self, run: str, name: str) -> None:
        """Rename a run."""
        self.get(run)
        self.update(run, name=name.strip()[:NAME_LENGTH] or "—")

    @transaction
    def name_experiment(self, experiment: str, name: str) -> None:
        """Name an experiment, or remove its name with an empty one."""
        table = schema.experiments
        with self.engine.begin() as connection:
            change = table.update().where(table.c.id == experiment)
            connection.execute(change.values(name=name.strip()[:NAME_LENGTH]))

    @transaction
    def delete(self, runs: Sequence[str]) -> None:
        """Delete these runs with their scalars and events, and an experiment with its last run. Live ones must be
        stopped first.

        Raises:
            XferError: ``not_in_status``.
        """
        with self.engine.begin() as connection:
            for run in runs:
                if (status := self._get(connection, run).status) in LIVE:
                    raise XferError("not_in_status", "delete", status, allowed=(PAUSED, *ENDED))
            for table in (schema.scalars, schema.events, schema.commands):
                connection.execute(table.delete().where(table.c.run.in_(runs)))
            connection.execute(schema.runs.delete().where(schema.runs.c.id.in_(runs)))
            table, used = schema.experiments, sa.select(schema.runs.c.experiment)
            connection.execute(table.delete().where(table.c.id.not_in(used)))

    # ------------------------------------------------------------------ reading

    @transaction
    def get(self, run: str) -> Run:
        """One run.

        Raises:
            XferError: ``unknown_run``.
        """
        with self.engine.connect() as connection:
            return self._get(connection, run)

    @transaction
    def find(
        self,
        ids: Sequence[str] | None = None,
        experiment: str | None = None,
        statuses: Sequence[str] | None = None,
        digest: str | None = None,
        limit: int | None = None,
    ) -> list[Run]:
        """Runs that match every given condition, the newest first."""
        table = schema.runs
        query = sa.select(table).order_by(table.c.created.desc(), table.c.id)
        if ids is not None:
            query = query.where(table.c.id.in_(ids))
        if experiment is not None:
            query = query.where(table.c.experiment == experiment)
        if statuses is not None:
            query = query.where(table.c.status.in_(statuses))
        if digest is not None:
            query = query.where(table.c.digest == digest)
        with self.engine.connect() as connection:
            return [_run(row) for row in connection.execute(query.limit(limit)).mappings()]

    @transaction
    def ended_before(self, when: float, limit: int) -> list[str]:
        """The ids of some runs that no worker trains, and that were last heard of before this time (seconds since
        1970)."""
        table = schema.runs
        heard = sa.func.coalesce(table.c.heartbeat, table.c.ended, table.c.created)
        query = sa.select(table.c.id).where(heard < when, table.c.status.not_in(LIVE)).limit(limit)
        with self.engine.connect() as connection:
            return list(connection.execute(query).scalars())

    @transaction
    def count(self, experiment: str) -> int:
        """The number of runs of an experiment."""
        query = sa.select(sa.func.count()).where(schema.runs.c.experiment == experiment)
        with self.engine.connect() as connection:
            return connection.execute(query).scalar_one()

    @transaction
    def experiments(self, ids: Sequence[str] | None = None) -> dict[str, StoredExperiment]:
        """Id → experiment, of all or of these, the newest first."""
        table = schema.experiments
        columns = [table.c[field.name] for field in fields(StoredExperiment)]
        query = sa.select(*columns).order_by(table.c.created.desc(), table.c.id)
        if ids is not None:
            query = query.where(table.c.id.in_(ids))
        with self.engine.connect() as connection:
            return {row["id"]: StoredExperiment(**row) for row in connection.execute(query).mappings()}

    def experiment(self, experiment: str) -> StoredExperiment | None:
        """One experiment; None if it is not in this store."""
        return self.experiments([experiment]).get(experiment)

    @transaction
    def asked(self, experiment: str) -> dict[str, Any]:
        """Preset, base, conditions, budgets and seeds of an experiment, as in :meth:`create_experiment`."""
        table = schema.experiments
        columns = (table.c.preset, table.c.base, table.c.conditions, table.c.budgets, table.c.seeds)
        with self.engine.connect() as connection:
            return dict(connection.execute(sa.select(*columns).where(table.c.id == experiment)).mappings().one())

    @transaction
    def updates_since(self, run: str, seq: int = 0) -> RunUpdate:
        """Everything that the run's writer added after ``seq``."""
        points, events = schema.scalars, schema.events
        with self.engine.connect() as connection:
            # Read the last seq first: the writer may add points and an event between the two queries below, and a
            # cursor advanced by the event alone would skip the points.
            last = max(seq, _last_seq(connection, run))
            new = points.c.seq.between(seq + 1, last)
            rows = connection.execute(sa.select(points).where(points.c.run == run, new).order_by(points.c.seq)).all()
            new = events.c.seq.between(seq + 1, last)
            happened = connection.execute(sa.select(events).where(events.c.run == run, new).order_by(events.c.seq))
            updates = [_event(row) for row in happened.mappings()]
        return RunUpdate(last, [(r.name, r.step, float(r.kind) if r.kind else r.value) for r in rows], updates)

    @transaction
    def events(self, run: str, kind: str) -> list[dict[str, Any]]:
        """The events of one kind of a run, in order."""
        table = schema.events
        query = sa.select(table).where(table.c.run == run, table.c.kind == kind).order_by(table.c.seq)
        with self.engine.connect() as connection:
            return [_event(row) for row in connection.execute(query).mappings()]

    @transaction
    def changed_by_hand(self, runs: Sequence[str]) -> set[str]:
        """Those of these runs with a live change of λ or the learning rate."""
        table = schema.events
        found: set[str] = set()
        with self.engine.connect() as connection:
            for begin in range(0, len(runs), AT_ONCE):
                here = runs[begin : begin + AT_ONCE]
                query = sa.select(table.c.run).distinct().where(table.c.kind == "set", table.c.run.in_(here))
                found.update(connection.execute(query).scalars())
        return found

    @transaction
    def curves(self, runs: Sequence[str], name: str) -> dict[str, list[tuple[int, float]]]:
        """For each run the (step, value) of one scalar, in order of the steps; no entry for a run without it."""
        table = schema.scalars
        found: dict[str, list[tuple[int, float]]] = {}
        with self.engine.connect() as connection:
            for run in runs:
                query = sa.select(table.c.step, table.c.value, table.c.kind).where(table.c.run == run)
                rows = connection.execute(query.where(table.c.name == name).order_by(table.c.step, table.c.seq))
                found[run] = [(row.step, float(row.kind) if row.kind else row.value) for row in rows]
        return {run: curve for run, curve in found.items() if curve}

    # ------------------------------------------------------------------ writing by workers

    @transaction
    def append(
        self,
        run: str,
        points: Sequence[tuple[int, str, int, float]] = (),
        events: Sequence[Mapping[str, Any]] = (),
        by: str | None = None,
        **changes: Any,
    ) -> None:
        """Add numbered scalars (seq, name, step, value) and events, and change the run's row, in one transaction.

        Args:
            run: its id.
            points: scalars.
            events: of the run.
            by: the writer's fencing token; None skips this check.
            changes: columns of the run's row.

        Raises:
            XferError: ``unknown_run``, or ``database_replaced`` if that is why it is missing; ``superseded`` if the
                run has another token.
        """
        with self.engine.begin() as connection:
            self._write(connection, run, by, changes)
            if points:
                rows = [
                    {"run": run, "seq": seq, "name": name, "step": step, **_stored(value)}
                    for seq, name, step, value in points
                ]
                connection.execute(schema.scalars.insert(), rows)
            if events:
                connection.execute(schema.events.insert(), [{"run": run, **event} for event in events])

    @transaction
    def truncate_after(self, run: str, step: int, by: str | None = None) -> int:
        """Delete the scalars and events that a run resumed at ``step`` reports again, and add an event that says so;
        returns the seq to continue from.

        Live changes stay: they are replayed. The event gets a new seq in the same transaction, so a seq that a reader
        has seen is never reused.
        """
        points, events = schema.scalars, schema.events
        with self.engine.begin() as connection:
            self._write(connection, run, by)
            last = _last_seq(connection, run)
            if not last:
                return 0
            again = (points.c.step > step) | points.c.name.endswith("/test")
            connection.execute(points.delete().where(points.c.run == run, again))
            repeated = (events.c.step > step) & events.c.kind.in_(("phase", "collapsed"))
            connection.execute(events.delete().where(events.c.run == run, repeated))
            row = {"run": run, "seq": last + 1, "step": step, "kind": "resumed", "details": {}, "time": time.time()}
            connection.execute(events.insert().values(row))
        return last + 1

    @transaction
    def pop_commands(self, run: str, by: str | None = None) -> list[Command]:
        """The pending commands of this run; each is returned once."""
        from xfer_core.training.callback import Command

        table = schema.commands
        with self.engine.begin() as connection:
            rows = connection.execute(sa.select(table).where(table.c.run == run).order_by(table.c.id)).all()
            if rows:
                self._write(connection, run, by)
                connection.execute(table.delete().where(table.c.id.in_([row.id for row in rows])))
        return [Command(row.kind, row.name, row.value) for row in rows]

    @transaction
    def stop_requested(self, run: str) -> float | None:
        """The time of a pending request to stop this run; None if there is none."""
        table = schema.commands
        with self.engine.connect() as connection:
            query = sa.select(sa.func.min(table.c.time)).where(table.c.run == run, table.c.kind == "stop")
            return connection.execute(query).scalar()

    @transaction
    def update(self, run: str, **values: Any) -> None:
        """Change columns of one run."""
        with self.engine.begin() as connection:
            connection.execute(schema.runs.update().where(schema.runs.c.id == run).values(**values))

    @transaction
    def transition(
        self,
        run: str,
        before: Iterable[str],
        status: str,
        lease: str | None = None,
        by: str | None = None,
        **values: Any,
    ) -> bool:
        """Change the status if it is still one of ``before``; whether it was.

        Args:
            run: its id.
            before: allowed current statuses.
            status: the new one.
            lease: owner who must hold the lease; None skips this check.
            by: the fencing token that the run must still have; None skips this check.
            values: further columns to change.

        Raises:
            LeaseLost: the lease has another owner; nothing was changed.
        """
        with self.engine.begin() as connection:
            if lease is not None:
                renew(connection, lease)
            return self._change(connection, run, before, {"status": status, **values}, by)

    # ------------------------------------------------------------------ the lease

    @transaction
    def lease(self) -> Held:
        """The current lease of the queue."""
        with self.engine.connect() as connection:
            return read(connection)

    @transaction
    def take_lease(self, owner: str, seen: Held) -> bool:
        """Take the lease, if it was not renewed or taken since it was ``seen``; whether it was taken."""
        try:
            with self.engine.begin() as connection:
                return take(connection, owner, seen)
        except exc.IntegrityError:  # another process created the first lease
            return False

    @transaction
    def renew_lease(self, owner: str) -> None:
        """Renew the lease.

        Raises:
            LeaseLost: it has another owner, or none.
        """
        with self.engine.begin() as connection:
            renew(connection, owner)

    @transaction
    def release_lease(self, owner: str) -> None:
        """Release the lease, so that another process can serve at once."""
        with self.engine.begin() as connection:
            release(connection, owner)

    # ------------------------------------------------------------------ internal

    def _write(
        self, connection: Connection, run: str, by: str | None, changes: Mapping[str, Any] | None = None
    ) -> None:
        """Change the row of a run, which must exist with the writer's token, and lock it for the transaction."""
        table = schema.runs
        values = changes or {"token": table.c.token}  # an update locks the row, a select would not
        if not connection.execute(table.update().where(*_held(run, by)).values(**values)).rowcount:
            if connection.execute(sa.select(table.c.id).where(table.c.id == run)).first():
                raise XferError("superseded", "run", run)
            raise self.database.gone() or XferError("unknown_run", "run", run)

    @staticmethod
    def _insert(
        connection: Connection, wanted: Sequence[tuple[RunSpec, str]], experiment: str, status: str
    ) -> list[str]:
        now = time.time()
        rows = [
            {
                "id": secrets.token_hex(4),
                "name": name or type(spec.strategy).title,
                "experiment": experiment,
                "spec": spec.model_dump(mode="json"),
                "digest": spec.digest(),
                "status": status,
                "created": now + 1e-6 * i,  # in the given order
            }
            for i, (spec, name) in enumerate(wanted)
        ]
        if rows:
            connection.execute(schema.runs.insert(), rows)
        return [row["id"] for row in rows]

    @staticmethod
    def _change(
        connection: Connection, run: str, before: Iterable[str], values: Mapping[str, Any], by: str | None = None
    ) -> bool:
        table = schema.runs
        where = (*_held(run, by), table.c.status.in_(tuple(before)))
        # Its previous worker loses the run.
        change = table.update().where(*where).values(**{"token": None, "pid": None, **values})
        return connection.execute(change).rowcount == 1

    @staticmethod
    def _get(connection: Connection, run: str) -> Run:
        row = connection.execute(sa.select(schema.runs).where(schema.runs.c.id == run)).mappings().first()
        if row is None:
            raise XferError("unknown_run", "run", run)
        return _run(row)


def _run(row: Mapping[Any, Any]) -> Run:
    """A row for readers: every measured value is a float, NaN where JSON has null."""
    run = Run(**{column.key: row[column] for column in schema.runs.c})
    if not run.result:
        return run
    result = dict(run.result)
    if "metrics" in result:
        result["metrics"] = {name: _number(value) for name, value in result["metrics"].items()}
    if result.get("target_metric"):
        result["target_metric"] = {**result["target_metric"], "value": _number(result["target_metric"]["value"])}
    if result.get("selection"):
        chosen = result["selection"].items()
        result["selection"] = {rule: {**found, "value": _number(found["value"])} for rule, found in chosen}
    return replace(run, result=result)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _held(run: str, by: str | None) -> tuple[sa.ColumnElement[bool], ...]:
    """Conditions for the row of a run, with this fencing token; None for any token."""
    table = schema.runs
    return (table.c.id == run, *([table.c.token == by] if by is not None else []))


def _event(row: Mapping[Any, Any]) -> dict[str, Any]:
    """An event as a dictionary, for readers."""
    return {name: row[name] for name in ("seq", "step", "kind", "details", "time")}


def _last_seq(connection: Connection, run: str) -> int:
    """The run's highest seq; 0 before the first."""
    return max(
        connection.execute(sa.select(sa.func.max(table.c.seq)).where(table.c.run == run)).scalar() or 0
        for table in (schema.scalars, schema.events)
    )


def _stored(value: float) -> dict[str, Any]:
    """The columns of a value. SQLite turns NaN into NULL, so a non-finite value is stored by its name."""
    return {"value": value, "kind": ""} if math.isfinite(value) else {"value": None, "kind": str(value)}


@cache
def _database(url: str) -> Database:
    return Database(url, _migrate)


def _migrate(engine: Engine) -> None:
    """Migrate the schema to the newest revision; forward only."""
    if _at_head(engine):
        return
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError
    from filelock import FileLock

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    lock = FileLock(f"{engine.url.database}.lock") if engine.url.get_backend_name() == "sqlite" else None
    if lock:
        lock.acquire()
    try:
        with engine.begin() as connection:
            if lock:  # Python's SQLite would commit each change of a table by itself
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:  # such as tables of a newer version
        raise UnusableSchema(error) from error
    finally:
        if lock:
            lock.release()


HEAD_REVISION = "0006"


def _at_head(engine: Engine) -> bool:
    """Whether the schema is the newest already: then alembic is not loaded."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return False
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == HEAD_REVISION


def open_store() -> Store:
    """The store of the workspace."""
    from xfer_core.workspace import current_workspace

    return Store(current_workspace().database)
