"""The meetings: where each is, what is stored of it, and how many of its events wait as dead letters."""

from collections import defaultdict
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Subquery, and_, case, exists, func, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.descriptions import Description, described_as, descriptions_of
from infra.database.failures import OPEN
from infra.database.tables import artifacts, failures, meetings
from infra.database.upsert import insert_into
from schemas.manifest import Artifact
from schemas.meeting import State


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting by all its events. What no event said is null or empty.

    `error` is the sender's own code. `first_event_ms` and `last_event_ms` are when the log took its first and
    its latest event, in ms since 1970 UTC.
    """

    provider: str
    meeting_id: str
    state: State
    joined_at: datetime | None
    ended_at: datetime | None
    duration_seconds: float | None
    participants: tuple[str, ...]
    error: str | None
    message: str | None
    first_event_ms: int
    last_event_ms: int


@dataclass(frozen=True, slots=True)
class MeetingOverview:
    """A meeting with what is stored of it (in the order of `artifacts_of`), how many failures are open, and
    what it is called elsewhere: null where nobody calls it anything."""

    meeting: Meeting
    artifacts: tuple[Artifact, ...]
    open_failures: int
    described: Description | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Provider and meeting id."""
        return self.meeting.provider, self.meeting.meeting_id


async def save_meeting(tx: AsyncConnection, meeting: Meeting) -> None:
    """Record where a meeting is, in place of what was recorded before."""
    values = asdict(meeting)
    insert = insert_into(tx, meetings).values(values)
    await tx.execute(insert.on_conflict_do_update(index_elements=meetings.primary_key.columns, set_=values))


async def touch_meeting(tx: AsyncConnection, provider: str, meeting_id: str, received_ms: int) -> bool:
    """Record that the log took an event of a meeting at this time; false where the meeting is not known."""
    first, last = meetings.c.first_event_ms, meetings.c.last_event_ms
    touch = (
        update(meetings)
        .where(meetings.c.provider == provider, meetings.c.meeting_id == meeting_id)
        .values(
            first_event_ms=case((first > received_ms, received_ms), else_=first),
            last_event_ms=case((last < received_ms, received_ms), else_=last),
        )
    )
    return (await tx.execute(touch)).rowcount == 1


async def list_meetings(
    tx: AsyncConnection, *, limit: int, unverified: bool = False
) -> list[MeetingOverview]:
    """The `limit` meetings that last had an event, the latest first; with `unverified` only those of which a
    file is stored that nothing proved complete."""
    return await _overviews(tx, _UNVERIFIED if unverified else true(), limit)


async def find_meetings(
    tx: AsyncConnection, meeting_id: str, provider: str | None = None
) -> list[MeetingOverview]:
    """Meetings of that id, here or in the system that describes them: several where providers share it and
    none is named, none where it is not known."""
    wanted = meetings.c.meeting_id == meeting_id
    found = await _overviews(tx, wanted if provider is None else wanted & (meetings.c.provider == provider))
    if found or provider is not None:
        return found
    keys = await described_as(tx, meeting_id)
    return [one for key in keys for one in await find_meetings(tx, key[1], key[0])]


async def _overviews(
    tx: AsyncConnection, wanted: ColumnElement[bool], limit: int | None = None
) -> list[MeetingOverview]:
    chosen = (
        select(meetings, _OPEN_FAILURES)
        .where(wanted)
        .order_by(meetings.c.last_event_ms.desc(), meetings.c.provider, meetings.c.meeting_id)
        .limit(limit)
    )
    stored = await _artifacts_by_meeting(tx, chosen.subquery())
    rows = (await tx.execute(chosen)).mappings().all()
    described = await descriptions_of(tx, [(row["provider"], row["meeting_id"]) for row in rows])
    overviews = []
    for row in rows:
        known = {column.name: row[column.name] for column in fields(Meeting)}
        meeting = Meeting(**{**known, "state": State(row["state"])})
        key = (meeting.provider, meeting.meeting_id)
        of_it = tuple(stored[key])
        overviews.append(MeetingOverview(meeting, of_it, row["open_failures"], described.get(key)))
    return overviews


_UNVERIFIED: Final = exists().where(
    artifacts.c.provider == meetings.c.provider,
    artifacts.c.meeting_id == meetings.c.meeting_id,
    artifacts.c.verified == "none",
)

_OPEN_FAILURES: Final = (
    select(func.count())
    .select_from(failures)
    .where(failures.c.provider == meetings.c.provider, failures.c.meeting_id == meetings.c.meeting_id, OPEN)
    .correlate(meetings)
    .scalar_subquery()
    .label("open_failures")
)


async def _artifacts_by_meeting(
    tx: AsyncConnection, chosen: Subquery
) -> defaultdict[tuple[str, str], list[Artifact]]:
    of_meeting = and_(
        artifacts.c.provider == chosen.c.provider, artifacts.c.meeting_id == chosen.c.meeting_id
    )
    query = select(artifacts).join(chosen, of_meeting).order_by(artifacts.c.stored_at, artifacts.c.name)
    found: defaultdict[tuple[str, str], list[Artifact]] = defaultdict(list)
    for row in (await tx.execute(query)).mappings():
        found[row["provider"], row["meeting_id"]].append(Artifact.model_validate(dict(row)))
    return found
