"""Waterr's API over HTTP, in each of its envelopes; told to, it misbehaves.

Source: https://github.com/thinkharshh/docs at fdeff93: `openapi.yaml`, `api-reference/webhooks.mdx` and
`post-meeting.mdx`.
"""

from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from aiohttp import web

KEY = "wai_0123456789abcdef"
ROOM_TOKEN = "not-for-anybody-to-keep"
SENTENCES = [
    {"speaker": "Grace", "message": "good evening", "start_duration": 5, "sequence_number": 2},
    {"speaker": "Ada", "message": "good morning", "start_duration": 1, "sequence_number": 1},
]
ANALYSIS = {
    "analysis_id": "analysis-1",
    "average_score": 82,
    "summary": "They agreed.",
    "strengths": ["Names who does what."],
    "GoalResults": [{"goal_id": "7", "score": 4, "feedback": "Clear."}],
}

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Envelope = Literal["status", "success", "bare"]


@dataclass(slots=True)
class Api:
    """`videos` are paths at the source by the id that they are asked for with; what is not there yet is 404.

    The next calls get what is in `answers`, one each; then what `instead` has for the name of the call, else
    the truth, in `envelope`. With `page_size` the list of meetings has pages, else it is one whole.
    """

    url: str
    source: str
    envelope: Envelope = "success"
    meetings: dict[str, dict[str, Any]] = field(default_factory=dict)
    videos: dict[str, str] = field(default_factory=dict)
    recordings: dict[str, list[str]] = field(default_factory=dict)
    transcripts: dict[str, list[Any]] = field(default_factory=dict)
    analyses: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    endpoints: dict[str, dict[str, Any]] = field(default_factory=dict)
    page_size: int | None = None
    calls: list[tuple[str, str]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    answers: deque[Answer] = field(default_factory=deque)
    instead: dict[str, Answer] = field(default_factory=dict)
    _links: Any = field(default_factory=lambda: count(1))

    @property
    def api_url(self) -> str:
        return f"{self.url}/v1"

    def asked(self, name: str) -> int:
        return Counter(call[0] for call in self.calls)[name]

    def has(self, meeting: str, *, status: str = "ended", video: str = "", **more: object) -> None:
        """From now on it has a meeting, with a recording of the id "recording-1" where there is a video."""
        self.meetings[meeting] = {
            "id": meeting,
            "status": status,
            "analysis_status": "completed",
            "created_at": "2026-06-27T09:00:00.000Z",
            "ended_at": "2026-06-27T09:20:00.000Z" if status == "ended" else None,
            "duration_seconds": 1200,
            "room_token": ROOM_TOKEN,
            "sentenced_transcripts": [],
            "participants": [{"id": "p-1", "name": "Ada", "role": "participant"}],
            **more,
        }
        if video:
            self.videos[meeting] = video
            self.recordings[meeting] = ["recording-1"]

    def link(self, path: str) -> str:
        """To a file at the source; another one at each call."""
        return f"{self.source}{path}?Signature=fresh{next(self._links)}"


@asynccontextmanager
async def serve_waterr(source: str = "https://media.example") -> AsyncIterator[Api]:
    api = Api("", source.rstrip("/"))
    app = web.Application(handler_args={"handler_cancellation": True})
    for method, path, name, serve in (
        ("GET", "/v1/meetings", "meetings", _meetings),
        ("GET", "/v1/meetings/{id}", "meeting", _meeting),
        ("DELETE", "/v1/meetings/{id}", "delete", _delete),
        ("GET", "/v1/recordings/url-with-thumbnail/{id}", "video", _video),
        ("GET", "/v1/recordings/meeting/{id}", "recordings", _recordings),
        ("GET", "/v1/transcripts/meeting/{id}", "transcripts", _transcripts),
        ("GET", "/v1/analyses/meeting/{id}", "analysis", _analysis),
        ("GET", "/v1/webhooks/endpoints", "endpoints", _endpoints),
        ("POST", "/v1/webhooks/endpoints", "add endpoint", _add_endpoint),
        ("PATCH", "/v1/webhooks/endpoints/{id}", "set endpoint", _set_endpoint),
    ):
        app.router.add_route(method, path, _told(api, name, serve))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        api.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield api
    finally:
        await runner.cleanup()


def status(code: int, body: object = None, **headers: str) -> Answer:
    """`retry_after="3"` is `Retry-After: 3`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    refusal = {"status": "error", "message": ROOM_TOKEN}

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(refusal if body is None else body, status=code, headers=named)

    return answer


_Serve = Callable[[Api, web.Request], Awaitable[web.Response]]


def _told(api: Api, name: str, serve: _Serve) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        api.calls.append((name, request.match_info.get("id", "")))
        api.headers.append(dict(request.headers))
        if api.answers:
            return await api.answers.popleft()(request)
        if name in api.instead:
            return await api.instead[name](request)
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response({"success": False, "error": "Unauthorized"}, status=401)
        return await serve(api, request)

    return answer


def _yes(api: Api, data: object) -> web.Response:
    enveloped = {"status": {"status": "success", "data": data}, "success": {"success": True, "data": data}}
    return web.json_response(enveloped.get(api.envelope, data))


def _no() -> web.Response:
    return web.json_response({"success": False, "error": "Not found"}, status=404)


async def _meetings(api: Api, request: web.Request) -> web.Response:
    found: Sequence[Any] = list(api.meetings.values())
    if api.page_size is not None:
        first = (int(request.query["page"]) - 1) * api.page_size
        found = found[first : first + api.page_size]
    return _yes(api, found)


async def _meeting(api: Api, request: web.Request) -> web.Response:
    found = api.meetings.get(request.match_info["id"])
    return _no() if found is None else _yes(api, found)


async def _delete(api: Api, request: web.Request) -> web.Response:
    return web.Response(status=204) if api.meetings.pop(request.match_info["id"], None) else _no()


async def _video(api: Api, request: web.Request) -> web.Response:
    path = api.videos.get(request.match_info["id"])
    return _no() if path is None else _yes(api, {"video_url": api.link(path), "thumbnail_url": None})


async def _recordings(api: Api, request: web.Request) -> web.Response:
    return _yes(api, [{"id": each} for each in api.recordings.get(request.match_info["id"], [])])


async def _transcripts(api: Api, request: web.Request) -> web.Response:
    found = api.transcripts.get(request.match_info["id"])
    return _no() if found is None else _yes(api, found)


async def _analysis(api: Api, request: web.Request) -> web.Response:
    found = api.analyses.get(request.match_info["id"])
    return _no() if found is None else web.json_response(found)


async def _endpoints(api: Api, _: web.Request) -> web.Response:
    return _yes(api, [_without_secret(one) for one in api.endpoints.values()])


async def _add_endpoint(api: Api, request: web.Request) -> web.Response:
    id_ = f"endpoint-{len(api.endpoints) + 1}"
    api.endpoints[id_] = {"id": id_, "enabled": True, "signing_secret": "whsec_new", **await request.json()}
    return web.json_response({"success": True, "data": api.endpoints[id_]}, status=201)


async def _set_endpoint(api: Api, request: web.Request) -> web.Response:
    found = api.endpoints.get(request.match_info["id"])
    if found is None:
        return _no()
    found |= await request.json()
    return _yes(api, _without_secret(found))


def _without_secret(endpoint: Mapping[str, Any]) -> dict[str, Any]:
    """It is shown once."""
    return {name: value for name, value in endpoint.items() if name != "signing_secret"}
