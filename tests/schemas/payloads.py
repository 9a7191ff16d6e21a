"""Small bodies for tests, and the record that a receiver would have made of one."""

import json
from typing import Any, Final

from schemas.envelope import Record, event_headers
from schemas.meeting import Observation
from schemas.meeting_baas import observe

BOT: Final = "7d1c0f52-5b0e-4f0a-9a58-2f6f3f1f7c11"
CALENDAR: Final = "cal_90210launch"
AT: Final = "2026-03-02T10:00:01.266Z"


def encode(value: object) -> bytes:
    return json.dumps(value).encode()


def event(name: object, *, bot_id: object = BOT, **data: Any) -> bytes:
    return encode({"event": name, "data": {"bot_id": bot_id, **data}})


def status(code: object, *, created_at: object = AT, **more: Any) -> bytes:
    return event("bot.status_change", status={"code": code, "created_at": created_at, **more})


def record(body: bytes, type: str = "bot.status_change") -> Record:  # noqa: A002 the attribute's name
    headers = event_headers(
        id="7", source="/webhooks/meeting-baas", type=f"meeting-baas.{type}", subject="", time=AT
    )
    return Record("meetings.webhooks", 0, 1, BOT, 1_772_445_601_266, headers, body)


def observed(body: bytes) -> Observation:
    observation = observe(record(body))
    assert observation is not None
    return observation
