"""Which sessions ended, and the answers that stand for the events that should have told of it.

An ended session has up to five: its end, its recordings, transcript, summary and chat. Whether there is one
of the last three is known only when it is asked for.
"""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from infra.providers.asking import Answer
from infra.providers.base import Ended, FinalEvent, UnknownUpstream
from infra.providers.realtimekit.files import file_answer, links_in, listed, listed_recordings, recordings
from infra.providers.realtimekit.session import Session, data_of, safe, undocumented
from infra.providers.secrets import without_secrets
from schemas.envelope import derived_id
from schemas.lenient import moment, text
from schemas.realtimekit.events import ENDED, ERRORED, FILES, RECORDING, UPLOADED

_PREFIX: Final = "realtimekit."
_LONGEST_SESSION: Final = timedelta(days=1)
"""Lists are by when a session or a recording began; a recording may take a day."""

_FILES_ARE_THERE_AFTER: Final = timedelta(hours=6)
"""Nothing tells that a transcript, a summary or a chat will not come: those that do take minutes."""


async def ended(session: Session, since: datetime) -> AsyncIterator[Ended]:
    """As `ProviderApi.ended`."""
    began = (since - _LONGEST_SESSION).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    query = {"status": "ENDED", "start_time": began, "sort_by": "createdAt", "sort_order": "DESC"}
    async for one in listed(session, "/sessions", query, "sessions"):
        at = moment(one.get("ended_at"))
        if at is None or at >= since:
            for name in (ENDED, *FILES):
                yield Ended(_id(one, "id"), _PREFIX + name, at)
    async for one in listed_recordings(session, {"start_time": began, "expired": "false"}):
        at = moment(one.get("stopped_time"))
        if one.get("status") in (UPLOADED, ERRORED) and (at is None or at >= since) and one.get("session_id"):
            yield Ended(_id(one, "session_id"), _PREFIX + RECORDING, at)


async def final_event(session: Session, session_id: str, event_type: str) -> FinalEvent | None:
    """As `ProviderApi.final_event`: what the event tells of, and the end of the session for all others."""
    name = event_type.removeprefix(_PREFIX)
    if name == RECORDING:
        return await _of_recordings(session, session_id)
    if name in FILES:
        answer = await file_answer(session, session_id, name)
        if answer is not None:
            return _of_file(answer, session_id, name)
    answer = await session.ask(f"/sessions/{safe(session_id)}")
    fields = data_of(answer)
    if fields.get("status") != "ENDED":
        return None
    if name not in FILES:
        return FinalEvent(_PREFIX + ENDED, _body(answer.fields()))
    if _is_young(fields):
        return None
    raise UnknownUpstream(f"RealtimeKit made no {FILES[name].kind} of this session.")


def _is_young(session: Mapping[str, Any]) -> bool:
    at = moment(session.get("ended_at"))
    return at is None or datetime.now(UTC) - at < _FILES_ARE_THERE_AFTER


def _may_still_come(recording: Mapping[str, Any]) -> bool:
    at = moment(recording.get("invoked_time"))
    return at is not None and datetime.now(UTC) - at < _LONGEST_SESSION + _FILES_ARE_THERE_AFTER


def _of_file(answer: Answer, session_id: str, name: str) -> FinalEvent:
    place = links_in(answer, name)[0].url.partition("?")[0]
    return FinalEvent(
        _PREFIX + name, _body(answer.fields()), id=derived_id("realtimekit", name, session_id, place)
    )


async def _of_recordings(session: Session, session_id: str) -> FinalEvent | None:
    """All of the session in one list, without those of others in the room. One that has long been about to
    begin or to be uploaded holds up no other."""
    found = await recordings(session, session_id)
    done = [one for one in found if one.get("status") in (UPLOADED, ERRORED)]
    if not done or any(one not in done and _may_still_come(one) for one in found):
        return None
    parts = sorted((_id(one, "id"), str(one["status"])) for one in done)
    webhooks = tuple(derived_id("realtimekit", RECORDING, session_id, *part) for part in parts)
    id_ = webhooks[0] if len(parts) == 1 else derived_id("realtimekit", RECORDING, session_id, *webhooks)
    return FinalEvent(_PREFIX + RECORDING, _body({"success": True, "data": done}), id_, webhooks)


def _body(answer: Mapping[str, Any]) -> bytes:
    kept = without_secrets(dict(answer), also=("storage_config", "rtmp_out_config"))
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _id(fields: Mapping[str, Any], name: str) -> str:
    value = text(fields.get(name))
    if value is None:
        raise undocumented(name)
    return value
