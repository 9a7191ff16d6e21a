"""An answer of Meeting BaaS's API as the event that it stands for, where that event never came.

v2's `GET /v2/bots/{bot_id}` says what `bot.completed` and `bot.failed` say, under the same names. v1's
`GET /bots/meeting_data` (`Metadata` in `openapi.json`) has names of its own, and the id of the bot only under
`bot_data.bot`; its transcript is in the answer itself.
"""

from typing import Annotated, Any, Final

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from schemas.meeting_baas.payload import Fields, Leniently


class _Bot(TypedDict, total=False):
    bot_joined_at: Any
    bot_exited_at: Any
    ended_at: Any
    errors: Any


class _Unread(TypedDict):
    """A segment: that there is one is all that matters here."""


class _Kept(TypedDict, total=False):
    bot: Annotated[_Bot | Any, Leniently]
    transcripts: Annotated[list[_Unread] | Any, Leniently]


class _Answer(TypedDict, total=False):
    mp4: Any
    audio: Any
    duration: Any
    bot_data: Annotated[_Kept | Any, Leniently]


_ANSWER: Final = TypeAdapter[Any](_Answer)


def fields_of_v1(body: bytes, bot_id: str) -> Fields | None:
    """What v1's answer says about the bot, by the names of a webhook; null where it is none.

    `rest_transcript` is true where there is one in it.
    """
    try:
        answer = _ANSWER.validate_json(body)
    except ValueError:
        return None
    kept = answer.get("bot_data")
    bot = kept.get("bot") if isinstance(kept, dict) else None
    if not isinstance(bot, dict):
        return None
    said = {
        "bot_id": bot_id,
        "mp4": answer.get("mp4"),
        "audio": answer.get("audio"),
        "duration_seconds": answer.get("duration"),
        "joined_at": bot.get("bot_joined_at"),
        "exited_at": bot.get("bot_exited_at"),
        "ended_at": bot.get("ended_at"),
        "error": None if answer.get("mp4") or answer.get("audio") else bot.get("errors"),
        "rest_transcript": bool(kept.get("transcripts")),
    }
    return {name: value for name, value in said.items() if value is not None}
