"""What another system, by which people know a meeting, calls it: its id there, its title, who takes part."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.holdings import Key
from infra.database.tables import descriptions
from infra.database.upsert import insert_into


@dataclass(frozen=True, slots=True)
class Description:
    """`system` is the name of who calls it so, and `id` the meeting's id there: of another system, or of its
    sender, where that has an id for the room."""

    system: str
    id: str
    title: str | None
    participants: tuple[str, ...]


async def save_description(
    tx: AsyncConnection, provider: str, meeting_id: str, description: Description
) -> None:
    """Record what a meeting is called, in place of what was recorded before."""
    values = asdict(description)
    insert = insert_into(tx, descriptions).values(provider=provider, meeting_id=meeting_id, **values)
    await tx.execute(
        insert.on_conflict_do_update(index_elements=descriptions.primary_key.columns, set_=values)
    )


async def descriptions_of(tx: AsyncConnection, meetings: Collection[Key]) -> Mapping[Key, Description]:
    """By the meetings that have one."""
    if not meetings:
        return {}
    key = tuple_(descriptions.c.provider, descriptions.c.meeting_id)
    rows = await tx.execute(select(descriptions).where(key.in_(list(meetings))))
    return {
        (row.provider, row.meeting_id): Description(row.system, row.id, row.title, row.participants)
        for row in rows
    }


async def described_as(tx: AsyncConnection, id: str) -> list[Key]:  # noqa: A002 the column's name
    """The meetings that any other system knows by that id."""
    found = select(descriptions.c.provider, descriptions.c.meeting_id).where(descriptions.c.id == id)
    return [(row.provider, row.meeting_id) for row in await tx.execute(found)]
