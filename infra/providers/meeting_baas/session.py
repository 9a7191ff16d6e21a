"""What both generations of the API have in common: how they are asked, and what their refusals mean."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

import aiohttp

from infra.errors import Poison, Retryable
from infra.providers.asking import Answer
from infra.providers.base import DeletedUpstream, KeyRefused, Undocumented, UnknownUpstream
from infra.providers.manners import Manners, opened_client
from infra.providers.pace import Pace
from schemas.lenient import text
from schemas.manifest import ArtifactKind
from schemas.meeting import Link

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_KEY_REFUSED: Final = (
    KeyRefused,
    "Meeting BaaS refused our API key ({status}): see that the first of"
    " ADJOURN_MEETING_BAAS_API_KEYS is a key with full access, of the account that sent the bot.",
)
_QUESTION_REFUSED: Final = (Poison, "Meeting BaaS does not take our question for this meeting ({status}).")
_MANNERS: Final = Manners(
    "Meeting BaaS's API",
    yes=frozenset({200, 202}),
    refusals={
        400: _QUESTION_REFUSED,
        401: _KEY_REFUSED,
        402: (Retryable, "Meeting BaaS says that there are no tokens left for this (402)."),
        403: _KEY_REFUSED,
        404: (UnknownUpstream, "Meeting BaaS knows no such meeting, as far as our API key may see (404)."),
        409: (Retryable, "Meeting BaaS is not done with this meeting yet (409)."),
        410: (DeletedUpstream, "Meeting BaaS has deleted this meeting (410)."),
        422: _QUESTION_REFUSED,
    },
    max_bytes=32 * 1024 * 1024,  # v1 answers with the whole transcript: that of 4 h takes some 5 MB
    pause_seconds=5,
)


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
        return await _MANNERS.ask(self.client, pace, method, self.url + path, query, json=json)


@asynccontextmanager
async def opened_session(
    url: str, key: str, timeout_seconds: float, pause_seconds: float
) -> AsyncIterator[Session]:
    async with opened_client({"x-meeting-baas-api-key": key}, timeout_seconds) as client:
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
