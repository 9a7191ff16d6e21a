"""Lists of Meeting BaaS's bots, both generations, newest first and in pages; and the account's webhook URL.

Source: https://github.com/Meeting-BaaS/docs at fd14185: `openapi.json` (`GET /bots/bots_with_metadata`, the
schemas of `/accounts/webhook_url`), `openapi-v2.json` (`GET /v2/bots`). A cursor is the place after a bot:
what is added before it does not move what comes after it.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

if TYPE_CHECKING:
    from tests.servers.meeting_baas_api import Bot, MeetingBaasApi

LONG_AGO: Final = datetime(2026, 1, 2, 4, 4, 5, tzinfo=UTC)
_DOCUMENTED: Final = {"completed", "failed", "queued", "transcribing", "in_call_recording"}


@dataclass(slots=True)
class Ending:
    """When and how a bot ended; `at` is null while it has not. `generation` says whose list it is on.

    `errors` is v1's word for why it failed, `code` and `message` are v2's.
    """

    at: datetime | None = LONG_AGO
    generation: int = 2
    errors: str | None = None
    code: str | None = None
    message: str | None = None


@dataclass(slots=True)
class Lists:
    """`page` is how many bots there are on one at most, `before_page` is called with its number (from 0 on,
    over all lists) before it is given. `twice` are bots that stand on all pages after theirs, too.

    `forgets_cursors` answers every cursor with 400, `ignores_cursors` with the first page. `webhook_url` is
    the account's.
    """

    page: int = 250
    before_page: Callable[[int], None] = lambda number: None
    pages: int = 0
    twice: set[str] = field(default_factory=set)
    forgets_cursors: bool = False
    ignores_cursors: bool = False
    webhook_url: str | None = None


def bots_of_v2(api: "MeetingBaasApi", request: web.Request, question: bytes) -> web.Response:
    wanted = {status for status in request.query.get("status", "").split(",") if status}
    if not wanted <= _DOCUMENTED:
        return _refused("status: invalid value")
    found = [bot for bot in _ended_after(api, request, 2) if (not wanted or bot.status in wanted)]
    page = _page(api, request, found)
    if page is None:
        return _refused("cursor: invalid value")
    bots, cursor = page
    items = [
        {
            "bot_id": bot.id,
            "bot_name": "Notetaker",
            "status": bot.status,
            "ended_at": _iso(bot.ending.at),
            "created_at": _iso(bot.ending.at),
            "duration": 3600,
            "error_code": bot.ending.code,
            "error_message": bot.ending.message,
            "extra": None,
        }
        for bot in bots
    ]
    return web.json_response({"success": True, "data": items, "cursor": cursor, "prev_cursor": None})


def bots_of_v1(api: "MeetingBaasApi", request: web.Request, question: bytes) -> web.Response:
    page = _page(api, request, _ended_after(api, request, 1))
    if page is None:
        return web.json_response({"error": "Invalid cursor"}, status=400)
    bots, cursor = page
    items: list[dict[str, Any]] = [
        {"id": 17, "uuid": bot.id, "bot_name": "Notetaker", "ended_at": _iso(bot.ending.at), "extra": {}}
        for bot in bots
    ]
    return web.json_response({"bots": items, "next_cursor": cursor})


def webhook_url(api: "MeetingBaasApi", request: web.Request, question: bytes) -> web.Response:
    return web.json_response({"webhook_url": api.lists.webhook_url})


def set_webhook_url(api: "MeetingBaasApi", request: web.Request, question: bytes) -> web.Response:
    api.lists.webhook_url = json.loads(question)["webhook_url"]
    return web.Response(status=200)


OF_THE_ACCOUNT: Final[Sequence[tuple[str, str, str, Callable[..., web.Response]]]] = (
    ("GET", "/v2/bots", "v2 bots", bots_of_v2),
    ("GET", "/bots/bots_with_metadata", "v1 bots", bots_of_v1),
    ("GET", "/accounts/webhook_url", "v1 webhook_url", webhook_url),
    ("POST", "/accounts/webhook_url", "v1 set webhook_url", set_webhook_url),
)


def _ended_after(api: "MeetingBaasApi", request: web.Request, generation: int) -> list["Bot"]:
    since = datetime.fromisoformat(request.query["ended_after"])
    since = since if since.tzinfo else since.replace(tzinfo=UTC)
    ended = [bot for bot in api.bots.values() if bot.ending.generation == generation]
    ended = [bot for bot in ended if bot.ending.at is not None and bot.ending.at >= since]
    return sorted(ended, key=_place, reverse=True)


def _page(
    api: "MeetingBaasApi", request: web.Request, bots: list["Bot"]
) -> "tuple[list[Bot], str | None] | None":
    """Null where the cursor is not known."""
    lists, cursor = api.lists, request.query.get("cursor")
    lists.before_page(lists.pages)
    lists.pages += 1
    most = min(lists.page, int(request.query.get("limit", "50")))
    first: Sequence[Bot] = bots
    repeated: list[Bot] = []
    if cursor is not None and not lists.ignores_cursors:
        place = _read(cursor)
        if place is None or lists.forgets_cursors:
            return None
        first = [bot for bot in bots if _place(bot) < place]
        repeated = [bot for bot in bots if bot.id in lists.twice and _place(bot) >= place]
    shown = list(first[:most])
    more = len(first) > most
    return [*repeated, *shown], _written(shown[-1]) if more else None


def _place(bot: "Bot") -> tuple[str, str]:
    return _iso(bot.ending.at) or "", bot.id


def _written(bot: "Bot") -> str:
    return base64.b64encode("::".join(_place(bot)).encode()).decode()


def _read(cursor: str) -> tuple[str, str] | None:
    try:
        at, _, bot = base64.b64decode(cursor).decode().partition("::")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return at, bot


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _refused(why: str) -> web.Response:
    error: dict[str, Any] = {"success": False, "error": why, "code": "FST_ERR_VALIDATION", "statusCode": 400}
    return web.json_response(error, status=400)
