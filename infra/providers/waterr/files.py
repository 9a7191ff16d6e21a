"""What Waterr has of a meeting."""

from collections.abc import Mapping, Sequence
from typing import Any

from infra.providers.asking import Answer
from infra.providers.base import UnknownUpstream
from infra.providers.waterr.session import Session, safe, told_by, undocumented
from schemas.lenient import text
from schemas.naming import key_of
from schemas.waterr.transcripts import has_sentences

_DAILY_IDS = ("daily_meeting_id", "daily_id")


async def meeting_of(session: Session, meeting_id: str) -> Mapping[str, Any]:
    """Raises `UnknownUpstream`: events that a person triggers by hand are about meetings that never were."""
    meeting = told_by(await session.ask(f"/meetings/{safe(meeting_id)}"))
    if not isinstance(meeting, dict):
        raise undocumented("data")
    return meeting


async def transcript_of(session: Session, meeting_id: str) -> Answer | None:
    """The answer that holds the sentences: the meeting's own, of which they are published, else the one of
    which only the place is. Null where there are none, or none yet."""
    meeting = await session.ask(f"/meetings/{safe(meeting_id)}")
    if has_sentences(_sentences_in(told_by(meeting))):
        return meeting
    try:
        answer = await session.ask(f"/transcripts/meeting/{safe(meeting_id)}")
    except UnknownUpstream:
        return None
    return answer if has_sentences(told_by(answer)) else None


async def recordings_of(session: Session, meeting_id: str) -> Sequence[Mapping[str, Any]]:
    """None where there are none, or none yet."""
    listed = await session.told(f"/recordings/meeting/{safe(meeting_id)}")
    if listed is None:
        return ()
    if isinstance(listed, dict):
        listed = listed.get("recordings", [listed])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise undocumented("recordings")
    return listed


async def video_of(session: Session, meeting_id: str) -> str | None:
    """A fresh link; null where there is none, or none yet."""
    found = await session.told(f"/recordings/url-with-thumbnail/{safe(meeting_id)}")
    if found is None:
        found = await _by_another_id(session, meeting_id)
    url = text(found.get("video_url")) if isinstance(found, dict) else None
    if found is not None and url is None:
        raise undocumented("video_url")
    return url


def _sentences_in(meeting: object) -> object:
    """Goals and participants have texts too."""
    return meeting.get("sentenced_transcripts") if isinstance(meeting, dict) else None


async def _by_another_id(session: Session, meeting_id: str) -> Any:
    """As openapi.yaml wants it: by the id that the meeting has at Daily.co."""
    try:
        meeting = await meeting_of(session, meeting_id)
    except UnknownUpstream:
        return None
    other = next((id_ for name in _DAILY_IDS if (id_ := key_of(meeting.get(name)))), "")
    return await session.told(f"/recordings/url-with-thumbnail/{safe(other)}") if other else None
