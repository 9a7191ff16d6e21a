"""Meeting BaaS's own API over HTTP, both generations, as it is documented; told to, it misbehaves.

Source: https://github.com/Meeting-BaaS/docs at fd14185: `openapi.json` (v1), `openapi-v2.json` (v2).
"""

import json
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from aiohttp import web

from tests.servers.answers import Answer as Answer
from tests.servers.answers import dropped as dropped
from tests.servers.answers import endless as endless
from tests.servers.answers import raw as raw
from tests.servers.answers import silent as silent
from tests.servers.answers import status as status
from tests.servers.meeting_baas_listing import OF_THE_ACCOUNT, Ending, Lists
from tests.servers.meeting_baas_transcribing import Transcribing

KEY = "mb-key-of-the-account"
ANOTHERS_SECRET = "sk-not-for-anybody-to-keep"


@dataclass(slots=True)
class Bot:
    """`files` are by field of the answer (`mp4`, `video`, …): paths at the source, "" where there is no file.

    `deleting` are the words of v1 for its next deletions, the last of them for all that follow.
    """

    id: str
    files: dict[str, str] = field(default_factory=dict)
    transcribing: Transcribing = field(default_factory=Transcribing)
    status: str = "completed"
    artifacts_deleted: bool = False
    deleting: list[str] = field(default_factory=lambda: ["deleted"])
    ending: Ending = field(default_factory=Ending)


@dataclass(frozen=True, slots=True)
class Call:
    """`name` is one of those in `serve_meeting_baas`; `at` in seconds of the monotonic clock."""

    name: str
    bot: str
    at: float
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(slots=True)
class MeetingBaasApi:
    """`source` is where the files are. All of it may be changed at any time.

    The next calls get what is in `answers`, one each; then `always`, where there is one, else what `instead`
    has for the name of the call, else the truth. In place of the truth, once all is done that was asked for,
    there may be something in `afterwards`.
    """

    url: str
    source: str
    bots: dict[str, Bot] = field(default_factory=dict)
    keys: set[str] = field(default_factory=lambda: {KEY})
    link_seconds: int = 14_400
    now: Callable[[], float] = time.time
    calls: list[Call] = field(default_factory=list)
    answers: deque[Answer] = field(default_factory=deque)
    always: Answer | None = None
    instead: dict[str, Answer] = field(default_factory=dict)
    afterwards: dict[str, Answer] = field(default_factory=dict)
    lists: Lists = field(default_factory=Lists)
    _links: Any = field(default_factory=lambda: count(1))

    def asked(self, name: str) -> int:
        return Counter(call.name for call in self.calls)[name]

    def has(self, bot: str, *, status: str = "completed", **files: str) -> Bot:
        """From now on it has a bot with these files."""
        self.bots[bot] = Bot(bot, dict(files), status=status)
        return self.bots[bot]

    def link(self, path: str) -> str:
        """To a file at the source; another one at each call."""
        signed = datetime.fromtimestamp(self.now(), UTC).strftime("%Y%m%dT%H%M%SZ")
        return (
            f"{self.source}{path}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={signed}"
            f"&X-Amz-Expires={self.link_seconds}&X-Amz-Signature=fresh{next(self._links)}"
        )


@asynccontextmanager
async def serve_meeting_baas(source: str = "https://bots-videos.example") -> AsyncIterator[MeetingBaasApi]:
    api = MeetingBaasApi("", source.rstrip("/"))
    app = web.Application(handler_args={"handler_cancellation": True})
    for method, path, name, serve in (
        ("GET", "/bots/meeting_data", "v1 meeting_data", _meeting_data),
        ("POST", "/bots/{bot}/delete_data", "v1 delete_data", _delete_data),
        ("POST", "/bots/retranscribe", "v1 retranscribe", _retranscribe),
        ("GET", "/v2/bots/{bot}", "v2 bot", _bot),
        ("GET", "/v2/bots/{bot}/status", "v2 status", _status),
        ("POST", "/v2/bots/{bot}/retranscribe", "v2 retranscribe", _retranscribe_bot),
        ("DELETE", "/v2/bots/{bot}/delete-data", "v2 delete-data", _delete_bot_data),
    ):
        app.router.add_route(method, path, _told(api, name, serve))
    for method, path, name, tell in OF_THE_ACCOUNT:
        app.router.add_route(method, path, _told(api, name, None, tell))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        api.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield api
    finally:
        await runner.cleanup()


def too_many(retry_after: int) -> Answer:
    """v2's 429, which says when in three ways."""
    error = _error(429, "FST_ERR_TOO_MANY_REQUESTS", "Too many requests") | {"retryAfter": retry_after}
    limits = {"x_ratelimit_limit": "5", "x_ratelimit_remaining": "0", "x_ratelimit_reset": str(retry_after)}
    return status(429, error, retry_after=str(retry_after), **limits)


_QUESTION = web.RequestKey("question", bytes)
_Serve = Callable[[MeetingBaasApi, web.Request, Bot], web.Response]


def _told(
    api: MeetingBaasApi,
    name: str,
    serve: _Serve | None,
    of_account: Callable[..., web.Response] | None = None,
) -> Answer:
    """`serve` is asked about a bot, `of_account` about all."""

    async def answer(request: web.Request) -> web.StreamResponse:
        is_v1 = name.startswith("v1")
        question = request[_QUESTION] = await request.read()
        bot = request.query.get("bot_id", "") or request.match_info.get("bot", "") or _bot_in(question)
        call = Call(name, bot, time.monotonic(), dict(request.query), dict(request.headers))
        api.calls.append(call)
        if api.answers:
            return await api.answers.popleft()(request)
        if api.always is not None:
            return await api.always(request)
        if name in api.instead:
            return await api.instead[name](request)
        if not _is_authentic(api, request, is_v1):
            if is_v1:
                return web.json_response({"error": "InvalidApiKey"}, status=401)
            return web.json_response(_error(403, "FST_ERR_FORBIDDEN", "Forbidden"), status=403)
        if serve is None:
            assert of_account is not None
            return of_account(api, request, question)
        if bot not in api.bots:
            if is_v1:
                return web.json_response({"error": "Bot not found"}, status=404)
            return web.json_response(_error(404, "FST_ERR_BOT_NOT_FOUND_BY_ID", "No such bot"), status=404)
        truth = serve(api, request, api.bots[bot])
        return await api.afterwards[name](request) if name in api.afterwards else truth

    return answer


def _bot_in(question: bytes) -> str:
    return str(json.loads(question).get("bot_uuid", "")) if question else ""


def _is_authentic(api: MeetingBaasApi, request: web.Request, is_v1: bool) -> bool:
    names = ["x-meeting-baas-api-key", *(["x-spoke-api-key"] if is_v1 else [])]
    return any(request.headers.get(name) in api.keys for name in names)


def _error(code: int, name: str, text: str) -> dict[str, object]:
    return {
        "success": False,
        "error": text,
        "code": name,
        "statusCode": code,
        "message": None,
        "details": None,
    }


def _meeting_data(api: MeetingBaasApi, request: web.Request, bot: Bot) -> web.Response:
    with_transcripts = request.query.get("include_transcripts", "true") != "false"
    names = (
        "mp4",
        "audio",
        "speaker_diarization_file",
        "speaker_diarization_file_network",
        "meeting_participants_file",
    )
    links = {name: api.link(path) if (path := bot.files.get(name, "")) else "" for name in names}
    its: dict[str, object] = {
        "uuid": bot.id,
        "bot_name": "Notetaker",
        "ended_at": None if bot.ending.at is None else bot.ending.at.strftime("%Y-%m-%dT%H:%M:%S"),
        "errors": bot.ending.errors,
        "extra": {},
        "speech_to_text_api_key": ANOTHERS_SECRET,
        "speech_to_text_provider": bot.transcribing.provider,
        "transcription_fails": bot.transcribing.failures,
        "zoom_sdk_pwd": ANOTHERS_SECRET,
    }
    transcripts = list(bot.transcribing.transcripts) if with_transcripts else []
    return web.json_response(
        {**links, "duration": 3600, "bot_data": {"bot": its, "event_uuid": None, "transcripts": transcripts}}
    )


def _delete_data(api: MeetingBaasApi, request: web.Request, bot: Bot) -> web.Response:
    word = bot.deleting.pop(0) if len(bot.deleting) > 1 else bot.deleting[0]
    if word == "deleted":
        bot.files.clear()
        bot.transcribing.transcripts = ()
        bot.deleting[:] = ["alreadyDeleted"]
    return web.json_response({"ok": word != "partiallyDeleted", "status": word})


def _bot(api: MeetingBaasApi, request: web.Request, bot: Bot) -> web.Response:
    names = ("video", "audio", "diarization", "raw_transcription", "transcription", "chat_messages")
    files = bot.files | ({"transcription": bot.transcribing.file} if bot.transcribing.file else {})
    links = {name: api.link(path) if (path := files.get(name, "")) else None for name in names}
    details = {
        "bot_id": bot.id,
        "bot_name": "Notetaker",
        "status": bot.status,
        "artifacts_deleted": bot.artifacts_deleted,
        "exited_at": None if bot.ending.at is None else bot.ending.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "error_code": bot.ending.code,
        "error_message": bot.ending.message,
        "transcription_provider": bot.transcribing.provider,
        "transcription_ids": None,
        **(dict.fromkeys(names) if bot.artifacts_deleted else links),
        "callback_config": {"enabled": True, "url": "https://example.com", "secret": ANOTHERS_SECRET},
    }
    return web.json_response({"success": True, "data": details})


def _delete_bot_data(api: MeetingBaasApi, request: web.Request, bot: Bot) -> web.Response:
    if bot.status not in ("completed", "failed"):
        return web.json_response(_error(409, "FST_ERR_BOT_STATUS", "Bot is not done"), status=409)
    bot.artifacts_deleted = True
    return web.json_response({"success": True, "data": {"message": "Bot data deleted"}})


def _retranscribe(api: MeetingBaasApi, request: web.Request, bot: Bot) -> web.Response:
    """It promises no JSON, and says nothing."""
    bot.transcribing.take(request[_QUESTION])
    return web.Response(status=202)


def _retranscribe_bot(api: MeetingBaasApi, request: web.Request, bot: Bot) -> web.Response:
    if request.content_type != "application/json":
        return web.json_response(_error(415, "FST_ERR_CTP_INVALID_MEDIA_TYPE", "Media type"), status=415)
    if bot.status not in ("completed", "failed"):
        return web.json_response(_error(409, "FST_ERR_BOT_STATUS", "Bot is not done"), status=409)
    bot.transcribing.take(request[_QUESTION])
    return web.json_response({"success": True, "data": {"message": "Retranscription started"}})


def _status(api: MeetingBaasApi, request: web.Request, bot: Bot) -> web.Response:
    its = {
        "bot_id": bot.id,
        "status": bot.status,
        "transcription_status": bot.transcribing.status,
        "updated_at": f"2026-01-02T03:00:00.{bot.transcribing.updated_at:06}Z",
    }
    return web.json_response({"success": True, "data": its})
