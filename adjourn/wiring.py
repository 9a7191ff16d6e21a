"""From settings to open parts: the one place that knows which implementation stands behind each protocol."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

import structlog

from adjourn.event_log import opened_log, prepare_log
from adjourn.objects import objects_of
from adjourn.places import embedded, shown
from adjourn.senders.table import apis_of, directories_of
from adjourn.sentences import sentence
from adjourn.settings import Settings
from consumers import descriptions, upstream
from consumers.base import Consumer, Services
from consumers.retranscription.policy import Wish
from consumers.runner.work import Remember
from consumers.table import CONSUMERS, ON_REQUEST
from infra.database.engine import Database, open_database
from infra.database.outcomes import record_successes
from infra.errors import LogUnavailable, Retryable
from infra.eventlog.base import EventLog
from infra.links.http import open_links
from infra.providers.open import open_directories, open_providers
from infra.summaries.open import open_summariser

log = structlog.get_logger()

_CONNECT_TIMEOUT_SECONDS: Final = 20
_IDLE_TIMEOUT_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a command may need, open until its context ends."""

    log: EventLog
    services: Services


@asynccontextmanager
async def opened(settings: Settings, *, spooled: bool = False) -> AsyncIterator[Parts]:
    """Log (see `opened_log`), objects, database, links, providers, directories, summariser. Raises `Halt` for
    what cannot be."""
    async with (
        opened_log(settings, spooled=spooled) as log,
        open_database(settings.database_url) as database,
        open_links(
            allow=settings.download_allow,
            max_bytes=settings.download_limit_bytes,
            connect_timeout_seconds=_CONNECT_TIMEOUT_SECONDS,
            idle_timeout_seconds=_IDLE_TIMEOUT_SECONDS,
        ) as links,
        open_providers(apis_of(settings)) as providers,
        open_directories(directories_of(settings)) as directories,
        open_summariser(
            settings.summary,
            url=settings.summary_url,
            model=settings.summary_model,
            api_key=settings.summary_api_key.get_secret_value(),
            language=settings.summary_language,
            prompt_file=settings.summary_prompt_file,
        ) as summariser,
    ):
        objects, wish = objects_of(settings), transcripts_wished(settings)
        services = Services(objects, database, links, providers, summariser, wish, directories)
        yield Parts(log, services)


def transcripts_wished(settings: Settings) -> Wish:
    return Wish(
        when=settings.retranscribe,
        provider=settings.retranscribe_provider or None,
        language=settings.retranscribe_language or None,
        key=settings.retranscribe_api_key.get_secret_value() or None,
        most_per_meeting=settings.retranscribe_most_per_meeting,
        most_per_day=settings.retranscribe_most_per_day,
    )


async def set_up(parts: Parts) -> None:
    """Create what is missing. Safe to repeat."""
    await parts.log.setup()
    await parts.services.objects.setup()
    await parts.services.database.setup()


async def prepare(settings: Settings, parts: Parts) -> None:
    """Before a start: make the embedded parts, and see that nothing is missing where a part is a server.

    Raises `Halt` for what only a person can mend. A server that is away now will be back: that is told, and
    keeps nobody from receiving.
    """
    objects, database = parts.services.objects, parts.services.database
    with _telling_if_away(settings.log_url):
        await prepare_log(settings, parts.log)
    with _telling_if_away(settings.objects_url):
        await (objects.probe() if embedded(settings.objects_url) is None else objects.setup())
    with _telling_if_away(settings.database_url):
        await (database.probe() if embedded(settings.database_url) is None else database.setup())


@contextmanager
def _telling_if_away(url: str) -> Iterator[None]:
    try:
        yield
    except (LogUnavailable, Retryable) as away:
        if embedded(url) is not None:
            raise
        log.warning("away", part=shown(url), reason=sentence(away))


def consumers_of(settings: Settings) -> Sequence[Consumer]:
    """Those that always run, and those that the settings ask for."""
    wanted = {
        upstream.CONSUMER.name: bool(settings.delete_upstream),
        descriptions.CONSUMER.name: bool(directories_of(settings)),
    }
    return (*CONSUMERS, *(consumer for consumer in ON_REQUEST if wanted[consumer.name]))


def remembered_in(database: Database, consumer: str) -> Remember:
    """Where a consumer's successes are kept."""

    async def keep(successes: Sequence[tuple[str, int]]) -> None:
        async with database.transaction() as tx:
            await record_successes(tx, consumer, successes)

    return keep
