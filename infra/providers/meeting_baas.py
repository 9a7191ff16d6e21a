"""Meeting BaaS's API, both generations.

Source: https://github.com/Meeting-BaaS/docs at fd14185 (2026-05-13): `openapi.json`, `openapi-v2.json`,
`content/docs/api/reference/{get_meeting_data,delete_data}.mdx`,
`content/docs/api-v2/{webhooks,artifacts,deduplication-rate-limiting}.mdx`.

Contradictions observed, and what is done about them:
- a wrong key is 401 in v1, 403 in v2, which gives 403 also to keys that may only send bots
- v1 has no published rate limit but that of `delete_data`; v2 says that GET has none, and lists 429 for each:
  v1 is asked five times a second at most, v2 until it says 429
- the wait after a 429 is in `Retry-After`, in `retryAfter` or in `x-ratelimit-reset`: all are read
- `artifacts_deleted` of v2's answer is called `data_deleted` in its webhooks: both are read; v1 says nothing
  of the kind, only "" for each file
- v2's deletion answers with a message (schema) or with `deleted` (prose): the status alone counts, unless
  `deleted` is false
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NoReturn

import aiohttp

from infra.errors import Poison, Retryable
from infra.providers.asking import Answer, ask
from infra.providers.base import DeletedUpstream, Holdings, ProviderApi, UnknownUpstream
from infra.providers.pace import Pace
from schemas.lenient import text
from schemas.manifest import ArtifactKind
from schemas.meeting import Link
from schemas.meeting_baas import v1, v2

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_V1_FILES: Final[Mapping[str, ArtifactKind]] = {
    "mp4": "video",
    "audio": "audio",
    "speaker_diarization_file": "diarization",
}
_V1_OTHERS: Final = ("speaker_diarization_file_network", "meeting_participants_file")
_V2_FILES: Final[Mapping[str, ArtifactKind]] = {
    "video": "video",
    "audio": "audio",
    "diarization": "diarization",
    "raw_transcription": "raw_transcription",
    "transcription": "transcript",
    "chat_messages": "chat",
}
_MOST_BYTES: Final = 32 * 1024 * 1024
"""v1 answers with the whole transcript: that of 4 h takes some 5 MB."""
_NOT_NOW: Final = frozenset({408, 425, 429})
_PAUSE_SECONDS: Final = 5
"""After a 429 that does not say how long."""


@asynccontextmanager
async def open_meeting_baas(url: str, key: str, *, timeout_seconds: float = 30) -> AsyncIterator[ProviderApi]:
    """The API at `url` (without `/v2`), asked with `key`. A call takes `timeout_seconds` at most, besides the
    time for which it waits for its turn."""
    async with aiohttp.ClientSession(
        headers={
            "x-meeting-baas-api-key": key,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "adjourn",
        },
        auto_decompress=False,  # it would hide the size of an answer
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=timeout_seconds),
    ) as session:
        yield MeetingBaas(session, url.rstrip("/"))


@dataclass(frozen=True, slots=True)
class MeetingBaas:
    session: aiohttp.ClientSession
    url: str
    v1_pace: Pace = field(default_factory=lambda: Pace(5, 1))
    v1_deletions: Pace = field(default_factory=lambda: Pace(5, 61))
    """Five a minute for each key, and a second in which the answers to the first of them may be late."""
    v2_pace: Pace = field(default_factory=Pace)

    async def links(self, meeting_id: str, event_type: str) -> Sequence[Link]:
        if _is_v1(event_type):
            return _links(await self._meeting_data(meeting_id, with_transcript=False), _V1_FILES)
        return _links(await self._bot(meeting_id), _V2_FILES)

    async def holdings(self, meeting_id: str, event_type: str) -> Holdings:
        if not _is_v1(event_type):
            bot = await self._bot(meeting_id)
            _all_there(bot, _V2_FILES)
            return Holdings(_links(bot, _V2_FILES), transcript=bool(bot["transcription"]))
        meeting = await self._meeting_data(meeting_id, with_transcript=True)
        _all_there(meeting, [*_V1_FILES, *_V1_OTHERS])
        kept = meeting.get("bot_data")
        transcripts = kept.get("transcripts") if isinstance(kept, dict) else None
        if not isinstance(transcripts, list):
            raise _undocumented("bot_data.transcripts")
        others = tuple(name for name in _V1_OTHERS if meeting[name])
        return Holdings(_links(meeting, _V1_FILES), transcript=bool(transcripts), others=others)

    async def delete(self, meeting_id: str, event_type: str) -> None:
        if _is_v1(event_type):
            path = f"/bots/{_safe(meeting_id)}/delete_data"
            done = (await self._ask(self.v1_deletions, "POST", path, {})).fields()
            if done.get("status") not in ("deleted", "alreadyDeleted", "noDataFound"):
                raise Retryable("Meeting BaaS has not deleted all of the meeting yet.")
            return
        path = f"/v2/bots/{_safe(meeting_id)}/delete-data"
        _data(await self._ask(self.v2_pace, "DELETE", path, {"delete_from_provider": "true"}))

    async def _meeting_data(self, meeting_id: str, *, with_transcript: bool) -> Mapping[str, Any]:
        query = {"bot_id": _safe(meeting_id), "include_transcripts": str(with_transcript).lower()}
        return (await self._ask(self.v1_pace, "GET", "/bots/meeting_data", query)).fields()

    async def _bot(self, meeting_id: str) -> Mapping[str, Any]:
        bot = _data(await self._ask(self.v2_pace, "GET", f"/v2/bots/{_safe(meeting_id)}", {}))
        if bot.get("artifacts_deleted") is True or bot.get("data_deleted") is True:
            raise DeletedUpstream("Meeting BaaS has deleted the files of this meeting.")
        return bot

    async def _ask(
        self, pace: Pace, method: Literal["GET", "POST", "DELETE"], path: str, query: Mapping[str, str]
    ) -> Answer:
        await pace.turn()
        try:
            answer = await ask(self.session, method, self.url + path, query, max_bytes=_MOST_BYTES)
        except Retryable as error:
            raise Retryable(f"Meeting BaaS's API: {error}", error.after_seconds) from error
        if answer.status == 429:
            pace.pause(answer.retry_after_seconds() or _PAUSE_SECONDS)
        if answer.status != 200:
            _raise_for(answer)
        return answer


def _is_v1(event_type: str) -> bool:
    """Where both generations have an event of one name, only v2 ends a meeting by it."""
    name = event_type.removeprefix("meeting-baas.")
    return name in v1.EVENTS and name not in v2.EVENTS


def _safe(meeting_id: str) -> str:
    """A bot's id is a UUID, or a number; anything else came from elsewhere and has no place in a path."""
    if not _ID.fullmatch(meeting_id):
        raise UnknownUpstream("Meeting BaaS has no meeting of this id: its ids are UUIDs.")
    return meeting_id


def _data(answer: Answer) -> Mapping[str, Any]:
    """What is in v2's envelope."""
    envelope = answer.fields()
    data = envelope.get("data")
    if envelope.get("success") is False or not isinstance(data, dict) or data.get("deleted") is False:
        raise _undocumented("data")
    return data


def _links(fields: Mapping[str, Any], files: Mapping[str, ArtifactKind]) -> tuple[Link, ...]:
    return tuple(Link(kind, url) for name, kind in files.items() if (url := text(fields.get(name))))


def _all_there(fields: Mapping[str, Any], names: Sequence[str] | Mapping[str, Any]) -> None:
    """Each is there, and is a link, "" or null: a file whose field has another name would be overlooked."""
    for name in names:
        if not isinstance(fields.get(name, 0), str | None):
            raise _undocumented(name)


def _undocumented(field: str) -> Retryable:
    return Retryable(f"Meeting BaaS's API: the answer is not as documented (`{field}`).")


def _raise_for(answer: Answer) -> NoReturn:
    status = answer.status
    if status in (401, 403):
        raise Retryable(
            f"Meeting BaaS refused our API key ({status}): see that the first of"
            " ADJOURN_MEETING_BAAS_API_KEYS is a key with full access, of the account that sent the bot."
        )
    if status == 404:
        raise UnknownUpstream("Meeting BaaS knows no such meeting, as far as our API key may see (404).")
    if status == 410:
        raise DeletedUpstream("Meeting BaaS has deleted this meeting (410).")
    if status == 409:
        raise Retryable("Meeting BaaS is not done with this meeting yet (409).")
    if status in (400, 422):
        raise Poison(f"Meeting BaaS does not take our question for this meeting ({status}).")
    if status in _NOT_NOW or status >= 500:
        raise Retryable(f"Meeting BaaS's API answered {status}.", answer.retry_after_seconds())
    raise Retryable(f"Meeting BaaS's API answered {status}.")
