"""How RealtimeKit's API is asked, what is in its answers, and what its refusals mean."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import aiohttp

from infra.errors import Poison, Retryable
from infra.providers.asking import Answer
from infra.providers.base import DeletedUpstream, KeyRefused, UnknownUpstream
from infra.providers.manners import Manners, opened_client
from infra.providers.pace import Pace

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_QUESTION_REFUSED: Final = (Poison, "RealtimeKit does not take our question ({status}).")
_TOKEN_REFUSED: Final = (
    KeyRefused,
    "RealtimeKit refused our token ({status}): see that ADJOURN_REALTIMEKIT_API_TOKEN may use"
    " Realtime, and that account and app in ADJOURN_REALTIMEKIT_API_URL are those of the token.",
)
_MANNERS: Final = Manners(
    "RealtimeKit's API",
    yes=range(200, 300),
    refusals={
        400: _QUESTION_REFUSED,
        401: _TOKEN_REFUSED,
        403: _TOKEN_REFUSED,
        404: (UnknownUpstream, "RealtimeKit has no such thing, as far as our token may see (404)."),
        410: (DeletedUpstream, "RealtimeKit has deleted this (410)."),
        422: _QUESTION_REFUSED,
    },
    max_bytes=8 * 1024 * 1024,
    pause_seconds=10,  # the narrowest limit that is published counts in tens of seconds
)


@asynccontextmanager
async def opened_session(url: str, token: str, timeout_seconds: float) -> AsyncIterator["Session"]:
    """The API at `url` (with account and app), asked with `token`: Cloudflare's as it is, or Dyte's with
    "Basic " before it. A call takes `timeout_seconds` at most, besides the time for which it waits for its
    turn."""
    credential = token if token.startswith("Basic ") else f"Bearer {token}"
    async with opened_client({"Authorization": credential}, timeout_seconds) as client:
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
        question = None if body is None else json.dumps(body)
        answer = await _MANNERS.ask(
            self.client, self.pace, method, self.url + path, query or {}, json=question
        )
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
