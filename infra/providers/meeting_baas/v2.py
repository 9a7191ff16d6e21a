"""The second generation: `/v2/bots/…`."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from infra.providers.asking import Answer
from infra.providers.base import (
    DeletedUpstream,
    Holdings,
    NotOffered,
    TranscriptDocument,
    Transcription,
)
from infra.providers.meeting_baas.session import Session, links_in, safe, see_all_there, undocumented
from infra.providers.pace import Pace
from schemas.lenient import text
from schemas.manifest import ArtifactKind
from schemas.meeting import Link
from schemas.meeting_baas.transcripts import V2_OUTPUT, V2_RAW

_FILES: Final[Mapping[str, ArtifactKind]] = {
    "video": "video",
    "audio": "audio",
    "diarization": "diarization",
    "raw_transcription": "raw_transcription",
    "transcription": "transcript",
    "chat_messages": "chat",
}
_DEFAULT_PROVIDER: Final = "gladia"
_LANGUAGE: Final[Mapping[str, Callable[[str], Mapping[str, object]]]] = {
    "gladia": lambda language: {"language_config": {"languages": [language], "detect_language": False}},
    "deepgram": lambda language: {"language": language},
    "assemblyai": lambda language: {"language_code": language},
}
"""`custom_params` are each provider's own: how it is told what is spoken.

Gladia's are in https://docs.meetingbaas.com/api-v2/transcription; for the others Meeting BaaS refers to what
Deepgram and AssemblyAI document of their own APIs, and says that it checks them before it takes the call.
Neither was seen to work. What Speechmatics and Soniox would have to be told is not known.
"""
_RUNNING: Final = frozenset({"queued", "processing"})


@dataclass(frozen=True, slots=True)
class V2:
    session: Session
    pace: Pace = field(default_factory=Pace)

    async def links(self, meeting_id: str) -> Sequence[Link]:
        return links_in(await self._bot(meeting_id), _FILES)

    async def holdings(self, meeting_id: str) -> Holdings:
        bot = await self._bot(meeting_id)
        see_all_there(bot, _FILES)
        return Holdings(links_in(bot, _FILES), transcript=bool(bot["transcription"]))

    async def delete(self, meeting_id: str) -> None:
        path = f"/v2/bots/{safe(meeting_id)}/delete-data"
        _data(await self.session.ask(self.pace, "DELETE", path, {"delete_from_provider": "true"}))

    async def transcript(self, meeting_id: str) -> TranscriptDocument | None:
        bot = await self._bot(meeting_id)
        for field_name, shape in (("transcription", V2_OUTPUT), ("raw_transcription", V2_RAW)):
            if url := text(bot.get(field_name)):
                return TranscriptDocument(shape, b"", url)
        return None

    async def transcription(self, meeting_id: str) -> Transcription:
        """Only providers with a key of our own have `transcription_ids`: when the status changed tells of the
        others."""
        bot = await self._bot(meeting_id)
        status = _data(await self.session.ask(self.pace, "GET", f"/v2/bots/{safe(meeting_id)}/status", {}))
        now = text(status.get("transcription_status"))
        if now is None:
            raise undocumented("transcription_status")
        made = json.dumps(
            [bot.get("transcription_ids"), bot.get("transcription_provider"), status.get("updated_at")]
        )
        return Transcription(
            running=now in _RUNNING,
            there=bool(text(bot.get("transcription")) or text(bot.get("raw_transcription"))),
            made=hashlib.sha256(made.encode()).hexdigest(),
            failures=1 if now == "error" else 0,
            provider=text(bot.get("transcription_provider")),
        )

    async def retranscribe(
        self, meeting_id: str, *, provider: str | None, language: str | None, key: str | None
    ) -> None:
        wanted: dict[str, object] = {}
        if provider is not None:
            wanted["provider"] = provider.lower()
        if key is not None:
            wanted["api_key"] = key
        if language is not None:
            tell = _LANGUAGE.get((provider or _DEFAULT_PROVIDER).lower())
            if tell is None:
                raise NotOffered(f"How to tell {provider} a language by Meeting BaaS's API is not known.")
            spoken = language.replace("_", "-").partition("-")[0].lower()  # few know every region
            wanted |= {"provider": (provider or _DEFAULT_PROVIDER).lower(), "custom_params": tell(spoken)}
        question = json.dumps({"transcription": wanted} if wanted else None)
        path = f"/v2/bots/{safe(meeting_id)}/retranscribe"
        await self.session.ask(self.pace, "POST", path, {}, question)

    async def _bot(self, meeting_id: str) -> Mapping[str, Any]:
        bot = _data(await self.session.ask(self.pace, "GET", f"/v2/bots/{safe(meeting_id)}", {}))
        if bot.get("artifacts_deleted") is True or bot.get("data_deleted") is True:
            raise DeletedUpstream("Meeting BaaS has deleted the files of this meeting.")
        return bot


def _data(answer: Answer) -> Mapping[str, Any]:
    """What is in v2's envelope."""
    envelope = answer.fields()
    data = envelope.get("data")
    if envelope.get("success") is False or not isinstance(data, dict) or data.get("deleted") is False:
        raise undocumented("data")
    return data
