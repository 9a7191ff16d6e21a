"""Comparing meetings with their providers: whose turn it is, how far back, what it came to."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Final, Literal

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.tables import meetings, reconciliations, verdicts
from infra.database.upsert import insert_into
from schemas.meeting import State

Verdict = Literal["complete", "waiting", "missing", "fetched", "impossible"]

_KEYS_A_QUERY: Final = 1000


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found of one meeting and one kind of event, at `at_ms` (ms since 1970 UTC).

    `reason` is a sentence, "" where there is nothing to say. `attempts` counts how often what was missing was
    handed to the consumers, `handed_ms` is when it was last; null: never.
    """

    provider: str
    meeting_id: str
    event_type: str
    verdict: Verdict
    reason: str
    at_ms: int
    attempts: int = 0
    handed_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """When comparing with a provider began for the first time and for the last, until when all that had ended
    before is compared, and when somebody last asked for it. All in ms since 1970 UTC; null: never.
    """

    first_ms: int | None
    begun_ms: int | None
    covered_ms: int | None
    wanted_ms: int | None


@dataclass(frozen=True, slots=True)
class Held:
    """Another has the turn now."""

    holder: str
    until_ms: int


async def turn_of(tx: AsyncConnection, provider: str) -> Turn:
    """As it stands, whoever has it."""
    columns = [reconciliations.c[field.name] for field in fields(Turn)]
    row = (await tx.execute(select(*columns).where(reconciliations.c.provider == provider))).one_or_none()
    return Turn(None, None, None, None) if row is None else Turn(*row)


async def take_turn(
    tx: AsyncConnection, provider: str, holder: str, *, now_ms: int, until_ms: int
) -> Held | None:
    """Null where `holder` has the turn from now on, until `until_ms` unless it takes it again or ends it."""
    insert = insert_into(tx, reconciliations).values(provider=provider, holder=holder, held_until_ms=until_ms)
    free = or_(
        reconciliations.c.holder.is_(None),
        reconciliations.c.holder == holder,
        reconciliations.c.held_until_ms < now_ms,
    )
    taken = insert.on_conflict_do_update(
        index_elements=reconciliations.primary_key.columns,
        set_={"holder": holder, "held_until_ms": until_ms},
        where=free,
    )
    if (await tx.execute(taken)).rowcount == 1:
        return None
    row = (
        await tx.execute(
            select(reconciliations.c.holder, reconciliations.c.held_until_ms).where(
                reconciliations.c.provider == provider
            )
        )
    ).one()
    return Held(*row)


async def begin_turn(
    tx: AsyncConnection, provider: str, holder: str, *, first_ms: int, begun_ms: int
) -> None:
    """It begins now; of `first_ms`, the one that was told first stays."""
    first = func.coalesce(reconciliations.c.first_ms, first_ms)
    mine = (reconciliations.c.provider == provider, reconciliations.c.holder == holder)
    await tx.execute(update(reconciliations).where(*mine).values(first_ms=first, begun_ms=begun_ms))


async def end_turn(tx: AsyncConnection, provider: str, holder: str, *, covered_ms: int | None = None) -> None:
    """Give it back; with `covered_ms` all that had ended until then has been compared."""
    mine = (reconciliations.c.provider == provider, reconciliations.c.holder == holder)
    covered = {} if covered_ms is None else {"covered_ms": covered_ms}
    await tx.execute(update(reconciliations).where(*mine).values(holder=None, held_until_ms=0, **covered))


async def want_turn(tx: AsyncConnection, provider: str, now_ms: int) -> None:
    """Somebody shall compare as soon as possible."""
    insert = insert_into(tx, reconciliations).values(provider=provider, held_until_ms=0, wanted_ms=now_ms)
    await tx.execute(
        insert.on_conflict_do_update(
            index_elements=reconciliations.primary_key.columns, set_={"wanted_ms": now_ms}
        )
    )


async def judged(
    tx: AsyncConnection, provider: str, meeting_ids: Collection[str]
) -> Mapping[tuple[str, str], Judged]:
    """What was found of these meetings last, by meeting id and type of event."""
    wanted = list(meeting_ids)
    found: dict[tuple[str, str], Judged] = {}
    for first in range(0, len(wanted), _KEYS_A_QUERY):
        query = select(*(verdicts.c[field.name] for field in fields(Judged))).where(
            verdicts.c.provider == provider,
            verdicts.c.meeting_id.in_(wanted[first : first + _KEYS_A_QUERY]),
        )
        for row in await tx.execute(query):
            one = Judged(*row)
            found[one.meeting_id, one.event_type] = one
    return found


async def keep_judged(tx: AsyncConnection, found: Judged) -> None:
    """In place of what was found before."""
    values = asdict(found)
    insert = insert_into(tx, verdicts).values(values)
    await tx.execute(insert.on_conflict_do_update(index_elements=verdicts.primary_key.columns, set_=values))


async def earliest_event_ms(tx: AsyncConnection, provider: str) -> int | None:
    """When the log took the first event of any meeting of this provider; null where there is none."""
    query = select(func.min(meetings.c.first_event_ms)).where(meetings.c.provider == provider)
    found: int | None = await tx.scalar(query)
    return found


async def silent_meetings(
    tx: AsyncConnection, provider: str, *, since_ms: int, before_ms: int
) -> list[tuple[str, int]]:
    """The meetings that are not over, as far as we know, and whose latest event is of that time: the ids,
    each with the time of that event. The latest first."""
    query = (
        select(meetings.c.meeting_id, meetings.c.last_event_ms)
        .where(
            meetings.c.provider == provider,
            meetings.c.state.not_in((State.COMPLETED, State.FAILED)),
            meetings.c.last_event_ms >= since_ms,
            meetings.c.last_event_ms < before_ms,
        )
        .order_by(meetings.c.last_event_ms.desc(), meetings.c.meeting_id)
    )
    return [(meeting_id, last_ms) for meeting_id, last_ms in await tx.execute(query)]
