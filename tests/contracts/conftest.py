"""What the contract suites run on. A new implementation is a line in its table."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import pytest

from infra.database.engine import Database, open_database
from infra.eventlog.base import EventLog
from infra.eventlog.kafka.options import KafkaOptions
from infra.eventlog.open import open_log
from tests.contracts.logs import DEADLINE_SECONDS
from tests.infra.database.databases import DATABASE_URLS

LogUrls = tuple[str, str | None]
"""The log's own, and the spool's."""


def _kafka_url(request: pytest.FixtureRequest) -> str:
    return f"{request.getfixturevalue('kafka').url}?prefix={uuid4().hex}."


LOG_URLS: dict[str, Callable[[pytest.FixtureRequest, Path], LogUrls]] = {
    "sqlite": lambda request, folder: (f"sqlite:///{folder}/log.db", None),
    "kafka": lambda request, folder: (_kafka_url(request), None),
    "kafka with spool": lambda request, folder: (_kafka_url(request), f"sqlite:///{folder}/spool.db"),
}

_KAFKA = KafkaOptions(partitions=3, ack_timeout_seconds=DEADLINE_SECONDS, session_timeout_seconds=3)

OpenLog = Callable[[], Awaitable[EventLog]]


@pytest.fixture(params=LOG_URLS)
def log_urls(request: pytest.FixtureRequest, tmp_path: Path) -> LogUrls:
    """Of a log that nobody else uses."""
    return LOG_URLS[request.param](request, tmp_path)


@pytest.fixture
async def open_eventlog(log_urls: LogUrls) -> AsyncIterator[OpenLog]:
    """Opens the same log as often as it is called, as other machines would."""
    opened: list[EventLog] = []
    url, spool_url = log_urls

    async def open_one() -> EventLog:
        eventlog = open_log(url, kafka=_KAFKA, spool_url=spool_url)
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
