"""speed in samples, and frozen in place of fixed: the names that a result, a progress and a scalar have"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

RENAMED = {"images_per_second": "samples_per_second", "fixed_unchanged": "frozen_unchanged"}


def upgrade():
    connection = op.get_bind()
    runs = sa.table("runs", sa.column("id", sa.String), sa.column("result", sa.JSON), sa.column("progress", sa.JSON))
    for row in connection.execute(sa.select(runs)).all():
        fresh = {
            name: {RENAMED.get(key, key): value for key, value in found.items()}
            for name, found in (("result", row.result), ("progress", row.progress))
            if found
        }
        if fresh and json.dumps(fresh) != json.dumps({name: getattr(row, name) for name in fresh}):
            connection.execute(runs.update().where(runs.c.id == row.id).values(fresh))
    scalars = sa.table("scalars", sa.column("name", sa.String))
    for old, new in RENAMED.items():
        connection.execute(scalars.update().where(scalars.c.name == old).values(name=new))
