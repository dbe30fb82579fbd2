from alembic import op

revision, down_revision = "0002", "0001"


def upgrade():
    op.execute("INSERT INTO todo (title) VALUES ('Take a look around')")
