"""The endpoint of Waterr's that posts to us: `/webhooks/endpoints`.

Source: https://github.com/thinkharshh/docs at fdeff93: `api-reference/webhooks.mdx`. An account may have
several endpoints; those of others are left alone. The secret that an endpoint signs with is shown once.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from infra.errors import Retryable
from infra.providers.registration import Registration
from infra.providers.waterr.session import Session, opened_session, safe, told_by, undocumented
from schemas.lenient import text
from schemas.naming import key_of

_ALL: Final = "*"
_DESCRIPTION: Final = "Adjourn"


@asynccontextmanager
async def open_registration(
    url: str, key: str, *, has_secret: bool, timeout_seconds: float = 30
) -> AsyncIterator[Registration]:
    """Of the account of `key`. `has_secret` says whether we could verify what an endpoint signs."""
    async with opened_session(url, key, timeout_seconds) as session:
        yield EndpointRegistration(session, has_secret)


@dataclass(slots=True)
class EndpointRegistration:
    """`secret` is that of an endpoint which was just created, "" where none was."""

    session: Session
    has_secret: bool
    secret: str = ""

    async def url(self) -> str | None:
        """Null also where our endpoint is switched off, or is not told of everything."""
        ours = await self._ours()
        if ours is None or ours.get("enabled") is False or ours.get("subscribed_events") != [_ALL]:
            return None
        return text(ours.get("url"))

    async def set_url(self, url: str) -> None:
        ours = await self._ours()
        wanted = {"url": url, "subscribed_events": [_ALL]}
        if ours is None:
            answer = await self.session.ask(
                "/webhooks/endpoints", method="POST", body={**wanted, "description": _DESCRIPTION}
            )
            made = told_by(answer)
            self.secret = (text(made.get("signing_secret")) or "") if isinstance(made, dict) else ""
        else:
            changes = {**wanted, "enabled": True}
            await self.session.ask(f"/webhooks/endpoints/{_id(ours)}", method="PATCH", body=changes)
        if await self.url() != url:
            raise Retryable("Waterr took the URL, and says that it posts somewhere else all the same.")

    async def notes(self) -> Sequence[str]:
        if self.secret:
            return (
                f"Put ADJOURN_WATERR_SECRETS={self.secret} into .env now, before older ones: it is never"
                " shown again. Then start Adjourn again.",
            )
        if not self.has_secret:
            return (
                "Rotate the endpoint's secret at Waterr, put it into .env as ADJOURN_WATERR_SECRETS, and"
                " start Adjourn again: a secret is shown only when it is made.",
            )
        return ()

    async def _ours(self) -> Mapping[str, Any] | None:
        """The one that leads to a receiver like this."""
        listed = told_by(await self.session.ask("/webhooks/endpoints"))
        if isinstance(listed, dict):
            listed = listed.get("endpoints")
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise undocumented("data")
        return next((one for one in listed if _leads_to_a_receiver(one)), None)


def _leads_to_a_receiver(endpoint: Mapping[str, Any]) -> bool:
    try:
        path = urlsplit(text(endpoint.get("url")) or "").path
    except ValueError:
        return False
    return path.rstrip("/").endswith("/webhooks/waterr")


def _id(endpoint: Mapping[str, Any]) -> str:
    id_ = key_of(endpoint.get("id"))
    if not id_:
        raise undocumented("id")
    return safe(id_)
