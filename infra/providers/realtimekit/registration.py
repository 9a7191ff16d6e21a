"""The webhook of RealtimeKit's that posts to us: `/webhooks`.

Source: https://github.com/cloudflare/cloudflare-typescript at faaaf89:
`src/resources/realtime-kit/webhooks.ts`. An app may have several webhooks; those of others are left alone.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from infra.errors import Retryable
from infra.providers.realtimekit.session import Session, data_of, opened_session, safe, undocumented
from infra.providers.registration import Registration
from schemas.lenient import text
from schemas.realtimekit.events import EVENTS

_NAME: Final = "Adjourn"


@asynccontextmanager
async def open_registration(
    url: str, token: str, webhook_ids: Collection[str], *, timeout_seconds: float = 30
) -> AsyncIterator[Registration]:
    """Of the app in `url`. `webhook_ids` are those that we know to be ours."""
    async with opened_session(url, token, timeout_seconds) as session:
        yield WebhookRegistration(session, webhook_ids)


@dataclass(frozen=True, slots=True)
class WebhookRegistration:
    session: Session
    webhook_ids: Collection[str]

    async def url(self) -> str | None:
        """Null also where our webhook is switched off, or is not told of every event that we know."""
        ours = await self._ours()
        if ours is None or ours.get("enabled") is not True or not EVENTS.issubset(_events(ours)):
            return None
        return text(ours.get("url"))

    async def set_url(self, url: str) -> None:
        ours = await self._ours()
        if ours is None:
            wanted = {"name": _NAME, "url": url, "events": sorted(EVENTS), "enabled": True}
            data_of(await self.session.ask("/webhooks", method="POST", body=wanted))
        else:
            changes = {"url": url, "events": sorted(EVENTS.union(_events(ours))), "enabled": True}
            data_of(await self.session.ask(f"/webhooks/{_id(ours)}", method="PATCH", body=changes))
        if await self.url() != url:
            raise Retryable("RealtimeKit took the URL, and says that it posts somewhere else all the same.")

    async def notes(self) -> Sequence[str]:
        ours = await self._ours()
        if ours is None or _id(ours) in self.webhook_ids:
            return ()
        ids = ",".join((_id(ours), *self.webhook_ids))
        return (
            f"Put ADJOURN_REALTIMEKIT_WEBHOOK_IDS={ids} into .env, then start Adjourn again: by it, it knows"
            " which deliveries are for you.",
        )

    async def _ours(self) -> Mapping[str, Any] | None:
        """One that we know by its id, else one that leads to a receiver like this."""
        listed = (await self.session.ask("/webhooks")).fields().get("data")
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise undocumented("data")
        known = [one for one in listed if one.get("id") in self.webhook_ids]
        return next(iter(known or [one for one in listed if _leads_to_a_receiver(one)]), None)


def _leads_to_a_receiver(webhook: Mapping[str, Any]) -> bool:
    try:
        path = urlsplit(text(webhook.get("url")) or "").path
    except ValueError:
        return False
    return path.rstrip("/").endswith("/webhooks/realtimekit")


def _events(webhook: Mapping[str, Any]) -> set[str]:
    events = webhook.get("events")
    return {event for event in events if isinstance(event, str)} if isinstance(events, list) else set()


def _id(webhook: Mapping[str, Any]) -> str:
    id_ = text(webhook.get("id"))
    if id_ is None:
        raise undocumented("id")
    return safe(id_)
