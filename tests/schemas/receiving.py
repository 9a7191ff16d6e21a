"""The record of a webhook, without the receiver."""

from schemas.envelope import Record, event_headers
from schemas.providers import PROVIDERS
from schemas.topics import WEBHOOKS


def received(body: bytes, channel: str, provider: str = "meeting-baas") -> Record:
    identity = PROVIDERS[provider].identify(body, channel)
    headers = event_headers(
        id=identity.id,
        source=f"/webhooks/{provider}",
        type=f"{provider}.{identity.type}",
        subject=identity.key,
        time=identity.time or "2026-03-02T10:00:01.266Z",
    )
    return Record(WEBHOOKS, 0, 1, identity.key, 1_772_445_601_266, headers, body)
