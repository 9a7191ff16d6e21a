"""The headers that a webhook's record gets. What is not named here stays behind: credentials above all."""

import hashlib
import random
import re
from collections.abc import Callable
from typing import Final

from receiver.admission import Admission, RequestHeaders
from schemas.dead_letter import dead_letter_headers
from schemas.envelope import derived_id, event_headers, rfc3339
from schemas.identity import BrokenEvent, Identity, NotAnEvent
from schemas.topics import WEBHOOKS

_LONGEST_CONTENT_TYPE: Final = 200
_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


Accepted = Callable[[RequestHeaders, Admission, Identity, Callable[[], float]], dict[str, str]]


def accepted_from(provider: str) -> Accepted:
    """Makes the headers of an event that goes to `meetings.webhooks`."""
    # A copy of what all events of a provider share costs less than eight headers anew.
    shared = event_headers(
        id="", source=f"/webhooks/{provider}", type="", subject="-", time="", traceparent="-"
    )

    def accepted(
        headers: RequestHeaders, admission: Admission, identity: Identity, clock: Callable[[], float]
    ) -> dict[str, str]:
        type_, key, id_, time = identity
        record = shared.copy()
        record["ce_id"] = admission.delivery_id or id_
        record["ce_type"] = f"{provider}.{type_}"
        record["ce_time"] = time or rfc3339(clock())
        if headers.get(b"content-type") != b"application/json":
            record["content-type"] = _content_type(headers)
        if key:
            record["ce_subject"] = key
        else:
            del record["ce_subject"]
        record["traceparent"] = _traceparent(headers)
        return record

    return accepted


def quarantined(
    provider: str,
    headers: RequestHeaders,
    admission: Admission,
    refusal: NotAnEvent | BrokenEvent,
    body: bytes,
    clock: Callable[[], float],
) -> dict[str, str]:
    """Of a body that goes to the dead letters. Without a delivery id, the same bytes have the same id.

    `dl_channel` says how it was authenticated: whoever reads it again must know.
    """
    broken = refusal if isinstance(refusal, BrokenEvent) else None
    now = rfc3339(clock())
    event = event_headers(
        id=admission.delivery_id or derived_id(provider, hashlib.blake2b(body, digest_size=16).hexdigest()),
        source=f"/webhooks/{provider}",
        type=f"{provider}.{broken.type if broken else 'unreadable'}",
        subject=broken.key if broken else "",
        time=now,
        content_type=_content_type(headers),
        traceparent=_traceparent(headers),
    )
    letter = dead_letter_headers(
        event,
        consumer="receiver",
        kind="invalid",
        error=str(refusal),
        attempts=1,
        topic=WEBHOOKS,
        partition=None,
        offset=None,
        time=now,
    )
    return letter | {"dl_channel": admission.channel}


def _content_type(headers: RequestHeaders) -> str:
    """As it came. None at all is taken for JSON, which is what all senders post."""
    given = headers.get(b"content-type")
    if given is None:
        return "application/json"
    return given.strip(b" \t").decode("latin-1")[:_LONGEST_CONTENT_TYPE]


def _traceparent(headers: RequestHeaders) -> str:
    """The sender's W3C trace context, or the beginning of one of our own."""
    given = headers.get(b"traceparent")
    if given is not None:
        text = given.strip(b" \t").decode("latin-1")
        if _TRACEPARENT.fullmatch(text):
            return text
    drawn = random.getrandbits(192).to_bytes(24, "big")  # no secret, and cheaper than one
    return f"00-{drawn.hex('-', -16)}-01"
