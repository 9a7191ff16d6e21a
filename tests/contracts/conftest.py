"""What the contract suites run on. A new implementation is a line in its table."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from infra.database.engine import Database, open_database
from infra.eventlog.base import EventLog
from infra.eventlog.open import open_log
from tests.infra.database.databases import DATABASE_URLS

LOG_URLS: dict[str, Callable[[Path], str]] = {
    "sqlite": lambda folder: f"sqlite:///{folder}/log.db",
}

OpenLog = Callable[[], Awaitable[EventLog]]


@pytest.fixture(params=LOG_URLS)
def log_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a log that nobody else uses."""
    return LOG_URLS[request.param](tmp_path)


@pytest.fixture
async def open_eventlog(log_url: str) -> AsyncIterator[OpenLog]:
    """Opens the same log as often as it is called, as other machines would."""
    opened: list[EventLog] = []

    async def open_one() -> EventLog:
        eventlog = open_log(log_url)
        opened.append(eventlog)
        await eventlog.setup()
        return eventlog

    yield open_one
    for eventlog in opened:
        await eventlog.close()


@pytest.fixture
async def eventlog(open_eventlog: OpenLog) -> EventLog:
    return await open_eventlog()


@pytest.fixture(params=DATABASE_URLS)
def database_url(request: pytest.FixtureRequest) -> str:
    """Of a database that is empty and that nobody else uses."""
    return DATABASE_URLS[request.param](request)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as opened:
        await opened.setup()
        yield opened
