"""How Vonage's API is asked for archives, and what its refusals mean."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal

import aiohttp

from infra.errors import Poison, Retryable
from infra.providers.asking import Answer
from infra.providers.base import KeyRefused, UnknownUpstream
from infra.providers.manners import Manners
from infra.providers.pace import Pace
from infra.providers.pages import Page, items_of_pages
from infra.providers.vonage.tokens import Authorize
from schemas.lenient import number

Archive = Mapping[str, Any]

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_PAGE: Final = 1000
_KEY_REFUSED: Final = (
    KeyRefused,
    "Vonage refused our key ({status}): see that ADJOURN_VONAGE_API_KEY and _API_SECRET are those of"
    " an OpenTok project, or ADJOURN_VONAGE_PRIVATE_KEY_FILE that of ADJOURN_VONAGE_APPLICATION_ID.",
)
_MANNERS: Final = Manners(
    "Vonage's API",
    yes=frozenset({200, 204}),
    refusals={
        400: (Poison, "Vonage does not take our question for this session (400)."),
        401: _KEY_REFUSED,
        403: _KEY_REFUSED,
        404: (UnknownUpstream, "Vonage knows no such archive or project, as far as our key may see (404)."),
        409: (Retryable, "Vonage is not done with an archive of this session yet (409)."),
    },
    max_bytes=32 * 1024 * 1024,
    pause_seconds=5,
)


@dataclass(frozen=True, slots=True)
class Session:
    """`url` is the project's: host, version and id."""

    client: aiohttp.ClientSession
    url: str
    authorize: Authorize
    pace: Pace = field(default_factory=lambda: Pace(5, 1))

    async def archives(self) -> AsyncIterator[Archive]:
        """All of the project, the newest first; those that were deleted are not among them. A page that does
        not come is asked for again."""
        async for archive in items_of_pages(partial(self._page, {})):
            yield archive

    async def of_session(self, session: str) -> Sequence[Archive]:
        """The archives of a session, the newest first, one at least. Raises `UnknownUpstream`."""
        found: list[Archive] = []
        page = await self._page({"sessionId": session}, None)
        found += page.items
        while page.next is not None:
            page = await self._page({"sessionId": session}, page.next)
            found += page.items
        its = [archive for archive in found if archive.get("sessionId") == session]
        if not its:
            raise UnknownUpstream("Vonage has no archive of this session, as far as our key may see.")
        return its

    async def _page(self, query: Mapping[str, str], offset: str | None) -> Page[Archive]:
        before = int(offset or "0")
        asked = {**query, "offset": str(before), "count": str(_PAGE)}
        fields = (await self.ask("GET", "/archive", asked)).fields()
        items = fields.get("items")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise undocumented("items")
        behind = before + len(items)
        is_last = not items or (len(items) < _PAGE and behind >= (number(fields.get("count")) or 0))
        return Page(items, None if is_last else str(behind))

    async def delete(self, archive: Archive) -> None:
        id_ = archive.get("id")
        if not isinstance(id_, str) or not _ID.fullmatch(id_):
            raise undocumented("id")
        with suppress(UnknownUpstream):
            await self.ask("DELETE", f"/archive/{id_}", {})

    async def ask(
        self,
        method: Literal["GET", "DELETE"],
        path: str,
        query: Mapping[str, str],
    ) -> Answer:
        """The answer, if it says yes. Raises as `ProviderApi` says."""
        return await _MANNERS.ask(
            self.client, self.pace, method, self.url + path, query, headers=self.authorize()
        )


def undocumented(field: str) -> Retryable:
    return Retryable(f"Vonage's API: the answer is not as documented (`{field}`).")
