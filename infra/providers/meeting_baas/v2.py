"""The second generation: `/v2/bots/…`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from infra.providers.asking import Answer
from infra.providers.base import DeletedUpstream, Holdings
from infra.providers.meeting_baas.session import Session, links_in, safe, see_all_there, undocumented
from infra.providers.pace import Pace
from schemas.manifest import ArtifactKind
from schemas.meeting import Link

_FILES: Final[Mapping[str, ArtifactKind]] = {
    "video": "video",
    "audio": "audio",
    "diarization": "diarization",
    "raw_transcription": "raw_transcription",
    "transcription": "transcript",
    "chat_messages": "chat",
}


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
