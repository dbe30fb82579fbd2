from alembic import op

revision, down_revision = "0004", "0003"


def upgrade():
    op.execute("ALTER TABLE todo ADD owner text")
    op.execute("UPDATE todo SET owner = author")
