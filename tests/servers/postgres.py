"""A real PostgreSQL server."""

import asyncio
import itertools
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import asyncpg

from tests.servers.server import Server


class PostgresServer(Server):
    _numbers: Iterator[int]

    def __init__(self) -> None:
        # Without fsync only the machine's own failure loses anything. SIGINT: do not wait for clients to go.
        super().__init__("postgres", ["--setting=fsync=off"], stop_signal=signal.SIGINT)
        self._numbers = itertools.count()

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def new_database(self) -> str:
        """The URL of a database that is empty and that nobody else uses."""
        name = f"database_{next(self._numbers)}"
        with ThreadPoolExecutor(1) as beside_the_loop:
            beside_the_loop.submit(asyncio.run, _create(self.url, name)).result()
        return self.url.removesuffix("postgres") + name


async def _create(url: str, name: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
