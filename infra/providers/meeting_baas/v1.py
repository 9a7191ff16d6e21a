"""The first generation: `/bots/…`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from infra.errors import Retryable
from infra.providers.base import Holdings
from infra.providers.meeting_baas.session import Session, links_in, safe, see_all_there, undocumented
from infra.providers.pace import Pace
from schemas.manifest import ArtifactKind
from schemas.meeting import Link

_FILES: Final[Mapping[str, ArtifactKind]] = {
    "mp4": "video",
    "audio": "audio",
    "speaker_diarization_file": "diarization",
}
_OTHERS: Final = ("speaker_diarization_file_network", "meeting_participants_file")


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
        kept = meeting.get("bot_data")
        transcripts = kept.get("transcripts") if isinstance(kept, dict) else None
        if not isinstance(transcripts, list):
            raise undocumented("bot_data.transcripts")
        others = tuple(name for name in _OTHERS if meeting[name])
        return Holdings(links_in(meeting, _FILES), transcript=bool(transcripts), others=others)

    async def delete(self, meeting_id: str) -> None:
        path = f"/bots/{safe(meeting_id)}/delete_data"
        done = (await self.session.ask(self.deletions, "POST", path, {})).fields()
        if done.get("status") not in ("deleted", "alreadyDeleted", "noDataFound"):
            raise Retryable("Meeting BaaS has not deleted all of the meeting yet.")

    async def _meeting_data(self, meeting_id: str, *, with_transcript: bool) -> Mapping[str, Any]:
        query = {"bot_id": safe(meeting_id), "include_transcripts": str(with_transcript).lower()}
        return (await self.session.ask(self.pace, "GET", "/bots/meeting_data", query)).fields()
