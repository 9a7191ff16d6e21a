"""Real servers. Those for the whole run are started when a chosen test asks for them, and never disturbed.

Tests keep apart by topic prefix, bucket and database; a test that disturbs takes an `own_` one.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TypeVar

import pytest

from tests.servers.kafka import KafkaServer
from tests.servers.postgres import PostgresServer
from tests.servers.seaweed import SeaweedServer
from tests.servers.server import NotHere, Server

S = TypeVar("S", bound=Server)


def started(server: S) -> Iterator[S]:
    with ExitStack() as stack:
        try:
            yield_later = stack.enter_context(server)
        except NotHere as reason:
            give_up(str(reason))
        yield yield_later


def give_up(reason: str) -> None:
    """CI has everything: a test that cannot run there has failed."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def kafka() -> Iterator[KafkaServer]:
    yield from started(KafkaServer())


@pytest.fixture(scope="session")
def seaweed() -> Iterator[SeaweedServer]:
    yield from started(SeaweedServer())


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    yield from started(PostgresServer())


@pytest.fixture
def own_kafka() -> Iterator[KafkaServer]:
    yield from started(KafkaServer())


@pytest.fixture
def own_seaweed() -> Iterator[SeaweedServer]:
    yield from started(SeaweedServer())


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    yield from started(PostgresServer())
