"""What RealtimeKit has of a session: recordings by their room, the other files by the session itself.

Contradictions observed, and what is done about them:
- recordings can be asked for by room (`meeting_id`), not by session: those of the session are picked out
- `sessionId` and `summaryDownloadUrl` are camelCase in snake_case answers: both are read
- 404, and an answer without a link, mean that there is none, or none yet
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from infra.providers.asking import Answer
from infra.providers.base import UnknownUpstream
from infra.providers.pages import Page, items_of_pages
from infra.providers.realtimekit.session import Session, safe, undocumented
from schemas.lenient import text
from schemas.meeting import Link
from schemas.realtimekit.events import CHAT, SUMMARY, TRANSCRIPT
from schemas.realtimekit.files import link_in
from schemas.realtimekit.payload import parse_answer

_PER_PAGE: Final = 50
_PLACES: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    TRANSCRIPT: ("transcript", {"format": "JSON"}),
    SUMMARY: ("summary", {}),
    CHAT: ("chat", {}),
}
"""Below a session, by the event that tells of the file. JSON has the ends of what was said, CSV has not."""


async def file_answer(session: Session, session_id: str, name: str) -> Answer | None:
    """The answer that has the link to a session's file; null where there is none, or none yet."""
    path, query = _PLACES[name]
    try:
        answer = await session.ask(f"/sessions/{safe(session_id)}/{path}", query)
    except UnknownUpstream:
        return None
    return answer if links_in(answer, name) else None


def links_in(answer: Answer, name: str) -> tuple[Link, ...]:
    return link_in(name, parse_answer(answer.body, name).top)


async def recordings(session: Session, session_id: str) -> list[Mapping[str, Any]]:
    """All recordings of a session whose files are not gone yet, as the API has them."""
    room = text((await session.data(f"/sessions/{safe(session_id)}")).get("associated_id"))
    if room is None:
        raise undocumented("associated_id")
    query = {"meeting_id": room, "expired": "false"}
    return [one async for one in listed_recordings(session, query) if one.get("session_id") == session_id]


def listed_recordings(session: Session, query: Mapping[str, str]) -> AsyncIterator[Mapping[str, Any]]:
    order = {"sort_by": "invokedTime", "sort_order": "DESC"}
    return listed(session, "/recordings", {**query, **order}, "data")


def listed(
    session: Session, path: str, query: Mapping[str, str], name: str
) -> AsyncIterator[Mapping[str, Any]]:
    """All items of a list, which is `data` itself or `name` in it. Raises as `ProviderApi.ended`."""

    async def page(place: str | None) -> Page[Mapping[str, Any]]:
        number = int(place or 1)
        answer = await session.ask(path, {**query, "page_no": str(number), "per_page": str(_PER_PAGE)})
        fields = answer.fields()
        found = fields.get("data")
        items = found.get(name) if isinstance(found, dict) else found
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise undocumented(name)
        return Page(items, str(number + 1) if items and _goes_on(fields, number, len(items)) else None)

    return items_of_pages(page)


def _goes_on(fields: Mapping[str, Any], number: int, count: int) -> bool:
    """By the total where it is told, for a server may give smaller pages than it is asked for."""
    paging = fields.get("paging")
    total = paging.get("total_count") if isinstance(paging, dict) else None
    end = paging.get("end_offset") if isinstance(paging, dict) else None
    if isinstance(total, int) and isinstance(end, int):
        return end < total
    if isinstance(total, int):
        return number * _PER_PAGE < total
    return count >= _PER_PAGE
