"""experiments as rows, in place of batches whose names say what they are"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

BEGIN_WITH = {"race": "race", "sweep": "lambda", "train": "train"}  # a batch's name → its preset


def upgrade():
    connection = op.get_bind()
    names = {row.batch: row.name for row in connection.execute(sa.text("SELECT batch, name FROM experiments"))}
    op.drop_table("experiments")
    experiments = op.create_table(
        "experiments",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("preset", sa.String(length=40), nullable=False),
        sa.Column("base", sa.JSON(), nullable=False),
        sa.Column("conditions", sa.JSON(), nullable=False),
        sa.Column("budgets", sa.JSON(), nullable=False),
        sa.Column("seeds", sa.JSON(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    columns = ("batch", "name", "created")
    runs = sa.table("runs", *map(sa.column, columns), sa.column("spec", sa.JSON))
    query = sa.select(runs).where(runs.c.batch != "").order_by(runs.c.created)
    found = {}
    for run in connection.execute(query):
        found.setdefault(run.batch, []).append(run)
    for batch, own in found.items():
        row = {"id": batch, "name": names.get(batch, ""), "preset": _preset(batch), "owner": ""}
        connection.execute(experiments.insert().values({**row, **_asked(own), "created": own[0].created}))


def _preset(batch):
    begins, _, rest = batch.partition("-")
    return rest.rpartition("-")[0] if begins == "experiment" else BEGIN_WITH.get(begins, "")


def _asked(runs):
    """What was asked, as far as the runs tell; a copy of ``experiment_of``, because a migration must never change."""
    base, conditions, budgets, seeds = runs[0].spec, {}, {}, set()
    for run in runs:
        budgets[_budget(run.spec)] = True
        seeds.add(run.spec.get("seed", 0))
        settings = _settings(run.spec, base)
        conditions.setdefault(json.dumps(settings), {"title": run.name, "settings": settings, "params": {}})
    return {"base": base, "conditions": list(conditions.values()), "budgets": list(budgets), "seeds": sorted(seeds)}


def _budget(spec):
    return spec.get("problem", {}).get("labels_per_class", "all")


def _settings(spec, base):
    """The strategy and all that differs from the base, except seed and label budget, as PATH=VALUE."""
    settings = []
    for part, value in spec.items():
        if part == "seed" or (part != "strategy" and value == base.get(part)):
            continue
        if not isinstance(value, dict):
            settings.append(f"{part}={json.dumps(value)}")
            continue
        if "kind" in value:
            settings.append(f"{part}.kind={value['kind']}")
        for name, field in value.items():
            same = "kind" not in value and field == base.get(part, {}).get(name)
            if name not in ("kind", "labels_per_class") and not same:
                settings.append(f"{part}.{name}={json.dumps(field, sort_keys=True, separators=(',', ':'))}")
    return settings
