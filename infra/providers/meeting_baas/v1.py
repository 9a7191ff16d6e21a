"""The first generation: `/bots/…`."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from infra.errors import Retryable
from infra.providers.asking import Answer
from infra.providers.base import Holdings, NotOffered, TranscriptDocument, Transcription
from infra.providers.meeting_baas.session import Session, links_in, safe, see_all_there, undocumented
from infra.providers.pace import Pace
from schemas.lenient import text
from schemas.manifest import ArtifactKind
from schemas.meeting import Link
from schemas.meeting_baas.transcripts import V1_REST

_FILES: Final[Mapping[str, ArtifactKind]] = {
    "mp4": "video",
    "audio": "audio",
    "speaker_diarization_file": "diarization",
}
_OTHERS: Final = ("speaker_diarization_file_network", "meeting_participants_file")
_WHO_TRANSCRIBES: Final = {name.lower(): name for name in ("Gladia", "Runpod", "Default")}


@dataclass(frozen=True, slots=True)
class V1:
    session: Session
    pace: Pace = field(default_factory=lambda: Pace(5, 1))
    deletions: Pace = field(default_factory=lambda: Pace(5, 61))
    """Five a minute for each key, and a second in which the answers to the first of them may be late."""

    async def links(self, meeting_id: str) -> Sequence[Link]:
        return links_in(await self._meeting_data(meeting_id, with_transcript=False), _FILES)

    async def holdings(self, meeting_id: str) -> Holdings:
        meeting = await self._meeting_data(meeting_id, with_transcript=True)
        see_all_there(meeting, [*_FILES, *_OTHERS])
        transcripts = _transcripts(meeting)
        others = tuple(name for name in _OTHERS if meeting[name])
        return Holdings(links_in(meeting, _FILES), transcript=bool(transcripts), others=others)

    async def delete(self, meeting_id: str) -> None:
        path = f"/bots/{safe(meeting_id)}/delete_data"
        done = (await self.session.ask(self.deletions, "POST", path, {})).fields()
        if done.get("status") not in ("deleted", "alreadyDeleted", "noDataFound"):
            raise Retryable("Meeting BaaS has not deleted all of the meeting yet.")

    async def transcript(self, meeting_id: str) -> TranscriptDocument:
        answer = await self._ask_for_meeting(meeting_id, with_transcript=True)
        _transcripts(answer.fields())
        return TranscriptDocument(V1_REST, answer.body)

    async def transcription(self, meeting_id: str) -> Transcription:
        """Segments made anew have new numbers, so that what changes is seen also where it says the same."""
        meeting = await self._meeting_data(meeting_id, with_transcript=True)
        transcripts = _transcripts(meeting)
        bot = meeting["bot_data"].get("bot")
        bot = bot if isinstance(bot, dict) else {}
        failures = bot.get("transcription_fails")
        made = hashlib.sha256(json.dumps(transcripts, sort_keys=True).encode()).hexdigest()
        return Transcription(
            running=None,
            there=bool(transcripts),
            made=made,
            failures=failures if type(failures) is int else 0,
            provider=text(bot.get("speech_to_text_provider")),
        )

    async def retranscribe(
        self, meeting_id: str, *, provider: str | None, language: str | None, key: str | None
    ) -> None:
        """Its answer says nothing but that the call is taken."""
        if language is not None:
            raise NotOffered("The first generation of Meeting BaaS's API cannot be told a language.")
        wanted = None
        if provider is not None or key is not None:
            name = _WHO_TRANSCRIBES.get((provider or "default").lower())
            if name is None:
                raise NotOffered(
                    "The first generation of Meeting BaaS's API has no such provider: it has"
                    f" {', '.join(_WHO_TRANSCRIBES.values())}."
                )
            wanted = {"provider": name, "api_key": key}
        question = {"bot_uuid": safe(meeting_id), "speech_to_text": wanted, "webhook_url": None}
        await self.session.ask(self.pace, "POST", "/bots/retranscribe", {}, json.dumps(question))

    async def _meeting_data(self, meeting_id: str, *, with_transcript: bool) -> Mapping[str, Any]:
        return (await self._ask_for_meeting(meeting_id, with_transcript=with_transcript)).fields()

    async def _ask_for_meeting(self, meeting_id: str, *, with_transcript: bool) -> Answer:
        query = {"bot_id": safe(meeting_id), "include_transcripts": str(with_transcript).lower()}
        return await self.session.ask(self.pace, "GET", "/bots/meeting_data", query)


def _transcripts(meeting: Mapping[str, Any]) -> Sequence[Any]:
    kept = meeting.get("bot_data")
    transcripts = kept.get("transcripts") if isinstance(kept, dict) else None
    if not isinstance(transcripts, list):
        raise undocumented("bot_data.transcripts")
    return transcripts
