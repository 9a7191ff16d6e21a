"""23blocks' API over HTTP, in both dialects, as they are published; told to, it misbehaves.

Source: https://github.com/23blocks-OS/ai-agents at 9d1c1ee; https://github.com/23blocks-OS/frontend-sdk at
55cb5da.
"""

from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

from tests.servers.answers import Answer

TOKEN = "sample-token-of-23blocks"
APP_ID = "sample-app-id"

Dialect = Literal["documents", "sdk"]


@dataclass(slots=True)
class TwentyThreeBlocksApi:
    """`meetings` by their attributes, as the dialect calls them. Without `has_list` every list is a 404, as
    without `has_single` each meeting is on its own. The next calls get what is in `answers`, one each."""

    url: str = ""
    dialect: Dialect = "documents"
    meetings: list[dict[str, Any]] = field(default_factory=list)
    has_list: bool = True
    has_single: bool = True
    in_list: Mapping[str, Any] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    answers: deque[Answer] = field(default_factory=deque)

    def has(self, id_: str, session: str | None, **attributes: Any) -> dict[str, Any]:
        """From now on there is a meeting; `attributes` are those of the documents."""
        meeting = {"unique_id": id_, "session_id": session, "title": None, "participants": [], **attributes}
        if self.dialect == "sdk":
            names = {
                "session_id": "external_meeting_id",
                "start_time": "started_at",
                "end_time": "ended_at",
                "metadata": "payload",
            }
            meeting = {names.get(name, name): value for name, value in meeting.items()}
        self.meetings.append(meeting)
        return meeting


@asynccontextmanager
async def serve_twentythree_blocks(dialect: Dialect = "documents") -> AsyncIterator[TwentyThreeBlocksApi]:
    api = TwentyThreeBlocksApi(dialect=dialect)
    app = web.Application(handler_args={"handler_cancellation": True})
    app.router.add_get("/meetings", _told(api, _list))
    app.router.add_get("/meetings/{meeting}", _told(api, _single))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        api.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield api
    finally:
        await runner.cleanup()


def _told(api: TwentyThreeBlocksApi, serve: Any) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        api.calls.append(request.path_qs)
        if api.answers:
            return await api.answers.popleft()(request)
        given = (request.headers.get("Authorization"), request.headers.get("AppId"))
        if given != (f"Bearer {TOKEN}", APP_ID):
            return _error(401, "Unauthorized")
        found: web.StreamResponse = serve(api, request)
        return found

    return answer


def _error(status: int, title: str) -> web.Response:
    return web.json_response({"errors": [{"status": str(status), "title": title}]}, status=status)


def _list(api: TwentyThreeBlocksApi, request: web.Request) -> web.Response:
    if not api.has_list:
        return _error(404, "Not Found")
    page, records = int(request.query.get("page", 1)), int(request.query.get("records", 20))
    some = api.meetings[(page - 1) * records : page * records]
    return web.json_response({"data": [_resource(api, {**one, **api.in_list}) for one in some]})


def _single(api: TwentyThreeBlocksApi, request: web.Request) -> web.Response:
    for meeting in api.meetings:
        if api.has_single and meeting["unique_id"] == request.match_info["meeting"]:
            resource = _resource(api, meeting)
            return web.json_response({"data": resource} if api.dialect == "documents" else resource)
    return _error(404, "Not Found")


def _resource(api: TwentyThreeBlocksApi, meeting: Mapping[str, Any]) -> Mapping[str, Any]:
    type_ = "meetings" if api.dialect == "documents" else "Meeting"
    return {"id": f"7{meeting['unique_id']}", "type": type_, "attributes": meeting}
