import sqlalchemy as sa
from alembic import op

revision, down_revision = "0003", "0002"


def upgrade():
    op.add_column("todo", sa.Column("done", sa.Boolean, nullable=False, server_default=sa.false()))
