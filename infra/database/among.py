"""Whether a column is one of many values, however many: as one parameter, quick to bind."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ARRAY, Column, ColumnElement, Text, any_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.columns import storable


def among(tx: AsyncConnection, column: Column[str], values: Iterable[str]) -> ColumnElement[bool]:
    """For columns of outside text. SQLite takes 32,766 parameters in one statement, PostgreSQL 32,767."""
    wanted: Any = [storable(value) for value in values]
    if tx.dialect.name == "postgresql":
        return column == any_(bindparam("wanted", wanted, type_=ARRAY(Text), unique=True))
    every = func.json_each(json.dumps(wanted)).table_valued("value")
    return column.in_(select(every.c.value))
