"""Which sessions are over, told by their archives: nothing else of a session can be asked for."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from infra.errors import Retryable
from infra.providers.base import Ended, FinalEvent
from infra.providers.secrets import without_secrets
from infra.providers.vonage.session import Archive, Session
from schemas.envelope import derived_id
from schemas.lenient import number
from schemas.naming import key_of
from schemas.vonage.archives import RUNNING, SECRETS, STORED
from schemas.vonage.values import moment_of

_LONGEST: Final = timedelta(hours=13)
"""An archive is recorded and paused for 12 hours at most, and takes its time to be made."""

_FINAL: Final = (*STORED, "failed", "expired")
"""Statuses after which no other comes, or none that brings a file; what tells of more, first."""


@dataclass(slots=True)
class _Seen:
    statuses: set[str] = field(default_factory=set)
    ended_at: datetime | None = None


async def ended(session: Session, since: datetime) -> AsyncIterator[Ended]:
    """As `ProviderApi.ended`: one for each final status that a session's archives have."""
    seen: dict[str, _Seen] = {}
    broken: Retryable | None = None
    try:
        async for archive in session.archives():
            began = moment_of(archive.get("createdAt"))
            if began is not None and began < since - _LONGEST:
                break
            _see(archive, seen)
    except Retryable as error:
        broken = error
    for id_, one in seen.items():
        if one.statuses.isdisjoint(RUNNING) and (one.ended_at is None or one.ended_at >= since):
            for status in one.statuses.intersection((*STORED, "failed")):
                yield Ended(id_, f"vonage.archive.{status}", one.ended_at)
    if broken is not None:
        raise broken


async def final_event(session: Session, meeting_id: str, event_type: str) -> FinalEvent | None:
    """The list of its archives, as if it were the event of one of them; null while one of them runs."""
    archives = await session.of_session(meeting_id)
    statuses = {str(archive.get("status")) for archive in archives}
    asked = event_type.removeprefix("vonage.archive.")
    status = asked if asked in statuses else next((one for one in _FINAL if one in statuses), None)
    if status is None or not statuses.isdisjoint(RUNNING):
        return None
    type_ = f"archive.{status}"
    answer = without_secrets({"count": len(archives), "items": archives}, also=SECRETS)
    return FinalEvent(
        f"vonage.{type_}",
        json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"),
        id=derived_id("vonage", type_, meeting_id, *_told(archives)),
        deleted=statuses <= {"expired", "deleted"},
    )


def _see(archive: Archive, seen: dict[str, _Seen]) -> None:
    id_ = key_of(archive.get("sessionId"))
    if not id_:
        return
    one = seen.setdefault(id_, _Seen())
    one.statuses.add(str(archive.get("status")))
    at = _ended_at(archive)
    if at is not None and (one.ended_at is None or at > one.ended_at):
        one.ended_at = at


def _ended_at(archive: Archive) -> datetime | None:
    updated = moment_of(archive.get("updatedAt"))
    began = moment_of(archive.get("createdAt"))
    if updated is not None or began is None:
        return updated
    return began + timedelta(seconds=min(number(archive.get("duration")) or 0, _LONGEST.total_seconds()))


def _told(archives: Sequence[Archive]) -> Sequence[str]:
    """What the list says that is not said anew each time."""
    return sorted(f"{archive.get('id')} {archive.get('status')}" for archive in archives)
