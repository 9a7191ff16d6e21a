"""Alembic runs this file: it says which connection, and that the caller's transaction decides."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
