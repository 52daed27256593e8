"""The tables of the run store. Every change needs a migration under ``migrations/versions``."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, ForeignKey, Index, Integer, MetaData, String, Table

metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", String(200), nullable=False),
    # The id of its experiment, "" for a run by itself. The old name lets a worker of an older version go on.
    Column("batch", String(40), key="experiment", nullable=False, default=""),
    Column("spec", JSON, nullable=False),
    Column("digest", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", JSON),  # why it failed: {code, field, value, params} or {text}
    Column("created", Float, nullable=False),  # seconds since 1970
    Column("started", Float),
    Column("ended", Float),
    Column("heartbeat", Float),
    Column("pid", Integer),
    Column("threads", Integer),  # kept across resumes: the same curve needs the same number
    Column("code", String(40)),  # version of the code that ran it
    Column("progress", JSON),
    Column("result", JSON),
    Column("token", String(16)),  # fencing token: only its holder may write as the run's worker
    Column("process", String(120)),  # the worker's identity, of runs/process.py
    Column("deaths", Integer, nullable=False, server_default="0"),  # of workers in a row, without a new step
    Column("died_at", Integer),  # the furthest step at which a worker died
    Index("runs_by_status", "status", "created"),
    Index("runs_by_digest", "digest"),
    Index("runs_by_batch", "experiment"),
)

scalars = Table(
    "scalars",
    metadata,
    Column("run", String(16), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("step", Integer, nullable=False),
    Column("value", Float),
    Column("kind", String(4), nullable=False),  # "" for a finite value; nan, inf, -inf otherwise, with value NULL
)

events = Table(
    "events",
    metadata,
    Column("run", String(16), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("step", Integer, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("details", JSON, nullable=False),
    Column("time", Float, nullable=False),
)

commands = Table(
    "commands",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", String(16), ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("name", String, nullable=False),
    Column("value", Float, nullable=False),
    Column("time", Float, nullable=False),
    Index("commands_by_run", "run", "id"),
)

experiments = Table(
    "experiments",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(200), nullable=False),  # given by a person, "" for none
    Column("preset", String(40), nullable=False),
    Column("base", JSON, nullable=False),  # the spec that each condition changes
    Column("conditions", JSON, nullable=False),  # [{title, settings, params}, …]
    Column("budgets", JSON, nullable=False),  # labels per class: numbers, or "all"
    Column("seeds", JSON, nullable=False),
    Column("created", Float, nullable=False),  # seconds since 1970
    Column("owner", String(40), nullable=False),  # "" for the one workspace
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(20), primary_key=True),  # of a role that only one process may have at a time
    Column("owner", String(120), nullable=False),  # "" for none
    Column("renewals", Integer, nullable=False),  # waiting processes watch this grow, with their own clocks
)
