"""Vonage Video's API over HTTP, in both worlds, as it is documented; told to, it misbehaves.

Source: https://tokbox.com/developer/rest/; OpenAPI 0.3.2 as https://github.com/api-evangelist/vonage at
89d17b3 mirrors it. Tokens are read by another library than the one that makes them.
"""

import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import aiohttp
import jwt
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.types import Options

from tests.servers.meeting_baas_api import Answer

PROJECT = "47110815"
SECRET = "sample-project-secret-of-forty-characters"
ACCOUNT_KEY = "a1b2c3d4"
ACCOUNT_SECRET = "sample-account-secret"
APPLICATION = "78d335fa-323d-0114-9c3d-d6f0d48968cf"

Archive = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    path: str
    query: Mapping[str, str]


@dataclass(slots=True)
class VonageApi:
    """`archives` the newest first. A link that it gives leads to `/files/<path>` here, for `link_seconds`.

    The next calls get what is in `answers`, one each; then the truth. All of it may be changed at any time.
    """

    url: str
    key: rsa.RSAPrivateKey
    archives: list[Archive] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    link_seconds: float = 600
    most_a_page: int = 1000
    calls: list[Call] = field(default_factory=list)
    answers: deque[Answer] = field(default_factory=deque)
    fetched: list[str] = field(default_factory=list)
    application: dict[str, Any] = field(default_factory=dict)
    _links: dict[str, float] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: count(1))

    @property
    def private_key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def has(self, id_: str, session: str, **fields: Any) -> Archive:
        """From now on it has an archive: `file="/v.mp4"` is where its link leads, `transcript` likewise."""
        archive: Archive = {"id": id_, "sessionId": session, "status": "available", "url": None, **fields}
        self.archives.insert(0, archive)
        return archive

    def link(self, path: str) -> str:
        """Another one at each call."""
        number = f"fresh{next(self._numbers)}"
        self._links[number] = time.monotonic() + self.link_seconds
        return f"{self.url}/files{path}?X-Amz-Signature={number}"

    def asked(self, method: str = "GET") -> list[Call]:
        return [call for call in self.calls if call.method == method]


@asynccontextmanager
async def serve_vonage() -> AsyncIterator[VonageApi]:
    api = VonageApi("", rsa.generate_private_key(public_exponent=65537, key_size=2048))
    app = web.Application(handler_args={"handler_cancellation": True})
    app.router.add_get("/v2/project/{project}/archive", _asked(api, _list))
    app.router.add_get("/v2/project/{project}/archive/{archive}", _asked(api, _get))
    app.router.add_delete("/v2/project/{project}/archive/{archive}", _asked(api, _delete))
    app.router.add_get("/v2/applications/{application}", _asked_by_account(api))
    app.router.add_put("/v2/applications/{application}", _asked_by_account(api))
    app.router.add_get("/files/{path:.*}", _file(api))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        api.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield api
    finally:
        await runner.cleanup()


def _asked(api: VonageApi, serve: Any) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        api.calls.append(Call(request.method, request.path, dict(request.query)))
        if api.answers:
            return await api.answers.popleft()(request)
        if not _is_authentic(api, request):
            return _error(403, "Invalid JWT")
        found: web.StreamResponse = serve(api, request)
        return found

    return answer


def _is_authentic(api: VonageApi, request: web.Request) -> bool:
    """By a token of its own for each question, of some minutes."""
    project = request.match_info["project"]
    required: Options = {"require": ["iat", "exp", "jti"]}
    try:
        if project == PROJECT:
            claims = jwt.decode(request.headers["X-OPENTOK-AUTH"], SECRET, ["HS256"], options=required)
            ours = claims["iss"] == PROJECT and claims["ist"] == "project"
        else:
            scheme, _, token = request.headers["Authorization"].partition(" ")
            claims = jwt.decode(token, api.key.public_key(), ["RS256"], options=required)
            ours = scheme == "Bearer" and claims["application_id"] == project == APPLICATION
    except (KeyError, jwt.InvalidTokenError):
        return False
    return bool(ours) and claims["exp"] - claims["iat"] <= 900


def _asked_by_account(api: VonageApi) -> Answer:
    """An application that is put is there as a whole, and nothing of what was there before."""
    account = aiohttp.encode_basic_auth(ACCOUNT_KEY, ACCOUNT_SECRET)

    async def answer(request: web.Request) -> web.StreamResponse:
        api.calls.append(Call(request.method, request.path, {}))
        if api.answers:
            return await api.answers.popleft()(request)
        if request.headers.get("Authorization") != account:
            return _error(401, "Unauthorized")
        if request.match_info["application"] != APPLICATION:
            return _error(404, "Not found")
        if request.method == "PUT":
            api.application = {**await request.json(), "id": APPLICATION}
        return web.json_response({**api.application, "_links": {"self": {"href": "/"}}})

    return answer


def _error(code: int, message: str) -> web.Response:
    return web.json_response({"code": code, "message": message}, status=code)


def _list(api: VonageApi, request: web.Request) -> web.Response:
    offset, most = int(request.query.get("offset", 0)), int(request.query.get("count", 50))
    if most > 1000:
        return _error(400, "count is 1000 at most")
    session = request.query.get("sessionId")
    found = [
        one for one in api.archives if session in (None, one["sessionId"]) and one["status"] != "deleted"
    ]
    page = found[offset : offset + min(most, api.most_a_page)]
    return web.json_response({"count": len(found), "items": [_shown(api, one) for one in page]})


def _get(api: VonageApi, request: web.Request) -> web.Response:
    for archive in api.archives:
        if archive["id"] == request.match_info["archive"]:
            return web.json_response(_shown(api, archive))
    return _error(404, "No such archive")


def _delete(api: VonageApi, request: web.Request) -> web.Response:
    for archive in api.archives:
        if archive["id"] == request.match_info["archive"]:
            if archive["status"] not in ("available", "uploaded", "deleted", "expired", "failed"):
                return _error(409, "The archive is not done")
            api.archives.remove(archive)
            return web.Response(status=204)
    return _error(404, "No such archive")


def _shown(api: VonageApi, archive: Archive) -> Archive:
    """As it is told, with fresh links."""
    shown = {name: value for name, value in archive.items() if name not in ("file", "transcript")}
    if archive["status"] == "available" and "file" in archive:
        shown["url"] = api.link(archive["file"])
    if "transcript" in archive:
        shown["transcription"] = {"status": "available", "url": api.link(archive["transcript"])}
    return shown


def _file(api: VonageApi) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        path = f"/{request.match_info['path']}"
        number = request.query.get("X-Amz-Signature", "")
        api.fetched.append(number)
        if api._links.get(number, 0) < time.monotonic():
            return web.Response(status=403, text="<Error><Code>AccessDenied</Code></Error>")
        if path not in api.files:
            return web.Response(status=404)
        return web.Response(body=api.files[path], headers={"ETag": '"one"'})

    return answer
