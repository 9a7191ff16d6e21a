"""Real servers. A shared one starts when a chosen test first asks for it, and is never disturbed.

Tests keep apart by topic prefix, bucket and database; a test that disturbs takes an `own_` one.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Final, TypeVar

import pytest

from tests.giving_up import give_up
from tests.servers.kafka import KafkaServer
from tests.servers.postgres import PostgresServer
from tests.servers.seaweed import SeaweedServer
from tests.servers.server import NotHere, Server

S = TypeVar("S", bound=Server)

_SHARED: Final[dict[str, Callable[[], Server]]] = {
    "kafka": KafkaServer,
    "seaweed": SeaweedServer,
    "postgres": PostgresServer,
}


@pytest.fixture(scope="session")
def kafka(shared: Callable[[str], KafkaServer]) -> KafkaServer:
    return shared("kafka")


@pytest.fixture(scope="session")
def seaweed(shared: Callable[[str], SeaweedServer]) -> SeaweedServer:
    return shared("seaweed")


@pytest.fixture(scope="session")
def postgres(shared: Callable[[str], PostgresServer]) -> PostgresServer:
    return shared("postgres")


@pytest.fixture
def own_kafka() -> Iterator[KafkaServer]:
    yield from _own(KafkaServer())


@pytest.fixture
def own_seaweed() -> Iterator[SeaweedServer]:
    yield from _own(SeaweedServer())


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    yield from _own(PostgresServer())


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Server]]:
    """With the first that is asked for, all begin that will be: they start side by side."""
    servers: dict[str, Server] = {}
    answering: set[str] = set()
    with ExitStack() as ends:

        def begin(name: str) -> None:
            servers[name] = ends.enter_context(_SHARED[name]())
            servers[name].begin()

        def answers(name: str) -> Server:
            if name not in servers:
                begin(name)
            if name not in answering:
                _await_answer(servers[name])
                answering.add(name)
            return servers[name]

        asked = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
        for name in asked.intersection(_SHARED):
            begin(name)
        yield answers


def _own(server: S) -> Iterator[S]:
    with server:
        server.begin()
        _await_answer(server)
        yield server


def _await_answer(server: Server) -> None:
    try:
        server.await_answer()
    except NotHere as reason:
        give_up(str(reason))
