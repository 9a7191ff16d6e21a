"""Every database there is, for suites that run on each. A new one is a line in the table."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import asyncpg
import pytest

from tests.servers.postgres import PostgresServer


def _new_schema(server: PostgresServer) -> str:
    """Ten times quicker than a database, and to us the same: our tables name no schema."""
    name = f"schema_{uuid4().hex}"
    with ThreadPoolExecutor(1) as beside_the_loop:
        beside_the_loop.submit(asyncio.run, _execute(server.url, f"CREATE SCHEMA {name}")).result()
    return f"{server.url}?options=-csearch_path%3D{name}"


async def _execute(url: str, query: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(query)
    await connection.close()


DATABASE_URLS: dict[str, Callable[[pytest.FixtureRequest], str]] = {
    "sqlite": lambda request: f"sqlite:///{request.getfixturevalue('tmp_path')}/adjourn.db",
    "postgresql": lambda request: _new_schema(request.getfixturevalue("postgres")),
}
"""From a test's request to the URL of a database that is empty and that nobody else uses."""
