"""The log by itself, for commands that need no more: quick to import."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adjourn.places import embedded, require_existing
from adjourn.settings import Settings
from infra.errors import Halt
from infra.eventlog.base import EventLog
from infra.eventlog.kafka.options import KafkaOptions
from infra.eventlog.open import open_log


@asynccontextmanager
async def opened_log(settings: Settings, *, spooled: bool = False) -> AsyncIterator[EventLog]:
    """The log as configured; `setup` creates what it needs.

    With `spooled`, as a receiver wants it, records that Kafka does not take wait on this machine's disk.
    Raises `Halt` for a log that cannot be.
    """
    try:
        log = open_log(
            settings.log_url,
            retention_days=settings.retention_days,
            kafka=_kafka_options(settings),
            spool_url=settings.spool_url if spooled else None,
        )
    except ValueError as error:
        raise Halt(str(error)) from error
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


async def prepare_log(settings: Settings, log: EventLog) -> None:
    """Before a start: make an embedded log, and see that nothing is missing where it is a server.

    Raises `Halt` when a person must create something, `LogUnavailable` when nothing could be accepted.
    """
    if embedded(settings.log_url) is not None:
        await log.setup()
    else:
        await log.probe()


def _kafka_options(settings: Settings) -> KafkaOptions:
    return KafkaOptions(
        partitions=settings.kafka_partitions,
        replication=settings.kafka_replication,
        security_protocol=settings.kafka_security_protocol,
        sasl_mechanism=settings.kafka_sasl_mechanism,
        sasl_username=settings.kafka_sasl_username,
        sasl_password=settings.kafka_sasl_password.get_secret_value(),
        ca_file=settings.kafka_ca_file,
        certificate_file=settings.kafka_certificate_file,
        key_file=settings.kafka_key_file,
        members_folder=str(spool.with_name("members")) if (spool := embedded(settings.spool_url)) else "",
    )
