"""What failed: the dead letters as rows, open until done by the same consumer or discarded."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Final

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.tables import discards, failures, outcomes
from infra.database.upsert import insert_into


@dataclass(frozen=True, slots=True)
class Failure:
    """What a consumer could not do, by the newest dead letter of the event.

    `failed_ms` is when it was buried, at `partition` and `offset` of the dead-letter topic.
    `event_id` and `event_type` are the `ce_id` and `ce_type` of the event that failed; `provider` and
    `meeting_id` are "" where it names none. `error` is one line without secrets.
    """

    consumer: str
    event_id: str
    event_type: str
    provider: str
    meeting_id: str
    kind: str
    error: str
    attempts: int
    failed_ms: int
    partition: int
    offset: int


OPEN: Final[ColumnElement[bool]] = ~exists().where(
    outcomes.c.consumer == failures.c.consumer,
    outcomes.c.event_id == failures.c.event_id,
    outcomes.c.succeeded_ms > failures.c.failed_ms,
) & ~exists().where(
    discards.c.consumer == failures.c.consumer,
    discards.c.event_id == failures.c.event_id,
    discards.c.discarded_ms > failures.c.failed_ms,
)
"""The same consumer has not done the same event since, and nobody has discarded it."""


async def add_failure(tx: AsyncConnection, failure: Failure) -> None:
    """Record a failure. Of several for one consumer and event the newest stays, in whatever order."""
    values = asdict(failure)
    insert = insert_into(tx, failures).values(values)
    newest = insert.on_conflict_do_update(
        index_elements=failures.primary_key.columns,
        set_=values,
        where=insert.excluded.failed_ms > failures.c.failed_ms,
    )
    await tx.execute(newest)


async def open_failures_of(tx: AsyncConnection, provider: str, meeting_id: str) -> Sequence[Failure]:
    """What failed of a meeting and has not succeeded since, oldest first."""
    query = (
        select(*(failures.c[column.name] for column in fields(Failure)))
        .where(failures.c.provider == provider, failures.c.meeting_id == meeting_id, OPEN)
        .order_by(failures.c.failed_ms, failures.c.consumer, failures.c.event_id)
    )
    return [Failure(*row) for row in await tx.execute(query)]
