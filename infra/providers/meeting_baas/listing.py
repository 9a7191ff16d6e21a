"""Which meetings ended, by the lists of both generations.

v1's `GET /bots/bots_with_metadata` tells neither how a bot ended nor what there is of it; v2's `GET /v2/bots`
tells its status. Contradictions observed: the next page is `next_cursor` or `nextCursor` in v1, `cursor` or
`next_cursor` in v2; v1's bots are under `bots` or `recent_bots`, their `id` may be a number that is not the
bot's own; `transcription_failed` is a status in v2's SDK only, which its API may refuse as a filter.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from infra.errors import Poison
from infra.providers.base import Ended, KeyRefused, UnknownUpstream
from infra.providers.meeting_baas.session import undocumented
from infra.providers.meeting_baas.v1 import V1
from infra.providers.meeting_baas.v2 import V2
from infra.providers.pages import Page, items_of_pages
from schemas.lenient import moment, text

COMPLETED: Final = "meeting-baas.bot.completed"
FAILED: Final = "meeting-baas.bot.failed"
V1_COMPLETE: Final = "meeting-baas.complete"
V1_FAILED: Final = "meeting-baas.failed"

V2_FINAL: Final[Mapping[str, str]] = {
    "completed": COMPLETED,
    "failed": FAILED,
    "transcription_failed": FAILED,
}
"""By a bot's status, the event that should have told of it."""

_DOCUMENTED: Final = ("completed", "failed")
_V1_PAGE: Final = "50"
_V2_PAGE: Final = "250"


async def ended(v1: V1, v2: V2, since: datetime) -> AsyncIterator[Ended]:
    """As `ProviderApi.ended`. An account may have a key for one generation only."""
    refused: list[KeyRefused | UnknownUpstream] = []
    for meetings in (_ended_in_v2(v2, since), _ended_in_v1(v1, since)):
        try:
            async for one in meetings:
                if one.ended_at is None or one.ended_at >= since:
                    yield one
        except (KeyRefused, UnknownUpstream) as error:
            refused.append(error)
    if len(refused) == 2:
        raise refused[0]


async def _ended_in_v2(api: V2, since: datetime) -> AsyncIterator[Ended]:
    came = False
    try:
        async for bot in _bots_of_v2(api, since, tuple(V2_FINAL)):
            came = True
            yield bot
    except UnknownUpstream:
        raise
    except Poison:
        if came:
            raise
        async for bot in _bots_of_v2(api, since, _DOCUMENTED):
            yield bot


async def _bots_of_v2(api: V2, since: datetime, statuses: Sequence[str]) -> AsyncIterator[Ended]:
    query = {
        "status": ",".join(statuses),
        "ended_after": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "limit": _V2_PAGE,
    }

    async def ask(cursor: str | None) -> Page[Any]:
        place = {} if cursor is None else {"cursor": cursor}
        fields = (await api.session.ask(api.pace, "GET", "/v2/bots", query | place)).fields()
        return Page(_listed(fields, "data"), text(fields.get("cursor")) or text(fields.get("next_cursor")))

    async for bot in items_of_pages(ask, pause_seconds=api.session.pause_seconds):
        status = bot.get("status")
        if status in V2_FINAL:
            at = moment(bot.get("ended_at")) or moment(bot.get("exited_at"))
            yield Ended(_id(bot, "bot_id"), V2_FINAL[status], at)


async def _ended_in_v1(api: V1, since: datetime) -> AsyncIterator[Ended]:
    query = {"ended_after": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"), "limit": _V1_PAGE}

    async def ask(cursor: str | None) -> Page[Any]:
        place = {} if cursor is None else {"cursor": cursor}
        fields = (await api.session.ask(api.pace, "GET", "/bots/bots_with_metadata", query | place)).fields()
        name = "bots" if "bots" in fields else "recent_bots"
        return Page(_listed(fields, name), text(fields.get("next_cursor")) or text(fields.get("nextCursor")))

    async for bot in items_of_pages(ask, pause_seconds=api.session.pause_seconds):
        at = moment(bot.get("ended_at"))
        if at is not None:
            yield Ended(_id(bot, "uuid", "id"), V1_COMPLETE, at)


def _listed(fields: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    found = fields.get(name)
    if not isinstance(found, list) or not all(isinstance(bot, dict) for bot in found):
        raise undocumented(name)
    return found


def _id(bot: Mapping[str, Any], *names: str) -> str:
    for name in names:
        value = bot.get(name)
        if isinstance(value, str | int) and value:
            return str(value)
    raise undocumented(names[0])
