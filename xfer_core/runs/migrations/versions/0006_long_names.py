"""names of scalars and of changes of λ without a limit: they hold references to domains, which may hold a drawing"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade():
    if op.get_bind().dialect.name == "sqlite":  # which has no limit, and would copy the tables
        return
    for table in ("scalars", "commands"):
        op.alter_column(table, "name", existing_type=sa.String(200), type_=sa.String(), existing_nullable=False)
