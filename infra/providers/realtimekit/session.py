"""How RealtimeKit's API is asked, what is in its answers, and what its refusals mean."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NoReturn

import aiohttp

from infra.errors import Poison, Retryable
from infra.providers.asking import Answer, ask
from infra.providers.base import DeletedUpstream, KeyRefused, Unclear, UnknownUpstream
from infra.providers.pace import Pace

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_MOST_BYTES: Final = 8 * 1024 * 1024
_NOT_NOW: Final = frozenset({408, 425, 429})
_PAUSE_SECONDS: Final = 10
"""After a 429 that does not say how long: the narrowest limit that is published counts in tens of seconds."""


@asynccontextmanager
async def opened_session(url: str, token: str, timeout_seconds: float) -> AsyncIterator["Session"]:
    """The API at `url` (with account and app), asked with `token`: Cloudflare's as it is, or Dyte's with
    "Basic " before it. A call takes `timeout_seconds` at most, besides the time for which it waits for its
    turn."""
    async with aiohttp.ClientSession(
        headers={
            "Authorization": token if token.startswith("Basic ") else f"Bearer {token}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "adjourn",
        },
        auto_decompress=False,  # it would hide the size of an answer
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=timeout_seconds),
    ) as client:
        yield Session(client, url.rstrip("/"))


@dataclass(frozen=True, slots=True)
class Session:
    """`url` has account and app in its path. The account's limit is shared with all else that is asked of
    Cloudflare: half of the smaller one published is ours."""

    client: aiohttp.ClientSession
    url: str
    pace: Pace = field(default_factory=lambda: Pace(5, 1))

    async def ask(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        method: Literal["GET", "POST", "PUT", "PATCH"] = "GET",
        body: Mapping[str, object] | None = None,
    ) -> Answer:
        """The answer, if it says yes. Raises as `ProviderApi` says; `Unclear` where it may have been one."""
        await self.pace.turn()
        question = None if body is None else json.dumps(body)
        try:
            answer = await ask(
                self.client, method, self.url + path, query or {}, max_bytes=_MOST_BYTES, json=question
            )
        except Retryable as error:
            raise type(error)(f"RealtimeKit's API: {error}", error.after_seconds) from error
        if answer.status == 429:
            self.pace.pause(answer.retry_after_seconds() or _PAUSE_SECONDS)
        if not 200 <= answer.status < 300:
            _raise_for(answer)
        if answer.fields().get("success") is not True:
            raise undocumented("success")
        return answer

    async def data(self, path: str, query: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """The object that is told. Raises as `ask`."""
        return data_of(await self.ask(path, query))


def data_of(answer: Answer) -> Mapping[str, Any]:
    data = answer.fields().get("data")
    if not isinstance(data, dict):
        raise undocumented("data")
    return data


def safe(session_id: str) -> str:
    """A session's id is a UUID; anything else came from elsewhere and has no place in a path."""
    if not _ID.fullmatch(session_id):
        raise UnknownUpstream("RealtimeKit has no session of this id: its ids are UUIDs.")
    return session_id


def undocumented(field_name: str) -> Retryable:
    return Retryable(f"RealtimeKit's API: the answer is not as documented (`{field_name}`).")


def _raise_for(answer: Answer) -> NoReturn:
    status = answer.status
    if status in (401, 403):
        raise KeyRefused(
            f"RealtimeKit refused our token ({status}): see that ADJOURN_REALTIMEKIT_API_TOKEN may use"
            " Realtime, and that account and app in ADJOURN_REALTIMEKIT_API_URL are those of the token."
        )
    if status == 404:
        raise UnknownUpstream("RealtimeKit has no such thing, as far as our token may see (404).")
    if status == 410:
        raise DeletedUpstream("RealtimeKit has deleted this (410).")
    if status in (400, 422):
        raise Poison(f"RealtimeKit does not take our question ({status}).")
    if status >= 500:
        raise Unclear(f"RealtimeKit's API answered {status}.", answer.retry_after_seconds())
    if status in _NOT_NOW:
        raise Retryable(f"RealtimeKit's API answered {status}.", answer.retry_after_seconds())
    raise Retryable(f"RealtimeKit's API answered {status}.")
