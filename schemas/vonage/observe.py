"""What a callback of Vonage's says about its meeting, and what an answer of an API says in its place.

A meeting is a session. The final event of one of which no callback told is the API's answer: Vonage's list of
its archives, or the meeting as 23blocks has it.
"""

from collections.abc import Iterator
from typing import Final

from schemas.envelope import Record
from schemas.identity import BrokenEvent, NotAnEvent
from schemas.lenient import number, text
from schemas.meeting import Observation, State
from schemas.naming import key_of
from schemas.vonage import twentythree_blocks
from schemas.vonage.archives import RUNNING, links_of, transcript_of
from schemas.vonage.events import ARCHIVE, EVENTS, SESSION, SESSION_DESTROYED, Fields
from schemas.vonage.identify import PROVIDER, identify, object_of
from schemas.vonage.values import moment_of

_LONGEST_DETAIL: Final = 200


def observe(record: Record) -> Observation | None:
    """Null for what names no session. Raises `BrokenEvent`."""
    category, _, name = record.type.removeprefix(f"{PROVIDER}.").partition(".")
    try:
        fields = object_of(record.value)
        if twentythree_blocks.is_meeting(fields):
            return twentythree_blocks.observe(fields, record.key, f"{category}.{name}")
        if isinstance(fields.get("items"), list):
            return _observe_list(list(_objects(fields["items"])), record.key, f"{category}.{name}")
        identity = identify(record.value, category)
    except NotAnEvent as error:
        raise BrokenEvent("unknown", (str(error),)) from error
    if not identity.key:
        return None
    if category == ARCHIVE:
        return _observe_archive(identity.key, name, fields)
    at = moment_of(fields.get("timestamp")) or moment_of(fields.get("updatedAt"))
    return Observation(
        provider=PROVIDER,
        meeting_id=identity.key,
        type=f"{category}.{name}",
        at=at,
        says=EVENTS.get(category, {}).get(name),
        part=SESSION,
        detail=_detail(fields),
        joined_at=at if name == "sessionCreated" else None,
        ended_at=at if name in (SESSION_DESTROYED, "connectionDestroyed") else None,
    )


def _observe_archive(session: str, name: str, archive: Fields) -> Observation:
    at = moment_of(archive.get("updatedAt"))
    created = moment_of(archive.get("createdAt"))
    reason, says = text(archive.get("reason")), EVENTS[ARCHIVE].get(name)
    transcription = archive.get("transcription")
    its = text(transcription.get("status")) if isinstance(transcription, dict) else None
    return Observation(
        provider=PROVIDER,
        meeting_id=session,
        type=f"{ARCHIVE}.{name}",
        at=at or (created if name == "started" else None),
        says=says,
        part=f"{ARCHIVE} {key_of(archive.get('id'))}",
        detail=", ".join(filter(None, (reason, its and f"transcription {its}")))[:_LONGEST_DETAIL],
        error=f"archive.{name}" if says is State.FAILED else None,
        message=reason if says is State.FAILED else None,
        joined_at=created if name == "started" else None,
        duration_seconds=number(archive.get("duration")) or None,
        links=tuple(links_of(archive)),
        transcript=transcript_of(archive),
    )


def _observe_list(archives: list[Fields], session: str, type_: str) -> Observation | None:
    """All archives of one session, the newest first."""
    its = [one for one in archives if key_of(one.get("sessionId")) == session]
    if not its or not session:
        return None
    statuses = {one.get("status") for one in its}
    over = statuses.isdisjoint(RUNNING)
    failed = over and statuses == {"failed"}
    began = [at for one in its if (at := moment_of(one.get("createdAt")))]
    lasted = [number(one.get("duration")) or 0 for one in its]
    return Observation(
        provider=PROVIDER,
        meeting_id=session,
        type=type_,
        at=max((at for one in its if (at := moment_of(one.get("updatedAt")))), default=None),
        says=(State.FAILED if failed else State.COMPLETED) if over else None,
        detail=f"{len(its)} archives" if len(its) > 1 else "1 archive",
        error="archive.failed" if failed else None,
        message=text(its[0].get("reason")) if failed else None,
        joined_at=min(began, default=None),
        duration_seconds=sum(lasted) or None,
        links=tuple(link for one in its for link in links_of(one)),
        transcript=next((found for one in its if (found := transcript_of(one))), None),
    )


def _objects(items: list[object]) -> Iterator[Fields]:
    return (item for item in items if isinstance(item, dict))


def _detail(fields: Fields) -> str:
    """Why, what state, or what sort of stream: nothing that the application put there."""
    stream = fields.get("stream")
    call = ", ".join(
        str(value) for name in ("state", "reason_code", "reason_message") if (value := _own(fields, name))
    )
    sort = stream.get("videoType") if isinstance(stream, dict) else None
    language = fields.get("languageCode")
    return (text(fields.get("reason")) or call or text(sort) or text(language) or "")[:_LONGEST_DETAIL]


def _own(fields: Fields, name: str) -> object:
    """Beside the call or in it."""
    call = fields.get("call")
    return fields.get(name) or (call.get(name) if isinstance(call, dict) else None)
