"""How 23blocks' API is asked for meetings, and what its refusals mean."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from infra.errors import Poison, Retryable
from infra.providers.asking import Answer
from infra.providers.base import KeyRefused, NotOffered, UnknownUpstream
from infra.providers.manners import Manners
from infra.providers.pace import Pace
from schemas.vonage.twentythree_blocks import Meeting, read_meeting

_A_PAGE: Final = 100
_MOST_PAGES: Final = 200
_KEY_REFUSED: Final = (
    KeyRefused,
    "23blocks refused our key ({status}): see ADJOURN_23BLOCKS_TOKEN and ADJOURN_23BLOCKS_APP_ID.",
)
_QUESTION_REFUSED: Final = (Poison, "23blocks does not take our question ({status}).")
_MANNERS: Final = Manners(
    "23blocks' API",
    yes=frozenset({200}),
    refusals={
        400: _QUESTION_REFUSED,
        401: _KEY_REFUSED,
        403: _KEY_REFUSED,
        404: (UnknownUpstream, "23blocks has nothing there (404)."),
        422: _QUESTION_REFUSED,
    },
    max_bytes=16 * 1024 * 1024,
    pause_seconds=5,
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A meeting, and the resource that it was read from."""

    meeting: Meeting
    resource: Mapping[str, Any]


@dataclass(slots=True)
class Session:
    """`urls` are the addresses where it may be; the one that answered last is asked first."""

    client: aiohttp.ClientSession
    urls: list[str]
    pace: Pace = field(default_factory=lambda: Pace(5, 1))

    async def meetings(self, *, status: str = "") -> AsyncIterator[Listed]:
        """All that there are, each once. `status` asks for those of one only, where the API heeds that.

        Raises `NotOffered` where it has no list.
        """
        seen: set[str] = set()
        for page in range(1, _MOST_PAGES + 1):
            query = {"page": str(page), "records": str(_A_PAGE)} | ({"status": status} if status else {})
            try:
                found = _listed((await self._ask("/meetings", query)).fields())
            except UnknownUpstream:
                raise NotOffered("23blocks has no list of meetings for us (404).") from None
            fresh = [one for one in found if one.meeting.id not in seen]
            for one in fresh:
                seen.add(one.meeting.id)
                yield one
            if len(found) < _A_PAGE or not fresh:
                return

    async def meeting(self, listed: Listed) -> Listed:
        """The same meeting, in full; as it was listed where it is not told of on its own."""
        try:
            fields = (await self._ask(f"/meetings/{_safe(listed.meeting.id)}", {})).fields()
        except UnknownUpstream:
            return listed
        meeting = read_meeting(fields)
        return listed if meeting is None else Listed(meeting, fields)

    async def _ask(self, path: str, query: Mapping[str, str]) -> Answer:
        """The answer, if it says yes; of the next address where there is nothing at the first."""
        trouble: Retryable | UnknownUpstream | None = None
        for url in list(self.urls):
            try:
                answer = await _MANNERS.ask(self.client, self.pace, "GET", url + path, query)
            except KeyRefused:
                raise
            except (Retryable, UnknownUpstream) as error:
                trouble = error if trouble is None or isinstance(error, Retryable) else trouble
                continue
            self.urls.remove(url)
            self.urls.insert(0, url)
            return answer
        assert trouble is not None
        raise trouble


def _listed(fields: Mapping[str, Any]) -> Sequence[Listed]:
    """JSON:API's `data`, or the SDK's own names for a list."""
    found = next((fields[name] for name in ("data", "meetings", "items") if name in fields), None)
    if not isinstance(found, list):
        raise Retryable("23blocks' API: the answer is not as documented (`data`).")
    read = ((read_meeting(one), one) for one in found if isinstance(one, dict))
    return [Listed(meeting, {"data": resource}) for meeting, resource in read if meeting is not None]


def _safe(meeting_id: str) -> str:
    if not meeting_id.replace("-", "").replace("_", "").isalnum() or not meeting_id.isascii():
        raise UnknownUpstream("23blocks has no meeting of this id.")
    return meeting_id
