"""Replays that have begun and not ended: so that the same command goes on where it was."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.tables import replays
from schemas.envelope import derived_id


@dataclass(frozen=True, slots=True)
class Replay:
    """One run of a command. `command` is the same for what is the same command.

    `since_ms` and `until_ms` are the times that it was about when it began, however they were written. `done`
    is how much is through for good. `marks` says for each partition, by its number, up to which offset all
    was republished.
    """

    id: str
    command: str
    began_ms: int
    since_ms: int | None = None
    until_ms: int | None = None
    done: int = 0
    marks: Mapping[int, int] = field(default_factory=dict)


def new_replay(command: str, began_ms: int, *, since_ms: int | None, until_ms: int | None) -> Replay:
    """Not kept yet."""
    return Replay(derived_id(command, str(began_ms))[:12], command, began_ms, since_ms, until_ms)


async def unfinished_replay(tx: AsyncConnection, command: str) -> Replay | None:
    """The newest of this command; null where none was left on its way."""
    query = select(replays).where(replays.c.command == command).order_by(replays.c.began_ms.desc()).limit(1)
    row = (await tx.execute(query)).one_or_none()
    if row is None:
        return None
    marks = {int(partition): offset for partition, offset in json.loads(row.marks).items()}
    return Replay(row.id, row.command, row.began_ms, row.since_ms, row.until_ms, row.done, marks)


async def begin_replay(tx: AsyncConnection, replay: Replay) -> None:
    """In place of what was left of the same command."""
    await tx.execute(delete(replays).where(replays.c.command == replay.command))
    await tx.execute(
        insert(replays).values(
            id=replay.id,
            command=replay.command,
            began_ms=replay.began_ms,
            since_ms=replay.since_ms,
            until_ms=replay.until_ms,
            done=replay.done,
            marks=json.dumps(replay.marks),
        )
    )


async def advance_replay(
    tx: AsyncConnection, replay_id: str, *, done: int, marks: Mapping[int, int] | None = None
) -> None:
    """So many more are through."""
    changed: dict[str, object] = {"done": replays.c.done + done}
    if marks is not None:
        changed["marks"] = json.dumps(marks)
    await tx.execute(update(replays).where(replays.c.id == replay_id).values(changed))


async def end_replay(tx: AsyncConnection, replay_id: str) -> None:
    await tx.execute(delete(replays).where(replays.c.id == replay_id))
