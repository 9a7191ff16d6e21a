"""INSERT … ON CONFLICT, which SQLAlchemy has for each database but not for both."""

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def insert_into(tx: AsyncConnection, table: Table) -> sqlite.Insert:
    """An insert for the database that `tx` speaks to. The two dialects' inserts have the same methods."""
    if tx.dialect.name == "postgresql":
        return postgresql.insert(table)  # type: ignore[return-value]
    return sqlite.insert(table)
