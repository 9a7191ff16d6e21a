"""23blocks' API as a directory of Vonage's sessions, and as all that can be asked where the Vonage account is
not ours."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from infra.providers.base import (
    Ended,
    FinalEvent,
    Holdings,
    NotOffered,
    TranscriptDocument,
    Transcription,
    UnknownUpstream,
)
from infra.providers.directory import Described
from infra.providers.manners import opened_client
from infra.providers.secrets import without_secrets
from infra.providers.twentythree_blocks.session import Listed, Session
from schemas.envelope import derived_id
from schemas.meeting import Link, State
from schemas.vonage.events import SESSION, SESSION_DESTROYED

SYSTEM: Final = "23blocks"
_FINAL: Final = f"{SESSION}.{SESSION_DESTROYED}"
_OVER: Final = (State.COMPLETED, State.FAILED)
_FRESH_SECONDS: Final = 5
_RECORDED_WITHIN: Final = timedelta(hours=2)
"""Of a meeting that was to be recorded, and whose recording is not told of yet."""
_CUSTOM: Final = ("metadata", "payload")


@asynccontextmanager
async def open_twentythree_blocks(
    urls: Sequence[str],
    token: str,
    app_id: str,
    *,
    timeout_seconds: float = 30,
    fresh_seconds: float = _FRESH_SECONDS,
) -> AsyncIterator["TwentyThreeBlocks"]:
    """The API at the first of `urls` that answers. A call takes `timeout_seconds` at most, besides the time
    for its turn. One reading of the list serves all who look for a session within `fresh_seconds`."""
    headers = {"Authorization": f"Bearer {token}", "AppId": app_id}
    async with opened_client(headers, timeout_seconds) as client:
        yield TwentyThreeBlocks(Session(client, [url.rstrip("/") for url in urls]), fresh_seconds)


@dataclass(slots=True)
class TwentyThreeBlocks:
    """A `Directory`, and a `ProviderApi` whose meetings are sessions, or 23blocks' own ids for meetings that
    have none."""

    session: Session
    fresh_seconds: float = _FRESH_SECONDS
    _known: dict[str, Listed] = field(default_factory=dict)
    _read_at: float | None = None
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def find(self, meeting_id: str) -> Described | None:
        listed = await self._find(meeting_id)
        if listed is None:
            return None
        meeting = (await self.session.meeting(listed)).meeting
        return Described(SYSTEM, meeting.id, meeting.title, meeting.participants)

    async def links(self, meeting_id: str, event_type: str) -> Sequence[Link]:
        url = (await self._meeting(meeting_id)).meeting.recording_url
        return (Link("video", url),) if url else ()

    async def holdings(self, meeting_id: str, event_type: str) -> Holdings:
        return Holdings(tuple(await self.links(meeting_id, event_type)), transcript=False)

    async def delete(self, meeting_id: str, event_type: str) -> None:
        raise NotOffered("Recordings cannot be deleted by way of 23blocks.")

    async def ended(self, since: datetime) -> AsyncIterator[Ended]:
        async for one in self.session.meetings():
            meeting = one.meeting
            if meeting.state in _OVER and (meeting.ended_at is None or meeting.ended_at >= since):
                yield Ended(meeting.session or meeting.id, f"vonage.{_FINAL}", meeting.ended_at)

    async def final_event(self, meeting_id: str, event_type: str) -> FinalEvent | None:
        one = await self._meeting(meeting_id)
        if one.meeting.state not in _OVER or _waits_for_recording(one):
            return None
        id_ = derived_id("vonage", _FINAL, meeting_id, SYSTEM, one.meeting.id)
        return FinalEvent(f"vonage.{_FINAL}", _body(one.resource), id=id_)

    async def transcript(self, meeting_id: str, event_type: str) -> TranscriptDocument | None:
        return None

    async def transcription(self, meeting_id: str, event_type: str) -> Transcription:
        raise NotOffered("23blocks makes no transcripts.")

    async def retranscribe(
        self, meeting_id: str, event_type: str, *, provider: str | None, language: str | None, key: str | None
    ) -> None:
        raise NotOffered("23blocks makes no transcripts.")

    async def _meeting(self, meeting_id: str) -> Listed:
        listed = await self._find(meeting_id)
        if listed is None:
            raise UnknownUpstream("23blocks knows no meeting with this session.")
        return await self.session.meeting(listed)

    async def _find(self, meeting_id: str) -> Listed | None:
        """By the session, or by 23blocks' own id."""
        async with self._reading:
            now = asyncio.get_running_loop().time()
            if self._read_at is None or now - self._read_at > self.fresh_seconds:
                known: dict[str, Listed] = {}
                async for one in self.session.meetings():
                    for key in (one.meeting.id, one.meeting.session):
                        if key:
                            known.setdefault(key, one)
                self._known, self._read_at = known, asyncio.get_running_loop().time()
        return self._known.get(meeting_id)


def _waits_for_recording(one: Listed) -> bool:
    ended_at = one.meeting.ended_at
    is_young = ended_at is not None and datetime.now(UTC) - ended_at < _RECORDED_WITHIN
    return is_young and one.meeting.is_recorded and one.meeting.recording_url is None


def _body(resource: Mapping[str, Any]) -> bytes:
    body = without_secrets(resource, untouched=_CUSTOM)
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
