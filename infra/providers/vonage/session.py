"""How Vonage's API is asked for archives, and what its refusals mean."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal, NoReturn

import aiohttp

from infra.errors import Poison, Retryable
from infra.providers.asking import Answer, ask
from infra.providers.base import KeyRefused, Unclear, UnknownUpstream
from infra.providers.pace import Pace
from infra.providers.pages import Page, items_of_pages
from infra.providers.vonage.tokens import Authorize
from schemas.lenient import number

Archive = Mapping[str, Any]

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_MOST_BYTES: Final = 32 * 1024 * 1024
_PAGE: Final = 1000
_YES: Final = frozenset({200, 204})
_NOT_NOW: Final = frozenset({408, 425, 429})
_PAUSE_SECONDS: Final = 5


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
        await self.ask("DELETE", f"/archive/{id_}", {}, missing_is_fine=True)

    async def ask(
        self,
        method: Literal["GET", "DELETE"],
        path: str,
        query: Mapping[str, str],
        *,
        missing_is_fine: bool = False,
    ) -> Answer:
        """The answer, if it says yes. Raises as `ProviderApi` says."""
        await self.pace.turn()
        try:
            answer = await ask(
                self.client, method, self.url + path, query, max_bytes=_MOST_BYTES, headers=self.authorize()
            )
        except Retryable as error:
            raise type(error)(f"Vonage's API: {error}", error.after_seconds) from error
        if answer.status == 429:
            self.pace.pause(answer.retry_after_seconds() or _PAUSE_SECONDS)
        if answer.status not in _YES and not (missing_is_fine and answer.status == 404):
            _raise_for(answer)
        return answer


def undocumented(field: str) -> Retryable:
    return Retryable(f"Vonage's API: the answer is not as documented (`{field}`).")


def _raise_for(answer: Answer) -> NoReturn:
    status = answer.status
    if status in (401, 403):
        raise KeyRefused(
            f"Vonage refused our key ({status}): see that ADJOURN_VONAGE_API_KEY and _API_SECRET are those of"
            " an OpenTok project, or ADJOURN_VONAGE_PRIVATE_KEY_FILE that of ADJOURN_VONAGE_APPLICATION_ID."
        )
    if status == 404:
        raise UnknownUpstream("Vonage knows no such archive or project, as far as our key may see (404).")
    if status == 409:
        raise Retryable("Vonage is not done with an archive of this session yet (409).")
    if status == 400:
        raise Poison("Vonage does not take our question for this session (400).")
    if status >= 500:
        raise Unclear(f"Vonage's API answered {status}.", answer.retry_after_seconds())
    if status in _NOT_NOW:
        raise Retryable(f"Vonage's API answered {status}.", answer.retry_after_seconds())
    raise Retryable(f"Vonage's API answered {status}.")
