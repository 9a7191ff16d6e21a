"""The database by itself, for commands that only ask."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager

from adjourn.places import require_existing
from adjourn.settings import Settings
from consumers.replay.choose import Closings
from infra.database.closings import Closing, closings
from infra.database.engine import Database, open_database


@asynccontextmanager
async def existing_database(settings: Settings) -> AsyncIterator[Database]:
    """Raises `Halt` when there is none yet."""
    require_existing(settings.database_url)
    async with open_database(settings.database_url) as database:
        yield database


def closings_in(database: Database) -> Closings:
    """What closed each event for a consumer, as replay and dead letters ask for it."""

    async def ask(consumer: str, ids: Collection[str]) -> Mapping[str, Closing]:
        async with database.reading() as tx:
            return await closings(tx, consumer, ids)

    return ask
