"""The database by itself, for commands that only ask."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager

from adjourn.places import require_existing
from adjourn.settings import Settings
from consumers.dead_letters import LastSuccesses
from infra.database.engine import Database, open_database
from infra.database.outcomes import last_successes


@asynccontextmanager
async def existing_database(settings: Settings) -> AsyncIterator[Database]:
    """Raises `Halt` when there is none yet."""
    require_existing(settings.database_url)
    async with open_database(settings.database_url) as database:
        yield database


def successes_in(database: Database) -> LastSuccesses:
    """When a consumer last did each event, as replay and dead letters ask for it."""

    async def ask(consumer: str, ids: Collection[str]) -> Mapping[str, int]:
        async with database.reading() as tx:
            return await last_successes(tx, consumer, ids)

    return ask
