"""Vonage Video's callbacks: their categories, their events and statuses, and what these speak for.

Source: https://developer.vonage.com/en/video/guides/session-monitoring, …/archiving/overview,
…/transcription, …/live-caption, …/service-disruption-callbacks; https://tokbox.com/developer/callbacks;
the SDKs of both worlds (https://github.com/Vonage/vonage-python-sdk at b308cb1,
https://github.com/opentok/Opentok-Python-SDK at 2cf018f).

Contradictions observed, and what is done about them:
- there is no common envelope: `event` names what came in some categories, `status` in others; a category is
  told by the body, and by the callback's URL only where the body does not tell (a SIP failure comes to the
  URL for sessions)
- the project is `projectId` (text or number, once even twice in one body), `partnerId` or `applicationId`
- `createdAt` of an archive is when it was asked for in a callback, when it began in the API: no key is made
  of it, and no time where there is an `updatedAt`
- `duration` is in seconds, but for one old page
- `deleted` is in the SDK and not in the OpenAPI document: both it and `expired` are read
- `uploaded` or `available` may come before `stopped`; `started` and `paused` may come again
- captions have `captionId` in callbacks, `captionsId` in answers
- the reason of a session that the platform ended is `forceDisconnected` or `Internal server failure`: it is
  shown, and decides nothing
"""

from collections.abc import Mapping
from typing import Any, Final

from schemas.meeting import State

Fields = Mapping[str, Any]

SESSION: Final = "session"
ARCHIVE: Final = "archive"
BROADCAST: Final = "broadcast"
CAPTIONS: Final = "captions"
SIP: Final = "sip"
RENDER: Final = "render"
CATEGORIES: Final = (SESSION, ARCHIVE, BROADCAST, CAPTIONS, SIP, RENDER)
"""Each has a callback URL, and a signature secret, of its own."""

SESSION_DESTROYED: Final = "sessionDestroyed"

EVENTS: Final[Mapping[str, Mapping[str, State | None]]] = {
    SESSION: {
        "sessionCreated": State.LIVE,
        SESSION_DESTROYED: State.COMPLETED,
        "connectionCreated": None,
        "connectionDestroyed": None,
        "streamCreated": None,
        "streamDestroyed": None,
        "sessionNotification": None,
    },
    ARCHIVE: {
        "started": State.LIVE,
        "paused": State.LIVE,
        "stopped": State.PROCESSING,
        "available": State.COMPLETED,
        "uploaded": State.COMPLETED,
        "failed": State.FAILED,
        "expired": None,
        "deleted": None,
    },
    BROADCAST: dict.fromkeys(("started", "stopped", "failed")),
    CAPTIONS: dict.fromkeys(("started", "stopped", "paused", "failed")),
    SIP: dict.fromkeys(("callCreated", "callUpdated", "callDestroyed", "muteForced")),
    RENDER: dict.fromkeys(("starting", "started", "stopped", "failed")),
}
"""What is known of each category, with the state of the meeting that it speaks for."""

NAMED_BY: Final[Mapping[str, str]] = {SESSION: "event", SIP: "event"}
"""The field that has the name; of the other categories it is `status`."""

_OWN_EVENT: Final = (ARCHIVE, BROADCAST, CAPTIONS, RENDER)


def category_of(fields: Fields, channel: str) -> str:
    """One of `CATEGORIES`; "other" where neither the body nor the URL (`channel`) tells."""
    event = fields.get("event")
    if isinstance(event, str):
        if event in _OWN_EVENT:
            return event
        named = next((each for each in NAMED_BY if event in EVENTS[each]), None)
        if named is not None:
            return named
    if "captionId" in fields or "captionsId" in fields:
        return CAPTIONS
    if "broadcastUrls" in fields:
        return BROADCAST
    if isinstance(fields.get("call"), dict):
        return SIP
    return channel if channel in CATEGORIES else "other"


def name_of(category: str, fields: Fields) -> object:
    """What the event calls itself, whatever it is."""
    named_by = NAMED_BY.get(category, "status")
    return fields.get(named_by) or fields.get("event") or fields.get("status")


def project_of(fields: Fields) -> str:
    """The project or application, by whatever name; "" where it is not told."""
    for name in ("applicationId", "projectId", "partnerId"):
        if isinstance(value := fields.get(name), str | int) and value:
            return str(value)
    return ""
