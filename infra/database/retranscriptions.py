"""Transcripts that were asked for once more: what was decided, how far it is, and what the day has cost."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.tables import retranscriptions
from infra.database.upsert import insert_into

_KEY: Final = ("provider", "meeting_id", "request")


class Stage(StrEnum):
    """How far one is. `DONE`, `FAILED` and `SKIPPED` are the end; `docs/retranscription.md` draws the way."""

    REQUESTED = "requested"
    CALLING = "calling"
    CALLED = "called"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


OPEN: Final = frozenset({Stage.REQUESTED, Stage.CALLING, Stage.CALLED})
"""Those of which something may yet come."""


@dataclass(frozen=True, slots=True)
class Retranscription:
    """One decision to have a transcript made again.

    `request` is the `ce_id` of the fact that tells of it, `cause` that of the record that led to it.
    `transcriber` and `language` are what was asked for, null where the provider may choose. Just before the
    newest of its `calls` the provider's transcription stood at `made` and `failures` (see `Transcription`),
    and `version` was the transcript's newest version here, 0 where there was none. `message` says why it
    failed or was skipped. Times in ms since 1970 UTC: `called_ms` of that call, `asked_ms` when the provider
    was last asked how far it is.
    """

    provider: str
    meeting_id: str
    request: str
    cause: str
    reason: str
    event_type: str
    transcriber: str | None
    language: str | None
    stage: Stage
    requested_ms: int
    calls: int = 0
    made: str | None = None
    failures: int | None = None
    version: int | None = None
    called_ms: int | None = None
    asked_ms: int | None = None
    ended_ms: int | None = None
    message: str = ""


async def retranscriptions_of(
    tx: AsyncConnection, provider: str, meeting_id: str
) -> Sequence[Retranscription]:
    """Those of a meeting, oldest first."""
    query = (
        select(*(retranscriptions.c[field.name] for field in fields(Retranscription)))
        .where(retranscriptions.c.provider == provider, retranscriptions.c.meeting_id == meeting_id)
        .order_by(retranscriptions.c.requested_ms, retranscriptions.c.request)
    )
    rows = (await tx.execute(query)).mappings()
    return [Retranscription(**{**row, "stage": Stage(row["stage"])}) for row in rows]


async def add_retranscription(tx: AsyncConnection, decided: Retranscription) -> bool:
    """Record a decision; false where it is recorded already: nothing changes."""
    insert = insert_into(tx, retranscriptions).values(asdict(decided)).on_conflict_do_nothing()
    return (await tx.execute(insert)).rowcount == 1


async def change_retranscription(
    tx: AsyncConnection, before: Retranscription, after: Retranscription
) -> bool:
    """Record how far it is now; false where somebody else has gone on with it since `before` was read."""
    values = {name: value for name, value in asdict(after).items() if name not in _KEY}
    of_it = (retranscriptions.c[name] == getattr(before, name) for name in (*_KEY, "stage", "calls"))
    return (await tx.execute(update(retranscriptions).where(*of_it).values(values))).rowcount == 1


async def count_retranscriptions(tx: AsyncConnection, *, since_ms: int) -> int:
    """How many were decided since then, over all meetings, without those that were skipped."""
    query = (
        select(func.count())
        .select_from(retranscriptions)
        .where(retranscriptions.c.requested_ms >= since_ms, retranscriptions.c.stage != Stage.SKIPPED.value)
    )
    return await tx.scalar(query) or 0
