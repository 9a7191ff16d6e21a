"""Small bodies of RealtimeKit's, and what its consumers read in them."""

import json
from typing import Any, Final

from schemas.envelope import Record, event_headers
from schemas.meeting import Observation
from schemas.realtimekit import identify, observe

SESSION: Final = "05e57591-3a4c-4f6d-9b8e-2c7d1f0a5e63"
BEGAN: Final = "2026-06-03T10:00:00.000Z"
ENDED: Final = "2026-06-03T10:30:00.000Z"


def encode(value: object) -> bytes:
    return json.dumps(value).encode()


def meeting(**more: Any) -> dict[str, Any]:
    return {"id": "room-1", "sessionId": SESSION, "status": "LIVE", "startedAt": BEGAN} | more


def event(name: str, *, about: dict[str, Any] | None = None, **top: Any) -> bytes:
    return encode({"event": name, "meeting": meeting() if about is None else about, **top})


def recording(status: object, *, about: dict[str, Any] | None = None, **more: Any) -> bytes:
    its = {"id": "rec-1", "recordingId": "rec-1", "status": status, "roomUUID": SESSION} | more
    return event("recording.statusUpdate", about=about, recording=its)


def answer(data: object) -> bytes:
    return encode({"success": True, "data": data})


def record(body: bytes, name: str, key: str = SESSION) -> Record:
    headers = event_headers(
        id="7", source="/webhooks/realtimekit", type=f"realtimekit.{name}", subject=key, time=BEGAN
    )
    return Record("meetings.webhooks", 0, 1, key, 1_780_480_801_000, headers, body)


def observed(body: bytes) -> Observation:
    seen = observe(record(body, identify(body, "webhook").type))
    assert seen is not None
    return seen


def observed_answer(body: bytes, name: str) -> Observation:
    seen = observe(record(body, name))
    assert seen is not None
    return seen
