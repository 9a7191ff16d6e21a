"""RealtimeKit's API and its published key over HTTP, as they are documented; told to, they misbehave.

Source: https://github.com/cloudflare/cloudflare-typescript at faaaf89: `src/resources/realtime-kit/`;
https://github.com/cloudflare/cloudflare-docs at 1ab5188: `realtime/realtimekit/webhooks.mdx`.
"""

import base64
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import Any

from aiohttp import web

from infra.providers.realtimekit import own_key
from tests.servers.answers import Answer

TOKEN = "token-of-the-account"
STORAGE_SECRET = "not-for-anybody-to-keep"
BASE = "/client/v4/accounts/acc0/realtime/kit/app0"
KEY = "/.well-known/webhooks.json"


@dataclass(slots=True)
class Kit:
    """`files` are paths at the source by name (`transcript`, `summary`, `chat`); one that is not there yet is
    answered 404, or without a link where `empty` has its name.

    The next calls get what is in `answers`, one each; then what `instead` has for the name of the call, else
    the truth. `key` is what is published: PEM of a private key of ours, the same each time.
    """

    url: str
    source: str
    key: bytes = field(default_factory=cache(own_key.made))
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    recordings: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, dict[str, str]] = field(default_factory=dict)
    webhooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    empty: set[str] = field(default_factory=set)
    page_size: int = 50
    calls: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    answers: deque[Answer] = field(default_factory=deque)
    instead: dict[str, Answer] = field(default_factory=dict)
    _links: Any = field(default_factory=lambda: count(1))

    @property
    def api_url(self) -> str:
        return self.url + BASE

    @property
    def key_url(self) -> str:
        return self.url + KEY

    def asked(self, name: str) -> int:
        return Counter(call[0] for call in self.calls)[name]

    def has(
        self, session: str, *, room: str = "room-1", status: str = "ENDED", **files: str
    ) -> dict[str, Any]:
        """From now on it has a session in a room, with these files."""
        self.sessions[session] = {
            "id": session,
            "associated_id": room,
            "meeting_display_name": "Weekly sync",
            "type": "meeting",
            "status": status,
            "created_at": "2026-06-03T10:00:00.000Z",
            "started_at": "2026-06-03T10:00:00.000Z",
            "ended_at": "2026-06-03T10:30:00.000Z" if status == "ENDED" else None,
            "updated_at": "2026-06-03T10:30:01.000Z",
            "live_participants": 0,
            "max_concurrent_participants": 2,
            "minutes_consumed": 60,
            "organization_id": "org-1",
        }
        self.files[session] = files
        return self.sessions[session]

    def records(
        self, session: str, name: str, *, status: str = "UPLOADED", video: str = "", audio: str = ""
    ) -> None:
        """From now on a session has one more recording, whose id is `name`; without files it is in
        its owner's storage."""
        self.recordings.append(
            {
                "id": name,
                "session_id": session,
                "status": status,
                "room": self.sessions[session]["associated_id"],
                "video": video,
                "audio": audio,
                "invoked_time": "2026-06-03T09:59:58.000Z",
                "started_time": "2026-06-03T10:00:00.000Z",
                "stopped_time": "2026-06-03T10:30:00.000Z",
                "output_file_name": f"{name}.mp4",
                "file_size": 2044680,
                "recording_duration": 0,
                "start_reason": {"reason": "RECORD_ON_START", "caller": {"type": "ORGANIZATION"}},
                "stop_reason": {"reason": "ALL_PEERS_LEFT"},
                "storage_config": {
                    "type": "aws",
                    "bucket": "ours",
                    "path": "calls",
                    "secret": STORAGE_SECRET,
                },
            }
        )

    def link(self, path: str) -> str:
        """To a file at the source; another one at each call."""
        return f"{self.source}{path}?X-Amz-Signature=fresh{next(self._links)}"

    def signs(self, body: bytes) -> str:
        return base64.b64encode(own_key.signature(self.key, body)).decode()


@asynccontextmanager
async def serve_realtimekit(source: str = "https://media.example") -> AsyncIterator[Kit]:
    kit = Kit("", source.rstrip("/"))
    app = web.Application(handler_args={"handler_cancellation": True})
    for method, path, name, serve in (
        ("GET", BASE + "/sessions", "sessions", _sessions),
        ("GET", BASE + "/sessions/{session}", "session", _session),
        ("GET", BASE + "/sessions/{session}/transcript", "transcript", _transcript),
        ("GET", BASE + "/sessions/{session}/summary", "summary", _summary),
        ("GET", BASE + "/sessions/{session}/chat", "chat", _chat),
        ("GET", BASE + "/recordings", "recordings", _recordings),
        ("GET", BASE + "/webhooks", "webhooks", _webhooks),
        ("POST", BASE + "/webhooks", "add webhook", _add_webhook),
        ("PATCH", BASE + "/webhooks/{webhook}", "set webhook", _set_webhook),
        ("GET", KEY, "key", _key),
    ):
        app.router.add_route(method, path, _told(kit, name, serve))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        kit.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield kit
    finally:
        await runner.cleanup()


def status(code: int, body: object = None, **headers: str) -> Answer:
    """`retry_after="3"` is `Retry-After: 3`. Without a body, the gateway's own words."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    gateway = {"success": False, "errors": [{"code": code, "message": STORAGE_SECRET}]}

    async def answer(request: web.Request) -> web.Response:
        return web.json_response(gateway if body is None else body, status=code, headers=named)

    return answer


_Serve = Callable[[Kit, web.Request], Awaitable[web.Response]]


def _told(kit: Kit, name: str, serve: _Serve) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        kit.calls.append((name, request.match_info.get("session", ""), dict(request.query)))
        kit.headers.append(dict(request.headers))
        if kit.answers:
            return await kit.answers.popleft()(request)
        if name in kit.instead:
            return await kit.instead[name](request)
        if name != "key" and request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _error(401, "UNAUTHORIZED")
        session = request.match_info.get("session")
        if session is not None and session not in kit.sessions:
            return _error(404, "NOT_FOUND")
        return await serve(kit, request)

    return answer


def _error(code: int, words: str) -> web.Response:
    error = {"success": False, "error": {"code": code, "message": f"{words}: {STORAGE_SECRET}"}}
    return web.json_response(error, status=code)


def _yes(data: object, **more: object) -> web.Response:
    return web.json_response({"success": True, "data": data, **more})


async def _key(kit: Kit, request: web.Request) -> web.Response:
    return _yes({"publicKey": own_key.public_half(kit.key)}, message="")


async def _sessions(kit: Kit, request: web.Request) -> web.Response:
    since = request.query.get("start_time", "")
    found = [one for one in kit.sessions.values() if one["started_at"] >= since]
    found = [one for one in found if one["status"] == request.query.get("status", one["status"])]
    items, paging = _page(kit, request, found)
    return _yes({"sessions": items}, paging=paging)


async def _session(kit: Kit, request: web.Request) -> web.Response:
    return _yes(kit.sessions[request.match_info["session"]])


async def _recordings(kit: Kit, request: web.Request) -> web.Response:
    room, since = request.query.get("meeting_id"), request.query.get("start_time", "")
    found = [one for one in kit.recordings if room in (None, one["room"]) and one["started_time"] >= since]
    items, paging = _page(kit, request, [_recording(kit, one) for one in found])
    return _yes(items, paging=paging)


def _recording(kit: Kit, one: Mapping[str, Any]) -> Mapping[str, Any]:
    has_links = one["status"] == "UPLOADED" and (one["video"] or one["audio"])
    links = {
        "download_url": kit.link(one["video"]) if has_links and one["video"] else None,
        "audio_download_url": kit.link(one["audio"]) if has_links and one["audio"] else None,
        "download_url_expiry": "2026-06-10T10:30:00.000Z" if has_links else None,
    }
    return {name: value for name, value in one.items() if name not in ("room", "video", "audio")} | links


def _page(kit: Kit, request: web.Request, found: Sequence[Any]) -> tuple[Sequence[Any], Mapping[str, int]]:
    size = min(kit.page_size, int(request.query.get("per_page", "25")))
    first = (int(request.query.get("page_no", "1")) - 1) * size
    items = found[first : first + size]
    end = first + len(items)
    return items, {"start_offset": first + 1, "end_offset": end, "total_count": len(found)}


async def _transcript(kit: Kit, request: web.Request) -> web.Response:
    return _file(kit, request, "transcript", "transcript_download_url")


async def _summary(kit: Kit, request: web.Request) -> web.Response:
    return _file(kit, request, "summary", "summaryDownloadUrl")


async def _chat(kit: Kit, request: web.Request) -> web.Response:
    return _file(kit, request, "chat", "chat_download_url")


def _file(kit: Kit, request: web.Request, name: str, field_name: str) -> web.Response:
    session = request.match_info["session"]
    path = kit.files[session].get(name, "")
    its = {} if name == "chat" else {"sessionId": session}
    if not path:
        return _yes(its) if name in kit.empty else _error(404, "NOT_FOUND")
    expiry = f"{field_name}_expiry" if "_" in field_name else f"{field_name}Expiry"
    return _yes({**its, field_name: kit.link(path), expiry: "2026-06-10 10:30:00.000001Z"})


async def _webhooks(kit: Kit, request: web.Request) -> web.Response:
    return _yes(list(kit.webhooks.values()))


async def _add_webhook(kit: Kit, request: web.Request) -> web.Response:
    id_ = f"webhook-{len(kit.webhooks) + 1}"
    kit.webhooks[id_] = {"id": id_, "enabled": True, **await request.json()}
    return web.json_response({"success": True, "data": kit.webhooks[id_]}, status=201)


async def _set_webhook(kit: Kit, request: web.Request) -> web.Response:
    id_ = request.match_info["webhook"]
    if id_ not in kit.webhooks:
        return _error(404, "NOT_FOUND")
    kit.webhooks[id_] |= await request.json()
    return _yes(kit.webhooks[id_])
