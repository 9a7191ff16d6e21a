"""The webhook URL of an account of v1: `/accounts/webhook_url`.

The documents name these calls, and their schemas are in `openapi.json`, but it has no path for them: an
answer of 404 says that they are gone.
"""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from infra.errors import Retryable
from infra.providers.base import NotOffered, UnknownUpstream
from infra.providers.meeting_baas.session import Session, opened_session, undocumented
from infra.providers.pace import Pace
from infra.providers.registration import Registration

_PATH = "/accounts/webhook_url"


@asynccontextmanager
async def open_registration(
    url: str, key: str, *, timeout_seconds: float = 30
) -> AsyncIterator[Registration]:
    """Of the account whose key it is, at the API at `url`."""
    async with opened_session(url, key, timeout_seconds, 1) as session:
        yield V1Registration(session, Pace(5, 1))


@dataclass(frozen=True, slots=True)
class V1Registration:
    session: Session
    pace: Pace

    async def url(self) -> str | None:
        try:
            answer = await self.session.ask(self.pace, "GET", _PATH, {})
        except UnknownUpstream as error:
            raise _not_offered() from error
        url = answer.fields().get("webhook_url", 0)
        if not isinstance(url, str | None):
            raise undocumented("webhook_url")
        return url or None

    async def set_url(self, url: str) -> None:
        try:
            await self.session.ask(self.pace, "POST", _PATH, {}, json=json.dumps({"webhook_url": url}))
        except UnknownUpstream as error:
            raise _not_offered() from error
        if await self.url() != url:
            raise Retryable("Meeting BaaS took the URL, and says that it posts somewhere else all the same.")

    async def notes(self) -> Sequence[str]:
        return ()


def _not_offered() -> NotOffered:
    return NotOffered("Meeting BaaS's API does not take a webhook URL any more (404).")
