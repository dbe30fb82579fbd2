"""Runs the revisions on the database of DATABASE_URL."""

import logging.config
import os

import sqlalchemy
from alembic import context

logging.config.fileConfig(context.config.config_file_name, disable_existing_loggers=False)
engine = sqlalchemy.create_engine(os.environ["DATABASE_URL"].replace("postgres://", "postgresql://", 1), poolclass=sqlalchemy.pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
