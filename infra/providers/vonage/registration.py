"""Where a Vonage application posts its callbacks: `/v2/applications`, with the account's key and secret.

Source: https://developer.vonage.com/en/api/application.v2. An application is replaced as a whole: it is
read, and all of it that is no callback for video is given back as it was. A callback of OpenTok's cannot be
set by any API.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

import aiohttp

from infra.errors import Poison, Retryable
from infra.providers.asking import ask
from infra.providers.base import KeyRefused, UnknownUpstream
from infra.providers.manners import opened_client
from infra.providers.registration import Registration
from schemas.lenient import text

_CATEGORIES: Final[Mapping[str, str]] = {
    "archive_status": "archive",
    "session_created": "session",
    "session_destroyed": "session",
    "session_notification": "session",
    "connection_created": "session",
    "connection_destroyed": "session",
    "stream_created": "session",
    "stream_destroyed": "session",
    "broadcast_status": "broadcast",
    "render_status": "render",
    "captions_status": "captions",
    "sip_call_created": "sip",
    "sip_call_updated": "sip",
    "sip_call_destroyed": "sip",
    "sip_call_mute_forced": "sip",
}
"""What is posted to the URL of which category."""

_MOST_BYTES: Final = 1024 * 1024
_READ_ONLY: Final = ("_links", "id")


@asynccontextmanager
async def open_registration(
    url: str, account_key: str, account_secret: str, application_id: str, *, timeout_seconds: float = 30
) -> AsyncIterator[Registration]:
    """`url` is no more than the host of the Applications API."""
    credential = aiohttp.encode_basic_auth(account_key, account_secret)
    async with opened_client({"Authorization": credential}, timeout_seconds) as client:
        yield CallbackRegistration(client, f"{url.rstrip('/')}/v2/applications/{application_id}")


@dataclass(frozen=True, slots=True)
class CallbackRegistration:
    """A category's callbacks go to its own URL below the one that is registered."""

    client: aiohttp.ClientSession
    application: str

    async def url(self) -> str | None:
        """Null also where not every callback that we know is posted."""
        webhooks = _webhooks(await self._ask("GET"))
        bases = {_base(webhooks.get(name), category) for name, category in _CATEGORIES.items()}
        return next(iter(bases)) if len(bases) == 1 else None

    async def set_url(self, url: str) -> None:
        found = await self._ask("GET")
        kept = {name: value for name, value in found.items() if name not in _READ_ONLY}
        capabilities = _object(kept.get("capabilities"))
        video = _object(capabilities.get("video"))
        ours = {
            name: {"address": f"{url.rstrip('/')}/{category}", "active": True}
            for name, category in _CATEGORIES.items()
        }
        webhooks = {**_webhooks(found), **ours}
        changed = {**kept, "capabilities": {**capabilities, "video": {**video, "webhooks": webhooks}}}
        await self._ask("PUT", changed)
        if await self.url() != url.rstrip("/"):
            raise Retryable("Vonage took the URLs, and says that it posts somewhere else all the same.")

    async def notes(self) -> Sequence[str]:
        return ()

    async def _ask(self, method: Literal["GET", "PUT"], body: object = None) -> Mapping[str, Any]:
        sent = None if body is None else json.dumps(body)
        try:
            answer = await ask(self.client, method, self.application, {}, max_bytes=_MOST_BYTES, json=sent)
        except Retryable as error:
            raise type(error)(f"Vonage's Applications API: {error}", error.after_seconds) from error
        if answer.status in (401, 403):
            raise KeyRefused(
                f"Vonage refused our account ({answer.status}): to register an application's callbacks,"
                " ADJOURN_VONAGE_API_KEY and ADJOURN_VONAGE_API_SECRET must be those of the account."
            )
        if answer.status == 404:
            raise UnknownUpstream("Vonage knows no application of ADJOURN_VONAGE_APPLICATION_ID (404).")
        if answer.status in (400, 422):
            raise Poison(f"Vonage does not take these callbacks ({answer.status}).")
        if answer.status != 200:
            raise Retryable(f"Vonage's Applications API answered {answer.status}.")
        return answer.fields()


def _webhooks(application: Mapping[str, Any]) -> Mapping[str, Any]:
    return _object(_object(_object(application.get("capabilities")).get("video")).get("webhooks"))


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _base(webhook: object, category: str) -> str | None:
    """What stands before the category in an address that is posted to."""
    fields = _object(webhook)
    address = text(fields.get("address"))
    if address is None or fields.get("active") is False:
        return None
    return address.removesuffix(f"/{category}")
