"""Which meetings ended, and the answers that stand for the events that should have told of it.

A meeting that ended has up to four: its end, its transcript, its recording and its analysis. Whether there is
one of the last three is known only when it is asked for.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from infra.providers.asking import Answer
from infra.providers.base import Ended, FinalEvent, UnknownUpstream
from infra.providers.pages import Page, items_of_pages
from infra.providers.secrets import without_secrets
from infra.providers.waterr.files import recordings_of, transcript_of
from infra.providers.waterr.session import Session, safe, told_by, undocumented
from schemas.envelope import derived_id
from schemas.identity import NotAnEvent
from schemas.lenient import moment, parse_json
from schemas.naming import key_of
from schemas.waterr.events import ANALYSED, ENDED, RECORDED, TRANSCRIBED, meaning

_PREFIX: Final = "waterr."
_FINAL: Final = (ENDED, TRANSCRIBED, RECORDED, ANALYSED)
_PER_PAGE: Final = 100
_LISTS: Final = ("meetings", "items", "results", "rows")


async def ended(session: Session, since: datetime) -> AsyncIterator[Ended]:
    """As `ProviderApi.ended`."""
    async for meeting in _meetings(session, since):
        at = moment(meeting.get("ended_at"))
        if meeting.get("status") == "ended" and (at is None or at >= since):
            for name in _FINAL:
                yield Ended(key_of(meeting["id"]), _PREFIX + name, at)


async def final_event(session: Session, meeting_id: str, event_type: str) -> FinalEvent | None:
    """As `ProviderApi.final_event`: what the event tells of, and the end of the meeting for all others."""
    name = meaning(event_type.removeprefix(_PREFIX))
    if name not in _ANSWERS:
        meeting = (await session.ask(f"/meetings/{safe(meeting_id)}")).body
        is_over = _fields(meeting).get("status") == "ended"
        return _event(ENDED, meeting_id, meeting) if is_over else None
    answer = await _ANSWERS[name](session, meeting_id)
    return None if answer is None else _event(name, meeting_id, answer.body)


async def _recorded(session: Session, meeting_id: str) -> Answer | None:
    found = await recordings_of(session, meeting_id)
    return await session.ask(f"/recordings/meeting/{safe(meeting_id)}") if found else None


async def _analysed(session: Session, meeting_id: str) -> Answer | None:
    try:
        return await session.ask(f"/analyses/meeting/{safe(meeting_id)}")
    except UnknownUpstream:
        return None


_ANSWERS: Final[Mapping[str, Callable[[Session, str], Awaitable[Answer | None]]]] = {
    TRANSCRIBED: transcript_of,
    RECORDED: _recorded,
    ANALYSED: _analysed,
}


def _event(name: str, meeting_id: str, answer: bytes) -> FinalEvent:
    kept = without_secrets(parse_json(answer), untouched=("sentenced_transcripts",))
    body = json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return FinalEvent(_PREFIX + name, body, id=derived_id("waterr", name, meeting_id))


def _fields(answer: bytes) -> Mapping[str, Any]:
    try:
        value = parse_json(answer)
    except NotAnEvent:
        raise undocumented("data") from None
    inside = value.get("data", value) if isinstance(value, dict) else None
    if not isinstance(inside, dict):
        raise undocumented("data")
    return inside


def _meetings(session: Session, since: datetime) -> AsyncIterator[Mapping[str, Any]]:
    """All that the list has, as far as it must be read. Where pages are not heeded the second is the last."""
    seen: set[str] = set()

    async def page(place: str | None) -> Page[Mapping[str, Any]]:
        number = int(place or 1)
        answer = await session.ask("/meetings", {"page": str(number), "limit": str(_PER_PAGE)})
        listed = _listed(told_by(answer))
        new = [one for one in listed if key_of(one["id"]) not in seen]
        seen.update(key_of(one["id"]) for one in listed)
        goes_on = bool(new) and not _all_before(since, listed)
        return Page(new, str(number + 1) if goes_on else None)

    return items_of_pages(page)


def _listed(told: object) -> Sequence[Mapping[str, Any]]:
    if isinstance(told, dict):
        told = next((told[name] for name in _LISTS if isinstance(told.get(name), list)), None)
    if not isinstance(told, list):
        raise undocumented("meetings")
    for one in told:
        if not isinstance(one, dict) or not key_of(one.get("id")):
            raise undocumented("meetings[].id")
    return told


def _all_before(since: datetime, listed: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a page that is in order, the newest first, and what comes after it are too old to count."""
    made = [moment(one.get("created_at")) for one in listed]
    ended = [moment(one.get("ended_at")) for one in listed if one.get("status") == "ended"]
    known = [at for at in made if at is not None]
    in_order = len(known) == len(made) > 1 and known == sorted(known, reverse=True) and known[0] > known[-1]
    return in_order and known[0] < since and all(at is not None and at < since for at in ended)
