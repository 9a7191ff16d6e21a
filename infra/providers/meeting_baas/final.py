"""How a meeting ended: the answer of either generation, in place of an event that never came."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from infra.providers.base import FinalEvent
from infra.providers.meeting_baas.listing import V1_COMPLETE, V1_FAILED, V2_FINAL
from infra.providers.meeting_baas.session import safe, undocumented
from infra.providers.meeting_baas.v1 import V1
from infra.providers.meeting_baas.v2 import V2
from infra.providers.secrets import without_secrets
from schemas.envelope import derived_id
from schemas.lenient import moment, number, text

_TRANSCRIBED_WITHIN: Final = timedelta(hours=2)
"""Of a meeting that is to have a transcript, which the API does not have yet."""

_CONFIGURED: Final = frozenset(
    (
        *("webhook_url", "callback_config", "transcription_custom_parameters"),
        *("streaming_input", "streaming_output", "zoom_config", "zoom_sdk_id", "bots_api_key"),
    )
)
"""Fields of the bot's own settings, in which there may be URLs with a token, or anything at all."""


async def final_event_in_v2(api: V2, meeting_id: str) -> FinalEvent | None:
    answer = (await api.session.ask(api.pace, "GET", f"/v2/bots/{safe(meeting_id)}", {})).fields()
    bot = answer.get("data")
    if not isinstance(bot, dict):
        raise undocumented("data")
    type_ = V2_FINAL.get(str(bot.get("status")))
    if type_ is None:
        return None
    deleted = bot.get("artifacts_deleted") is True or bot.get("data_deleted") is True
    return FinalEvent(type_, _body(answer), deleted=deleted)


async def final_event_in_v1(api: V1, meeting_id: str) -> FinalEvent | None:
    """v1 does not say how a bot ended: files say that it went well, `errors` that it did not."""
    query = {"bot_id": safe(meeting_id), "include_transcripts": "true"}
    answer = (await api.session.ask(api.pace, "GET", "/bots/meeting_data", query)).fields()
    kept = answer.get("bot_data")
    bot = kept.get("bot") if isinstance(kept, dict) else None
    if not isinstance(kept, dict) or not isinstance(bot, dict):
        raise undocumented("bot_data.bot")
    ended_at = moment(bot.get("ended_at"))
    if text(answer.get("mp4")) or text(answer.get("audio")):
        if ended_at is None or (_waits_for_transcript(kept, bot) and _is_young(ended_at)):
            return None
        return FinalEvent(V1_COMPLETE, _body(answer))
    error = text(bot.get("errors"))
    if error is None:
        return None
    return FinalEvent(V1_FAILED, _body(answer), id=derived_id("meeting-baas", "failed", meeting_id, error))


def _waits_for_transcript(kept: Mapping[str, Any], bot: Mapping[str, Any]) -> bool:
    is_wanted = text(bot.get("speech_to_text_provider")) is not None
    return is_wanted and not kept.get("transcripts") and not number(bot.get("transcription_fails"))


def _is_young(ended_at: datetime) -> bool:
    return datetime.now(UTC) - ended_at < _TRANSCRIBED_WITHIN


def _body(answer: Mapping[str, Any]) -> bytes:
    kept = without_secrets(dict(answer), also=_CONFIGURED, untouched=("extra", "transcripts", "tokens"))
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
