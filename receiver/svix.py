"""Svix's signatures, also known as Standard Webhooks: https://docs.svix.com/receiving/verifying-payloads/how-manual

Our own few lines, because the published verifiers decode the body as text, raise `ValueError` on a malformed
header, and cannot be told what time it is.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from infra.errors import Halt
from receiver.admission import Admission, RequestHeaders, Unauthentic

TOLERANCE_SECONDS: Final = 300

_SETS: Final = tuple(
    tuple(f"{brand}-{name}".encode() for name in ("id", "timestamp", "signature"))
    for brand in ("svix", "webhook")
)
HEADERS: Final = frozenset(name for names in _SETS for name in names)
"""Where any of these is present, this scheme is the one to judge."""

_DIGEST_BYTES: Final = hashlib.sha256().digest_size


def signing_keys(secrets: Iterable[str]) -> tuple[bytes, ...]:
    """The keys in secrets as a dashboard shows them: base64, padded or not, with or without `whsec_`.

    Empty ones are left out. Raises `Halt` for one that is not base64.
    """
    given = [secret.strip() for secret in secrets if secret.strip()]
    return tuple(_signing_key(secret, place) for place, secret in enumerate(given, start=1))


def admit(headers: RequestHeaders, now_seconds: float, keys: Sequence[bytes], channel: str) -> Admission:
    """What can be judged without the body is judged now, the signature once the body is there."""
    names = next(names for names in _SETS if not headers.keys().isdisjoint(names))
    try:
        delivery_id, timestamp, listed = (headers[name].strip(b" \t") for name in names)
    except KeyError:
        raise Unauthentic("a Svix header is missing") from None
    if not delivery_id or not delivery_id.isascii():
        raise Unauthentic("the Svix id is malformed")
    if not timestamp.isdigit() or len(timestamp) > 12:
        raise Unauthentic("the Svix timestamp is malformed")
    if abs(now_seconds - int(timestamp)) > TOLERANCE_SECONDS:
        raise Unauthentic("the Svix timestamp is too far from now")
    signatures = [digest for digest in map(_digest, listed.split(b" ")) if digest is not None]
    if not signatures:
        raise Unauthentic("there is no v1 signature of Svix")
    if not keys:
        raise Unauthentic("no Svix secret is set")
    signed = b"%b.%b." % (delivery_id, timestamp)
    return Admission(channel, delivery_id.decode(), partial(_prove, keys, signed, signatures))


def sign(secret: str, *, id: str, timestamp_seconds: int, body: bytes) -> dict[str, str]:  # noqa: A002 Svix's word
    """The headers that Svix would send. Raises `Halt` when the secret is not base64."""
    digest = hmac.digest(
        _signing_key(secret, 1), b"%b.%d." % (id.encode(), timestamp_seconds) + body, "sha256"
    )
    return {
        "svix-id": id,
        "svix-timestamp": str(timestamp_seconds),
        "svix-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _prove(keys: Sequence[bytes], signed: bytes, signatures: Sequence[bytes], body: bytes) -> None:
    found = False
    for key in keys:
        expected = hmac.digest(key, signed + body, "sha256")
        for signature in signatures:
            found |= hmac.compare_digest(expected, signature)
    if not found:
        raise Unauthentic("no Svix signature matches")


def _digest(listed: bytes) -> bytes | None:
    """One entry of the signature header, null where it is none that we can judge."""
    version, _, text = listed.partition(b",")
    if version != b"v1":
        return None
    try:
        digest = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return digest if len(digest) == _DIGEST_BYTES else None


def _signing_key(secret: str, place: int) -> bytes:
    text = secret.strip().removeprefix("whsec_").rstrip("=")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        key = b""
    if not key:
        raise Halt(
            f"Svix secret no. {place} is not base64: copy it again from the endpoint's page, "
            "it begins with whsec_."
        )
    return key
