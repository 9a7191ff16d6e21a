"""From settings to open parts: the one place that knows which implementation stands behind each protocol."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from adjourn.event_log import opened_log
from adjourn.settings import Settings
from consumers.base import Services
from consumers.runner.work import Remember
from infra.database.engine import Database, open_database
from infra.database.outcomes import record_successes
from infra.eventlog.base import EventLog
from infra.links.http import open_links
from infra.objects.open import open_objects

_CONNECT_TIMEOUT_SECONDS: Final = 20
_IDLE_TIMEOUT_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a command may need, open until its context ends."""

    log: EventLog
    services: Services


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Parts]:
    """Log, objects, database and links. Raises `Halt` for what cannot be opened."""
    async with (
        opened_log(settings) as log,
        open_database(settings.database_url) as database,
        open_links(
            allow=settings.download_allow,
            max_bytes=settings.download_limit_bytes,
            connect_timeout_seconds=_CONNECT_TIMEOUT_SECONDS,
            idle_timeout_seconds=_IDLE_TIMEOUT_SECONDS,
        ) as links,
    ):
        yield Parts(log, Services(open_objects(settings.objects_url), database, links))


async def set_up(parts: Parts) -> None:
    """Create what is missing. Safe to repeat."""
    await parts.log.setup()
    await parts.services.objects.setup()
    await parts.services.database.setup()


def remembered_in(database: Database, consumer: str) -> Remember:
    """Where a consumer's successes are kept."""

    async def keep(successes: Sequence[tuple[str, int]]) -> None:
        async with database.transaction() as tx:
            await record_successes(tx, consumer, successes)

    return keep
