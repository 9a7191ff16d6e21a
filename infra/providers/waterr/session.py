"""How Waterr's API is asked, what is in its answers, and what its refusals mean."""

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
from schemas.identity import NotAnEvent
from schemas.lenient import parse_json
from schemas.waterr.payload import unwrapped

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_KEY_REFUSED: Final = (
    KeyRefused,
    "Waterr refused our API key ({status}): see that ADJOURN_WATERR_API_KEY is a key (`wai_…`) of"
    " the organisation whose meetings these are.",
)
_NOTHING_THERE: Final = (
    UnknownUpstream,
    "Waterr has no such thing now, as far as our API key may see ({status}).",
)
_QUESTION_REFUSED: Final = (Poison, "Waterr does not take our question for this meeting ({status}).")
_MANNERS: Final = Manners(
    "Waterr's API",
    yes=frozenset({200, 201, 204}),
    refusals={
        202: _NOTHING_THERE,
        400: _QUESTION_REFUSED,
        401: _KEY_REFUSED,
        403: _KEY_REFUSED,
        404: _NOTHING_THERE,
        410: (DeletedUpstream, "Waterr has deleted this meeting (410)."),
        422: _QUESTION_REFUSED,
    },
    max_bytes=32 * 1024 * 1024,  # a meeting comes with every sentence of it
    pause_seconds=10,
)


@dataclass(frozen=True, slots=True)
class Session:
    """`url` ends in the API's version, `/v1`."""

    client: aiohttp.ClientSession
    url: str
    pace: Pace = field(default_factory=lambda: Pace(90, 60))

    async def ask(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        method: Literal["GET", "POST", "PATCH", "DELETE"] = "GET",
        body: Mapping[str, object] | None = None,
    ) -> Answer:
        """The answer, if it says yes. Raises as `ProviderApi` says; `Unclear` where it may have been one."""
        question = None if body is None else json.dumps(body)
        answer = await _MANNERS.ask(
            self.client, self.pace, method, self.url + path, query or {}, json=question
        )
        if answer.status != 204:
            _see_that_it_says_yes(answer)
        return answer

    async def told(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """What the answer tells, out of its envelope; null where there is none (yet). Raises as `ask`."""
        try:
            return told_by(await self.ask(path, query))
        except UnknownUpstream:
            return None


@asynccontextmanager
async def opened_session(url: str, key: str, timeout_seconds: float) -> AsyncIterator[Session]:
    async with opened_client({"Authorization": f"Bearer {key}"}, timeout_seconds) as client:
        yield Session(client, url.rstrip("/"))


def told_by(answer: Answer) -> Any:
    return unwrapped(parse_json(answer.body))


def safe(meeting_id: str) -> str:
    """Ids are UUIDs or numbers; anything else came from elsewhere and has no place in a path."""
    if not _ID.fullmatch(meeting_id):
        raise UnknownUpstream("Waterr has no meeting of this id: its ids are UUIDs or numbers.")
    return meeting_id


def undocumented(field_name: str) -> Retryable:
    return Retryable(f"Waterr's API: the answer is not as documented (`{field_name}`).")


def _see_that_it_says_yes(answer: Answer) -> None:
    try:
        said = parse_json(answer.body)
    except NotAnEvent:
        raise Retryable("Waterr's API: the answer is not JSON.") from None  # the error quotes it
    if isinstance(said, dict) and (said.get("success") is False or said.get("status") == "error"):
        raise Retryable("Waterr's API said that it failed, with a status that says it did not.")
    if not isinstance(said, dict | list):
        raise undocumented("data")
