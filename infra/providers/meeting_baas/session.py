"""What both generations of the API have in common: how they are asked, and what their refusals mean."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn

import aiohttp

from infra.errors import Poison, Retryable
from infra.providers.asking import Answer, ask
from infra.providers.base import DeletedUpstream, KeyRefused, Unclear, Undocumented, UnknownUpstream
from infra.providers.pace import Pace
from schemas.lenient import text
from schemas.manifest import ArtifactKind
from schemas.meeting import Link

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_MOST_BYTES: Final = 32 * 1024 * 1024
"""v1 answers with the whole transcript: that of 4 h takes some 5 MB."""
_YES: Final = frozenset({200, 202})
_NOT_NOW: Final = frozenset({408, 425, 429})
_PAUSE_SECONDS: Final = 5
"""After a 429 that does not say how long."""


@dataclass(frozen=True, slots=True)
class Session:
    """`pause_seconds` is how long it waits at first where a page of a list did not come."""

    client: aiohttp.ClientSession
    url: str
    pause_seconds: float = 1

    async def ask(
        self,
        pace: Pace,
        method: Literal["GET", "POST", "DELETE"],
        path: str,
        query: Mapping[str, str],
        json: str | None = None,
    ) -> Answer:
        """The answer, if it says yes. Raises as `ProviderApi` says; `Unclear` where it may have been one."""
        await pace.turn()
        try:
            answer = await ask(self.client, method, self.url + path, query, max_bytes=_MOST_BYTES, json=json)
        except Retryable as error:
            raise type(error)(f"Meeting BaaS's API: {error}", error.after_seconds) from error
        if answer.status == 429:
            pace.pause(answer.retry_after_seconds() or _PAUSE_SECONDS)
        if answer.status not in _YES:
            _raise_for(answer)
        return answer


@asynccontextmanager
async def opened_session(
    url: str, key: str, timeout_seconds: float, pause_seconds: float
) -> AsyncIterator[Session]:
    async with aiohttp.ClientSession(
        headers={
            "x-meeting-baas-api-key": key,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "adjourn",
        },
        auto_decompress=False,  # it would hide the size of an answer
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=timeout_seconds),
    ) as client:
        yield Session(client, url.rstrip("/"), pause_seconds)


def safe(meeting_id: str) -> str:
    """A bot's id is a UUID, or a number; anything else came from elsewhere and has no place in a path."""
    if not _ID.fullmatch(meeting_id):
        raise UnknownUpstream("Meeting BaaS has no meeting of this id: its ids are UUIDs.")
    return meeting_id


def links_in(fields: Mapping[str, Any], files: Mapping[str, ArtifactKind]) -> tuple[Link, ...]:
    return tuple(Link(kind, url) for name, kind in files.items() if (url := text(fields.get(name))))


def see_all_there(fields: Mapping[str, Any], names: Sequence[str] | Mapping[str, Any]) -> None:
    """Each is there, and is a link, "" or null: a file whose field has another name would be overlooked."""
    for name in names:
        if not isinstance(fields.get(name, 0), str | None):
            raise undocumented(name)


def undocumented(field: str) -> Undocumented:
    return Undocumented(f"Meeting BaaS's API: the answer is not as documented (`{field}`).")


def _raise_for(answer: Answer) -> NoReturn:
    status = answer.status
    if status in (401, 403):
        raise KeyRefused(
            f"Meeting BaaS refused our API key ({status}): see that the first of"
            " ADJOURN_MEETING_BAAS_API_KEYS is a key with full access, of the account that sent the bot."
        )
    if status == 404:
        raise UnknownUpstream("Meeting BaaS knows no such meeting, as far as our API key may see (404).")
    if status == 410:
        raise DeletedUpstream("Meeting BaaS has deleted this meeting (410).")
    if status == 409:
        raise Retryable("Meeting BaaS is not done with this meeting yet (409).")
    if status in (400, 422):
        raise Poison(f"Meeting BaaS does not take our question for this meeting ({status}).")
    if status == 402:
        raise Retryable("Meeting BaaS says that there are no tokens left for this (402).")
    if status >= 500:
        raise Unclear(f"Meeting BaaS's API answered {status}.", answer.retry_after_seconds())
    if status in _NOT_NOW:
        raise Retryable(f"Meeting BaaS's API answered {status}.", answer.retry_after_seconds())
    raise Retryable(f"Meeting BaaS's API answered {status}.")
