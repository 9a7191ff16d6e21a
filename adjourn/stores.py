"""Log and database by themselves, for commands that need no more: quick to import."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from adjourn.settings import Settings
from consumers.dead_letters import LastSuccesses
from infra.database.engine import Database, open_database
from infra.database.outcomes import last_successes
from infra.errors import Halt
from infra.eventlog.base import EventLog
from infra.eventlog.open import open_log


@asynccontextmanager
async def opened_log(settings: Settings) -> AsyncIterator[EventLog]:
    """The log as configured; `setup` creates what it needs."""
    log = open_log(settings.log_url, retention_days=settings.retention_days)
    try:
        yield log
    finally:
        await log.close()


@asynccontextmanager
async def existing_log(settings: Settings) -> AsyncIterator[EventLog]:
    """Raises `Halt` when there is none yet."""
    require_existing(settings.log_url)
    async with opened_log(settings) as log:
        yield log


@asynccontextmanager
async def existing_database(settings: Settings) -> AsyncIterator[Database]:
    """Raises `Halt` when there is none yet."""
    require_existing(settings.database_url)
    async with open_database(settings.database_url) as database:
        yield database


def require_existing(url: str) -> None:
    """Raises `Halt` when the file or folder of an embedded part is not there: most often the wrong folder."""
    path = Path(url.partition(":///")[2])
    if not path.exists():
        raise Halt(
            f"There is no {path} here. Run this where Adjourn runs (now: {Path.cwd()}), "
            "or create what is missing with `adjourn setup`."
        )


def successes_in(database: Database) -> LastSuccesses:
    """When a consumer last did each event, as replay and dead letters ask for it."""

    async def ask(consumer: str, ids: Collection[str]) -> Mapping[str, int]:
        async with database.reading() as tx:
            return await last_successes(tx, consumer, ids)

    return ask
